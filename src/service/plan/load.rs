//! Load against budget: terminals down over time, by group and by night; and what an operator sees first.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::views::plan_view;
use crate::api::plan::{GroupLoad, Load, NewPlan, NightLoad, Tonight};
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::ids::{PlanId, TerminalId};
use crate::service::world::{Groups, World};
use crate::service::{App, Error, appointment};

/// Groups that a picture shows beside the fleet: the tightest ones.
const GROUPS_SHOWN_MAX: usize = 12;

/// Nights that the first page shows.
const NIGHTS_AHEAD: u32 = 14;

/// A span in which one terminal is down.
struct Down {
    terminal: usize,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// The load of everything that stands, for the next `days`.
pub fn current_load(app: &App, days: u32) -> Result<Load, Error> {
    if !(1..=366).contains(&days) {
        return Err(Error::invalid("days", format!("{days} is out of range; use 1 to 366")));
    }
    let mut connection = app.database.get()?;
    connection.read(|connection| {
        let world = World::load(connection, app, days)?;
        let down = standing(&world, &BTreeSet::new());
        Ok(load_of(app, &world, &down))
    })
}

/// The load if plan `id` were published now.
pub fn plan_load(app: &App, PlanId(id): PlanId) -> Result<Load, Error> {
    let mut connection = app.database.get()?;
    connection.read(|connection| {
        let row = super::find(connection, id)?;
        let published = plan_view(row.clone())?.published_at.is_some();
        let request: NewPlan = serde_json::from_str(&row.request)
            .map_err(|error| Error::Corrupt(format!("plan {id}: {error}")))?;
        let world = World::load(connection, app, request.horizon_days.unwrap_or(30))?;
        if published {
            let down = standing(&world, &BTreeSet::new());
            return Ok(load_of(app, &world, &down));
        }
        let items = db::plan::items(connection, id, -1, false, i64::MAX)?;
        let moved: BTreeSet<i64> = items.iter().filter_map(|item| item.appointment_id).collect();
        let mut down = standing(&world, &moved);
        for item in items {
            let Some(terminal) = world.index_of(TerminalId(item.terminal_id)) else {
                continue;
            };
            if let (Some(starts_at), Some(ends_at)) = (item.starts_at, item.ends_at) {
                down.push(Down { terminal, starts_at: starts_at.utc(), ends_at: ends_at.utc() });
            }
        }
        Ok(load_of(app, &world, &down))
    })
}

/// What an operator sees first.
pub fn tonight(app: &App) -> Result<Tonight, Error> {
    overview(app).map(|(tonight, _)| tonight)
}

/// What an operator sees first, with the load that its nights are taken from.
pub fn overview(app: &App) -> Result<(Tonight, Load), Error> {
    let now = app.clock.now();
    let load = current_load(app, NIGHTS_AHEAD)?;
    let mut connection = app.database.get()?;
    let running = db::appointment::Filter {
        states: vec![AppointmentState::Open, AppointmentState::Running],
        ..Default::default()
    };
    let next = db::appointment::Filter {
        states: vec![AppointmentState::Planned, AppointmentState::Announced],
        ends_after: Some(Instant::from(now)),
        ..Default::default()
    };
    let running = listed(&mut connection, &running, 200)?;
    let next = listed(&mut connection, &next, 50)?;
    let locked = db::lock::locked_terminals(&mut connection)?.len();
    let published = db::plan::last_published(&mut connection)?.map(plan_view).transpose()?;
    let tonight = Tonight {
        now,
        running,
        next,
        nights: load.nights.clone(),
        locked: i64::try_from(locked).unwrap_or(i64::MAX),
        notices: db::notice::counts(&mut connection)?,
        published,
    };
    Ok((tonight, load))
}

fn listed(
    connection: &mut Connection,
    filter: &db::appointment::Filter<'_>,
    limit: i64,
) -> Result<Vec<crate::api::appointment::AppointmentView>, Error> {
    let rows = db::appointment::list(connection, filter, limit)?;
    appointment::views(connection, rows)
}

fn standing(world: &World, without: &BTreeSet<i64>) -> Vec<Down> {
    world
        .standing
        .iter()
        .filter(|row| !without.contains(&row.id))
        .filter_map(|row| {
            let terminal = world.index_of(row.terminal_id)?;
            Some(Down { terminal, starts_at: row.starts_at.utc(), ends_at: row.ends_at.utc() })
        })
        .collect()
}

fn load_of(app: &App, world: &World, down: &[Down]) -> Load {
    let groups = Groups::of(world, app.settings.fleet_time_zone);
    let grid = &world.grid;
    let slots = grid.slots() as usize;
    let locked = u32::try_from(world.locked.len()).unwrap_or(u32::MAX);
    let mut fleet = vec![locked; slots];
    let mut loads: Vec<Vec<u32>> = groups.groups.iter().map(|_| Vec::new()).collect();
    for item in down.iter().filter(|item| !world.locked.contains(&world.terminals[item.terminal].id)) {
        let range =
            grid.slot_floor(item.starts_at) as usize..(grid.slot_ceil(item.ends_at) as usize).min(slots);
        fleet[range.clone()].iter_mut().for_each(|count| *count += 1);
        for number in groups.of_terminal(item.terminal) {
            let load = &mut loads[number as usize];
            if load.is_empty() {
                load.resize(slots, groups.groups[number as usize].down);
            }
            load[range.clone()].iter_mut().for_each(|count| *count += 1);
        }
    }
    let fleet_cap = groups.groups.iter().find(|group| group.id == "fleet").map(|group| group.cap.clone());
    let mut rows: Vec<(f64, GroupLoad)> = Vec::new();
    for (group, load) in groups.groups.iter().zip(&loads).filter(|(group, _)| group.id != "fleet") {
        let tightness = load
            .iter()
            .zip(group.cap.iter())
            .map(|(down, cap)| f64::from(*down) / f64::from((*cap).max(1)))
            .fold(0.0, f64::max);
        if tightness > 0.0 && group.size > 1 {
            let cap = Some(group.cap.to_vec());
            rows.push((tightness, GroupLoad { group: group.id.clone(), down: load.clone(), cap }));
        }
    }
    // Big groups first among equally tight ones: a cell of two is always full.
    rows.sort_by(|(left, left_row), (right, right_row)| {
        let widest =
            |row: &GroupLoad| row.cap.as_ref().and_then(|cap| cap.iter().max().copied()).unwrap_or(0);
        right
            .total_cmp(left)
            .then(widest(right_row).cmp(&widest(left_row)))
            .then(left_row.group.cmp(&right_row.group))
    });
    let nights = nights_of(world, down, &fleet, fleet_cap.as_deref().map(Vec::as_slice), &rows);
    rows.truncate(GROUPS_SHOWN_MAX);
    let fleet_row =
        GroupLoad { group: "fleet".to_owned(), down: fleet, cap: fleet_cap.map(|cap| cap.to_vec()) };
    let groups = std::iter::once(fleet_row).chain(rows.into_iter().map(|(_, row)| row)).collect();
    Load { from: grid.start(), slot_minutes: grid.slot_minutes(), groups, nights }
}

/// The date of the evening of the UTC night that holds `instant`.
fn night_of(instant: DateTime<Utc>) -> NaiveDate {
    (instant - TimeDelta::hours(12)).date_naive()
}

fn nights_of(
    world: &World,
    down: &[Down],
    fleet: &[u32],
    fleet_cap: Option<&[u32]>,
    rows: &[(f64, GroupLoad)],
) -> Vec<NightLoad> {
    let grid = &world.grid;
    let (mut night, last) = (night_of(grid.start()), night_of(grid.horizon().end - TimeDelta::seconds(1)));
    let mut nights = Vec::new();
    while night <= last {
        let from = night.and_hms_opt(12, 0, 0).map_or(grid.start(), |noon| noon.and_utc());
        let slots = grid.slot_floor(from)..grid.slot_ceil(from + TimeDelta::days(1)).min(grid.slots());
        let peak_slot = slots.clone().max_by_key(|slot| (fleet[*slot as usize], std::cmp::Reverse(*slot)));
        let peak_down = peak_slot.map_or(0, |slot| fleet[slot as usize]);
        let fleet_cap = peak_slot.and_then(|slot| fleet_cap.map(|cap| cap[slot as usize]));
        let mut tightest: Option<(f64, &str, u32, u32)> = None;
        for (_, row) in rows {
            let Some(cap) = &row.cap else { continue };
            for slot in slots.clone() {
                let (down, cap) = (row.down[slot as usize], cap[slot as usize]);
                let share = f64::from(down) / f64::from(cap.max(1));
                let better = tightest.is_none_or(|(best, _, _, best_cap)| (share, cap) > (best, best_cap));
                if down > 0 && better {
                    tightest = Some((share, &row.group, down, cap));
                }
            }
        }
        let appointments = down.iter().filter(|item| night_of(item.starts_at) == night).count() as u64;
        nights.push(NightLoad {
            night,
            appointments,
            peak_down,
            fleet_cap,
            tightest_group: tightest.map(|(_, group, _, _)| group.to_owned()),
            tightest_down: tightest.map_or(0, |(_, _, down, _)| down),
            tightest_cap: tightest.map_or(0, |(_, _, _, cap)| cap),
        });
        night = night + Days::new(1);
    }
    nights
}
