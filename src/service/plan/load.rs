//! What stands and what a plan proposes, as load against the budgets; and what an operator sees first.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::drawing::{Down, draw};
use super::kept::{Kept, Made, Wish};
use super::views::plan_view;
use crate::api::plan::{Load, NewPlan, Tonight};
use crate::db::places::spans;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::Grouping;
use crate::domain::calendar::SlotGrid;
use crate::domain::ids::PlanId;
use crate::service::world::{Groups, Places, budget_of, grid_of};
use crate::service::{App, Error, appointment, notice};

/// Nights that the first page shows.
const NIGHTS_AHEAD: u32 = 14;

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

/// Draws beside what is shown first, from the groups of the fleet on.
pub fn draw_ahead(app: &App) {
    let app = app.clone();
    std::thread::spawn(move || {
        if let Err(error) = current_load(&app, NIGHTS_AHEAD) {
            tracing::warn!(%error, "the load could not be drawn ahead");
        }
    });
}

/// The load if plan `id` were published now.
pub fn plan_load(app: &App, PlanId(id): PlanId) -> Result<Load, Error> {
    kept(app, Subject::Plan(id), move |connection, app| proposed_load(connection, app, id))
}

fn kept(
    app: &App,
    subject: Subject,
    draw: impl Fn(&mut Connection, &App) -> Result<Made<Load>, Error> + Send + 'static,
) -> Result<Load, Error> {
    let version = app.database.read(|connection| Ok::<_, Error>(db::audit::latest(connection)?))?;
    // The first slot of a picture holds the present.
    let holds = |load: &Load, now: DateTime<Utc>, age: TimeDelta| {
        let slot = TimeDelta::minutes(i64::from(load.slot_minutes));
        (load.from..load.from + slot).contains(&now) && age < AGE_MAX
    };
    let wish = Wish { place: |app| &app.loads, key: subject, holds, exact: false };
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
        Some(Down { terminal, starts_at, ends_at })
    }

    fn draw(&self, down: &[Down]) -> Made<Load> {
        let value = draw(&self.grid, &self.groups, &self.locked, down);
        Made { value, is_large: down.len() > LARGE }
    }
}

fn standing_load(connection: &mut Connection, app: &App, days: u32) -> Result<Made<Load>, Error> {
    let canvas = Canvas::of(connection, app, days)?;
    let (now, end) = (Instant::from(app.clock.now()), Instant::from(canvas.grid.horizon().end));
    let spans = spans(connection, &db::appointment::standing_words(), now, end)?;
    let down: Vec<Down> = spans
        .into_iter()
        .filter_map(|(terminal, from, to)| canvas.down(terminal, from.utc(), to.utc()))
        .collect();
    Ok(canvas.draw(&down))
}

fn proposed_load(connection: &mut Connection, app: &App, id: i64) -> Result<Made<Load>, Error> {
    let row = super::find(connection, id)?;
    let plan = plan_view(row.clone())?;
    let request: NewPlan =
        serde_json::from_str(&row.request).map_err(|error| Error::Corrupt(format!("plan {id}: {error}")))?;
    let days = request.horizon_days.unwrap_or(30);
    if plan.published_at.is_some() {
        return standing_load(connection, app, days);
    }
    let canvas = Canvas::of(connection, app, days)?;
    let mut moved = HashSet::new();
    let mut down = Vec::new();
    if plan.report.is_some() {
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
