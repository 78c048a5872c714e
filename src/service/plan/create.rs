//! Asking for a plan, and asking its search to end. The search itself runs elsewhere: see `search.rs`.

use std::time::Duration;

use chrono::TimeDelta;

use super::problem;
use super::views::plan_view;
use crate::api::plan::{NewPlan, PlanView};
use crate::db::plan::PlanRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::ids::PlanId;
use crate::domain::plan::PlanState;
use crate::planner::{Effort, SolveOptions};
use crate::service::audit::{Change, record};
use crate::service::campaign::to_json;
use crate::service::lease::Leader;
use crate::service::version::Expected;
use crate::service::{Actor, App, Error};

/// Asks for a plan; [`super::solve`] then makes it. Refused while as many searches run as the settings allow.
pub fn create(app: &App, actor: &Actor, request: &NewPlan) -> Result<PlanView, Error> {
    options_of(request)?;
    let now = Instant::from(app.clock.now());
    app.database.write(|connection| {
        connection.serialize_searches()?;
        problem::check(connection, request)?;
        fail_silent(connection, app, &Actor::system())?;
        make_room(connection, app)?;
        let row = PlanRow {
            id: db::allot(connection, Table::Plan, 1)?[0],
            state: PlanState::Solving.as_str().to_owned(),
            request: to_json(request)?,
            created_at: now,
            created_by: actor.as_str().to_owned(),
            heartbeat_at: now,
            progress: None,
            report: None,
            error: None,
            published_at: None,
            published_by: None,
            stop_asked: false,
        };
        db::plan::insert(connection, row.clone())?;
        let change = Change::new("plan.create", format!("plan {}", row.id)).after(request);
        record(connection, app, actor, change)?;
        plan_view(row)
    })
}

/// A search takes a core and the memory of a whole fleet: no more of them than the operator allows.
fn make_room(connection: &mut Connection, app: &App) -> Result<(), Error> {
    let running = db::plan::solving(connection)?;
    let allowed = app.settings.searches_at_once;
    match running.first() {
        Some(first) if running.len() >= allowed as usize => Err(Error::Conflict(format!(
            "plan {first} is being searched, and searches_at_once allows {allowed}; wait for it (`offpeak plan show \
             {first}`), end it with what it has (`offpeak plan cancel {first}`), or put it away (`offpeak plan \
             discard {first}`)"
        ))),
        _ => Ok(()),
    }
}

/// Ends the search of a plan with the best that it has found: a draft that is marked as cut short. A search that
/// has not begun to place anything leaves nothing, and its plan is discarded.
pub fn cancel(
    app: &App,
    actor: &Actor,
    PlanId(id): PlanId,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<PlanView, Error> {
    app.database.write(|connection| {
        let row = super::find(connection, id)?;
        expected.check(&plan_view(row.clone())?)?;
        if !db::plan::ask_stop(connection, id)? {
            return Err(Error::Conflict(format!(
                "plan {id} is {}: no search runs for it; see `offpeak plan show {id}`",
                row.state
            )));
        }
        let change = Change::new("plan.cancel", format!("plan {id}")).because(reason);
        record(connection, app, actor, change)?;
        plan_view(super::find(connection, id)?)
    })
}

/// Searches that have given no sign of life are marked as failed: their process has died. How many.
pub fn fail_abandoned(app: &App, leader: &Leader) -> Result<u64, Error> {
    if !any_abandoned(app)? {
        return Ok(0);
    }
    leader.write(app, |connection| fail_silent(connection, app, leader.actor()))
}

/// The same for whoever looks at a plan: it need not wait for the leader.
pub(super) fn fail_abandoned_at_sight(app: &App) -> Result<u64, Error> {
    if !any_abandoned(app)? {
        return Ok(0);
    }
    app.database.write(|connection| fail_silent(connection, app, &Actor::system()))
}

fn any_abandoned(app: &App) -> Result<bool, Error> {
    let abandoned = app
        .database
        .read(|connection| Ok::<_, Error>(db::plan::abandoned(connection, silent_since(app))?))?;
    Ok(!abandoned.iter().all(|id| app.searches.holds(*id)))
}

fn silent_since(app: &App) -> Instant {
    let silence = TimeDelta::seconds(i64::from(app.settings.search_silence_seconds));
    Instant::from(app.clock.now() - silence)
}

fn fail_silent(connection: &mut Connection, app: &App, actor: &Actor) -> Result<u64, Error> {
    let mut failed = 0;
    for id in db::plan::abandoned(connection, silent_since(app))? {
        if !app.searches.holds(id) && db::plan::enter(connection, id, PlanState::Failed)? {
            let error = "the process that searched has died; create the plan again";
            db::plan::set_error(connection, id, error)?;
            let change = Change::new("plan.state", format!("plan {id}"))
                .before(&PlanState::Solving)
                .after(&PlanState::Failed)
                .because(Some(error));
            record(connection, app, actor, change)?;
            failed += 1;
        }
    }
    Ok(failed)
}

pub(super) fn options_of(request: &NewPlan) -> Result<SolveOptions, Error> {
    let effort = match request.effort.as_deref() {
        None | Some("standard") => Effort::Standard,
        Some("fast") => Effort::Fast,
        Some("best") => Effort::Best,
        Some(other) => {
            return Err(Error::invalid(
                "effort",
                format!("`{other}` is unknown; use fast, standard or best"),
            ));
        }
    };
    let time_limit = match request.time_limit_seconds {
        None if effort == Effort::Best => Some(Duration::from_secs(60)),
        None => None,
        Some(seconds) if (0.0..=86_400.0).contains(&seconds) => Some(Duration::from_secs_f64(seconds)),
        Some(seconds) => {
            return Err(Error::invalid(
                "time_limit_seconds",
                format!("{seconds} is out of range; use 0 to 86400"),
            ));
        }
    };
    Ok(SolveOptions { effort, seed: request.seed.unwrap_or(1), threads: 1, time_limit })
}
