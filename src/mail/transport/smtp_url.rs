//! Where the mail server is and how it is spoken to, in one line of configuration.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

/// How the connection is kept from eavesdroppers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Not at all: for a server on the same machine.
    Plain,
    /// TLS after STARTTLS, and no mail without it.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail server: `smtp://localhost:25`, `smtp+starttls://user:password@relay.example` (port 587),
/// `smtps://user:password@relay.example` (port 465). With TLS the certificate is always verified;
/// `?ca=/path/to/root.pem` trusts one more root. Characters like `@` or `/` in a user name or password are
/// percent-encoded. The password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    pub(super) security: Security,
    /// Name or address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// User name and password.
    pub(super) credentials: Option<(String, String)>,
    /// One more root certificate to trust, in PEM.
    pub(super) root_certificate: Option<PathBuf>,
}

/// What is wrong with a mail server's URL. It never quotes the URL, which holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpUrlError {
    /// Not a URL at all.
    #[error("the mail server is not a URL ({0}); write smtp://host:port, smtp+starttls://… or smtps://…")]
    Syntax(url::ParseError),
    /// A scheme that says nothing about mail.
    #[error("`{0}://` is no way to a mail server; use smtp://, smtp+starttls:// or smtps://")]
    Scheme(String),
    /// No host, or one that cannot be looked up.
    #[error(
        "the mail server's URL names no usable host; write it like smtp://mail.example:25, an international name as its xn-- form"
    )]
    Host,
    /// A user without password, or the other way round.
    #[error("the mail server's URL has only one of user name and password; give both or neither")]
    HalfCredentials,
    /// Credentials that are not UTF-8 after decoding.
    #[error("the user name or password in the mail server's URL is not UTF-8 after percent-decoding")]
    CredentialsEncoding,
    /// A password that everybody on the way could read.
    #[error("the password would travel to {0} unencrypted; use smtp+starttls:// or smtps://")]
    PasswordInTheClear(String),
    /// A path, fragment, or parameter that means nothing here.
    #[error(
        "the mail server's URL has `{0}`, which means nothing here; only ?ca=/path/to/root.pem may follow the host"
    )]
    Superfluous(String),
}

impl FromStr for SmtpUrl {
    type Err = SmtpUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(SmtpUrlError::Syntax)?;
        let (security, usual_port) = match url.scheme() {
            "smtp" => (Security::Plain, 25),
            "smtp+starttls" => (Security::StartTls, 587),
            "smtps" => (Security::Tls, 465),
            other => return Err(SmtpUrlError::Scheme(other.to_owned())),
        };
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        if host.is_empty() || host.contains('%') {
            return Err(SmtpUrlError::Host);
        }
        if !matches!(url.path(), "" | "/") {
            return Err(SmtpUrlError::Superfluous(url.path().to_owned()));
        }
        if let Some(fragment) = url.fragment() {
            return Err(SmtpUrlError::Superfluous(format!("#{fragment}")));
        }
        let mut root_certificate = None;
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "ca" if security != Security::Plain => root_certificate = Some(PathBuf::from(value.as_ref())),
                _ => return Err(SmtpUrlError::Superfluous(format!("?{name}="))),
            }
        }
        let credentials = credentials(&url)?;
        if credentials.is_some() && security == Security::Plain && !is_loopback(&host) {
            return Err(SmtpUrlError::PasswordInTheClear(host));
        }
        Ok(Self { security, host, port: url.port().unwrap_or(usual_port), credentials, root_certificate })
    }
}

impl SmtpUrl {
    /// Whether nobody in between could listen.
    pub(super) fn is_on_this_machine(&self) -> bool {
        is_loopback(&self.host)
    }
}

fn credentials(url: &Url) -> Result<Option<(String, String)>, SmtpUrlError> {
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| SmtpUrlError::CredentialsEncoding)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpUrlError::HalfCredentials),
        (user, Some(password)) => Ok(Some((decoded(user)?, decoded(password)?))),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The URL as it may be shown: with the user, without the password.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Plain => "smtp",
            Security::StartTls => "smtp+starttls",
            Security::Tls => "smtps",
        };
        let user = match &self.credentials {
            Some((user, _)) => format!("{user}:***@"),
            None => String::new(),
        };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(formatter, "{scheme}://{user}{open}{}{close}:{}", self.host, self.port)
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SmtpUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_its_port() {
        for (text, shown) in [
            ("smtp://localhost", "smtp://localhost:25"),
            ("smtp://[::1]:2525", "smtp://[::1]:2525"),
            ("smtp+starttls://relay.example", "smtp+starttls://relay.example:587"),
            ("smtps://relay.example?ca=/etc/root.pem", "smtps://relay.example:465"),
        ] {
            assert_eq!(text.parse::<SmtpUrl>().map(|url| url.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn a_password_is_read_and_never_shown() {
        let url: SmtpUrl = "smtps://mail%40shop:s%2Fe+cret@relay.example".parse().expect("a URL");
        assert_eq!(url.credentials, Some(("mail@shop".to_owned(), "s/e+cret".to_owned())));
        assert!(!format!("{url} {url:?}").contains("cret"));
        for wrong in [
            "smtps://u:hunter2@relay.example/inbox",
            "gopher://u:hunter2@x",
            "smtp://u:hunter2@relay.example",
        ] {
            let error = wrong.parse::<SmtpUrl>().expect_err("it is wrong");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn every_mistake_has_its_own_message() {
        let error = |text: &str| text.parse::<SmtpUrl>().expect_err("it is wrong");
        assert!(matches!(error("relay.example:25"), SmtpUrlError::Scheme(_)));
        assert!(matches!(error("relay"), SmtpUrlError::Syntax(_)));
        assert!(matches!(error("smtp://relay.example:99999"), SmtpUrlError::Syntax(_)));
        assert_eq!(error("https://relay.example"), SmtpUrlError::Scheme("https".to_owned()));
        assert_eq!(error("smtp://"), SmtpUrlError::Host);
        assert_eq!(error("smtp://例子.公司"), SmtpUrlError::Host);
        assert_eq!(error("smtps://user@relay.example"), SmtpUrlError::HalfCredentials);
        assert_eq!(error("smtps://relay.example?tls=no"), SmtpUrlError::Superfluous("?tls=".to_owned()));
        assert_eq!(
            error("smtp://u:p@relay.example"),
            SmtpUrlError::PasswordInTheClear("relay.example".to_owned())
        );
        assert!("smtp://u:p@127.0.0.1".parse::<SmtpUrl>().is_ok());
    }
}
