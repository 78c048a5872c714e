//! What stands and what a plan proposes, as load against the budgets; and what an operator sees first.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::drawing::{Down, draw};
use super::kept::{Kept, Made, Wish};
use super::views::plan_view;
use crate::api::plan::{Load, NewPlan, Tonight};
use crate::db::plan::PlanRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::Grouping;
use crate::domain::calendar::SlotGrid;
use crate::domain::ids::PlanId;
use crate::service::world::{Groups, Places, budget_of, dates_in, grid_of};
use crate::service::{App, Error, appointment, campaign, notice};

/// Nights that the first page shows.
const NIGHTS_AHEAD: u32 = 14;

/// Nights that are read when a server starts, the last one among them.
const NIGHTS_READ_AHEAD: usize = 33;

/// Of so many plans, the latest, the load is drawn when a server starts.
const PLANS_AHEAD: i64 = 3;

/// After so long a picture is drawn anew, whether anything has changed or not.
const AGE_MAX: TimeDelta = TimeDelta::minutes(1);

/// Spans from which on a picture is large.
const LARGE: usize = 20_000;

/// Loads that have been drawn.
pub type KeptLoads = Kept<Subject, Load>;

/// What a picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Everything that stands.
    Standing {
        /// For so many days.
        days: u32,
    },
    /// What stands, and a plan.
    Plan(i64),
}

/// The load of everything that stands, for the next `days`.
pub fn current_load(app: &App, days: u32) -> Result<Load, Error> {
    if !(1..=366).contains(&days) {
        return Err(Error::invalid("days", format!("{days} is out of range; use 1 to 366")));
    }
    kept(app, Subject::Standing { days }, move |connection, app| standing_load(connection, app, days))
}

/// Draws beside what is shown first: the groups of the fleet, the next nights, the plans that somebody may publish.
pub fn draw_ahead(app: &App) {
    let app = app.clone();
    std::thread::spawn(move || {
        if let Err(error) = draw_all_ahead(&app) {
            tracing::warn!(%error, "the load could not be drawn ahead");
        }
    });
}

fn draw_all_ahead(app: &App) -> Result<(), Error> {
    current_load(app, NIGHTS_AHEAD)?;
    let latest =
        app.database.read(|connection| Ok::<_, Error>(db::plan::list(connection, None, PLANS_AHEAD)?))?;
    for row in latest.into_iter().filter(|row| row.report.is_some()) {
        plan_load(app, PlanId(row.id))?;
    }
    let last_night = (app.clock.now() - TimeDelta::hours(36)).date_naive();
    for date in last_night.iter_days().take(NIGHTS_READ_AHEAD) {
        app.database.read(|connection| app.nights.of(app, connection, [date]).map(drop))?;
    }
    Ok(())
}

/// The load if plan `id` were published now; of one that is published, the load as things stand.
pub fn plan_load(app: &App, PlanId(id): PlanId) -> Result<Load, Error> {
    let row = app.database.read(|connection| super::find(connection, id))?;
    if row.published_at.is_some() {
        let days = days_of(&row)?;
        return kept(app, Subject::Standing { days }, move |connection, app| {
            standing_load(connection, app, days)
        });
    }
    let is_written = row.report.is_some();
    kept(app, Subject::Plan(id), move |connection, app| proposed_load(connection, app, id, is_written))
}

/// Draws a large plan, all of whose items are written, so that whoever looks at it first need not wait.
pub(super) fn draw_plan_ahead(app: &App, id: i64, items: usize) {
    if items <= LARGE {
        return;
    }
    if let Err(error) =
        kept(app, Subject::Plan(id), move |connection, app| proposed_load(connection, app, id, true))
    {
        tracing::warn!(%error, plan = id, "the load could not be drawn ahead");
    }
}

/// For how many days a plan was asked for.
fn days_of(row: &PlanRow) -> Result<u32, Error> {
    let request: NewPlan = serde_json::from_str(&row.request)
        .map_err(|error| Error::Corrupt(format!("plan {}: {error}", row.id)))?;
    Ok(request.horizon_days.unwrap_or(30))
}

