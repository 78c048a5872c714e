//! Asking for a plan, and solving it: the search runs on a thread of its own, tells the database how far it is,
//! and ends when the plan is discarded.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::problem::{self, Draft, Meaning};
use super::views::{change_text, finding_view, is_own_group, plan_view, relaxation_text, unplaced_message};
use crate::api::plan::{MoveCount, NewPlan, PlanProgress, PlanReport, PlanView, Unplaced, UnplacedCount};
use crate::checker;
use crate::clock::Stopwatch;
use crate::db::plan::{PlanItemRow, PlanRow};
use crate::db::{self, Database, Instant, Table};
use crate::domain::ids::PlanId;
use crate::domain::plan::PlanState;
use crate::domain::plan_file::{Plan, Reason};
use crate::planner::{self, Effort, Phase, Progress, SolveOptions, Watch};
use crate::service::audit::{Change, record};
use crate::service::campaign::{skipped_counts, to_json};
use crate::service::{Actor, App, Error};

/// How often progress is written down, in milliseconds.
const PROGRESS_EVERY_MS: u64 = 200;

/// Relaxations that a report lists.
const RELAXATIONS_SHOWN_MAX: usize = 20;

/// A search without a sign of life for so long is taken for dead, in minutes.
const HEARTBEAT_MINUTES_MAX: i64 = 5;

/// Asks for a plan; [`solve`] then makes it.
pub fn create(app: &App, actor: &Actor, request: &NewPlan) -> Result<PlanView, Error> {
    options_of(request)?;
    let now = Instant::from(app.clock.now());
    let mut connection = app.database.get()?;
    connection.write(|connection| {
        problem::check(connection, request)?;
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
        };
        db::plan::insert(connection, row.clone())?;
        let change = Change::new("plan.create", format!("plan {}", row.id)).after(request);
        record(connection, app, actor, change)?;
        plan_view(row)
    })
}

/// Solves plan `id` to its end: a verified draft, a draft with findings, or a failure with its reason.
pub fn solve(app: &App, actor: &Actor, PlanId(id): PlanId, request: &NewPlan) -> Result<(), Error> {
    let result = search(app, actor, id, request);
    if let Err(error) = &result {
        let mut connection = app.database.get()?;
        connection.write(|connection| {
            if db::plan::enter(connection, id, PlanState::Failed)? {
                db::plan::set_error(connection, id, &error.to_string())?;
            }
            Ok::<(), Error>(())
        })?;
    }
    result
}

/// Searches that have given no sign of life are marked as failed: their process has died.
pub fn fail_abandoned(app: &App) -> Result<u64, Error> {
    let before = Instant::from(app.clock.now() - TimeDelta::minutes(HEARTBEAT_MINUTES_MAX));
    let mut connection = app.database.get()?;
    connection.write(|connection| {
        let mut failed = 0;
        for id in db::plan::abandoned(connection, before)? {
            if db::plan::enter(connection, id, PlanState::Failed)? {
                db::plan::set_error(
                    connection,
                    id,
                    "the process that searched has died; create the plan again",
                )?;
                failed += 1;
            }
        }
        Ok(failed)
    })
}

fn options_of(request: &NewPlan) -> Result<SolveOptions, Error> {
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

/// Writes progress down now and then; a plan that is no longer being solved ends the search.
struct DatabaseWatch<'a> {
    database: &'a Database,
    app: &'a App,
    plan_id: i64,
    stopwatch: Stopwatch,
    written_ms: AtomicU64,
    stopped: AtomicBool,
    writing: Mutex<()>,
}

