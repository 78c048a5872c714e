//! The last step of sending: what became of an attempt is written down, and what was accepted is announced.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::ascii_address;
use super::sending::Claim;
use crate::db::notice::NoticeRow;
use crate::db::notice_attempt::Ending;
use crate::db::{self, Connection, Instant};
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::service::audit::{Change, record};
use crate::service::{Actor, App, Error, webhook};

/// The first wait after a refusal, in minutes; it doubles with each attempt.
const RETRY_MINUTES_MIN: i64 = 2;

/// The longest wait between attempts, in minutes.
const RETRY_MINUTES_MAX: i64 = 60;

/// What a refusal for good was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedFor {
    /// There is no such address: nothing more is sent there.
    Address,
    /// The server will not have mail from us: somebody has to look into it; the address may be right.
    Policy,
    /// A server on the way takes no address beyond ASCII: the merchant's second address is told, if it has one.
    BeyondAscii,
    /// This mail.
    Other,
}

impl RefusedFor {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            RefusedFor::Address => "address",
            RefusedFor::Policy => "policy",
            RefusedFor::BeyondAscii => "beyond_ascii",
            RefusedFor::Other => "other",
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// A 2xx at the end of DATA.
    Accepted,
    /// Refused for now, or nobody knows: to be tried again.
    Deferred(String),
    /// Refused for good.
    Failed(RefusedFor, String),
    /// It was not handed over, since it might have been too late: [`super::Sendable::may_go`] said no.
    Withheld,
    /// It was not handed over, since no mail server takes any at this moment: to be tried again after that time.
    NoServer(String, TimeDelta),
    /// It was not tried, since its domain has had enough for now: to be tried after that time.
    PutOff(TimeDelta),
}

/// Writes down what became of an attempt; see [`settle_all`].
pub fn settle(app: &App, claim: Claim, settlement: &Settlement) -> Result<NoticeState, Error> {
    let states = settle_all(app, &[(claim, settlement.clone())])?;
    states.first().copied().ok_or_else(|| Error::Corrupt(format!("notice {} was not settled", claim.id)))
}

/// Writes down what became of attempts; gives the state that each notice is in. Acceptance of an announcing notice
/// announces the appointments of its visits, as far as they still stand in the revision that it told of.
///
/// Acceptance is a fact, whoever hears of it, and counts as long as nothing else is known of the notice. Everything
/// else is a guess at what to do next, and counts only for the attempt that made it.
pub fn settle_all(app: &App, all: &[(Claim, Settlement)]) -> Result<Vec<NoticeState>, Error> {
    app.database.write(|connection| {
        // The schedule stays as it is meanwhile; others may settle beside.
        connection.share_schedule()?;
        let now = app.clock.now();
        let is_accepted = |settlement: &Settlement| matches!(settlement, Settlement::Accepted);
        let mut accepted: Vec<i64> =
            all.iter().filter(|(_, what)| is_accepted(what)).map(|(claim, _)| claim.id.0).collect();
        // In one order, whoever else settles.
        accepted.sort_unstable();
        let of_kind = db::notice_attempt::accept(connection, &accepted, Instant::from(now))?;
        let taken: HashSet<i64> = of_kind.iter().map(|(id, _)| *id).collect();
        webhook::tell_of_notices(
            connection,
            &of_kind,
            NoticeState::Accepted.as_str(),
            Instant::from(now),
            None,
        )?;
        let announcing: Vec<i64> = of_kind
            .into_iter()
            .filter(|(_, kind)| kind.parse().is_ok_and(NoticeKind::announces))
            .map(|(id, _)| id)
            .collect();
        announce(connection, &announcing, now)?;
        let mut others: Vec<&(Claim, Settlement)> =
            all.iter().filter(|(_, what)| !is_accepted(what)).collect();
        others.sort_unstable_by_key(|(claim, _)| claim.id.0);
        for (claim, settlement) in others {
            settle_other(connection, app, *claim, settlement, now)?;
        }
        let ids: Vec<i64> = all.iter().map(|(claim, _)| claim.id.0).collect();
        let unsure: Vec<i64> = ids.iter().copied().filter(|id| !taken.contains(id)).collect();
        let states = db::notice_attempt::attempts_of(connection, &unsure)?;
        ids.iter()
            .map(|id| match states.get(id) {
                None if taken.contains(id) => Ok(NoticeState::Accepted),
                Some((state, _)) => {
                    state.parse().map_err(|error| Error::Corrupt(format!("notice {id}: {error}")))
                }
                None => Err(Error::Corrupt(format!("notice {id} has gone"))),
            })
            .collect()
    })
}

