//! Notices: the outbox, and a mail as the merchant reads it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::notice::{NoticeKind, NoticeState};

/// A notice in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NoticeView {
    /// Its number.
    pub id: i64,
    /// What it is about.
    pub kind: NoticeKind,
    /// State.
    pub state: NoticeState,
    /// Merchant number.
    pub merchant_number: String,
    /// Merchant's name.
    pub merchant_name: String,
    /// Address it goes to.
    pub recipient: String,
    /// Language.
    pub locale: String,
    /// The night it is about.
    pub night: NaiveDate,
    /// Subject, once it is put into words.
    pub subject: Option<String>,
    /// Message-ID, the same at every attempt.
    pub message_id: String,
    /// Not sent before.
    pub send_after: DateTime<Utc>,
    /// Of no use after.
    pub expires_at: DateTime<Utc>,
    /// Attempts so far.
    pub attempts: i32,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// The last answer that was not acceptance.
    pub last_error: Option<String>,
}

/// Which notices.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct NoticeQuery {
    /// Only in this state.
    pub state: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only to this merchant number.
    pub merchant: Option<String>,
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// Which mail to put into words without queueing it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// Its kind.
    pub kind: NoticeKind,
    /// `en` or `zh-CN`; the merchant's own unless told, `en` for the sample.
    pub locale: Option<String>,
    /// The visits of this appointment's merchant and night; a made-up sample unless told.
    pub appointment: Option<i64>,
}

/// A mail as the merchant reads it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Subject.
    pub subject: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// Calendar files, as text.
    pub calendars: Vec<String>,
}

/// Why a merchant has not been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnreachedReason {
    /// There is no address.
    NoAddress,
    /// Nothing is sent to its address: a mail server said that it does not exist.
    Suppressed,
    /// The announcement was refused, or it is too late for it.
    Refused,
    /// The announcement was accepted, and came back.
    CameBack,
    /// No mail server has accepted it, and its notice lead has begun or begins within a day.
    NotAcceptedYet,
    /// It was accepted, or told by telephone, later than the notice lead asks for.
    ToldTooLate,
}

/// A visit to come of which the merchant has not been told.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Unreached {
    /// The visit's number.
    pub visit: i64,
    /// Merchant number.
    pub merchant_number: String,
    /// Merchant's name.
    pub merchant_name: String,
    /// Whom to ring.
    pub phone: Option<String>,
    /// Where its mail goes.
    pub email: Option<String>,
    /// Site.
    pub site_code: String,
    /// Its start.
    pub starts_at: DateTime<Utc>,
    /// Appointments that will not open as things stand.
    pub appointments: Vec<i64>,
    /// Why.
    pub reason: UnreachedReason,
    /// What the mail server said.
    pub detail: Option<String>,
}

/// That somebody was told by telephone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallReport {
    /// Who was told, by name.
    pub who: String,
    /// What was said.
    pub words: Option<String>,
    /// When; now unless told. Not before the visit was set to the time that it has.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
}

/// Another address for a merchant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressChange {
    /// The address.
    pub email: String,
    /// Why.
    pub reason: Option<String>,
}

/// A merchant's second address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AsciiAddress {
    /// Where its mail goes when a server takes no address beyond ASCII.
    pub address: Option<String>,
}

/// Another second address for a merchant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AsciiAddressChange {
    /// The address; absent: none.
    pub address: Option<String>,
    /// Why; it goes onto the audit trail.
    pub reason: Option<String>,
}

/// A domain of recipients to which a process sends nothing for a while, after a burst of errors.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PausedDomain {
    /// The domain.
    pub domain: String,
    /// For how long yet.
    pub for_seconds: u64,
    /// What its mail server said last.
    pub why: String,
}

/// A mail server that notices go through.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RelayState {
    /// Where it is; without its password.
    pub server: String,
    /// For how long it is left alone yet, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_alone_for_seconds: Option<u64>,
    /// What it said, or what went wrong, when it last failed and has not done its work since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// An address to which nothing is sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Suppression {
    /// The address, in lower case.
    pub address: String,
    /// Why: the mail server's words, or an operator's.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// An address to suppress, or to release.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionChange {
    /// The address.
    pub address: String,
    /// Why; it goes onto the audit trail.
    pub reason: String,
}

/// Which notices to try again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryRequest {
    /// Those to this domain that failed or were put off.
    pub domain: String,
    /// Why; it goes onto the audit trail.
    pub reason: Option<String>,
}

/// How many notices are tried again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RetryResult {
    /// Notices.
    pub notices: u64,
}

/// Figures of the outbox.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NoticeStats {
    /// Notices by state.
    pub by_state: BTreeMap<String, i64>,
    /// Notices by kind, and each by state.
    pub by_kind: Vec<KindFigures>,
    /// The twenty domains of recipients with most notices.
    pub domains: Vec<DomainFigures>,
    /// Due, and not taken by a worker yet.
    pub due: i64,
    /// How long the oldest of them has been due.
    pub oldest_due_seconds: Option<i64>,
    /// From when a notice might leave to its acceptance, over the last seven days.
    pub delays: Option<Delays>,
    /// Visits to come of which the merchant has not been told (`GET /unreached`).
    pub unreached: i64,
    /// Addresses to which nothing is sent.
    pub suppressed: i64,
    /// Mail servers that would not have mail from us within the last seven days (5.7.x), and whose mail has not been tried
    /// again.
    pub refused_for_policy: Vec<PolicyRefusal>,
    /// Domains that the process that answers leaves alone.
    pub paused_domains: Vec<PausedDomain>,
    /// The mail servers, as the process that answers knows them.
    pub relays: Vec<RelayState>,
}

/// Notices of one kind.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KindFigures {
    /// The kind.
    pub kind: NoticeKind,
    /// How many, by state.
    pub by_state: BTreeMap<String, i64>,
}

/// Notices to one domain.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DomainFigures {
    /// The domain.
    pub domain: String,
    /// All of them.
    pub total: i64,
    /// Accepted.
    pub accepted: i64,
    /// Queued, or on their way.
    pub waiting: i64,
    /// Put off by a server.
    pub deferred: i64,
    /// Failed, or came back.
    pub refused: i64,
}

/// How long it took until notices were accepted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delays {
    /// Of so many notices.
    pub notices: i64,
    /// Half of them took no longer.
    pub median_seconds: i64,
    /// 95 in a hundred took no longer.
    pub p95_seconds: i64,
    /// The one that took longest.
    pub longest_seconds: i64,
}

/// A domain that will not have mail from us.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyRefusal {
    /// The domain.
    pub domain: String,
    /// Notices that it refused.
    pub count: i64,
    /// The latest of them.
    pub notice: i64,
    /// What it said to that one.
    pub said: String,
}

/// When a merchant is reminded of a visit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reminders {
    /// Minutes before the start, as `1440, 60`, or `none`.
    pub before: String,
    /// It is the merchant's own; otherwise it is as the settings say.
    pub is_own: bool,
    /// The merchant does without optional mail, reminders among it.
    pub declined: bool,
}

/// When a merchant is to be reminded.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemindersChange {
    /// Minutes before the start, as `1440, 60`, or `none`; absent: as the settings say.
    pub before: Option<String>,
    /// Why; it goes onto the audit trail.
    pub reason: Option<String>,
}
