//! A search from its beginning to its end, on the caller's thread: the world is read in one short snapshot, the
//! planner and the checker work without a connection, the draft is written in batches that leave room for
//! others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::create::options_of;
use super::load::draw_plan_ahead;
use super::problem::{Draft, Reading};
use super::report::{Tally, items_of, report_of};
use super::views::finding_view;
use super::watch::{SearchWatch, Step, Wish};
use crate::api::plan::{NewPlan, PlanReport};
use crate::checker;
use crate::db::plan::PlanItemRow;
use crate::db::{self, Connection};
use crate::domain::ids::PlanId;
use crate::domain::plan::PlanState;
use crate::planner;
use crate::service::audit::{Change, record};
use crate::service::campaign::to_json;
use crate::service::{Actor, App, Error};

/// Items written in one transaction: about a tenth of a second, so that nobody waits for longer.
const BATCH: usize = 10_000;

/// Solves plan `id` to its end: a verified draft, a draft with findings, or a failure with its reason. Takes as
/// long as the search takes, so it wants a thread of its own.
pub fn solve(app: &App, actor: &Actor, PlanId(id): PlanId, request: &NewPlan) -> Result<(), Error> {
    let watch = SearchWatch::new(app, id);
    let result = watch.during(|| {
        // A search that breaks off must not look as if it went on.
        let caught = catch_unwind(AssertUnwindSafe(|| search(app, actor, id, request, &watch)));
        caught.unwrap_or_else(|_| {
            Err(Error::Corrupt("the search broke off by a defect; the log says where".to_owned()))
        })
    });
    if let Err(error) = &result {
        app.database.write(|connection| {
            if db::plan::enter(connection, id, PlanState::Failed)? {
                db::plan::set_error(connection, id, &error.to_string())?;
                let change = Change::new("plan.state", format!("plan {id}"))
                    .before(&PlanState::Solving)
                    .after(&PlanState::Failed)
                    .because(Some("its search broke off"));
                record(connection, app, actor, change)?;
            }
            Ok::<(), Error>(())
        })?;
        drop_items(app, id)?;
    }
    result
}

fn search(
    app: &App,
    actor: &Actor,
    id: i64,
    request: &NewPlan,
    watch: &SearchWatch<'_>,
) -> Result<(), Error> {
    let options = options_of(request)?;
    let reading = { app.database.read(|connection| Reading::load(connection, app, request))? };
    watch.step(Step::Reading, 1, 2);
    let read_ms = watch.elapsed_ms();
    let draft = Draft::build(reading, app, watch)?;
    watch.look()?;
    match watch.wish() {
        Wish::GoOn => {}
        Wish::CutShort => return nothing_placed(app, actor, id),
        Wish::Drop => return Ok(()),
    }
    let built_ms = watch.elapsed_ms();
    watch.begin_solve();
    let outcome = planner::solve(&draft.problem, &options, watch);
    if watch.wish() == Wish::Drop {
        return Ok(());
    }
    watch.step(Step::Checking, 0, 1);
    let solved_ms = watch.elapsed_ms();
    let findings = checker::check(&draft.problem, &outcome.plan);
    let checked_ms = watch.elapsed_ms();
    let mut tally = Tally::default();
    let mut items = items_of(&draft, &outcome.plan, id, &mut tally);
    let count = draft.meanings.len() as u64;
    let (mut written, mut batch) = (0, Vec::with_capacity(BATCH));
    loop {
        batch.clear();
        for item in items.by_ref().take(BATCH) {
            batch.push(item?);
        }
        if batch.is_empty() {
            break;
        }
        if !write_batch(app, id, &batch)? {
            return drop_items(app, id);
        }
        written += batch.len() as u64;
        watch.step(Step::Writing, written, count);
    }
    drop(items);
    let mut report = report_of(&draft, &outcome, &tally);
    report.findings = findings.iter().map(|finding| finding_view(finding, &draft.problem)).collect();
    draw_plan_ahead(app, id, draft.meanings.len());
    if !finish(app, actor, id, &report)? {
        return drop_items(app, id);
    }
    tracing::info!(
        plan = id,
        tasks = report.tasks,
        placed = report.placed,
        read_ms,
        build_ms = built_ms - read_ms,
        solve_ms = solved_ms - built_ms,
        check_ms = checked_ms - solved_ms,
        write_ms = watch.elapsed_ms() - checked_ms,
        "plan made"
    );
    Ok(())
}

/// Writes items of a plan that is still wanted; whether it is.
fn write_batch(app: &App, id: i64, items: &[PlanItemRow]) -> Result<bool, Error> {
    app.database.write(|connection| {
        // Whoever takes the search for dead waits for this batch, or this batch for him.
        let wanted = db::plan::state_locked(connection, id)? == Some(PlanState::Solving);
        if wanted {
            db::plan::insert_items(connection, items)?;
        }
        Ok(wanted)
    })
}

/// The plan is a draft from here on, and verified if the checker has nothing against it; whether it was still
/// wanted.
fn finish(app: &App, actor: &Actor, id: i64, report: &PlanReport) -> Result<bool, Error> {
    let text = to_json(report)?;
    app.database.write(|connection| {
        if !db::plan::enter(connection, id, PlanState::Draft)? {
            return Ok(false);
        }
        db::plan::set_report(connection, id, &text)?;
        if report.findings.is_empty() {
            db::plan::enter(connection, id, PlanState::Verified)?;
        }
        let change = Change::new("plan.solved", format!("plan {id}")).after(&serde_json::json!({
            "placed": report.placed, "tasks": report.tasks, "findings": report.findings.len(),
            "cut_short": report.cut_short,
        }));
        record(connection, app, actor, change)?;
        Ok(true)
    })
}

/// Cancelled before the planner had begun: there is no best plan so far.
fn nothing_placed(app: &App, actor: &Actor, id: i64) -> Result<(), Error> {
    app.database.write(|connection| {
        let searching = db::plan::state_locked(connection, id)? == Some(PlanState::Solving);
        if searching && db::plan::enter(connection, id, PlanState::Discarded)? {
            let why = "cancelled before anything was placed";
            let change = Change::new("plan.discard", format!("plan {id}")).because(Some(why));
            record(connection, app, actor, change)?;
        }
        Ok(())
    })
}

/// Takes back what dead searches had written; how many of them had written anything.
pub fn drop_leftovers(app: &App) -> Result<u64, Error> {
    let mut dropped = 0;
    while let Some(id) =
        app.database.read(|connection| Ok::<_, Error>(db::plan::failed_with_items(connection)?))?
    {
        drop_items(app, id)?;
        dropped += 1;
    }
    Ok(dropped)
}

/// Takes back what was written of a plan that nobody will ever see.
fn drop_items(app: &App, id: i64) -> Result<(), Error> {
    let drop_some = |connection: &mut Connection| {
        // Who cannot know whether his draft was committed must not take its items away.
        let state = db::plan::state_locked(connection, id)?;
        if !matches!(state, Some(PlanState::Failed | PlanState::Discarded)) {
            return Ok(false);
        }
        let Some(last) = db::plan::last_ordinal(connection, id)? else { return Ok(false) };
        let first = last + 1 - i64::try_from(BATCH).unwrap_or(i64::MAX);
        db::plan::delete_items(connection, id, first)?;
        Ok::<_, Error>(true)
    };
    while app.database.write(drop_some)? {}
    Ok(())
}
