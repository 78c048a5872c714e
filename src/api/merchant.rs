//! What a merchant sees behind the links in a mail.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fleet::Locale;
use crate::domain::merchant_answer::Answer;

/// Whom a page is for, and whom its reader may call.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantHead {
    /// The language it is written in.
    pub locale: Locale,
    /// The merchant's name.
    pub merchant_name: String,
    /// Help desk.
    pub support_name: String,
    /// Its telephone number.
    pub support_phone: String,
    /// Its mail address.
    pub support_email: String,
}

/// The visits of a merchant.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantVisits {
    /// Whom it is for.
    pub head: MerchantHead,
    /// The visit that the link is about.
    pub visit: MerchantVisit,
    /// The time has changed since the link was written: it shows, and changes nothing.
    pub outdated: bool,
    /// What else is to come at this merchant's sites.
    pub others: Vec<MerchantVisit>,
    /// Token of the page about locks.
    pub locks_token: String,
    /// Token of the calendar feed.
    pub feed_token: String,
    /// Token of the page about optional mail.
    pub optional_token: String,
}

/// A site's appointments of a night.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantVisit {
    /// Its number.
    pub id: i64,
    /// Site's name.
    pub site_name: String,
    /// Site's code.
    pub site_code: String,
    /// What the merchant says on the telephone.
    pub reference: String,
    /// When, in words.
    pub when: String,
    /// The terminals, each with its own time in words.
    pub terminals: Vec<MerchantTerminal>,
    /// It has been called off.
    pub cancelled: bool,
    /// It has begun, or is over.
    pub begun: bool,
    /// What the merchant answered to the time as it stands.
    pub answer: Option<Answer>,
}

/// A terminal as a merchant knows it.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantTerminal {
    /// What the merchant calls it.
    pub label: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// When, in words.
    pub when: String,
}

/// Times that a merchant may choose.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantTimes {
    /// Whom it is for.
    pub head: MerchantHead,
    /// The visit that may move.
    pub visit: MerchantVisit,
    /// Days with legal times at this moment, the earliest first.
    pub days: Vec<MerchantDay>,
    /// The zone of the times, in words.
    pub zone: String,
}

/// A day on which a visit may begin.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantDay {
    /// The date, in words.
    pub day: String,
    /// Its times, the earliest first.
    pub times: Vec<MerchantTime>,
}

/// A time that a merchant may choose.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantTime {
    /// The visit's start.
    pub starts_at: DateTime<Utc>,
    /// From when to when, by the clock.
    pub clock: String,
}

/// A merchant's terminals, and which of them are locked.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantLocks {
    /// Whom it is for.
    pub head: MerchantHead,
    /// Terminals that take no payments.
    pub locked: Vec<MerchantLock>,
    /// The others.
    pub terminals: Vec<MerchantTerminalChoice>,
    /// The latest lock of any of them, 0 if there was none: a report says after which one it was written.
    pub latest: i64,
}

/// A terminal that takes no payments.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantLock {
    /// The lock's number.
    pub id: i64,
    /// What the merchant calls the terminal.
    pub label: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// Site's name.
    pub site_name: String,
    /// Since when, in words.
    pub since: String,
}

/// A terminal to choose.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantTerminalChoice {
    /// Serial number.
    pub serial: String,
    /// What the merchant calls it.
    pub label: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// Site's name.
    pub site_name: String,
}

/// Whether a merchant gets optional mail.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantOptional {
    /// Whom it is for.
    pub head: MerchantHead,
    /// The merchant gets it.
    pub wanted: bool,
}

/// A merchant's answer, as operators see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AnswerView {
    /// The visit's number.
    pub visit: i64,
    /// Merchant number.
    pub merchant_number: String,
    /// Merchant's name.
    pub merchant_name: String,
    /// Site.
    pub site_code: String,
    /// The visit's night: the local date of its evening.
    pub night: chrono::NaiveDate,
    /// Its start.
    pub starts_at: DateTime<Utc>,
    /// The answer.
    pub answer: Answer,
    /// How it came: `page` or `calendar`.
    pub via: String,
    /// In the merchant's words.
    pub words: Option<String>,
    /// When.
    pub answered_at: DateTime<Utc>,
    /// The time has changed since.
    pub outdated: bool,
}

/// Which answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AnswerQuery {
    /// `wants_another_time` (as if none is given) or `confirmed`.
    pub answer: Option<String>,
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// A key that merchants' links are signed with. Nobody is shown the secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LinkKeyView {
    /// Its number.
    pub number: i32,
}
