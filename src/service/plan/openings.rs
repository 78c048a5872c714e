//! When waves that wait for a gate may be planned: after the planned end of the wave before, its grace, its soak, and
//! the time that it takes to tell the merchants, since nobody is told of a wave before its gate has passed.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::problem::{Meaning, Reading, Written};
use crate::domain::campaign::Term;
use crate::service::App;
use crate::service::campaign::{Picking, Target};
use crate::service::world::World;

/// What is known of the waves of all campaigns that are planned.
pub(super) struct Openings {
    of_campaigns: Vec<Opening>,
}

#[derive(Debug, Default)]
struct Opening {
    /// The first wave that waits; 0 if none does.
    first: i32,
    last: i32,
    /// The waves up to this one are planned.
    reached: i32,
    /// Nothing more can be said about the waves that follow.
    settled: bool,
    /// From when on each of the waiting waves may be planned.
    opens: HashMap<i32, DateTime<Utc>>,
    /// By when what was placed of a wave has to stay, so that the next holds.
    ends: HashMap<i32, DateTime<Utc>>,
    /// Terminals that found a place when it was worked out.
    placed: HashSet<u32>,
}

/// The campaigns whose next wave is to be worked out.
pub(super) struct Stage(Vec<u32>);

impl Openings {
    pub(super) fn of(campaigns: &[Picking]) -> Openings {
        let of_one = |picking: &Picking| match picking.first_waiting() {
            Some(first) => Opening {
                first,
                last: picking.waves.last().map_or(first, |wave| wave.number),
                reached: first - 1,
                ..Opening::default()
            },
            None => Opening { settled: true, ..Opening::default() },
        };
        Openings { of_campaigns: campaigns.iter().map(of_one).collect() }
    }

    /// What has to be worked out before the problem can be written as a whole.
    pub(super) fn next_stage(&self) -> Option<Stage> {
        let open: Vec<u32> = (0..)
            .zip(&self.of_campaigns)
            .filter(|(_, opening)| !opening.settled && opening.reached < opening.last)
            .map(|(campaign, _)| campaign)
            .collect();
        (!open.is_empty()).then_some(Stage(open))
    }

    /// The wave that a target is in, if its campaign has waves that wait.
    pub(super) fn wave(
        &self,
        campaign: u32,
        picking: &Picking,
        target: &Target,
        world: &World,
    ) -> Option<i32> {
        let wave = || picking.wave_of(world.terminals[target.terminal as usize].id.0);
        (self.of_campaigns[campaign as usize].first > 0).then(wave)
    }

    /// The term of a target as far as its wave allows it; `None` if nobody can say yet when that opens.
    pub(super) fn term(&self, campaign: u32, target: &Target, term: Term, world: &World) -> Option<Term> {
        let opening = &self.of_campaigns[campaign as usize];
        let wave = target.waits.unwrap_or(opening.first - 1);
        let mut term = term;
        if target.waits.is_some() {
            if wave > opening.reached {
                return None;
            }
            term.release_at = term.release_at.max(*opening.opens.get(&wave)?);
            if term.release_at >= world.grid.horizon().end {
                return None;
            }
        }
        if let Some(end) = opening.ends.get(&wave)
            && opening.placed.contains(&target.terminal)
        {
            term.deadline_at = term.deadline_at.min(*end);
        }
        Some(term)
    }

    /// Takes from a rough plan when the waves reached so far end.
    pub(super) fn learn(
        &mut self,
        Stage(campaigns): Stage,
        app: &App,
        reading: &Reading,
        written: &Written,
        starts: &[Option<u32>],
    ) {
        let mut placed: HashMap<u32, DateTime<Utc>> = HashMap::new();
        let grid = &reading.world.grid;
        for (task, (meaning, start)) in (0_u32..).zip(written.meanings.iter().zip(starts)) {
            if let (Meaning::New { terminal, .. }, Some(start)) = (meaning, start) {
                let end = grid.instant_of(start + written.problem.duration(task));
                let known = placed.entry(*terminal).or_insert(end);
                *known = (*known).max(end);
            }
        }
        for campaign in campaigns {
            let picking = &reading.campaigns[campaign as usize];
            let opening = &mut self.of_campaigns[campaign as usize];
            let wave = opening.reached;
            let mut end = picking.ends.get(&wave).copied();
            for (_, terminal, _) in
                written.in_waves.iter().filter(|(of, _, in_wave)| *of == campaign && *in_wave == wave)
            {
                if let Some(placed_end) = placed.get(terminal) {
                    end = end.max(Some(*placed_end));
                    opening.placed.insert(*terminal);
                }
            }
            let Some(end) = end else {
                opening.settled = true;
                continue;
            };
            opening.ends.insert(wave, end);
            let soak = picking.waves.iter().find(|row| row.number == wave).map_or(0, |row| row.soak_minutes);
            let minutes = |minutes: i64| TimeDelta::minutes(minutes);
            let known = end + minutes(i64::from(app.settings.outcome_grace_minutes) + i64::from(soak));
            let told = i64::from(picking.row.notice_lead_minutes)
                + i64::from(app.settings.announce_allowance_minutes);
            opening.opens.insert(wave + 1, known.max(reading.world.now) + minutes(told));
            opening.reached += 1;
        }
    }
}
