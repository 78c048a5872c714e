//! Plans, items, differences and findings as the API shows them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::api::Page;
use crate::api::plan::{MovedItem, PlanDiff, PlanItem, PlanView, Remedy, Unplaced};
use crate::api::problem::FindingView;
use crate::checker::Finding;
use crate::db::plan::{Kind, PlanItemRow, PlanRow};
use crate::db::{self, Connection, Instant};
use crate::domain::ids::PlanId;
use crate::domain::plan::PlanState;
use crate::domain::plan_file::{Change, Reason};
use crate::domain::problem::Problem;
use crate::domain::said::{Fact, Said, Saying};
use crate::planner::Relaxation;
use crate::service::audit::{page_cursor, page_limit, page_of};
use crate::service::version::Versioned;
use crate::service::{App, Error};

/// Items that a diff lists of each kind.
const DIFF_ITEMS_MAX: i64 = 1000;

pub(super) fn plan_view(row: PlanRow) -> Result<PlanView, Error> {
    let corrupt = |error: &dyn std::fmt::Display| Error::Corrupt(format!("plan {}: {error}", row.id));
    let state: PlanState = row.state.parse().map_err(|error| corrupt(&error))?;
    let progress = row.progress.as_deref().filter(|_| state == PlanState::Solving);
    let progress = progress.and_then(|text| serde_json::from_str(text).ok());
    let report =
        row.report.as_deref().map(serde_json::from_str).transpose().map_err(|error| corrupt(&error))?;
    Ok(PlanView {
        id: row.id,
        state,
        created_at: row.created_at.utc(),
        created_by: row.created_by,
        published_at: row.published_at.map(Instant::utc),
        progress,
        stopping: row.stop_asked && state == PlanState::Solving,
        report,
        error: row.error,
        etag: String::new(),
    }
    .with_version())
}

/// A plan's items, by ordinal.
pub fn items(
    app: &App,
    PlanId(id): PlanId,
    unplaced_only: bool,
    limit: Option<i64>,
    after: Option<&str>,
) -> Result<Page<PlanItem>, Error> {
    let limit = page_limit(limit)?;
    let after = after.map(page_cursor).transpose()?.unwrap_or(-1);
    app.database.read(|connection| {
        // While they are being written they are not a plan yet.
        if super::find(connection, id)?.report.is_none() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let rows = db::plan::items(connection, id, after, unplaced_only, limit + 1)?;
        let ordinals: Vec<i64> = rows.iter().map(|row| row.ordinal).collect();
        let items: Vec<(i64, PlanItem)> = ordinals.into_iter().zip(item_views(connection, rows)?).collect();
        let page = page_of(items, limit, |(ordinal, _)| ordinal.to_string());
        Ok(Page { items: page.items.into_iter().map(|(_, item)| item).collect(), next: page.next })
    })
}

/// What the plan would change of what stands now; the first of each kind, and how many there are.
pub fn diff(app: &App, PlanId(id): PlanId) -> Result<PlanDiff, Error> {
    app.database.read(|connection| {
        let plan = plan_view(super::find(connection, id)?)?;
        let Some(report) = plan.report else { return Ok(PlanDiff::default()) };
        let mut some = |of: Kind| {
            let rows = db::plan::items_of_kind(connection, id, of, DIFF_ITEMS_MAX)?;
            item_views(connection, rows)
        };
        let (added, unplaced, moving) = (some(Kind::Added)?, some(Kind::Unplaced)?, some(Kind::Moving)?);
        let ids: Vec<i64> = moving.iter().filter_map(|item| item.moves_appointment).collect();
        let stand: HashMap<i64, DateTime<Utc>> = db::appointment::by_ids(connection, &ids)?
            .into_iter()
            .map(|row| (row.id, row.starts_at.utc()))
            .collect();
        let from = |item: &PlanItem| stand.get(&item.moves_appointment?).copied();
        let moved = moving.into_iter().filter_map(|item| {
            let from_starts_at = from(&item)?;
            Some(MovedItem { item, from_starts_at })
        });
        Ok(PlanDiff {
            added,
            added_count: report.placed,
            moved: moved.collect(),
            moved_count: report.moved,
            unplaced,
            unplaced_count: report.unplaced.iter().map(|count| count.terminals).sum(),
            kept: report.kept,
        })
    })
}

