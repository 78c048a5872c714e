//! Mail over SMTP, one recipient a transaction.
//!
//! Each delivery owns its connection while it lasts. A connection goes back among the idle ones only after a
//! clean acceptance; after a refusal, an error, a time-out or a cancelled delivery it is dropped, because a
//! conversation that is out of step takes the answer to one mail for the answer to the next. Every step has
//! a time limit: the library's own covers the connect alone.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use crate::mail::transport::conversation::Conversation;
use crate::mail::transport::delivery::presentable;
use crate::mail::transport::smtp_url::{Security, SmtpUrl};
use crate::mail::transport::{Delivery, EnhancedStatus, MayGo, OutgoingMail, Reached, stream};

/// Most connections that are kept open without work.
const IDLE_CONNECTIONS_MAX: usize = 32;

/// How long each step of a conversation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpTimeouts {
    /// Look-up, TCP and TLS, together.
    pub connect: Duration,
    /// The answer to each command, the greeting among them.
    pub command: Duration,
    /// The answer to the message: a server may scan it first.
    pub message: Duration,
}

impl Default for SmtpTimeouts {
    /// Shorter than RFC 5321's minima for the commands, so that a server that hangs holds no worker for
    /// long; the message has time to be scanned.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            command: Duration::from_secs(60),
            message: Duration::from_secs(300),
        }
    }
}

/// Why mail over SMTP cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// The root certificate is not there or is none.
    #[error("the root certificate {path} cannot be used: {what}; ?ca= wants a PEM file")]
    RootCertificate {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// TLS cannot be prepared.
    #[error("TLS to {host} cannot be prepared: {what}")]
    Tls {
        /// The mail server.
        host: String,
        /// What is wrong.
        what: String,
    },
}

/// A mail server and the idle connections to it. As many deliveries may run at once as there are callers.
pub struct SmtpTransport {
    url: SmtpUrl,
    tls: Option<TlsParameters>,
    hello_name: ClientId,
    timeouts: SmtpTimeouts,
    idle: Mutex<Vec<Conversation>>,
}

/// How far a conversation got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before any mail was spoken of.
    Connect,
    /// MAIL FROM.
    Sender,
    /// RCPT TO and DATA: the message has not been handed over.
    Recipient,
    /// Everything was ready for the message, and who asked for it said no.
    Withheld,
    /// The message itself.
    Message,
}

/// What a conversation says of the server, whatever became of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// It did its work: what it said is about the mail.
    Given,
    /// It is not there, or would not have mail from us: another server may, and nothing was handed over.
    Refused,
    /// It fell silent, or hung up, in the middle.
    BrokenOff,
    /// It was not asked.
    Unknown,
}

/// Why a conversation ended.
struct Break {
    stage: Stage,
    /// The server's code, if it ended it by one.
    code: Option<u16>,
    text: String,
}

impl SmtpTransport {
    /// Prepares a transport; connects to nothing yet.
    ///
    /// # Errors
    /// [`SmtpSetupError`] if the URL's root certificate cannot be read or TLS cannot be prepared.
    pub fn new(url: SmtpUrl, timeouts: SmtpTimeouts) -> Result<Self, SmtpSetupError> {
        let tls = match url.security {
            Security::Plain => None,
            Security::StartTls | Security::Tls => Some(tls_parameters(&url)?),
        };
        Ok(Self { url, tls, hello_name: ClientId::default(), timeouts, idle: Mutex::default() })
    }

    /// Hands `mail` over, if `may_go` says yes right before the message.
    pub async fn deliver(&self, mail: &OutgoingMail, may_go: &MayGo<'_>) -> Delivery {
        self.attempt(mail, may_go).await.0
    }

    /// The same, and what the conversation says of the server itself.
    pub(super) async fn attempt(&self, mail: &OutgoingMail, may_go: &MayGo<'_>) -> (Delivery, Service) {
        if !may_go() {
            return (Delivery::Withheld, Service::Unknown);
        }
        match self.converse(mail, may_go).await {
            Ok(response) => {
                let response = presentable(&response);
                (Delivery::Accepted { response }, Service::Given)
            }
            Err(Break { stage, code, text }) => {
                let text = presentable(&text);
                let service = match (stage, code) {
                    (Stage::Withheld, _) => Service::Given,
                    (Stage::Connect, _) | (Stage::Sender | Stage::Recipient, Some(421)) => Service::Refused,
                    (Stage::Sender, Some(400..500)) => Service::Refused,
                    (Stage::Sender, Some(_)) if is_policy(&text) => Service::Refused,
                    (_, Some(_)) => Service::Given,
                    (_, None) => Service::BrokenOff,
                };
                let delivery = match (stage, code) {
                    (Stage::Withheld, _) => Delivery::Withheld,
                    // A server that will not speak with us says nothing about the mail.
                    (Stage::Connect, code) => Delivery::Deferred { code, text },
                    (_, Some(code)) => Delivery::from_reply(code, text),
                    (Stage::Message, None) => Delivery::Unknown { text },
                    (_, None) => Delivery::Deferred { code: None, text },
                };
                (delivery, service)
            }
        }
    }

