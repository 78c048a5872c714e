//! Which terminals a campaign still has to reach, and why it skips the others.
//!
//! Selectors speak of everything that is known of a terminal, and the world keeps little of it: so campaigns pick
//! while the world is loaded, and what became of their picks is worked out afterwards.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::campaign::{CampaignRow, ProgrammeRow, TargetHistory};
use crate::db::wave::WaveRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::{Recurrence, SkipReason, Term, WaveState, Work};
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
    /// The wave that it belongs to, if that one waits for a gate.
    pub waits: Option<i32>,
}

impl Target {
    /// The terminal's place in the world, unless it is skipped.
    pub fn plannable(self) -> Option<u32> {
        match self.state {
            TargetState::ToPlan { .. } | TargetState::Scheduled => Some(self.terminal),
            TargetState::Skipped(_) => None,
        }
    }
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
    /// Its waves, in order; none if it has none or they are not drawn yet.
    pub waves: Vec<WaveRow>,
    /// The wave of each terminal that is not in the last, by database id.
    pub members: HashMap<i64, i32>,
    /// When the last appointment of each wave ended, or will.
    pub ends: HashMap<i32, DateTime<Utc>>,
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
        let history = db::campaign::history(connection, row.id)?;
        let mut picking = Picking {
            work,
            selector,
            every,
            past: past_of(&history),
            waves: Vec::new(),
            members: HashMap::new(),
            ends: HashMap::new(),
            picked: Vec::new(),
            row,
        };
        let waves = db::wave::of_campaigns(connection, &[picking.row.id])?;
        if waves.iter().any(|wave| wave.opened_at.is_some()) {
            picking.members = db::wave::all_members(connection, picking.row.id)?;
            picking.waves = waves;
            picking.note_ends(connection, &history)?;
        }
        Ok(picking)
    }

    /// One that is made up: nothing is stored of it.
    pub fn of_new(row: CampaignRow, waves: Vec<WaveRow>) -> Result<Self, Error> {
        let work = work_of(&row)?;
        let selector = Selector::parse(&row.selector).map_err(|error| Error::invalid("selector", error))?;
        Ok(Picking {
            row,
            work,
            selector,
            every: None,
            past: HashMap::new(),
            waves,
            members: HashMap::new(),
            ends: HashMap::new(),
            picked: Vec::new(),
        })
    }

    fn note_ends(&mut self, connection: &mut Connection, history: &[TargetHistory]) -> Result<(), Error> {
        let standing = db::wave::standing(connection, self.row.id)?;
        let ended = history
            .iter()
            .filter(|item| item.state != AppointmentState::Cancelled.as_str())
            .filter_map(|item| Some((item.terminal_id, item.closed_at?)));
        for (terminal, at) in standing.into_iter().chain(ended) {
            let known = self.ends.entry(self.wave_of(terminal)).or_insert(at.utc());
            *known = (*known).max(at.utc());
        }
        Ok(())
    }

    /// The wave of a terminal, by database id; 0 where there are no waves.
    pub fn wave_of(&self, terminal_id: i64) -> i32 {
        let last = self.waves.last().map_or(0, |wave| wave.number);
        self.members.get(&terminal_id).copied().unwrap_or(last)
    }

    /// The first wave that waits for a gate.
    pub fn first_waiting(&self) -> Option<i32> {
        let waits = |wave: &&WaveRow| wave.state == WaveState::Waiting.as_str();
        self.waves.iter().find(waits).map(|wave| wave.number)
    }

    /// Forgets whom it has picked, to begin anew.
    pub fn forget(&mut self) {
        self.picked.clear();
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
        let first_waiting = self.first_waiting();
        self.picked.iter().map(move |(terminal, useless)| {
            let state = self.state(world, *terminal as usize, *useless, earliest);
            let wave = self.wave_of(world.terminals[*terminal as usize].id.0);
            let waits = first_waiting.filter(|first| wave >= *first).map(|_| wave);
            Target { terminal: *terminal, state, waits }
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
            let rolls = self.every.is_some();
            TargetState::Skipped(if rolls { SkipReason::NotDue } else { SkipReason::NotYet })
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

fn past_of(history: &[TargetHistory]) -> HashMap<i64, Past> {
    let mut past: HashMap<i64, Past> = HashMap::new();
    for item in history {
        let Ok(state) = item.state.parse::<AppointmentState>() else { continue };
        let entry = past.entry(item.terminal_id).or_default();
        entry.standing |= state.is_standing();
        if state == AppointmentState::Done {
            entry.done_at = entry.done_at.max(item.closed_at.map(Instant::utc));
        }
    }
    past
}
