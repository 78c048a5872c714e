//! A notice as it enters the outbox: not yet in words, under the Message-ID that every attempt will carry.

use chrono::{DateTime, Utc};
use rand::Rng;

use crate::db::Instant;
use crate::db::notice::NoticeRow;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::mail::address::to_wire;
use crate::service::App;

/// A notice to queue.
#[derive(Debug)]
pub(in crate::service) struct NewNotice<'a> {
    pub(in crate::service) kind: NoticeKind,
    pub(in crate::service) merchant_id: i64,
    pub(in crate::service) night: &'a str,
    pub(in crate::service) recipient: &'a str,
    pub(in crate::service) locale: &'a str,
    pub(in crate::service) reason: Option<&'a str>,
    pub(in crate::service) emergency: bool,
    /// It is not sent before.
    pub(in crate::service) send_after: DateTime<Utc>,
    /// It is of no use any more from then on.
    pub(in crate::service) expires_at: DateTime<Utc>,
}

/// A Message-ID that nobody can guess: whoever shows it has had the mail in hand, so that a report that brings it back
/// is believed.
pub(in crate::service) fn message_id(app: &App, kind: &str, id: i64) -> String {
    let mut random = [0; 8];
    rand::rng().fill_bytes(&mut random);
    format!("{kind}.{id}.{}@{}", hex::encode(random), app.settings.mail_domain)
}

/// The notice that a Message-ID of ours names; whether it is true is for the notice to say.
pub(in crate::service) fn named_by(message_id: &str) -> Option<i64> {
    message_id.split('.').nth(1)?.parse().ok()
}

/// The row of a new notice.
pub(in crate::service) fn row(app: &App, id: i64, new: NewNotice<'_>) -> NoticeRow {
    let now = app.clock.now();
    let kind = new.kind.as_str();
    NoticeRow {
        id,
        kind: kind.to_owned(),
        state: NoticeState::Queued.as_str().to_owned(),
        merchant_id: new.merchant_id,
        night: new.night.to_owned(),
        recipient: new.recipient.to_owned(),
        locale: new.locale.to_owned(),
        message_id: message_id(app, kind, id),
        reason: new.reason.map(str::to_owned),
        emergency: new.emergency,
        created_at: Instant::from(now),
        send_after: Instant::from(new.send_after),
        expires_at: Instant::from(new.expires_at),
        attempts: 0,
        next_attempt_at: Instant::from(new.send_after),
        lease_until: None,
        accepted_at: None,
        last_error: None,
        subject: None,
        envelope_from: None,
        domain: domain_of(new.recipient),
        urgent: new.emergency && new.kind != NoticeKind::Reminder || new.kind.is_about_locks(),
        deferrals: 0,
        refused_for: None,
    }
}

/// The domain that mail to `address` goes to, as it travels: what limits and figures go by.
pub(in crate::service) fn domain_of(address: &str) -> String {
    let wire = to_wire(address).unwrap_or_else(|| address.to_lowercase());
    wire.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default()
}
