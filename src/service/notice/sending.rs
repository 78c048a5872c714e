//! The first steps of sending: claim what is due, put it into words and keep the bytes, hand them out. A retry sends
//! the same bytes under the same Message-ID.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::truth::Truth;
use super::{composed, letter, outbox};
use crate::clock::Stopwatch;
use crate::db::notice::NoticeRow;
use crate::db::notice_attempt::Ending;
pub use crate::db::notice_attempt::Wanted;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::mail::address::to_wire;
use crate::service::campaign::visits_behind_gates;
use crate::service::merchant::links;
use crate::service::{App, Error};

/// Notices that are put into words in one transaction.
const WORDS_AT_ONCE: usize = 200;

/// Why a notice was not sent (again).
const CHANGED: &str = "what it was about has changed since, or begun";

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
    /// The domain of the recipient.
    pub domain: String,
    /// It goes before others.
    pub urgent: bool,
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

/// Claims at most `limit` notices that are due, and puts them into words; see [`claim_wanted`].
pub fn claim(app: &App, limit: i64) -> Result<(Vec<Sendable>, u64), Error> {
    claim_wanted(app, Wanted { limit, urgent_only: false, except: &[] })
}

/// Claims notices that are due and wanted, and puts them into words. What is too late or no longer true is closed here
/// and not handed out; how many that were comes second.
pub fn claim_wanted(app: &App, wanted: Wanted<'_>) -> Result<(Vec<Sendable>, u64), Error> {
    let since_claim = Stopwatch::start();
    let claimed_at = app.clock.now();
    let claim = TimeDelta::seconds(i64::from(app.settings.claim_seconds));
    let claimed = app.database.write(|connection| {
        let until = Instant::from(claimed_at + claim);
        Ok::<_, Error>(db::notice_attempt::claim(connection, Instant::from(claimed_at), until, wanted)?)
    })?;
    let (mut sendable, mut closed) = (Vec::with_capacity(claimed.len()), 0);
    let mut take = |row: NoticeRow, words: Option<Words>| match words {
        Some((envelope_to, envelope_from, bytes)) => sendable.push(Sendable {
            claim: Claim { id: NoticeId(row.id), attempt: row.attempts },
            domain: outbox::domain_of(&envelope_to),
            urgent: row.urgent,
            envelope_from,
            envelope_to,
            message_id: row.message_id,
            bytes,
            expires_at: row.expires_at.utc(),
            claimed_at,
            since_claim,
        }),
        None => closed += 1,
    };
    let mut rows = claimed.into_iter();
    let mut begun = false;
    loop {
        let batch: Vec<NoticeRow> = rows.by_ref().take(WORDS_AT_ONCE).collect();
        if batch.is_empty() {
            break;
        }
        match app.database.write(|connection| put_into_words(connection, app, &batch)) {
            Ok(words) => batch.into_iter().zip(words).for_each(|(row, words)| take(row, words)),
            Err(error @ (Error::Query(_) | Error::Database(_))) if !begun => return Err(error),
            Err(error @ (Error::Query(_) | Error::Database(_))) => {
                // What is ready goes out; the rest is claimed again when this claim has run out.
                tracing::warn!(%error, "a claim was broken off");
                break;
            }
            // One that cannot be put into words must not hold up the others.
            Err(_) => {
                for row in batch {
                    let alone = std::slice::from_ref(&row);
                    match app.database.write(|connection| put_into_words(connection, app, alone)) {
                        Ok(mut words) => take(row, words.pop().flatten()),
                        Err(error @ (Error::Query(_) | Error::Database(_))) => return Err(error),
                        Err(error) => {
                            tracing::error!(notice = row.id, %error, "not put into words");
                            let why = error.to_string();
                            app.database
                                .write(|connection| close(connection, &row, NoticeState::Failed, &why))?;
                            take(row, None);
                        }
                    }
                }
            }
        }
        begun = true;
    }
    Ok((sendable, closed))
}

/// To whom, from whom, and what.
type Words = (String, String, Vec<u8>);

