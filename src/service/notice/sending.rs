//! The steps of sending: claim what is due, put it into words and keep the bytes, hand them out, settle what
//! became of them. A retry sends the same bytes under the same Message-ID.

use chrono::{DateTime, TimeDelta, Utc};

use super::composed;
use super::letter::{self, Truth};
use crate::db::notice::{Ending, NoticeRow};
use crate::db::{self, Connection, Instant, Table};
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::service::schedule::token;
use crate::service::{App, Error};

/// How long a worker may take for what it has claimed, in minutes.
const LEASE_MINUTES: i64 = 10;

/// The first wait after a refusal, in minutes; it doubles with each attempt.
const RETRY_MINUTES_MIN: i64 = 2;

/// Why a notice was not sent (again).
const CHANGED: &str = "what it was about has changed since";

/// The longest wait between attempts, in minutes.
const RETRY_MINUTES_MAX: i64 = 60;

/// A notice in words, claimed and ready to be handed to a mail server.
#[derive(Debug, Clone)]
pub struct Sendable {
    /// Its number.
    pub id: NoticeId,
    /// MAIL FROM.
    pub envelope_from: String,
    /// RCPT TO.
    pub envelope_to: String,
    /// Message-ID without brackets.
    pub message_id: String,
    /// The stored bytes.
    pub bytes: Vec<u8>,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// A 2xx at the end of DATA.
    Accepted,
    /// Refused for now, or nobody knows: to be tried again.
    Deferred(String),
    /// Refused for good.
    Failed(String),
}

/// Claims at most `limit` notices that are due, and puts them into words. What is too late or no longer true is
/// closed here and not handed out; how many that were comes second.
pub fn claim(app: &App, limit: i64) -> Result<(Vec<Sendable>, u64), Error> {
    let now = app.clock.now();
    let claimed = app.database.write(|connection| {
        let lease_until = Instant::from(now + TimeDelta::minutes(LEASE_MINUTES));
        Ok::<_, Error>(db::notice::claim(connection, Instant::from(now), lease_until, limit)?)
    })?;
    let (mut sendable, mut closed) = (Vec::with_capacity(claimed.len()), 0);
    for row in claimed {
        let id = row.id;
        match app.database.write(|connection| put_into_words(connection, app, &row, now)) {
            Ok(Some(ready)) => sendable.push(ready),
            Ok(None) => closed += 1,
            Err(error @ (Error::Query(_) | Error::Database(_))) => return Err(error),
            // One that cannot be put into words must not hold up the others.
            Err(error) => {
                tracing::error!(notice = id, %error, "not put into words");
                app.database
                    .write(|connection| close(connection, id, NoticeState::Failed, &error.to_string()))?;
                closed += 1;
            }
        }
    }
    Ok((sendable, closed))
}

fn put_into_words(
    connection: &mut Connection,
    app: &App,
    row: &NoticeRow,
    now: DateTime<Utc>,
) -> Result<Option<Sendable>, Error> {
    connection.serialize_schedule()?;
    // One mail a merchant a night: an earlier notice of this claim may have taken this one's visits over, or a
    // change of the schedule may have come between.
    let state = db::notice::find(connection, row.id)?.map(|row| row.state);
    if state.as_deref() != Some(NoticeState::Sending.as_str()) {
        return Ok(None);
    }
    if row.expires_at.utc() <= now {
        close(connection, row.id, NoticeState::Expired, "it would have come too late to be of use")?;
        return Ok(None);
    }
    if let (Some(bytes), Some(envelope_from)) = (row.message.clone(), row.envelope_from.clone()) {
        return again(connection, app, row, envelope_from, bytes, now);
    }
    db::notice::absorb(connection, row)?;
    let Some(letter) = letter::of_notice(connection, app, row)? else {
        close(connection, row.id, NoticeState::Superseded, CHANGED)?;
        return Ok(None);
    };
    match composed(app, &letter, &row.message_id, row.id) {
        Ok(mail) => {
            let (subject, from) = (&mail.subject, &mail.envelope_from);
            db::notice::store_message(connection, row.id, subject, from, &mail.bytes)?;
            let recipient = mail.envelope_to.clone();
            Ok(Some(sendable(row, recipient, mail.envelope_from, mail.bytes)))
        }
        Err(error) => {
            close(connection, row.id, NoticeState::Failed, &error.to_string())?;
            Ok(None)
        }
    }
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
) -> Result<Option<Sendable>, Error> {
    let truth = Truth::of(connection, app, row)?;
    if truth.is_whole() {
        return Ok(Some(sendable(row, row.recipient.clone(), envelope_from, bytes)));
    }
    close(connection, row.id, NoticeState::Superseded, CHANGED)?;
    if !truth.is_nothing() {
        let id = db::allot(connection, Table::Notice, 1)?[0];
        let message_id = token(&row.kind, id, now.timestamp_micros(), &app.settings.mail_domain);
        let ids: Vec<i64> = truth.visits.iter().map(|visit| visit.id).collect();
        db::notice::hand_on(connection, row, id, message_id, &ids, Instant::from(now))?;
    }
    Ok(None)
}

