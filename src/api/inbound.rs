//! Mail that came in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What was made of a mail that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboundOutcome {
    /// A notice came back.
    Bounced,
    /// It is about a notice, and changes nothing: a delay, a delivery, what was known already.
    Noted,
    /// A merchant complains of a mail.
    Complaint,
    /// A merchant's calendar answers.
    Answered,
    /// Written by a machine, to nobody.
    Ignored,
    /// Nobody knows whom or what it is about: operators look at it.
    Kept,
    /// The same came before.
    Repeated,
}

impl InboundOutcome {
    /// Every outcome.
    pub const ALL: [InboundOutcome; 7] = [
        InboundOutcome::Bounced,
        InboundOutcome::Noted,
        InboundOutcome::Complaint,
        InboundOutcome::Answered,
        InboundOutcome::Ignored,
        InboundOutcome::Kept,
        InboundOutcome::Repeated,
    ];

    /// The word used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            InboundOutcome::Bounced => "bounced",
            InboundOutcome::Noted => "noted",
            InboundOutcome::Complaint => "complaint",
            InboundOutcome::Answered => "answered",
            InboundOutcome::Ignored => "ignored",
            InboundOutcome::Kept => "kept",
            InboundOutcome::Repeated => "repeated",
        }
    }
}

impl std::fmt::Display for InboundOutcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::str::FromStr for InboundOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|outcome| outcome.as_str()).collect();
            format!("`{text}` is not what is made of a mail; use one of {}", known.join(", "))
        })
    }
}

/// With whom a mail came in.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InboundEnvelope {
    /// RCPT TO, as the mail server had it; several separated by commas.
    pub recipient: Option<String>,
    /// MAIL FROM; empty for a report.
    pub sender: Option<String>,
}

/// What was made of a mail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Ingested {
    /// What.
    pub outcome: InboundOutcome,
    /// In words.
    pub why: String,
    /// The notice that it is about.
    pub notice: Option<i64>,
    /// The visit that it answers.
    pub visit: Option<i64>,
}

/// Which mails to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InboundQuery {
    /// Only those of which this was made; `kept` unless told: what waits for an operator.
    pub outcome: Option<String>,
    /// With those that somebody has seen to.
    pub done: Option<bool>,
    /// At most so many rows (1 to 1000, default 100).
    pub limit: Option<i64>,
    /// Only rows after this key.
    pub after: Option<String>,
}

/// A mail that came in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct InboundView {
    /// Its number.
    pub id: i64,
    /// When.
    pub received_at: DateTime<Utc>,
    /// What was made of it.
    pub outcome: InboundOutcome,
    /// In words.
    pub why: String,
    /// From whom, as it says.
    pub sender: Option<String>,
    /// To whom.
    pub recipient: Option<String>,
    /// Its subject.
    pub subject: String,
    /// The notice that it is about.
    pub notice: Option<i64>,
    /// The visit that it is about.
    pub visit: Option<i64>,
    /// The beginning of its text, as long as nobody has seen to it.
    pub excerpt: Option<String>,
    /// When somebody saw to it.
    pub done_at: Option<DateTime<Utc>>,
    /// Who did.
    pub done_by: Option<String>,
}
