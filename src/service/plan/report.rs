//! What came out of a search, as it is stored: an item a task, made one after the other, and the report on the
//! whole.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::problem::{Draft, Meaning};
use super::views::{
    change_said, change_text, is_own_group, relaxation_text, remedy_of, unplaced_message, unplaced_said,
};
use crate::api::plan::{MoveCount, PlanReport, Unplaced, UnplacedCount};
use crate::db::Instant;
use crate::db::plan::PlanItemRow;
use crate::domain::plan_file::{self, Plan, Reason};
use crate::domain::said::Saying;
use crate::planner;
use crate::service::Error;
use crate::service::campaign::{skipped_counts, to_json};
use crate::service::world::Calendars;

/// Relaxations that a report lists.
const RELAXATIONS_SHOWN_MAX: usize = 20;

/// What is counted while items are made.
#[derive(Debug, Default)]
pub(super) struct Tally {
    reasons: BTreeMap<String, u64>,
}

/// New work, placed or not, and standing appointments that move, by ordinal.
pub(super) fn items_of<'a>(
    draft: &'a Draft,
    plan: &'a Plan,
    plan_id: i64,
    tally: &'a mut Tally,
) -> impl Iterator<Item = Result<PlanItemRow, Error>> + 'a {
    let grid = &draft.world.grid;
    let unplaced: HashMap<&str, &plan_file::Unplaced> =
        plan.unplaced.iter().map(|entry| (entry.task.as_str(), entry)).collect();
    let mut calendars = Calendars::default();
    let mut ordinal = -1;
    (0_u32..).zip(draft.meanings.iter().zip(&plan.starts)).filter_map(move |(task, (meaning, start))| {
        if matches!(meaning, Meaning::Standing(_)) && *start == draft.problem.current(task) {
            return None;
        }
        ordinal += 1;
        let starts_at: Option<DateTime<Utc>> = start.map(|slot| grid.instant_of(slot));
        let ends_at = |length: TimeDelta| starts_at.map(|start| Instant::from(start + length));
        let reason = unplaced.get(draft.problem.task_id(task)).map(|entry| {
            let unplaced = unplaced_of(draft, &mut calendars, meaning, entry);
            let text = to_json(&unplaced);
            *tally.reasons.entry(unplaced.reason).or_default() += 1;
            text
        });
        let reason = match reason.transpose() {
            Ok(reason) => reason,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(match meaning {
            Meaning::New { terminal, work, duration_minutes, notice_lead_minutes } => PlanItemRow {
                plan_id,
                ordinal,
                terminal_id: draft.world.terminals[*terminal as usize].id.0,
                work: draft.works[*work as usize].clone(),
                duration_minutes: i32::try_from(*duration_minutes).unwrap_or(i32::MAX),
                notice_lead_minutes: *notice_lead_minutes,
                starts_at: starts_at.map(Instant::from),
                ends_at: ends_at(TimeDelta::minutes(i64::from(*duration_minutes))),
                appointment_id: None,
                appointment_revision: None,
                unplaced: reason,
            },
            Meaning::Standing(index) => {
                let row = &draft.world.standing[*index as usize];
                let length = row.ends_at.utc() - row.starts_at.utc();
                PlanItemRow {
                    plan_id,
                    ordinal,
                    terminal_id: row.terminal_id.0,
                    work: "[]".to_owned(),
                    duration_minutes: i32::try_from(length.num_minutes()).unwrap_or(i32::MAX),
                    notice_lead_minutes: row.notice_lead_minutes,
                    starts_at: starts_at.map(Instant::from),
                    ends_at: ends_at(length),
                    appointment_id: Some(row.id),
                    appointment_revision: Some(row.revision),
                    unplaced: reason,
                }
            }
        }))
    })
}

fn unplaced_of(
    draft: &Draft,
    calendars: &mut Calendars,
    meaning: &Meaning,
    entry: &plan_file::Unplaced,
) -> Unplaced {
    let change = entry.change.as_ref().map(|change| change_text(change, &draft.problem));
    let change_said = entry.change.as_ref().map(|change| change_said(change, &draft.problem));
    let world = &draft.world;
    let only_terminal = match meaning {
        Meaning::New { terminal, .. } if entry.reason == Reason::NoOpening => {
            let terminal = &world.terminals[*terminal as usize];
            world
                .closed_only(terminal)
                .filter(|_| calendars.opens_while_trading(world, terminal))
                .map(|hours| (terminal, hours))
        }
        _ => None,
    };
    match only_terminal {
        // The site rule reaches the planner as a calendar with the opening hours taken off.
        Some((terminal, hours)) => Unplaced {
            reason: Reason::SiteRule.name().to_owned(),
            groups: vec![format!("site:{}", world.site(terminal).code)],
            message: format!(
                "it is its site's only terminal, and the site is open for business ({hours}) whenever its \
                 maintenance windows are"
            ),
            said: Some(Saying::UnplacedOnlyTerminal.with([("hours", hours.to_string().into())])),
            change,
            change_said,
        },
        None => Unplaced {
            reason: entry.reason.name().to_owned(),
            groups: entry.groups.clone(),
            message: unplaced_message(entry.reason).to_owned(),
            said: Some(unplaced_said(entry.reason)),
            change,
            change_said,
        },
    }
}

/// The report on a whole search, its items tallied.
pub(super) fn report_of(draft: &Draft, outcome: &planner::Outcome, tally: &Tally) -> PlanReport {
    let (plan, world) = (&outcome.plan, &draft.world);
    let (mut tasks, mut placed, mut weight_placed, mut weight_total, mut kept, mut moved) =
        (0, 0, 0, 0, 0, 0);
    let mut visits = HashSet::new();
    let mut is_told = vec![false; world.merchants.len()];
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
                    let entry = &world.terminals[*terminal as usize];
                    visits.insert((entry.site, draft.problem.night_of(task, start)));
                    is_told[world.site(entry).merchant as usize] = true;
                }
            }
            Meaning::Standing(_) if *start == draft.problem.current(task) => kept += 1,
            Meaning::Standing(index) => {
                moved += 1;
                let terminal = world.terminal(world.standing[*index as usize].terminal_id);
                if let Some(entry) = terminal {
                    is_told[world.site(entry).merchant as usize] = true;
                }
            }
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
    let metrics = &plan.metrics;
    let horizon = world.grid.horizon();
    let relaxations = || {
        let shown = outcome.report.relaxations.iter().filter(|it| !is_own_group(&it.change));
        shown.take(RELAXATIONS_SHOWN_MAX)
    };
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
        merchants: is_told.iter().filter(|told| **told).count() as u64,
        peak_down: u64::try_from(peak).unwrap_or(0),
        cut_short: outcome.cut_short,
        solve_ms: metrics.solve_ms,
        problem_sha256: plan.problem_sha256.clone(),
        findings: Vec::new(),
        unplaced: tally
            .reasons
            .iter()
            .map(|(reason, terminals)| UnplacedCount { reason: reason.clone(), terminals: *terminals })
            .collect(),
        relaxations: relaxations().map(|relaxation| relaxation_text(relaxation, &draft.problem)).collect(),
        remedies: relaxations().map(|relaxation| remedy_of(relaxation, &draft.problem)).collect(),
        skipped: skipped_counts(draft.skipped.clone()),
    }
}
