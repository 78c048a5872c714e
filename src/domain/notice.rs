//! A notice: a mail about visits. Its kinds, its life, and what it says before it is put into words.

mod letter;

use serde::{Deserialize, Serialize};

use crate::domain::states::state_machine;

pub use crate::domain::states::UnknownState;

pub use letter::{Letter, LetterTerminal, LetterVisit, SupportContact, WorkItem, WorkKind};

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
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [NoticeKind; 4] =
        [NoticeKind::Announcement, NoticeKind::Reminder, NoticeKind::Moved, NoticeKind::Cancelled];

    /// The word used in the database, the API, and as the templates' folder name.
    pub const fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Announcement => "announcement",
            NoticeKind::Reminder => "reminder",
            NoticeKind::Moved => "moved",
            NoticeKind::Cancelled => "cancelled",
        }
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
            format!("`{text}` is not a kind of notice; use announcement, reminder, moved or cancelled")
        })
    }
}

state_machine! {
    /// The life of a notice in the outbox.
    pub enum NoticeState {
        /// Waits for its time.
        Queued = "queued" -> [Sending, Expired, Superseded];
        /// A worker holds its lease. (Back to `queued` when the lease runs out.)
        Sending = "sending" -> [Accepted, Deferred, Failed, Queued, Expired, Superseded];
        /// The merchant's mail server took it.
        Accepted = "accepted" -> [Bounced];
        /// Refused for now; it is tried again.
        Deferred = "deferred" -> [Sending, Expired, Superseded];
        /// Refused for good.
        Failed = "failed" -> [Queued];
        /// Accepted, and came back.
        Bounced = "bounced" -> [];
        /// Too late to be of use.
        Expired = "expired" -> [];
        /// What it says is no longer true.
        Superseded = "superseded" -> [];
    }
}
