//! What stands and what a plan proposes, as load against the budgets; and what an operator sees first.

use std::collections::HashSet;

use super::drawing::{Down, draw};
use super::kept::{Drawn, LARGE, Subject};
use super::views::plan_view;
use crate::api::plan::{Load, NewPlan, Tonight};
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::ids::{PlanId, TerminalId};
use crate::service::world::{Groups, Surroundings, World};
use crate::service::{App, Error, appointment, notice};

/// Nights that the first page shows.
const NIGHTS_AHEAD: u32 = 14;

/// With more terminals in appointments than this, reading the whole fleet is quicker than asking for each.
const PARTS_MAX: i64 = LARGE;

/// The load of everything that stands, for the next `days`.
pub fn current_load(app: &App, days: u32) -> Result<Load, Error> {
    if !(1..=366).contains(&days) {
        return Err(Error::invalid("days", format!("{days} is out of range; use 1 to 366")));
    }
    app.loads
        .get(app, Subject::Standing { days }, move |connection, app| standing_load(connection, app, days))
}

fn standing_load(connection: &mut Connection, app: &App, days: u32) -> Result<Drawn, Error> {
    let (now, end) = (app.clock.now(), app.clock.now() + chrono::TimeDelta::days(i64::from(days) + 1));
    let (from, to) = (Instant::from(now), Instant::from(end));
    let concerned = db::group::terminals_between(connection, from, to, PARTS_MAX + 1)?;
    if i64::try_from(concerned.len()).is_ok_and(|count| count <= PARTS_MAX) {
        let mut ids = concerned;
        // Where nothing stands, any terminal brings the fleet's own budget along.
        ids.extend(db::fleet::any_terminal(connection)?);
        let surroundings = Surroundings::load(connection, app, days, &ids)?;
        let down = standing(&surroundings.world, &HashSet::new());
        let load = draw(&surroundings.world, &surroundings.groups, &down);
        return Ok(Drawn { load, is_large: false });
    }
    let world = World::load(connection, app, days)?;
    let down = standing(&world, &HashSet::new());
    let load = draw(&world, &Groups::of(&world, app.settings.fleet_time_zone), &down);
    Ok(Drawn { load, is_large: true })
}

/// The load if plan `id` were published now.
pub fn plan_load(app: &App, PlanId(id): PlanId) -> Result<Load, Error> {
    app.loads.get(app, Subject::Plan(id), move |connection, app| proposed_load(connection, app, id))
}

fn proposed_load(connection: &mut Connection, app: &App, id: i64) -> Result<Drawn, Error> {
    let row = super::find(connection, id)?;
    let plan = plan_view(row.clone())?;
    let request: NewPlan =
        serde_json::from_str(&row.request).map_err(|error| Error::Corrupt(format!("plan {id}: {error}")))?;
    let days = request.horizon_days.unwrap_or(30);
    if plan.published_at.is_some() {
        return standing_load(connection, app, days);
    }
    let world = World::load(connection, app, days)?;
    let mut moved = HashSet::new();
    let mut proposed = Vec::new();
    if plan.report.is_some() {
        db::plan::each_place(connection, id, |place| {
            moved.extend(place.appointment_id);
            if let Some(terminal) = world.index_of(TerminalId(place.terminal_id)) {
                proposed.extend(down_of(terminal, place.starts_at, place.ends_at));
            }
        })?;
    }
    proposed.extend(standing(&world, &moved));
    let load = draw(&world, &Groups::of(&world, app.settings.fleet_time_zone), &proposed);
    // However little the plan does, the whole fleet was read for it.
    let is_large = i64::try_from(world.terminals.len()).is_ok_and(|terminals| terminals > LARGE);
    Ok(Drawn { load, is_large })
}

fn down_of(terminal: usize, starts_at: Option<Instant>, ends_at: Option<Instant>) -> Option<Down> {
    let terminal = u32::try_from(terminal).ok()?;
    Some(Down { terminal, starts_at: starts_at?.utc(), ends_at: ends_at?.utc() })
}

/// What an operator sees first.
pub fn tonight(app: &App) -> Result<Tonight, Error> {
    overview(app).map(|(tonight, _)| tonight)
}

/// What an operator sees first, with the load that its nights are taken from.
pub fn overview(app: &App) -> Result<(Tonight, Load), Error> {
    let now = app.clock.now();
    let load = current_load(app, NIGHTS_AHEAD)?;
    let tonight = app.database.read(|connection| {
        let running = db::appointment::Filter {
            states: vec![AppointmentState::Open, AppointmentState::Running],
            ..Default::default()
        };
        let next = db::appointment::Filter {
            states: vec![AppointmentState::Planned, AppointmentState::Announced],
            ends_after: Some(Instant::from(now)),
            ..Default::default()
        };
        let running = listed(connection, &running, 200)?;
        let next = listed(connection, &next, 50)?;
        let locked = db::lock::locked_terminals(connection)?.len();
        let published = db::plan::last_published(connection)?.map(plan_view).transpose()?;
        Ok::<_, Error>(Tonight {
            now,
            running,
            next,
            nights: load.nights.clone(),
            locked: i64::try_from(locked).unwrap_or(i64::MAX),
            notices: notice::counts_now(connection, app)?,
            published,
        })
    })?;
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

fn standing(world: &World, without: &HashSet<i64>) -> Vec<Down> {
    world
        .standing
        .iter()
        .filter(|row| !without.contains(&row.id))
        .filter_map(|row| {
            let terminal = world.index_of(row.terminal_id)?;
            down_of(terminal, Some(row.starts_at), Some(row.ends_at))
        })
        .collect()
}