    /// The server, as it may be shown.
    pub(super) fn url(&self) -> &SmtpUrl {
        &self.url
    }

    /// Connects as for a mail, and hangs up.
    pub(super) async fn probe(&self) -> Result<Reached, String> {
        let mut connection = self.connect().await.map_err(|failed| match failed.code {
            Some(code) => format!("{} answered {code} {}", self.url, failed.text),
            None => format!("{}: {}", self.url, failed.text),
        })?;
        // It has said all that it was asked for: how it takes the farewell does not matter.
        let _ = tokio::time::timeout(Duration::from_secs(2), connection.quit()).await;
        let how = match self.url.security {
            Security::Plain => "not encrypted",
            Security::StartTls => "STARTTLS, certificate verified",
            Security::Tls => "TLS, certificate verified",
        };
        let who = if self.url.credentials.is_some() { ", credentials accepted" } else { "" };
        Ok(Reached {
            found: format!("{} answers ({how}{who})", self.url),
            in_the_clear: self.url.security == Security::Plain && !self.url.is_on_this_machine(),
            real: true,
            missing: Vec::new(),
        })
    }

    async fn converse(&self, mail: &OutgoingMail, may_go: &MayGo<'_>) -> Result<String, Break> {
        let addresses = Addresses::parse(mail)?;
        if let Some(connection) = self.take_idle() {
            match self.transact(connection, mail, &addresses, may_go).await {
                // The server had closed it meanwhile, and has heard of nothing.
                Err(Break { stage: Stage::Sender, code: None | Some(421), .. }) => {}
                done => return done,
            }
        }
        let connection = self.connect().await?;
        let connection = self.greet(Conversation::begin(connection, &self.hello_name)).await?;
        self.transact(connection, mail, &addresses, may_go).await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Break> {
        let limits = &self.timeouts;
        let place = format!("{}:{}", self.url.host, self.url.port);
        let mut connection = match (self.url.security, &self.tls) {
            (Security::Tls, Some(tls)) => {
                let secured = limited(Stage::Connect, limits.connect, async {
                    let socket = self.socket(&place).await?;
                    stream::secure(socket, tls.clone()).await.map_err(|error| broken(Stage::Connect, &error))
                });
                let secured = secured.await??;
                self.greet(AsyncSmtpConnection::connect_with_transport(secured, &self.hello_name)).await?
            }
            _ => {
                let socket = limited(Stage::Connect, limits.connect, self.socket(&place)).await??;
                self.greet(AsyncSmtpConnection::connect_with_transport(Box::new(socket), &self.hello_name))
                    .await?
            }
        };
        if let (Security::StartTls, Some(tls)) = (self.url.security, &self.tls) {
            self.greet(connection.starttls(tls.clone(), &self.hello_name)).await?;
        }
        if let Some((user, password)) = &self.url.credentials {
            let credentials = Credentials::new(user.clone(), password.clone());
            self.greet(connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        Ok(connection)
    }

    async fn socket(&self, place: &str) -> Result<tokio::net::TcpStream, Break> {
        stream::connect(&self.url.host, self.url.port).await.map_err(|error| Break {
            stage: Stage::Connect,
            code: None,
            text: format!("cannot connect to {place}: {error}"),
        })
    }

    /// A step before any mail is spoken of.
    async fn greet<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Break> {
        limited(Stage::Connect, self.timeouts.command, step)
            .await?
            .map_err(|error| broken(Stage::Connect, &error))
    }

    /// One mail over `connection`, which is kept only if the mail was accepted.
    async fn transact(
        &self,
        mut connection: Conversation,
        mail: &OutgoingMail,
        addresses: &Addresses,
        may_go: &MayGo<'_>,
    ) -> Result<String, Break> {
        let mut parameters = Vec::new();
        if addresses.need_smtputf8() {
            if !connection.offers(Extension::SmtpUtfEight) {
                // RFC 6531's answer, given in the server's stead: it would not understand the question.
                return Err(Break {
                    stage: Stage::Recipient,
                    code: Some(553),
                    text: "5.6.7 the mail server takes no internationalised addresses (SMTPUTF8)".to_owned(),
                });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.bytes.is_ascii() && connection.offers(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let (limit, Addresses { from, to }) = (self.timeouts.command, addresses);
        completed(Stage::Sender, limit, connection.sender(from, parameters, to)).await?;
        completed(Stage::Recipient, limit, connection.recipient(to)).await?;
        let go_ahead = answered(Stage::Recipient, limit, connection.data()).await?;
        if !go_ahead.has_code(354) {
            return Err(out_of_step(Stage::Recipient, &go_ahead));
        }
        // Without the message's end the server forgets what it heard: the connection is dropped.
        if !may_go() {
            return Err(Break { stage: Stage::Withheld, code: None, text: String::new() });
        }
        let accepted =
            completed(Stage::Message, self.timeouts.message, connection.message(&mail.bytes)).await?;
        self.keep_idle(connection);
        Ok(shown(&accepted))
    }

    fn take_idle(&self) -> Option<Conversation> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep_idle(&self, connection: Conversation) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(connection);
        }
    }
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpTransport")
            .field("url", &self.url)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// The two addresses of the envelope.
struct Addresses {
    from: Address,
    to: Address,
}

impl Addresses {
    fn parse(mail: &OutgoingMail) -> Result<Self, Break> {
        let address = |text: &str, status| {
            text.parse::<Address>().map_err(|error| Break {
                stage: Stage::Recipient,
                code: Some(501),
                text: format!("{status} not a mail address: {error}"),
            })
        };
        Ok(Self {
            from: address(&mail.envelope_from, EnhancedStatus { class: 5, subject: 1, detail: 7 })?,
            to: address(&mail.envelope_to, EnhancedStatus { class: 5, subject: 1, detail: 3 })?,
        })
    }

    fn need_smtputf8(&self) -> bool {
        let ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        !(ascii(&self.from) && ascii(&self.to))
    }
}

fn tls_parameters(url: &SmtpUrl) -> Result<TlsParameters, SmtpSetupError> {
    let mut builder = TlsParameters::builder(url.host.clone());
    if let Some(path) = &url.root_certificate {
        let unusable =
            |what: String| SmtpSetupError::RootCertificate { path: path.display().to_string(), what };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| SmtpSetupError::Tls { host: url.host.clone(), what: error.to_string() })
}

/// Whether an answer is about who sends, and not about the mail.
fn is_policy(text: &str) -> bool {
    let status = text.split_whitespace().next().and_then(|word| word.parse::<EnhancedStatus>().ok());
    status.is_some_and(|status| status.subject == 7)
}

/// `step`, ended after `limit`.
async fn limited<T>(stage: Stage, limit: Duration, step: impl Future<Output = T>) -> Result<T, Break> {
    tokio::time::timeout(limit, step).await.map_err(|_| Break {
        stage,
        code: None,
        text: format!("no answer from the mail server within {} s", limit.as_secs_f32()),
    })
}

/// The answer to `step`, which the library has found to be 2xx or 3xx.
async fn answered(
    stage: Stage,
    limit: Duration,
    step: impl Future<Output = Result<Response, Error>>,
) -> Result<Response, Break> {
    limited(stage, limit, step).await?.map_err(|error| broken(stage, &error))
}

/// The answer to `step` if it is 2xx: a 3xx to a command that ends something is an answer to another one.
async fn completed(
    stage: Stage,
    limit: Duration,
    step: impl Future<Output = Result<Response, Error>>,
) -> Result<Response, Break> {
    let response = answered(stage, limit, step).await?;
    if (200..300).contains(&u16::from(response.code())) {
        Ok(response)
    } else {
        Err(out_of_step(stage, &response))
    }
}

fn out_of_step(stage: Stage, response: &Response) -> Break {
    Break {
        stage,
        code: None,
        text: format!("the mail server is out of step: it answered {}", shown(response)),
    }
}

fn broken(stage: Stage, error: &Error) -> Break {
    match error.status() {
        // The source of an error that carries a code is the text of the reply.
        Some(code) => Break {
            stage,
            code: Some(code.into()),
            text: error.source().map(ToString::to_string).unwrap_or_default(),
        },
        None => Break { stage, code: None, text: error.to_string() },
    }
}

fn shown(response: &Response) -> String {
    format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "))
}