fn kept(
    app: &App,
    subject: Subject,
    draw: impl Fn(&mut Connection, &App) -> Result<Made<Load>, Error> + Send + 'static,
) -> Result<Load, Error> {
    let version = app.database.read(|connection| Ok::<_, Error>(db::audit::position(connection)?))?;
    // The first slot of a picture holds the present.
    let holds = |load: &Load, now: DateTime<Utc>, age: TimeDelta| {
        let slot = TimeDelta::minutes(i64::from(load.slot_minutes));
        (load.from..load.from + slot).contains(&now) && age < AGE_MAX
    };
    let wish = Wish { place: |app| &app.loads, key: subject, holds };
    wish.get(app, version, draw).map(Arc::unwrap_or_clone)
}

/// What a picture is drawn on.
struct Canvas {
    places: Arc<Places>,
    grid: SlotGrid,
    groups: Groups,
    /// Places of locked terminals.
    locked: HashSet<u32>,
}

impl Canvas {
    fn of(connection: &mut Connection, app: &App, days: u32) -> Result<Self, Error> {
        let places = app.places.wait(connection)?;
        let grid = grid_of(app.clock.now(), app.settings.slot_minutes, days)?;
        let budgets = db::calendar::budgets(connection)?;
        let budgets = budgets.iter().map(budget_of).collect::<Result<Vec<_>, _>>()?;
        let locked: HashSet<u32> = db::lock::locked_terminals(connection)?
            .into_iter()
            .filter_map(|id| u32::try_from(places.of(id)?).ok())
            .collect();
        let mut tags = Vec::new();
        for grouping in budgets.iter().map(|budget| &budget.grouping) {
            if let Grouping::Tag(key) = grouping {
                tags.push((grouping.clone(), places.tagged(db::group::tagged(connection, key)?)));
            }
        }
        let groups =
            Groups::of_places(&places, &tags, &budgets, &grid, app.settings.fleet_time_zone, &locked);
        Ok(Canvas { places, grid, groups, locked })
    }

    fn down(&self, terminal_id: i64, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> Option<Down> {
        let terminal = u32::try_from(self.places.of(terminal_id)?).ok()?;
        Some(Down { terminal, starts_at, ends_at, begins: true })
    }

    fn draw(&self, down: &[Down]) -> Made<Load> {
        let value = draw(&self.grid, &self.groups, &self.locked, down);
        Made { value, is_large: down.len() > LARGE }
    }
}

fn standing_load(connection: &mut Connection, app: &App, days: u32) -> Result<Made<Load>, Error> {
    let canvas = Canvas::of(connection, app, days)?;
    let now = canvas.grid.start();
    let mut down = Vec::new();
    for night in app.nights.of(app, connection, dates_in(canvas.grid.horizon()))? {
        for row in night.rows.iter().filter(|row| row.state.is_standing()) {
            let (starts_at, ends_at) = (row.starts_at.utc(), row.ends_at.utc());
            if let Some(item) = canvas.down(row.terminal_id, starts_at, ends_at).filter(|_| now < ends_at) {
                // What reaches over noon is in two nights, and counted in each as far as it reaches.
                let begins = starts_at >= night.grid.start();
                let from = starts_at.max(night.grid.start());
                down.push(Down {
                    starts_at: from,
                    ends_at: ends_at.min(night.grid.horizon().end),
                    begins,
                    ..item
                });
            }
        }
    }
    Ok(canvas.draw(&down))
}

/// What stands, and the items of a plan if they are all written.
fn proposed_load(
    connection: &mut Connection,
    app: &App,
    id: i64,
    is_written: bool,
) -> Result<Made<Load>, Error> {
    let days = days_of(&super::find(connection, id)?)?;
    let canvas = Canvas::of(connection, app, days)?;
    let mut moved = HashSet::new();
    let mut down = Vec::new();
    if is_written {
        db::plan::each_place(connection, id, |place| {
            moved.extend(place.appointment_id);
            if let Some((from, to)) = place.starts_at.zip(place.ends_at) {
                down.extend(canvas.down(place.terminal_id, from.utc(), to.utc()));
            }
        })?;
    }
    let standing = db::appointment::standing(connection, Instant::from(app.clock.now()))?;
    let unmoved = standing.into_iter().filter(|row| !moved.contains(&row.id));
    down.extend(
        unmoved.filter_map(|row| canvas.down(row.terminal_id.0, row.starts_at.utc(), row.ends_at.utc())),
    );
    Ok(canvas.draw(&down))
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
            gates: campaign::at_gates(connection, app)?,
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
