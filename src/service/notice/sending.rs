//! The first steps of sending: claim what is due, put it into words and keep the bytes, hand them out. A retry sends
//! the same bytes under the same Message-ID.

use chrono::{DateTime, TimeDelta, Utc};

use super::letter::{self, Truth};
use super::{composed, outbox};
use crate::clock::Stopwatch;
use crate::db::notice::{Ending, NoticeRow};
use crate::db::{self, Connection, Instant, Table};
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::mail::address::to_wire;
use crate::service::campaign::visits_behind_gates;
use crate::service::merchant::links;
use crate::service::{App, Error};

/// Why a notice was not sent (again).
const CHANGED: &str = "what it was about has changed since";

/// How long a notice that waits for a gate is left alone, if it came up at all.
const HELD_SECONDS: i64 = 60;

/// One attempt at a notice. Whoever claims it later has a higher attempt: what an earlier one says of it, in
/// ignorance, no longer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The notice.
    pub id: NoticeId,
    /// The attempt, from 1.
    pub attempt: i32,
}

/// A notice in words, claimed and ready to be handed to a mail server.
#[derive(Debug, Clone)]
pub struct Sendable {
    /// The attempt.
    pub claim: Claim,
    /// MAIL FROM.
    pub envelope_from: String,
    /// RCPT TO.
    pub envelope_to: String,
    /// Message-ID without brackets.
    pub message_id: String,
    /// The stored bytes.
    pub bytes: Vec<u8>,
    /// Afterwards it is of no use.
    expires_at: DateTime<Utc>,
    claimed_at: DateTime<Utc>,
    since_claim: Stopwatch,
}

impl Sendable {
    /// Whether it may be handed over at this moment: it is still of use, by the clock and by the time that has passed
    /// since it was claimed, and nobody else has it yet.
    pub fn may_go(&self, app: &App) -> bool {
        let passed =
            TimeDelta::milliseconds(i64::try_from(self.since_claim.elapsed_ms()).unwrap_or(i64::MAX));
        let latest = app.clock.now().max(self.claimed_at + passed);
        latest < self.expires_at && self.is_claimed(app)
    }

    /// Whether nobody else can have claimed it yet.
    pub fn is_claimed(&self, app: &App) -> bool {
        self.since_claim.elapsed_ms() < u64::from(app.settings.claim_seconds) * 1000
    }
}

/// Claims at most `limit` notices that are due, and puts them into words. What is too late or no longer true is
/// closed here and not handed out; how many that were comes second.
pub fn claim(app: &App, limit: i64) -> Result<(Vec<Sendable>, u64), Error> {
    let since_claim = Stopwatch::start();
    let claimed_at = app.clock.now();
    let claim = TimeDelta::seconds(i64::from(app.settings.claim_seconds));
    let claimed = app.database.write(|connection| {
        let until = Instant::from(claimed_at + claim);
        Ok::<_, Error>(db::notice::claim(connection, Instant::from(claimed_at), until, limit)?)
    })?;
    let (mut sendable, mut closed) = (Vec::with_capacity(claimed.len()), 0);
    for row in claimed {
        match app.database.write(|connection| put_into_words(connection, app, &row)) {
            Ok(Some((envelope_to, envelope_from, bytes))) => sendable.push(Sendable {
                claim: Claim { id: NoticeId(row.id), attempt: row.attempts },
                envelope_from,
                envelope_to,
                message_id: row.message_id,
                bytes,
                expires_at: row.expires_at.utc(),
                claimed_at,
                since_claim,
            }),
            Ok(None) => closed += 1,
            Err(error @ (Error::Query(_) | Error::Database(_))) if sendable.is_empty() => return Err(error),
            Err(error @ (Error::Query(_) | Error::Database(_))) => {
                // What is ready goes out; the rest is claimed again when this claim has run out.
                tracing::warn!(%error, "a claim was broken off");
                break;
            }
            // One that cannot be put into words must not hold up the others.
            Err(error) => {
                tracing::error!(notice = row.id, %error, "not put into words");
                app.database
                    .write(|connection| close(connection, &row, NoticeState::Failed, &error.to_string()))?;
                closed += 1;
            }
        }
    }
    Ok((sendable, closed))
}

/// To whom, from whom, and what.
type Words = (String, String, Vec<u8>);

