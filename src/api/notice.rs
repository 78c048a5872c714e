//! Notices: the outbox, and a mail as the merchant reads it.

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