impl Watch for DatabaseWatch<'_> {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.stopwatch.elapsed_ms())
    }

    fn cancelled(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn progress(&self, progress: Progress) {
        let elapsed = self.stopwatch.elapsed_ms();
        if elapsed < self.written_ms.load(Ordering::Relaxed) + PROGRESS_EVERY_MS {
            return;
        }
        let Ok(_writing) = self.writing.try_lock() else { return };
        self.written_ms.store(elapsed, Ordering::Relaxed);
        let phase = match progress.phase {
            Phase::Pricing => "pricing",
            Phase::Placing => "placing",
            Phase::Repairing => "repairing",
            Phase::Improving => "improving",
            Phase::Explaining => "explaining",
        };
        let shown = PlanProgress { phase: phase.to_owned(), placed: progress.placed, total: progress.tasks };
        let now = Instant::from(self.app.clock.now());
        // A busy database costs a tick of the progress bar, never the plan.
        let still_wanted = self.database.get().ok().and_then(|mut connection| {
            let text = serde_json::to_string(&shown).ok()?;
            connection.write(|connection| db::plan::set_progress(connection, self.plan_id, &text, now)).ok()
        });
        if still_wanted == Some(false) {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}

fn search(app: &App, actor: &Actor, id: i64, request: &NewPlan) -> Result<(), Error> {
    let options = options_of(request)?;
    let draft = {
        let mut connection = app.database.get()?;
        connection.read(|connection| Draft::load(connection, app, request))?
    };
    let watch = DatabaseWatch {
        database: &app.database,
        app,
        plan_id: id,
        stopwatch: Stopwatch::start(),
        written_ms: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        writing: Mutex::new(()),
    };
    let outcome = planner::solve(&draft.problem, &options, &watch);
    let findings = checker::check(&draft.problem, &outcome.plan);
    let items = items_of(&draft, &outcome.plan, id)?;
    let mut report = report_of(&draft, &outcome, &items);
    report.findings = findings.iter().map(|finding| finding_view(finding, &draft.problem)).collect();
    let text = to_json(&report)?;
    let mut connection = app.database.get()?;
    connection.write(|connection| {
        if !db::plan::enter(connection, id, PlanState::Draft)? {
            return Ok(());
        }
        db::plan::insert_items(connection, &items)?;
        db::plan::set_report(connection, id, &text)?;
        if report.findings.is_empty() {
            db::plan::enter(connection, id, PlanState::Verified)?;
        }
        let change = Change::new("plan.solved", format!("plan {id}"))
            .after(&serde_json::json!({"placed": report.placed, "tasks": report.tasks, "findings": report.findings.len()}));
        record(connection, app, actor, change)?;
        Ok(())
    })
}

/// New work, placed or not, and standing appointments that move.
fn items_of(draft: &Draft, plan: &Plan, plan_id: i64) -> Result<Vec<PlanItemRow>, Error> {
    let grid = &draft.world.grid;
    let unplaced: BTreeMap<&str, &crate::domain::plan_file::Unplaced> =
        plan.unplaced.iter().map(|entry| (entry.task.as_str(), entry)).collect();
    let mut items: Vec<PlanItemRow> = Vec::new();
    for (task, (meaning, start)) in (0..).zip(draft.meanings.iter().zip(&plan.starts)) {
        let starts_at: Option<DateTime<Utc>> = start.map(|slot| grid.instant_of(slot));
        let reason = unplaced.get(draft.problem.task_id(task));
        let reason = reason.map(|entry| to_json(&unplaced_of(draft, meaning, entry)));
        let ordinal = i64::try_from(items.len()).unwrap_or(i64::MAX);
        match meaning {
            Meaning::New { terminal, work, duration_minutes, notice_lead_minutes } => {
                let minutes = i64::from(*duration_minutes);
                items.push(PlanItemRow {
                    plan_id,
                    ordinal,
                    terminal_id: draft.world.terminals[*terminal].id.0,
                    work: to_json(work)?,
                    duration_minutes: i32::try_from(*duration_minutes).unwrap_or(i32::MAX),
                    notice_lead_minutes: *notice_lead_minutes,
                    starts_at: starts_at.map(Instant::from),
                    ends_at: starts_at.map(|start| Instant::from(start + TimeDelta::minutes(minutes))),
                    appointment_id: None,
                    appointment_revision: None,
                    unplaced: reason.transpose()?,
                });
            }
            Meaning::Standing(index) => {
                let row = &draft.world.standing[*index];
                let stays = *start == draft.problem.current(task);
                if stays {
                    continue;
                }
                let length = row.ends_at.utc() - row.starts_at.utc();
                items.push(PlanItemRow {
                    plan_id,
                    ordinal,
                    terminal_id: row.terminal_id,
                    work: "[]".to_owned(),
                    duration_minutes: i32::try_from(length.num_minutes()).unwrap_or(i32::MAX),
                    notice_lead_minutes: row.notice_lead_minutes,
                    starts_at: starts_at.map(Instant::from),
                    ends_at: starts_at.map(|start| Instant::from(start + length)),
                    appointment_id: Some(row.id),
                    appointment_revision: Some(row.revision),
                    unplaced: reason.transpose()?,
                });
            }
        }
    }
    Ok(items)
}

fn unplaced_of(draft: &Draft, meaning: &Meaning, entry: &crate::domain::plan_file::Unplaced) -> Unplaced {
    let change = entry.change.as_ref().map(|change| change_text(change, &draft.problem));
    let world = &draft.world;
    let only_terminal = match meaning {
        Meaning::New { terminal, .. } if entry.reason == Reason::NoOpening => {
            let terminal = &world.terminals[*terminal];
            world
                .closed_only(terminal)
                .filter(|_| world.opens_while_trading(terminal))
                .map(|hours| (terminal, hours))
        }
        _ => None,
    };
    match only_terminal {
        // The site rule reaches the planner as a calendar with the opening hours taken off.
        Some((terminal, hours)) => Unplaced {
            reason: Reason::SiteRule.name().to_owned(),
            groups: vec![format!("site:{}", terminal.terminal.site_code)],
            message: format!(
                "it is its site's only terminal, and the site is open for business ({hours}) whenever its \
                 maintenance windows are"
            ),
            change,
        },
        None => Unplaced {
            reason: entry.reason.name().to_owned(),
            groups: entry.groups.clone(),
            message: unplaced_message(entry.reason).to_owned(),
            change,
        },
    }
}

fn report_of(draft: &Draft, outcome: &planner::Outcome, items: &[PlanItemRow]) -> PlanReport {
    let (plan, world) = (&outcome.plan, &draft.world);
    let (mut tasks, mut placed, mut weight_placed, mut weight_total, mut kept, mut moved) =
        (0, 0, 0, 0, 0, 0);
    let mut visits = std::collections::BTreeSet::new();
    let mut merchants = std::collections::BTreeSet::new();
    let mut change = vec![0_i64; world.grid.slots() as usize + 1];
    for (task, (meaning, start)) in (0_u32..).zip(draft.meanings.iter().zip(&plan.starts)) {
        if let Some(start) = *start {
            change[start as usize] += 1;
            change[(start + draft.problem.duration(task)) as usize] -= 1;
        }
        match meaning {
            Meaning::New { terminal, .. } => {
                tasks += 1;
                weight_total += u64::from(draft.problem.weight(task));
                if let Some(start) = *start {
                    placed += 1;
                    weight_placed += u64::from(draft.problem.weight(task));
                    let entry = &world.terminals[*terminal];
                    visits.insert((entry.site, draft.problem.night_of(task, start)));
                    merchants.insert(world.site(entry).merchant);
                }
            }
            Meaning::Standing(_) if *start == draft.problem.current(task) => kept += 1,
            Meaning::Standing(_) => moved += 1,
        }
    }
    let mut down = 0;
    let peak = change
        .iter()
        .map(|step| {
            down += step;
            down
        })
        .max()
        .unwrap_or(0);
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for entry in items.iter().filter_map(|item| item.unplaced.as_deref()) {
        if let Ok(unplaced) = serde_json::from_str::<Unplaced>(entry) {
            *reasons.entry(unplaced.reason).or_default() += 1;
        }
    }
    let metrics = &plan.metrics;
    let horizon = world.grid.horizon();
    PlanReport {
        horizon_from: Some(horizon.start),
        horizon_to: Some(horizon.end),
        tasks,
        placed,
        weight_placed,
        weight_total,
        // The bound speaks of the whole problem; what stands already is the same in every plan.
        weight_upper: (metrics.bound.weight_upper + weight_total).saturating_sub(metrics.weight_total),
        disruption: metrics.disruption,
        disruption_lower: metrics.bound.disruption_lower,
        moved,
        moves_unavoidable: outcome.report.moves_unavoidable,
        moves: outcome
            .report
            .causes
            .iter()
            .map(|(cause, &appointments)| MoveCount {
                cause: cause.name().to_owned(),
                explanation: cause.words().to_owned(),
                appointments,
            })
            .collect(),
        kept,
        visits: visits.len() as u64,
        merchants: merchants.len() as u64,
        peak_down: u64::try_from(peak).unwrap_or(0),
        solve_ms: metrics.solve_ms,
        problem_sha256: plan.problem_sha256.clone(),
        findings: Vec::new(),
        unplaced: reasons
            .into_iter()
            .map(|(reason, terminals)| UnplacedCount { reason, terminals })
            .collect(),
        relaxations: outcome
            .report
            .relaxations
            .iter()
            .filter(|relaxation| !is_own_group(&relaxation.change))
            .take(RELAXATIONS_SHOWN_MAX)
            .map(|relaxation| relaxation_text(relaxation, &draft.problem))
            .collect(),
        skipped: skipped_counts(draft.skipped.clone()),
    }
}