fn put_into_words(connection: &mut Connection, app: &App, row: &NoticeRow) -> Result<Option<Words>, Error> {
    // What stands may not change meanwhile, and nobody else puts anything into words for the same merchant.
    connection.share_schedule()?;
    db::fleet::lock_merchant(connection, row.merchant_id)?;
    // One mail a merchant a night: an earlier notice may have taken this one's visits over, a change of the schedule
    // may have come between, or this process stood still and another one has claimed it by now.
    let found = db::notice::find(connection, row.id)?;
    let is_ours =
        |found: &NoticeRow| found.state == NoticeState::Sending.as_str() && found.attempts == row.attempts;
    if !found.as_ref().is_some_and(is_ours) {
        return Ok(None);
    }
    let now = app.clock.now();
    if row.expires_at.utc() <= now {
        close(connection, row, NoticeState::Expired, "it would have come too late to be of use")?;
        return Ok(None);
    }
    if row.kind.parse().is_ok_and(NoticeKind::is_optional)
        && db::merchant_answer::does_without_optional(connection, row.merchant_id)?
    {
        close(connection, row, NoticeState::Superseded, "the merchant does without this kind of mail")?;
        return Ok(None);
    }
    if let Some(suppressed) = db::suppression::find(connection, &row.recipient)? {
        let why = format!("nothing is sent to this address: {}", suppressed.reason);
        close(connection, row, NoticeState::Failed, &why)?;
        return Ok(None);
    }
    if let (Some(bytes), Some(envelope_from)) = (row.message.clone(), row.envelope_from.clone()) {
        return again(connection, app, row, envelope_from, bytes, now);
    }
    if waits_for_a_gate(connection, row)? {
        let later = Instant::from(now + TimeDelta::seconds(HELD_SECONDS));
        db::notice::postpone(connection, row.id, Some(row.attempts), later)?;
        return Ok(None);
    }
    db::notice::absorb(connection, row)?;
    let Some(letter) = letter::of_notice(connection, app, row)? else {
        close(connection, row, NoticeState::Superseded, CHANGED)?;
        return Ok(None);
    };
    let unsubscribe_url = letter::unsubscribe_url(connection, app, row)?;
    let bounce_address = links::bounce_address(connection, app, NoticeId(row.id))?;
    match composed(app, &letter, &row.message_id, bounce_address, unsubscribe_url) {
        Ok(mail) => {
            let (subject, from) = (&mail.subject, &mail.envelope_from);
            db::notice::store_message(connection, row.id, subject, from, &mail.bytes)?;
            Ok(Some((mail.envelope_to, mail.envelope_from, mail.bytes)))
        }
        Err(error) => {
            close(connection, row, NoticeState::Failed, &error.to_string())?;
            Ok(None)
        }
    }
}

/// Whether it would tell of something that may never open.
fn waits_for_a_gate(connection: &mut Connection, row: &NoticeRow) -> Result<bool, Error> {
    if !row.kind.parse().is_ok_and(NoticeKind::is_ahead) || row.kind == NoticeKind::Cancelled.as_str() {
        return Ok(false);
    }
    let visits: Vec<i64> =
        db::notice::visits_of(connection, &[row.id])?.into_iter().map(|about| about.visit_id).collect();
    Ok(!visits_behind_gates(connection, &visits)?.is_empty())
}

/// Another attempt sends the same bytes, as long as they are true. What is still true of a mail that is not any
/// more goes into a new one.
fn again(
    connection: &mut Connection,
    app: &App,
    row: &NoticeRow,
    envelope_from: String,
    bytes: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Words>, Error> {
    let truth = Truth::of(connection, app, row)?;
    if truth.is_whole() {
        // The address as it was sent to before.
        let recipient = to_wire(&row.recipient).unwrap_or_else(|| row.recipient.clone());
        return Ok(Some((recipient, envelope_from, bytes)));
    }
    close(connection, row, NoticeState::Superseded, CHANGED)?;
    if !truth.is_nothing() {
        let id = db::allot(connection, Table::Notice, 1)?[0];
        let message_id = outbox::message_id(app, &row.kind, id);
        let ids: Vec<i64> = truth.visits.iter().map(|visit| visit.id).collect();
        db::notice::hand_on(connection, row, id, message_id, &ids, Instant::from(now))?;
    }
    Ok(None)
}

fn close(connection: &mut Connection, row: &NoticeRow, state: NoticeState, why: &str) -> Result<(), Error> {
    let ending = Ending { state, accepted_at: None, next_attempt_at: None, error: Some(why) };
    db::notice::end_attempt(connection, row.id, Some(row.attempts), &ending)?;
    Ok(())
}
