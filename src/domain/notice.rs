//! A notice: a mail about visits, or about locks. Its kinds, its life, and what it says before it is put into words.

mod letter;
mod reminders;
mod timing;

use serde::{Deserialize, Serialize};

use crate::domain::states::state_machine;

pub use crate::domain::states::UnknownState;

pub use letter::{Letter, LetterLock, LetterTerminal, LetterVisit, SupportContact, WorkItem, WorkKind};
pub use reminders::{ReminderLeads, ReminderLeadsError};
pub use timing::{QuietHours, QuietHoursError, announcement_due};

/// What a notice is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Downtime is coming: the promise.
    Announcement,
    /// It comes soon.
    Reminder,
    /// It comes at another time than announced.
    Moved,
    /// It does not come.
    Cancelled,
    /// It has begun.
    Started,
    /// It is done.
    Completed,
    /// Its window passed and nothing was done.
    Missed,
    /// It did not end well: a terminal is locked since.
    Failed,
    /// A terminal takes no payments, whatever the cause.
    Locked,
    /// It takes payments again.
    Unlocked,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [NoticeKind; 10] = [
        NoticeKind::Announcement,
        NoticeKind::Reminder,
        NoticeKind::Moved,
        NoticeKind::Cancelled,
        NoticeKind::Started,
        NoticeKind::Completed,
        NoticeKind::Missed,
        NoticeKind::Failed,
        NoticeKind::Locked,
        NoticeKind::Unlocked,
    ];

    /// The word used in the database, the API, and as the templates' folder name.
    pub const fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Announcement => "announcement",
            NoticeKind::Reminder => "reminder",
            NoticeKind::Moved => "moved",
            NoticeKind::Cancelled => "cancelled",
            NoticeKind::Started => "started",
            NoticeKind::Completed => "completed",
            NoticeKind::Missed => "missed",
            NoticeKind::Failed => "failed",
            NoticeKind::Locked => "locked",
            NoticeKind::Unlocked => "unlocked",
        }
    }

    /// Whether it tells of what is to come (or not to come): such a notice brings the merchant's calendar up to
    /// date. The others tell of what has happened.
    pub const fn is_ahead(self) -> bool {
        matches!(
            self,
            NoticeKind::Announcement | NoticeKind::Reminder | NoticeKind::Moved | NoticeKind::Cancelled
        )
    }

    /// The kind in what is kept of a notice's visits, where a reminder has how long before the start it leaves, as
    /// `reminder-60`.
    pub fn of_about(text: &str) -> Option<NoticeKind> {
        text.split('-').next()?.parse().ok()
    }

    /// Whether it is about locks; the others are about visits.
    pub const fn is_about_locks(self) -> bool {
        matches!(self, NoticeKind::Failed | NoticeKind::Locked | NoticeKind::Unlocked)
    }

    /// Whether a merchant may do without it. Nobody can do without being told that terminals go down, that the
    /// time changed, or that something is wrong.
    pub const fn is_optional(self) -> bool {
        matches!(self, NoticeKind::Reminder | NoticeKind::Started | NoticeKind::Completed)
    }

    /// Whether acceptance of this notice counts as telling the merchant of the visit as it stands.
    pub const fn announces(self) -> bool {
        matches!(self, NoticeKind::Announcement | NoticeKind::Moved)
    }
}

impl std::fmt::Display for NoticeKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::str::FromStr for NoticeKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        NoticeKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = NoticeKind::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("`{text}` is not a kind of notice; use one of {}", known.join(", "))
        })
    }
}

state_machine! {
    /// The life of a notice in the outbox.
    pub enum NoticeState {
        /// Waits for its time.
        Queued = "queued" -> [Sending, Expired, Superseded];
        /// A worker holds its lease. (Back to `queued` when the lease runs out.)
        Sending = "sending" -> [Accepted, Deferred, Failed, Queued, Expired, Superseded, Bounced];
        /// The merchant's mail server took it.
        Accepted = "accepted" -> [Bounced];
        /// Refused for now; it is tried again.
        Deferred = "deferred" -> [Sending, Expired, Superseded, Bounced];
        /// Refused for good.
        Failed = "failed" -> [Queued];
        /// A mail server took it, whether we heard of that or not, and it came back.
        Bounced = "bounced" -> [Queued];
        /// Too late to be of use.
        Expired = "expired" -> [];
        /// What it says is no longer true.
        Superseded = "superseded" -> [];
    }
}
