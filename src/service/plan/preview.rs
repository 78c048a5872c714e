//! A campaign before it is made: planned quickly beside what stands, and nothing of it is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::drawing::{Down, draw};
use super::problem::{Draft, Meaning, Reading};
use super::report::{Tally, items_of, report_of};
use crate::api::campaign::NewCampaign;
use crate::api::preview::{CampaignPreview, RegionPreview, TightestGroup, WavePreview};
use crate::clock::Stopwatch;
use crate::domain::campaign::WaveState;
use crate::planner::{self, Effort, SolveOptions, Watch};
use crate::service::campaign::{self, Picking, TargetState};
use crate::service::world::{Groups, World};
use crate::service::{App, Error};

/// How long it is looked for a plan: somebody waits for it.
const LOOK_MS_MAX: u64 = 8_000;

/// How far ahead it is looked, whatever the deadline, in days.
const HORIZON_DAYS_MAX: i64 = 62;

/// So many days after the merchants have been told are looked at, whatever the deadline.
const BEYOND_DAYS: i64 = 7;

/// Previews that are worked out at once: each holds a fleet in memory.
const AT_ONCE: usize = 2;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// One of the previews that run; it makes room when it goes.
struct Turn;

impl Turn {
    fn take() -> Result<Turn, Error> {
        let turn = Turn;
        if RUNNING.fetch_add(1, Ordering::Relaxed) >= AT_ONCE {
            return Err(Error::Conflict(format!(
                "{AT_ONCE} previews are being worked out; ask again in a few seconds"
            )));
        }
        Ok(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Says when it is enough.
struct Patience(Stopwatch);

impl Watch for Patience {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.elapsed_ms())
    }

    fn cancelled(&self) -> bool {
        self.0.elapsed_ms() > LOOK_MS_MAX
    }
}

/// What `new` would be, planned now beside everything that stands. Takes seconds on a large fleet, and no more.
pub fn preview(app: &App, new: &NewCampaign) -> Result<CampaignPreview, Error> {
    let _turn = Turn::take()?;
    let (row, mut waves) = campaign::rows_of(app, new)?;
    if let Some(first) = waves.first_mut() {
        WaveState::Open.as_str().clone_into(&mut first.state);
    }
    let allowance = app.settings.announce_allowance_minutes;
    let lead = i64::from(row.notice_lead_minutes) + i64::from(allowance);
    let told_at = row.release_at.utc().max(app.clock.now() + TimeDelta::minutes(lead));
    // Also where the deadline comes too soon: how much later it would have to be can only be seen there.
    let until = new.deadline_at.max(told_at + TimeDelta::days(BEYOND_DAYS));
    let ahead = (until - app.clock.now()).num_days() + 1;
    let days = u32::try_from(ahead.clamp(1, HORIZON_DAYS_MAX)).unwrap_or(1);
    let mut picking = Picking::of_new(row, waves)?;
    let world = app.database.read(|connection| {
        picking.forget();
        World::visit(connection, app, days, &mut |place, terminal, site, merchant| {
            picking.look_at(place, terminal, site, merchant);
        })
    })?;
    let to_plan: Vec<u32> = picking
        .targets(&world, allowance)
        .filter(|target| matches!(target.state, TargetState::ToPlan { .. }))
        .map(|target| target.terminal)
        .collect();
    if picking.waves.len() > 1 {
        let members = campaign::allot_waves(&world, &new.name, &picking.waves, &to_plan)?;
        picking.members = members.into_iter().collect();
    }
    let selected = picking.targets(&world, allowance).count() as u64;
    let waves: Vec<(i32, String)> =
        picking.waves.iter().map(|wave| (wave.number, wave.share.clone())).collect();
    let wave_of: HashMap<u32, i32> = to_plan
        .iter()
        .map(|terminal| (*terminal, picking.wave_of(world.terminals[*terminal as usize].id.0)))
        .collect();
    let watch = Patience(Stopwatch::start());
    let draft = Draft::build(Reading::of_one(world, picking), app, &watch)?;
    let limit = Duration::from_millis(LOOK_MS_MAX);
    let options = SolveOptions { effort: Effort::Fast, time_limit: Some(limit), ..SolveOptions::default() };
    let outcome = planner::solve(&draft.problem, &options, &watch);
    let mut tally = Tally::default();
    for item in items_of(&draft, &outcome.plan, 0, &mut tally) {
        item?;
    }
    let report = report_of(&draft, &outcome, &tally);

    let world = &draft.world;
    let mut regions: BTreeMap<&str, RegionPreview> = BTreeMap::new();
    for terminal in &to_plan {
        let region = world.region(world.site(&world.terminals[*terminal as usize]));
        let known = regions.entry(region).or_insert_with(|| RegionPreview {
            region: region.to_owned(),
            terminals: 0,
            placed: 0,
        });
        known.terminals += 1;
    }
    let mut in_waves: Vec<WavePreview> = waves
        .into_iter()
        .map(|(number, share)| WavePreview {
            number: u32::try_from(number).unwrap_or_default(),
            share,
            terminals: wave_of.values().filter(|wave| **wave == number).count() as u64,
            placed: 0,
            starts_at: None,
            ends_at: None,
        })
        .collect();
    let (mut starts_at, mut finishes_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (None, None);
    let mut down = Vec::new();
    for (task, (meaning, start)) in (0_u32..).zip(draft.meanings.iter().zip(&outcome.plan.starts)) {
        let Some(start) = *start else { continue };
        let span =
            (world.grid.instant_of(start), world.grid.instant_of(start + draft.problem.duration(task)));
        let terminal = match meaning {
            Meaning::New { terminal, .. } => *terminal,
            Meaning::Standing(index) => {
                let id = world.standing[*index as usize].terminal_id;
                let Some(terminal) = world.index_of(id).and_then(|place| u32::try_from(place).ok()) else {
                    continue;
                };
                terminal
            }
        };
        down.push(Down { terminal, starts_at: span.0, ends_at: span.1, begins: true });
        if !matches!(meaning, Meaning::New { .. }) {
            continue;
        }
        starts_at = Some(starts_at.map_or(span.0, |known| known.min(span.0)));
        finishes_at = finishes_at.max(Some(span.1));
        let region = world.region(world.site(&world.terminals[terminal as usize]));
        if let Some(region) = regions.get_mut(region) {
            region.placed += 1;
        }
        let wave = wave_of.get(&terminal).and_then(|wave| usize::try_from(wave - 1).ok());
        if let Some(wave) = wave.and_then(|place| in_waves.get_mut(place)) {
            wave.placed += 1;
            wave.starts_at = Some(wave.starts_at.map_or(span.0, |known| known.min(span.0)));
            wave.ends_at = wave.ends_at.max(Some(span.1));
        }
    }
    let locked = world.locked.iter().filter_map(|id| u32::try_from(world.index_of(*id)?).ok()).collect();
    let load = draw(&world.grid, &Groups::of(world, app.settings.fleet_time_zone), &locked, &down);
    let peak = load.nights.iter().max_by_key(|night| night.peak_down);
    let share = |down: u32, cap: u32| f64::from(down) / f64::from(cap.max(1));
    let tightest = load
        .nights
        .iter()
        .filter_map(|night| {
            let group = night.tightest_group.clone()?;
            let (down, cap) = (night.tightest_down, night.tightest_cap);
            Some(TightestGroup { group, night: night.night, down, cap })
        })
        .max_by(|a, b| share(a.down, a.cap).total_cmp(&share(b.down, b.cap)));
    Ok(CampaignPreview {
        selected,
        to_plan: to_plan.len() as u64,
        skipped: report.skipped,
        placed: report.placed,
        planned_to: world.grid.horizon().end,
        starts_at,
        finishes_at,
        regions: regions.into_values().collect(),
        waves: in_waves,
        visits: report.visits,
        merchants: report.merchants,
        peak_down: peak.map_or(0, |night| night.peak_down),
        fleet_cap: peak.and_then(|night| night.fleet_cap),
        tightest,
        unplaced: report.unplaced,
        relaxations: report.relaxations,
        remedies: report.remedies,
        cut_short: report.cut_short,
    })
}
