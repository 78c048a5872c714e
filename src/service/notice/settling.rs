//! The last step of sending: what became of an attempt is written down, and what was accepted is announced.

use chrono::{DateTime, TimeDelta, Utc};

use super::sending::Claim;
use crate::db::notice::{Ending, NoticeRow};
use crate::db::{self, Connection, Instant};
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::service::audit::{Change, record};
use crate::service::{Actor, App, Error, webhook};

/// The first wait after a refusal, in minutes; it doubles with each attempt.
const RETRY_MINUTES_MIN: i64 = 2;

/// The longest wait between attempts, in minutes.
const RETRY_MINUTES_MAX: i64 = 60;

/// What became of an attempt.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// A 2xx at the end of DATA.
    Accepted,
    /// Refused for now, or nobody knows: to be tried again.
    Deferred(String),
    /// Refused for good.
    Failed(String),
    /// There is no such address: nothing more is sent there.
    NoSuchAddress(String),
    /// It was not handed over, since it might have been too late: [`super::Sendable::may_go`] said no.
    Withheld,
}

/// Writes down what became of an attempt; gives the state that the notice is in. Acceptance of an announcing notice
/// announces the appointments of its visits, as far as they still stand in the revision that it told of.
///
/// Acceptance is a fact, whoever hears of it, and counts as long as nothing else is known of the notice. Everything
/// else is a guess at what to do next, and counts only for the attempt that made it.
pub fn settle(app: &App, claim: Claim, settlement: &Settlement) -> Result<NoticeState, Error> {
    let Claim { id: NoticeId(id), attempt } = claim;
    app.database.write(|connection| {
        // The schedule stays as it is meanwhile; others may settle beside.
        connection.share_schedule()?;
        let now = app.clock.now();
        let row = super::find(connection, id)?;
        let mut ending =
            Ending { state: NoticeState::Accepted, accepted_at: None, next_attempt_at: None, error: None };
        match settlement {
            Settlement::Accepted => ending.accepted_at = Some(Instant::from(now)),
            Settlement::Failed(why) | Settlement::NoSuchAddress(why) => {
                ending.state = NoticeState::Failed;
                ending.error = Some(why);
            }
            Settlement::Deferred(why) => {
                let next = now + wait_after(row.attempts, id);
                ending.error = Some(why);
                ending.state = NoticeState::Deferred;
                ending.next_attempt_at = Some(Instant::from(next));
            }
            Settlement::Withheld if row.expires_at.utc() <= now => {
                ending.state = NoticeState::Expired;
                ending.error = Some("it would have come too late to be of use");
            }
            Settlement::Withheld => ending.state = NoticeState::Queued,
        }
        let of_attempt = (ending.state != NoticeState::Accepted).then_some(attempt);
        if !db::notice::end_attempt(connection, id, of_attempt, &ending)? {
            let state = super::find(connection, id)?.state;
            return state.parse().map_err(|error| Error::Corrupt(format!("notice {id}: {error}")));
        }
        if matches!(ending.state, NoticeState::Accepted | NoticeState::Failed | NoticeState::Expired) {
            let (state, at) = (ending.state.as_str(), Instant::from(now));
            webhook::tell_of_notice(connection, id, &row.kind, state, at, ending.error)?;
        }
        if matches!(settlement, Settlement::NoSuchAddress(_)) {
            suppress(connection, app, &row, ending.error.unwrap_or_default(), now)?;
        }
        if ending.state == NoticeState::Accepted && row.kind.parse().is_ok_and(NoticeKind::announces) {
            announce(connection, id, now)?;
        }
        Ok(ending.state)
    })
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
            db::notice::end_attempt(connection, claim.id.0, Some(claim.attempt), &ending)?;
        }
        Ok(())
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