/// Whatever became of an attempt but acceptance.
fn settle_other(
    connection: &mut Connection,
    app: &App,
    Claim { id: NoticeId(id), attempt }: Claim,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = super::find(connection, id)?;
    let mut ending =
        Ending { state: NoticeState::Deferred, accepted_at: None, next_attempt_at: None, error: None };
    let mut instead = None;
    match settlement {
        Settlement::Accepted => return Ok(()),
        Settlement::Failed(what, why) => {
            if *what == RefusedFor::BeyondAscii {
                instead = ascii_address::instead_of(connection, &row)?;
            }
            ending.state = if instead.is_some() { NoticeState::Superseded } else { NoticeState::Failed };
            ending.error = Some(why);
        }
        Settlement::Deferred(why) => {
            ending.error = Some(why);
            ending.next_attempt_at = Some(Instant::from(now + wait_after(row.deferrals, id)));
        }
        Settlement::NoServer(why, wait) => {
            ending.error = Some(why);
            ending.next_attempt_at = Some(Instant::from(now + *wait + jitter(id, 5)));
        }
        Settlement::Withheld | Settlement::PutOff(_) if row.expires_at.utc() <= now => {
            ending.state = NoticeState::Expired;
            ending.error = Some("it would have come too late to be of use");
        }
        Settlement::Withheld => ending.state = NoticeState::Queued,
        Settlement::PutOff(wait) => {
            ending.state = NoticeState::Queued;
            ending.next_attempt_at = Some(Instant::from(now + *wait));
            // What a server said before is still worth knowing.
            ending.error = row.last_error.as_deref();
        }
    }
    if !db::notice_attempt::end_attempt(connection, id, attempt, &ending)? {
        return Ok(());
    }
    if matches!(ending.state, NoticeState::Failed | NoticeState::Expired) {
        let (state, at) = (ending.state.as_str(), Instant::from(now));
        webhook::tell_of_notices(connection, &[(id, row.kind.clone())], state, at, ending.error)?;
    }
    if let Some(address) = instead {
        return ascii_address::take_over(connection, app, &row, &address, now);
    }
    match settlement {
        Settlement::Deferred(_) => db::notice::count_deferral(connection, id)?,
        Settlement::Failed(what, why) => {
            db::notice::set_refused_for(connection, id, what.as_str())?;
            if *what == RefusedFor::Address {
                suppress(connection, app, &row, why, now)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Nothing more is sent to where this notice went.
fn suppress(
    connection: &mut Connection,
    app: &App,
    row: &NoticeRow,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    db::suppression::add(connection, &row.recipient, why, Instant::from(now))?;
    let change = Change::new("address.suppress", format!("notice {}", row.id)).because(Some(why));
    record(connection, app, &Actor::worker("notify"), change)?;
    Ok(())
}

/// Gives back what was claimed and will not be sent here; another worker may claim it at once.
pub fn give_back(app: &App, claims: &[Claim]) -> Result<(), Error> {
    app.database.write(|connection| {
        let ending =
            Ending { state: NoticeState::Queued, accepted_at: None, next_attempt_at: None, error: None };
        for claim in claims {
            db::notice_attempt::end_attempt(connection, claim.id.0, claim.attempt, &ending)?;
        }
        Ok(())
    })
}

fn announce(
    connection: &mut Connection,
    notice_ids: &[i64],
    accepted_at: DateTime<Utc>,
) -> Result<(), Error> {
    let abouts = db::notice::visits_of(connection, notice_ids)?;
    let mut ids: Vec<i64> = abouts.iter().map(|about| about.visit_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let told: HashSet<(i64, i32)> = abouts.iter().map(|about| (about.visit_id, about.revision)).collect();
    let mut as_told: Vec<i64> = db::visit::by_ids(connection, &ids)?
        .into_iter()
        .filter(|visit| told.contains(&(visit.id, visit.sequence)))
        .map(|visit| visit.id)
        .collect();
    as_told.sort_unstable();
    db::appointment::announce(connection, &as_told, Instant::from(accepted_at))?;
    Ok(())
}

/// Doubling waits after so many earlier deferrals, with a jitter that depends on the notice alone, so that a burst of
/// refusals does not come back as a burst.
fn wait_after(deferrals: i32, id: i64) -> TimeDelta {
    let doublings = u32::try_from(deferrals).unwrap_or(0).min(10);
    let minutes = (RETRY_MINUTES_MIN << doublings).min(RETRY_MINUTES_MAX);
    TimeDelta::minutes(minutes) + jitter(id, minutes * 15)
}

/// From nothing to so many seconds, as the notice has it.
fn jitter(id: i64, seconds: i64) -> TimeDelta {
    TimeDelta::milliseconds((id.wrapping_mul(2_654_435_761) % 60).abs() * seconds * 1000 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_the_longest() {
        let waits: Vec<i64> = (0..11).map(|deferrals| wait_after(deferrals, 0).num_minutes()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
        assert!((1..100).any(|id| wait_after(1, id) != wait_after(1, id + 1)));
    }
}
