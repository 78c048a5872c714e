//! What a notice says, before it is put into a language: facts only, in UTC with the zone to show them in.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::domain::fleet::Locale;
use crate::domain::notice::NoticeKind;

/// One mail to one merchant about one night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is about.
    pub kind: NoticeKind,
    /// The language it is written in.
    pub locale: Locale,
    /// The merchant's name.
    pub merchant_name: String,
    /// The merchant's address.
    pub recipient: String,
    /// The local date of the evening before the night (work at 02:00 on the 26th belongs to the night of the 25th).
    pub night: NaiveDate,
    /// Every visit of that night, by site code; at least one, unless the letter is about locks.
    pub visits: Vec<LetterVisit>,
    /// The locks that a letter about locks tells of, the earliest first.
    pub locks: Vec<LetterLock>,
    /// Why the visit moved, was cancelled, or could not be announced in time; in the operator's words.
    pub reason: Option<String>,
    /// The work could not wait for the notice lead.
    pub emergency: bool,
    /// Whom the merchant calls.
    pub support: SupportContact,
    /// How long an unlock usually takes, in minutes.
    pub usual_unlock_minutes: u32,
    /// Signed link by which the merchant answers; `None` while there is no page for it.
    pub manage_url: Option<String>,
}

/// A site's appointments of the night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterVisit {
    /// Calendar UID, stable for the visit's life.
    pub uid: String,
    /// Calendar SEQUENCE: the visit's revision, from 0.
    pub sequence: u32,
    /// Message-ID (without angle brackets) that starts the visit's thread.
    pub root_message_id: String,
    /// The site's name and code.
    pub site_name: String,
    /// The site's code.
    pub site_code: String,
    /// Postal address, if known.
    pub site_address: Option<String>,
    /// The zone in which times are shown.
    pub zone: Tz,
    /// Earliest start of its terminals.
    pub starts_at: DateTime<Utc>,
    /// Latest end of its terminals.
    pub ends_at: DateTime<Utc>,
    /// Where it stood before, in a `moved` notice.
    pub previous: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The whole visit is called off (in a `cancelled` notice, and in a `moved` one that leaves this night).
    pub cancelled: bool,
    /// The terminals concerned, by start.
    pub terminals: Vec<LetterTerminal>,
}

/// A terminal that takes no payments, or did not until now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterLock {
    /// The lock's number: what the merchant says on the telephone.
    pub number: i64,
    /// Message-ID (without angle brackets) that starts the lock's thread.
    pub root_message_id: String,
    /// The site's name.
    pub site_name: String,
    /// The site's code.
    pub site_code: String,
    /// Postal address, if known.
    pub site_address: Option<String>,
    /// The zone in which times are shown.
    pub zone: Tz,
    /// What the merchant calls the terminal.
    pub label: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// When it was reported.
    pub opened_at: DateTime<Utc>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
}

/// One terminal's appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterTerminal {
    /// What the merchant calls it.
    pub label: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// Serial number.
    pub serial: String,
    /// When it stops taking payments.
    pub starts_at: DateTime<Utc>,
    /// When it takes payments again.
    pub ends_at: DateTime<Utc>,
    /// What is done to it.
    pub work: Vec<WorkItem>,
}

/// A piece of work, as a merchant would call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// Its kind.
    pub kind: WorkKind,
    /// Version for a firmware update; name of the inspection otherwise.
    pub title: String,
}

/// The kind of a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// A new firmware version.
    Firmware,
    /// An inspection over the network.
    RemoteInspection,
    /// An inspection for which somebody comes.
    OnSiteInspection,
    /// Work that an engineer asked for out of turn.
    AdHoc,
}

/// Whom a merchant calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportContact {
    /// Name of the help desk.
    pub name: String,
    /// Telephone number as it should be dialled.
    pub phone: String,
    /// Mail address.
    pub email: String,
}