/// What is to be sent of each of these claimed notices; `None` for what is not.
fn put_into_words(
    connection: &mut Connection,
    app: &App,
    rows: &[NoticeRow],
) -> Result<Vec<Option<Words>>, Error> {
    // What stands may not change meanwhile, and nobody else puts anything into words for the same merchants.
    connection.share_schedule()?;
    let (in_words, wordless): (Vec<&NoticeRow>, Vec<&NoticeRow>) =
        rows.iter().partition(|row| row.envelope_from.is_some());
    let to_word: Vec<i64> = wordless.iter().map(|row| row.merchant_id).collect();
    db::fleet::lock_merchants(connection, &to_word)?;
    let merchants: Vec<i64> = rows.iter().map(|row| row.merchant_id).collect();
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let attempts = db::notice_attempt::attempts_of(connection, &ids)?;
    let addresses: Vec<String> = rows.iter().map(|row| row.recipient.to_lowercase()).collect();
    let suppressed: HashMap<String, String> = db::suppression::among(connection, &addresses)?
        .into_iter()
        .map(|row| (row.address, row.reason))
        .collect();
    let without = db::merchant_answer::without_optional(connection, &merchants)?;
    let truths = Truth::of_each(connection, app, &in_words)?;
    let stored: Vec<i64> = in_words.iter().map(|row| row.id).collect();
    let mut messages = db::notice_attempt::messages_of(connection, &stored)?;
    let now = app.clock.now();
    let mut all = Vec::with_capacity(rows.len());
    for (row, address) in rows.iter().zip(&addresses) {
        // A change of the schedule may have come between, or this process stood still and another one has it by now.
        let is_ours =
            |found: &(String, i32)| found.0 == NoticeState::Sending.as_str() && found.1 == row.attempts;
        if !attempts.get(&row.id).is_some_and(is_ours) {
            all.push(None);
            continue;
        }
        let optional = row.kind.parse().is_ok_and(NoticeKind::is_optional);
        let closing = if row.expires_at.utc() <= now {
            Some((NoticeState::Expired, "it would have come too late to be of use".to_owned()))
        } else if optional && without.contains(&row.merchant_id) {
            Some((NoticeState::Superseded, "the merchant does without this kind of mail".to_owned()))
        } else {
            let why = |reason: &String| format!("nothing is sent to this address: {reason}");
            suppressed.get(address).map(|reason| (NoticeState::Failed, why(reason)))
        };
        if let Some((state, why)) = closing {
            close(connection, row, state, &why)?;
            all.push(None);
            continue;
        }
        all.push(match (truths.get(&row.id), messages.remove(&row.id)) {
            (Some(truth), Some(bytes)) => again(connection, app, row, truth, bytes, now)?,
            _ => in_new_words(connection, app, row)?,
        });
    }
    Ok(all)
}

/// The first words of a notice, which are kept.
fn in_new_words(connection: &mut Connection, app: &App, row: &NoticeRow) -> Result<Option<Words>, Error> {
    // One mail a merchant a night: an earlier notice of the batch may have taken this one's visits over.
    let found = db::notice_attempt::attempts_of(connection, &[row.id])?;
    if found.get(&row.id).is_none_or(|(state, _)| state != NoticeState::Sending.as_str()) {
        return Ok(None);
    }
    let now = app.clock.now();
    if waits_for_a_gate(connection, row)? {
        let later = Instant::from(now + TimeDelta::seconds(HELD_SECONDS));
        db::notice_attempt::postpone(connection, row.id, Some(row.attempts), later)?;
        return Ok(None);
    }
    db::notice::absorb(connection, row, Instant::from(now))?;
    let Some(letter) = letter::of_notice(connection, app, row)? else {
        close(connection, row, NoticeState::Superseded, CHANGED)?;
        return Ok(None);
    };
    let unsubscribe_url = letter::unsubscribe_url(connection, app, row)?;
    let bounce_address = links::bounce_address(connection, app, NoticeId(row.id))?;
    match composed(app, &letter, &row.message_id, bounce_address, unsubscribe_url) {
        Ok(mail) => {
            let (subject, from) = (&mail.subject, &mail.envelope_from);
            db::notice_attempt::store_message(connection, row.id, subject, from, &mail.bytes)?;
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
    truth: &Truth,
    bytes: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<Words>, Error> {
    if truth.is_whole(&bytes) {
        // The address as it was sent to before.
        let recipient = to_wire(&row.recipient).unwrap_or_else(|| row.recipient.clone());
        return Ok(Some((recipient, row.envelope_from.clone().unwrap_or_default(), bytes)));
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
    db::notice_attempt::end_attempt(connection, row.id, row.attempts, &ending)?;
    Ok(())
}