pub(super) fn item_views(
    connection: &mut Connection,
    rows: Vec<PlanItemRow>,
) -> Result<Vec<PlanItem>, Error> {
    let mut ids: Vec<i64> = rows.iter().map(|row| row.terminal_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let terminals: HashMap<i64, _> =
        db::fleet::terminals_by_id(connection, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let mut site_ids: Vec<i64> = terminals.values().map(|row| row.site_id).collect();
    site_ids.sort_unstable();
    site_ids.dedup();
    let sites: HashMap<i64, _> =
        db::fleet::sites_by_id(connection, &site_ids)?.into_iter().map(|row| (row.id, row)).collect();
    rows.into_iter()
        .map(|row| {
            let terminal = &terminals[&row.terminal_id];
            let site = &sites[&terminal.site_id];
            let work: Vec<(i64, String)> = serde_json::from_str(&row.work)
                .map_err(|error| Error::Corrupt(format!("plan item {}: {error}", row.ordinal)))?;
            let unplaced: Option<Unplaced> =
                row.unplaced.as_deref().and_then(|text| serde_json::from_str(text).ok());
            Ok(PlanItem {
                serial: terminal.serial.clone(),
                site_code: site.code.clone(),
                campaigns: work.into_iter().map(|(_, name)| name).collect(),
                starts_at: row.starts_at.map(Instant::utc),
                ends_at: row.ends_at.map(Instant::utc),
                time_zone: site.time_zone.clone(),
                moves_appointment: row.appointment_id,
                unplaced,
            })
        })
        .collect()
}

pub(super) fn finding_view(finding: &Finding, problem: &Problem) -> FindingView {
    let at = finding.slot.map(|slot| instant_of(slot, problem));
    FindingView {
        code: finding.code.name().to_owned(),
        task: finding.task.clone(),
        group: finding.group.clone(),
        at,
        message: finding.message.clone(),
    }
}

/// A reason as data.
pub(super) fn unplaced_said(reason: Reason) -> Said {
    let saying = match reason {
        Reason::NoOpening => Saying::UnplacedNoOpening,
        Reason::BudgetFull => Saying::UnplacedBudgetFull,
        Reason::SiteRule => Saying::UnplacedSiteRule,
        Reason::AfterUnplaced => Saying::UnplacedAfterUnplaced,
        Reason::PinnedConflict => Saying::UnplacedPinnedConflict,
    };
    saying.alone()
}

/// A change as data.
pub(super) fn change_said(change: &Change, problem: &Problem) -> Said {
    let minutes = |slots: u32| Fact::from(slots * problem.slot_minutes());
    match change {
        change if is_own_group(change) => Saying::ChangeOther.alone(),
        Change::GroupCap { group, cap_add } => {
            Saying::ChangeGroupCap.with([("group", group.as_str().into()), ("cap_add", (*cap_add).into())])
        }
        Change::GroupCaps { groups, cap_add } => Saying::ChangeGroupCaps
            .with([("groups", groups.join(" + ").into()), ("cap_add", (*cap_add).into())]),
        Change::Deadline { deadline_add_slots } => {
            Saying::ChangeDeadline.with([("later_minutes", minutes(*deadline_add_slots))])
        }
        Change::Release { release_subtract_slots } => {
            Saying::ChangeRelease.with([("earlier_minutes", minutes(*release_subtract_slots))])
        }
        Change::Opening { opening } => Saying::ChangeOpening.with(opening_facts(*opening, problem)),
        Change::Predecessor { predecessor } => {
            Saying::ChangePredecessor.with([("predecessor", predecessor.as_str().into())])
        }
    }
}

fn opening_facts((from, to): (u32, u32), problem: &Problem) -> [(&'static str, Fact); 2] {
    [("from_at", instant_of(from, problem).into()), ("to_at", instant_of(to, problem).into())]
}

/// What a change would bring, as data.
pub(super) fn remedy_of(relaxation: &Relaxation, problem: &Problem) -> Remedy {
    let change = match &relaxation.change {
        Change::GroupCap { group, cap_add } => {
            let cap = cap_of(group, problem);
            Saying::ChangeGroupCapTo.with([
                ("group", group.as_str().into()),
                ("cap_from", cap.into()),
                ("cap_to", (cap + cap_add).into()),
            ])
        }
        Change::Opening { opening } => Saying::ChangeOpeningWeekly.with(opening_facts(*opening, problem)),
        other => change_said(other, problem),
    };
    Remedy { change, terminals: relaxation.tasks }
}

/// A reason in words.
pub(super) fn unplaced_message(reason: Reason) -> &'static str {
    match reason {
        Reason::NoOpening => "its windows, blackouts, cutoff, notice lead and deadline leave no time at all",
        Reason::BudgetFull => "wherever it could go, a budget is full",
        Reason::SiteRule => "its site keeps a terminal up then",
        Reason::AfterUnplaced => "the work that comes before it has no place, or ends too late",
        Reason::PinnedConflict => "appointments that stay where they are stand in its way",
    }
}

/// What a change would bring, summed over a plan's unplaced tasks.
pub(super) fn relaxation_text(relaxation: &Relaxation, problem: &Problem) -> String {
    let Relaxation { change, tasks, .. } = relaxation;
    let what = match change {
        Change::GroupCap { group, cap_add } => {
            let cap = cap_of(group, problem);
            format!("raise the budget of {group} from {cap} to {}", cap + cap_add)
        }
        Change::Opening { opening: (from, to) } => format!(
            "open one more window a week, as from {} to {}, at sites that share their windows",
            instant_text(*from, problem),
            instant_text(*to, problem)
        ),
        other => change_text(other, problem),
    };
    format!("{what}: {tasks} more")
}

/// Whether a change is about a terminal that cannot be in two appointments at once: nobody can raise that.
pub(super) fn is_own_group(change: &Change) -> bool {
    matches!(change, Change::GroupCap { group, .. } if group.starts_with("terminal:"))
}

fn cap_of(group: &str, problem: &Problem) -> u32 {
    (0..problem.group_count())
        .filter_map(|number| u32::try_from(number).ok())
        .map(|number| problem.group(number))
        .find(|candidate| candidate.id == group)
        .map_or(0, |group| group.cap)
}

fn instant_of(slot: u32, problem: &Problem) -> DateTime<Utc> {
    let minutes = i64::from(slot) * i64::from(problem.slot_minutes());
    problem.start() + chrono::TimeDelta::minutes(minutes)
}

fn instant_text(slot: u32, problem: &Problem) -> String {
    instant_of(slot, problem).format("%Y-%m-%d %H:%MZ").to_string()
}

/// A change in words, in the operator's units.
pub(super) fn change_text(change: &Change, problem: &Problem) -> String {
    let slots = |slots: u32| {
        let minutes = slots * problem.slot_minutes();
        let nights = minutes.div_ceil(1440);
        match nights {
            1 if minutes == 1440 => "a day".to_owned(),
            _ if minutes >= 1440 => format!("{nights} days"),
            _ => format!("{minutes} minutes"),
        }
    };
    let at = |slot: u32| instant_text(slot, problem);
    match change {
        change if is_own_group(change) => "move or cancel the terminal's other appointment".to_owned(),
        Change::GroupCap { group, cap_add } => format!("raise the budget of {group} by {cap_add}"),
        Change::GroupCaps { groups, cap_add } => {
            format!("raise the budgets of {} by {cap_add} each", groups.join(" and "))
        }
        Change::Deadline { deadline_add_slots } => {
            format!("let the deadline be {} later", slots(*deadline_add_slots))
        }
        Change::Release { release_subtract_slots } => {
            format!(
                "let it start {} earlier (a shorter notice lead or an earlier release)",
                slots(*release_subtract_slots)
            )
        }
        Change::Opening { opening: (from, to) } => {
            format!("open a maintenance window from {} to {}", at(*from), at(*to))
        }
        Change::Predecessor { predecessor } => format!("give {predecessor} an earlier place"),
    }
}
