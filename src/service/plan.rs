//! Plans: asked for, solved beside the other work, looked at, published in one step.

mod chosen;
mod create;
mod drawing;
mod heat;
mod kept;
mod load;
mod openings;
mod preview;
mod problem;
mod publish;
mod report;
mod search;
mod views;
mod watch;
mod writer;

use crate::api::plan::{NewPlan, PlanView};
use crate::api::{ListQuery, Page};
use crate::db::plan::PlanRow;
use crate::db::{self, Connection};
use crate::domain::ids::PlanId;
use crate::domain::plan::PlanState;
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::calendar::not_found;
use crate::service::version::Expected;
use crate::service::{Actor, App, Error};

pub use create::{cancel, create, fail_abandoned};
pub use heat::{HEAT_GROUPINGS, heat};
pub use load::{KeptLoads, current_load, draw_ahead, overview, plan_load, tonight};
pub use preview::preview;
pub use publish::publish;
pub use search::{drop_leftovers, solve};
pub use views::{diff, items};
pub use watch::Searches;

/// Plans, the latest first.
pub fn list(app: &App, query: &ListQuery) -> Result<Page<PlanView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    app.database.read(|connection| {
        let rows = db::plan::list(connection, before, limit + 1)?;
        let items = rows.into_iter().map(views::plan_view).collect::<Result<_, _>>()?;
        Ok(page_of(items, limit, |view: &PlanView| view.id.to_string()))
    })
}

/// One plan.
pub fn show(app: &App, PlanId(id): PlanId) -> Result<PlanView, Error> {
    // Whoever waits for a search is told when its process has died.
    create::fail_abandoned_at_sight(app)?;
    app.database.read(|connection| views::plan_view(find(connection, id)?))
}

/// Throws a plan away that is not published; a search that still runs for it ends.
pub fn discard(
    app: &App,
    actor: &Actor,
    PlanId(id): PlanId,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<PlanView, Error> {
    app.database.write(|connection| {
        let row = find(connection, id)?;
        expected.check(&views::plan_view(row.clone())?)?;
        if !db::plan::enter(connection, id, PlanState::Discarded)? {
            return Err(Error::Conflict(format!("plan {id} is {} and cannot be discarded", row.state)));
        }
        let change = Change::new("plan.discard", format!("plan {id}")).before(&row.state).because(reason);
        record(connection, app, actor, change)?;
        views::plan_view(find(connection, id)?)
    })
}

/// The planning problem as things stand, as an `offpeak.problem/1` file.
pub fn export_problem(app: &App, request: &NewPlan) -> Result<Vec<u8>, Error> {
    let reading = app.database.read(|connection| problem::Reading::load(connection, app, request))?;
    let draft = problem::Draft::build(reading, app, &crate::planner::StoppedWatch)?;
    let mut bytes = Vec::new();
    draft.problem.write(&mut bytes).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(bytes)
}

fn find(connection: &mut Connection, id: i64) -> Result<PlanRow, Error> {
    db::plan::find(connection, id)?.ok_or_else(|| not_found("plan", id, "see `offpeak plan list`"))
}
