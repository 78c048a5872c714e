//! Which terminals a campaign still has to reach, and why it skips the others.
//!
//! Selectors speak of everything that is known of a terminal, and the world keeps little of it: so campaigns pick
//! while the world is loaded, and what became of their picks is worked out afterwards.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::campaign::{CampaignRow, ProgrammeRow};
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::{Recurrence, SkipReason, Term, Work};
use crate::domain::fleet::{Merchant, Site, Terminal};
use crate::domain::selector::Selector;
use crate::service::Error;
use crate::service::campaign::work_of;
use crate::service::world::World;

/// One terminal that the selector picks.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Index into the world's terminals.
    pub terminal: u32,
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

/// A campaign on its way through the fleet.
pub struct Picking {
    /// The campaign.
    pub row: CampaignRow,
    work: Work,
    selector: Selector,
    every: Option<(i64, i64)>,
    past: HashMap<i64, Past>,
    /// Places in the world of the terminals that it picks, and why its work has no use for one.
    picked: Vec<(u32, Option<SkipReason>)>,
}

impl Picking {
    /// Reads what has become of the campaign so far.
    pub fn begin(connection: &mut Connection, row: CampaignRow) -> Result<Self, Error> {
        let work = work_of(&row)?;
        let selector = Selector::parse(&row.selector)
            .map_err(|error| Error::Corrupt(format!("campaign `{}`: {error}", row.name)))?;
        let every = recurrence(connection, &row)?;
        let past = past_of(connection, row.id)?;
        Ok(Picking { row, work, selector, every, past, picked: Vec::new() })
    }

    /// Looks at the next active terminal of the world.
    pub fn look_at(&mut self, place: usize, terminal: &Terminal, site: &Site, merchant: &Merchant) {
        if self.selector.matches(terminal, site, merchant) {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            self.picked.push((place, self.work.skip_reason(terminal)));
        }
    }

    /// Every terminal that it has picked, with its state. `allowance_minutes` is what acceptance of the
    /// announcement may take beyond the notice lead.
    pub fn targets<'a>(
        &'a self,
        world: &'a World,
        allowance_minutes: u32,
    ) -> impl Iterator<Item = Target> + 'a {
        let lead = i64::from(self.row.notice_lead_minutes) + i64::from(allowance_minutes);
        let earliest = self.row.release_at.utc().max(world.now + TimeDelta::minutes(lead));
        self.picked.iter().map(move |(terminal, useless)| {
            let state = self.state(world, *terminal as usize, *useless, earliest);
            Target { terminal: *terminal, state }
        })
    }

    fn state(
        &self,
        world: &World,
        terminal: usize,
        useless: Option<SkipReason>,
        earliest: DateTime<Utc>,
    ) -> TargetState {
        let nothing = Past::default();
        let entry = &world.terminals[terminal];
        let past = self.past.get(&entry.id.0).unwrap_or(&nothing);
        let term = term_of(&self.row, self.every.as_ref(), past, earliest, world.now);
        if past.standing {
            TargetState::Scheduled
        } else if past.done_at.is_some() && self.every.is_none() {
            TargetState::Skipped(SkipReason::AlreadyDone)
        } else if let Some(reason) = useless {
            TargetState::Skipped(reason)
        } else if !world.merchant(entry).has_address {
            TargetState::Skipped(SkipReason::NoContact)
        } else if world.locked.contains(&entry.id) {
            TargetState::Skipped(SkipReason::Locked)
        } else if world.windows_of(entry).is_empty() {
            TargetState::Skipped(SkipReason::NoWindow)
        } else if term.release_at >= world.grid.horizon().end {
            TargetState::Skipped(SkipReason::NotDue)
        } else {
            TargetState::ToPlan { term }
        }
    }
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