fn sendable(row: &NoticeRow, envelope_to: String, envelope_from: String, bytes: Vec<u8>) -> Sendable {
    Sendable { id: NoticeId(row.id), envelope_from, envelope_to, message_id: row.message_id.clone(), bytes }
}

fn close(connection: &mut Connection, id: i64, state: NoticeState, why: &str) -> Result<(), Error> {
    let ending = Ending { state, accepted_at: None, next_attempt_at: None, error: Some(why) };
    db::notice::end_attempt(connection, id, &ending)?;
    Ok(())
}

/// Writes down what became of an attempt. Acceptance of an announcing notice announces the appointments of its
/// visits, as far as they still stand in the revision that it told of.
pub fn settle(app: &App, NoticeId(id): NoticeId, settlement: &Settlement) -> Result<NoticeState, Error> {
    let now = app.clock.now();
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = super::find(connection, id)?;
        let mut ending =
            Ending { state: NoticeState::Accepted, accepted_at: None, next_attempt_at: None, error: None };
        match settlement {
            Settlement::Accepted => ending.accepted_at = Some(Instant::from(now)),
            Settlement::Failed(why) => {
                ending.state = NoticeState::Failed;
                ending.error = Some(why);
            }
            Settlement::Deferred(why) => {
                let next = now + wait_after(row.attempts, id);
                ending.error = Some(why);
                ending.state = NoticeState::Deferred;
                ending.next_attempt_at = Some(Instant::from(next));
            }
        }
        db::notice::end_attempt(connection, id, &ending)?;
        if ending.state == NoticeState::Accepted && row.kind.parse().is_ok_and(NoticeKind::announces) {
            announce(connection, id, now)?;
        }
        Ok(ending.state)
    })
}

fn announce(connection: &mut Connection, notice_id: i64, accepted_at: DateTime<Utc>) -> Result<(), Error> {
    let abouts = db::notice::visits_of(connection, &[notice_id])?;
    let ids: Vec<i64> = abouts.iter().map(|about| about.visit_id).collect();
    let as_told: Vec<i64> = db::visit::by_ids(connection, &ids)?
        .into_iter()
        .filter(|visit| {
            abouts.iter().any(|about| about.visit_id == visit.id && about.revision == visit.sequence)
        })
        .map(|visit| visit.id)
        .collect();
    db::appointment::announce(connection, &as_told, Instant::from(accepted_at))?;
    Ok(())
}

/// Doubling waits with a jitter that depends on the notice alone, so that a burst of refusals does not come
/// back as a burst.
fn wait_after(attempts: i32, id: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
    let minutes = (RETRY_MINUTES_MIN << doublings).min(RETRY_MINUTES_MAX);
    let jitter = (id.wrapping_mul(2_654_435_761) % 60).abs();
    TimeDelta::minutes(minutes) + TimeDelta::seconds(jitter * minutes / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_the_longest() {
        let waits: Vec<i64> = (1..12).map(|attempt| wait_after(attempt, 0).num_minutes()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
        assert!((1..100).any(|id| wait_after(1, id) != wait_after(1, id + 1)));
    }
}
