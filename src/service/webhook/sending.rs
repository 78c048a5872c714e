//! Messages on their way: taken in hand under a lease, handed over by somebody else, and what became of it written
//! down. A message is sent at least once, always under the same id. An endpoint that does not answer is left alone for
//! a while that grows, and holds up nobody else.

use chrono::TimeDelta;

use crate::db::webhook::{self, DeliveryEnd, DeliveryRow, WebhookRow};
use crate::db::{Connection, Instant};
use crate::domain::webhook::{FAILING_MAX, TRIED_FOR, signatures, wait_after};
use crate::service::audit::{Change, record};
use crate::service::lease::Leader;
use crate::service::{Actor, App, Error};

/// How long a message is in hand before another process may take it.
const IN_HAND: TimeDelta = TimeDelta::minutes(10);

/// Messages to one endpoint that are taken at once; to one that does not answer, a single one.
const AT_ONCE: i64 = 20;

/// How long messages are kept after their end.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Longest word of an endpoint that is kept, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its number.
    pub id: i64,
    attempt: i32,
    webhook_id: i64,
    queued_at: Instant,
    /// Where it goes.
    pub url: String,
    /// `webhook-id`.
    pub message_id: String,
    /// `webhook-timestamp`.
    pub seconds: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A 2xx.
    Delivered(u16),
    /// Anything else.
    Failed {
        /// The status, if there was an answer.
        status: Option<u16>,
        /// What was wrong.
        error: String,
    },
}

/// Takes what is due in hand: for each endpoint the messages that are to be sent one after the other.
pub fn claim(app: &App) -> Result<Vec<Vec<Parcel>>, Error> {
    let now = Instant::from(app.clock.now());
    let ready = |row: &WebhookRow| row.enabled && row.next_try_at <= now;
    // Nobody waits for a writer that has nothing to write.
    let waiting = app.database.read(|connection| {
        let mut waiting = Vec::new();
        for row in webhook::all(connection)?.into_iter().filter(ready) {
            if webhook::count(connection, row.id, "pending")? > 0 {
                waiting.push(row.id);
            }
        }
        Ok::<_, Error>(waiting)
    })?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    app.database.write(|connection| {
        let mut parcels = Vec::new();
        for id in &waiting {
            let Some(row) = webhook::find(connection, *id)?.filter(ready) else { continue };
            let limit = if row.failures > 0 { 1 } else { AT_ONCE };
            let due = webhook::due(connection, *id, now, limit)?;
            parcels.push(take(connection, app, &row, due)?);
        }
        Ok(parcels)
    })
}

/// Takes one message in hand, whether or not its time has come, unless somebody else has it.
pub fn claim_one(app: &App, id: i64) -> Result<Option<Parcel>, Error> {
    let now = Instant::from(app.clock.now());
    app.database.write(|connection| {
        let Some(row) = webhook::delivery(connection, id)? else { return Ok(None) };
        let free = row.state == "pending" && row.lease_until.is_none_or(|until| until <= now);
        let Some(hook) = webhook::find(connection, row.webhook_id)?.filter(|_| free) else { return Ok(None) };
        Ok(take(connection, app, &hook, vec![row])?.pop())
    })
}

fn take(
    connection: &mut Connection,
    app: &App,
    hook: &WebhookRow,
    due: Vec<DeliveryRow>,
) -> Result<Vec<Parcel>, Error> {
    let now = app.clock.now();
    let secrets: Vec<Vec<u8>> = webhook::secrets(connection, hook.id)?
        .into_iter()
        .filter(|row| row.expires_at.is_none_or(|until| until.utc() > now))
        .map(|row| row.secret)
        .collect();
    let mut parcels = Vec::with_capacity(due.len());
    for row in due {
        let attempt = row.attempts + 1;
        webhook::take(connection, row.id, attempt, Instant::from(now + IN_HAND))?;
        let seconds = now.timestamp();
        parcels.push(Parcel {
            id: row.id,
            attempt,
            webhook_id: hook.id,
            queued_at: row.queued_at,
            url: hook.url.clone(),
            signature: signatures(&secrets, &row.message_id, seconds, &row.body),
            message_id: row.message_id,
            seconds,
            body: row.body,
        });
    }
    Ok(parcels)
}

/// Writes down what became of an attempt; whether the endpoint may be sent more at once.
pub fn settle(app: &App, parcel: &Parcel, outcome: &Outcome) -> Result<bool, Error> {
    let now = app.clock.now();
    app.database.write(|connection| {
        let Some(mut hook) = webhook::find(connection, parcel.webhook_id)? else { return Ok(false) };
        let at = Instant::from(now);
        match outcome {
            Outcome::Delivered(status) => {
                let end = DeliveryEnd {
                    state: "delivered",
                    next_attempt_at: at,
                    status: Some(i32::from(*status)),
                    error: None,
                    ended_at: Some(at),
                };
                webhook::end(connection, parcel.id, parcel.attempt, &end)?;
                if hook.failures > 0 {
                    (hook.failures, hook.failing_since, hook.next_try_at) = (0, None, at);
                    webhook::change(connection, &hook)?;
                }
                Ok(true)
            }
            Outcome::Failed { status, error } => {
                let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
                let given_up = now - parcel.queued_at.utc() >= TRIED_FOR;
                let end = DeliveryEnd {
                    state: if given_up { "dead" } else { "pending" },
                    next_attempt_at: Instant::from(now + wait_after(parcel.attempt)),
                    status: status.map(i32::from),
                    error: Some(&error),
                    ended_at: given_up.then_some(at),
                };
                if !webhook::end(connection, parcel.id, parcel.attempt, &end)? || !hook.enabled {
                    return Ok(false);
                }
                hook.failures += 1;
                let since = *hook.failing_since.get_or_insert(at);
                hook.next_try_at = Instant::from(now + wait_after(hook.failures));
                let gone = *status == Some(410);
                if gone || now - since.utc() >= FAILING_MAX {
                    let why = if gone {
                        "the endpoint says that it is gone (410)"
                    } else {
                        "nothing has arrived for five days"
                    };
                    hook.enabled = false;
                    hook.disabled_why = Some(format!("{why}; the last word was: {error}"));
                    webhook::give_up(connection, hook.id, "the webhook was disabled", at)?;
                    let change =
                        Change::new("webhook.disable", format!("webhook {}", hook.id)).because(Some(why));
                    record(connection, app, &Actor::worker("deliver"), change)?;
                }
                webhook::change(connection, &hook)?;
                Ok(false)
            }
        }
    })
}

/// Gives back what was taken in hand and not tried.
pub fn give_back(app: &App, parcels: &[Parcel]) -> Result<(), Error> {
    if parcels.is_empty() {
        return Ok(());
    }
    app.database.write(|connection| {
        for parcel in parcels {
            webhook::give_back(connection, parcel.id, parcel.attempt)?;
        }
        Ok(())
    })
}

/// Forgets messages that ended long ago; how many.
pub fn forget_old(app: &App, leader: &Leader) -> Result<u64, Error> {
    let before = Instant::from(app.clock.now() - KEPT);
    // Nobody waits for a writer that has nothing to write.
    if !app.database.read(|connection| Ok::<_, Error>(webhook::any_ended(connection, before)?))? {
        return Ok(0);
    }
    leader.write(app, |connection| {
        let forgotten = webhook::forget_ended(connection, before)?;
        Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
    })
}
