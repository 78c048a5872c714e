//! Where each setting comes from, and how it may be shown.

use std::path::PathBuf;

use serde::Serialize;

use super::settings::{Kind, Setting};

/// Where a setting's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// This name in the environment.
    Environment(String),
    /// A flag on the command line.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => formatter.write_str("default"),
            Origin::File(path) => write!(formatter, "{}", path.display()),
            Origin::Environment(name) => write!(formatter, "environment {name}"),
            Origin::Flag(flag) => formatter.write_str(flag),
        }
    }
}

impl Setting {
    /// `value` as it may be shown: without passwords.
    pub fn masked(&self, value: &str) -> String {
        match self.kind {
            Kind::Secret(_) => "***".to_owned(),
            Kind::Url | Kind::PostgresUrl => without_password(value),
            Kind::Urls if value.starts_with("folder:") => value.to_owned(),
            Kind::Urls => value.split_whitespace().map(without_password).collect::<Vec<_>>().join(" "),
            _ => value.to_owned(),
        }
    }
}

/// A URL without its password, wherever in it that is. It may name several hosts, so it is taken apart by hand.
fn without_password(text: &str) -> String {
    if ["sqlite:", "folder:"].iter().any(|scheme| text.starts_with(scheme)) {
        return text.to_owned();
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        // Whatever it is: what comes before the host may be a secret.
        return text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("***@{rest}"));
    };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let place = match place.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => place.to_owned(),
        },
        None => place.to_owned(),
    };
    let masked = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if ["password", "sslpassword"].contains(&name) => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    let query = query.map(|query| query.split('&').map(masked).collect::<Vec<_>>().join("&"));
    format!("{scheme}://{place}{}", query.map(|query| format!("?{query}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_of_several_servers() {
        let setting =
            super::super::SETTINGS.iter().find(|setting| setting.name == "mail_url").expect("it is there");
        let two = "smtps://a:hunter2@one.example  smtp+starttls://b:hunter3@two.example:588";
        assert_eq!(setting.masked(two), "smtps://a:***@one.example smtp+starttls://b:***@two.example:588");
        assert_eq!(setting.masked("folder:my mail@home"), "folder:my mail@home");
    }

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("sqlite:a@b.db", "sqlite:a@b.db"),
            ("postgres://u@h/x", "postgres://u@h/x"),
            ("postgres://u:hunter2@h/x", "postgres://u:***@h/x"),
            ("postgres://u:hunter2@h/x?sslmode=require", "postgres://u:***@h/x?sslmode=require"),
            ("postgres://h/x?user=u&password=hunter2&a=b", "postgres://h/x?user=u&password=***&a=b"),
            ("smtp+starttls://me:p%40ss-hunter2@relay:587", "smtp+starttls://me:***@relay:587"),
            ("postgres://u:hunter2@h1:5432,h2:5432/x", "postgres://u:***@h1:5432,h2:5432/x"),
            ("host=h user=u password=hunter2 x@y", "***@y"),
        ] {
            assert_eq!(without_password(url), shown);
            assert!(!without_password(url).contains("hunter2"));
        }
    }
}
