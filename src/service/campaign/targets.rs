//! Which terminals a campaign still has to reach, and why it skips the others.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::campaign::{CampaignRow, ProgrammeRow};
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::{Recurrence, SkipReason, Term};
use crate::domain::selector::Selector;
use crate::service::Error;
use crate::service::campaign::work_of;
use crate::service::world::World;

/// One terminal that the selector picks.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Index into the world's terminals.
    pub terminal: usize,
    /// What is with it.
    pub state: TargetState,
}

/// What is with a selected terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// It needs an appointment within this term.
    ToPlan {
        /// Where the appointment must lie.
        term: Term,
    },
    /// It has one.
    Scheduled,
    /// It needs or gets none.
    Skipped(SkipReason),
}

#[derive(Default)]
struct Past {
    standing: bool,
    done_at: Option<DateTime<Utc>>,
}

/// Every terminal that the campaign's selector picks, with its state. `allowance_minutes` is what acceptance of
/// the announcement may take beyond the notice lead.
pub fn targets_of(
    connection: &mut Connection,
    world: &World,
    row: &CampaignRow,
    allowance_minutes: u32,
) -> Result<Vec<Target>, Error> {
    let work = work_of(row)?;
    let selector = Selector::parse(&row.selector)
        .map_err(|error| Error::Corrupt(format!("campaign `{}`: {error}", row.name)))?;
    let every = recurrence(connection, row)?;
    let past = past_of(connection, row.id)?;
    let nothing = Past::default();
    let lead = i64::from(row.notice_lead_minutes) + i64::from(allowance_minutes);
    let earliest = row.release_at.utc().max(world.now + TimeDelta::minutes(lead));
    let mut targets = Vec::new();
    for (terminal, entry) in world.terminals.iter().enumerate() {
        let merchant = &world.merchant(entry).1;
        if !selector.matches(&entry.terminal, &world.site(entry).site, merchant) {
            continue;
        }
        let past = past.get(&entry.id.0).unwrap_or(&nothing);
        let term = term_of(row, every.as_ref(), past, earliest, world.now);
        let state = if past.standing {
            TargetState::Scheduled
        } else if past.done_at.is_some() && every.is_none() {
            TargetState::Skipped(SkipReason::AlreadyDone)
        } else if let Some(reason) = work.skip_reason(&entry.terminal) {
            TargetState::Skipped(reason)
        } else if merchant.email.is_none() {
            TargetState::Skipped(SkipReason::NoContact)
        } else if world.locked.contains(&entry.id) {
            TargetState::Skipped(SkipReason::Locked)
        } else if world.windows_of(entry).is_empty() {
            TargetState::Skipped(SkipReason::NoWindow)
        } else if term.release_at >= world.grid.horizon().end {
            TargetState::Skipped(SkipReason::NotDue)
        } else {
            TargetState::ToPlan { term }
        };
        targets.push(Target { terminal, state });
    }
    Ok(targets)
}

/// The rule of a campaign that rolls on: every so many days after the last time, within a term.
fn recurrence(connection: &mut Connection, row: &CampaignRow) -> Result<Option<(i64, i64)>, Error> {
    let Some(id) = row.programme_id else { return Ok(None) };
    let programme: Option<ProgrammeRow> =
        db::campaign::programmes(connection)?.into_iter().find(|programme| programme.id == id);
    let Some(programme) = programme else { return Ok(None) };
    let recurrence: Recurrence = serde_json::from_str(&programme.recurrence)
        .map_err(|error| Error::Corrupt(format!("programme `{}`: {error}", programme.name)))?;
    Ok(match recurrence {
        Recurrence::EveryDays { days } => Some((i64::from(days), i64::from(programme.term_days))),
        Recurrence::Cron { .. } => None,
    })
}

/// A terminal of a rolling campaign falls due so many days after its last time, at once if it never had one,
/// and is then done within the term.
fn term_of(
    row: &CampaignRow,
    every: Option<&(i64, i64)>,
    past: &Past,
    earliest: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Term {
    match every {
        None => Term { release_at: earliest, deadline_at: row.deadline_at.utc() },
        Some((days, term_days)) => {
            let due = past.done_at.map_or(now, |done_at| done_at + TimeDelta::days(*days));
            let release_at = earliest.max(due);
            Term { release_at, deadline_at: due.max(now) + TimeDelta::days(*term_days) }
        }
    }
}

fn past_of(connection: &mut Connection, campaign_id: i64) -> Result<HashMap<i64, Past>, Error> {
    let mut past: HashMap<i64, Past> = HashMap::new();
    for item in db::campaign::history(connection, campaign_id)? {
        let Ok(state) = item.state.parse::<AppointmentState>() else { continue };
        let entry = past.entry(item.terminal_id).or_default();
        entry.standing |= state.is_standing();
        if state == AppointmentState::Done {
            entry.done_at = entry.done_at.max(item.closed_at.map(Instant::utc));
        }
    }
    Ok(past)
}
