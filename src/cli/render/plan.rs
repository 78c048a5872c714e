//! Plans: their report, their items, what they would change.

use console::style;

use crate::api::plan::{PlanDiff, PlanItem, PlanReport, PlanView};
use crate::cli::output::{Screen, Table, count, plural};
use crate::cli::render::problem::finding_line;
use crate::cli::render::{campaign, instant, optional, share};
use crate::domain::plan::PlanState;

/// Plans, one a line.
pub fn list(screen: &mut Screen, plans: &[PlanView]) {
    let mut table = Table::new(["id", "state", "created", "by", ">placed", ">of", "published", "note"]);
    for plan in plans {
        let report = plan.report.as_ref();
        table.row([
            plan.id.to_string(),
            plan.state.to_string(),
            instant(plan.created_at),
            plan.created_by.clone(),
            optional(report.map(|report| count(report.placed))),
            optional(report.map(|report| count(report.tasks))),
            optional(plan.published_at.map(instant)),
            optional(plan.error.as_ref()),
        ]);
    }
    screen.table(table);
}

/// One plan with its report.
pub fn one(screen: &mut Screen, plan: &PlanView) {
    screen.heading(format!("Plan {} ({})", plan.id, plan.state));
    if let Some(error) = &plan.error {
        screen.line(format!("  It failed: {error}"));
    }
    if let Some(progress) = plan.progress.as_ref().filter(|_| plan.state == PlanState::Solving) {
        screen.line(format!(
            "  {}: {} of {} placed, {} % done{}",
            progress.phase,
            count(progress.placed),
            count(progress.total),
            progress.percent,
            if plan.stopping { "; it has been cancelled and ends with the best so far" } else { "" }
        ));
    }
    if let Some(report) = &plan.report {
        self::report(screen, report);
    }
}

/// What came out: what was placed, how good it is, what the checker says, what has no place and why.
pub fn report(screen: &mut Screen, report: &PlanReport) {
    let horizon = match (report.horizon_from, report.horizon_to) {
        (Some(from), Some(to)) => Some(format!("{} to {}", instant(from), instant(to))),
        _ => None,
    };
    screen.pairs(&[
        ("horizon", horizon),
        (
            "placed",
            Some(format!(
                "{} of {} ({} of the weight; no plan can place more than {})",
                count(report.placed),
                plural(report.tasks, "terminal"),
                share(report.weight_placed, report.weight_total),
                share(report.weight_upper, report.weight_total),
            )),
        ),
        ("disruption", (report.placed > 0).then(|| disruption(report))),
        ("at once", Some(format!("at most {} down", plural(report.peak_down, "terminal")))),
        (
            "visits",
            Some(format!(
                "{}, {} to be told",
                plural(report.visits, "site night"),
                plural(report.merchants, "merchant")
            )),
        ),
        (
            "standing",
            (report.kept + report.moved > 0).then(|| {
                let unavoidable = match report.moved {
                    0 => String::new(),
                    _ => format!(" (at least {} unavoidable)", count(report.moves_unavoidable)),
                };
                let kept = plural(report.kept, "appointment");
                format!("{kept} kept, {} moved{unavoidable}", count(report.moved))
            }),
        ),
        ("solved in", Some(format!("{:.1} s", report.solve_ms as f64 / 1000.0))),
        ("cut short", report.cut_short.then(|| "yes: this is the best plan so far".to_owned())),
        ("checked", Some(verdict(report))),
    ]);
    for finding in &report.findings {
        screen.line(format!("    {}", finding_line(finding)));
    }
    if !report.moves.is_empty() {
        screen.heading("Moved, and why");
        for moves in &report.moves {
            screen.line(format!(
                "  {:>7}  {}: {}",
                count(moves.appointments),
                moves.cause,
                moves.explanation
            ));
        }
    }
    if !report.unplaced.is_empty() {
        screen.heading("Without a place, and why");
        for unplaced in &report.unplaced {
            screen.line(format!(
                "  {:>7}  {}: {}",
                count(unplaced.terminals),
                unplaced.reason,
                unplaced_meaning(&unplaced.reason)
            ));
        }
    }
    if !report.relaxations.is_empty() {
        screen.heading("What would place more");
        for relaxation in &report.relaxations {
            screen.paragraph("  - ", relaxation);
        }
    }
    campaign::skipped(screen, &report.skipped);
}

/// How much the plan disturbs, and how much less would be possible.
fn disruption(report: &PlanReport) -> String {
    let PlanReport { disruption, disruption_lower: lower, .. } = report;
    match (disruption, lower) {
        (disruption, lower) if disruption <= lower => {
            format!("{}, which is the proven minimum", count(*disruption))
        }
        (disruption, 0) => count(*disruption),
        (disruption, lower) => {
            let above = (*disruption as f64 / *lower as f64 - 1.0) * 100.0;
            format!(
                "{}, within {:.1} % of the proven minimum",
                count(*disruption),
                (above * 10.0).ceil() / 10.0
            )
        }
    }
}

fn verdict(report: &PlanReport) -> String {
    if report.findings.is_empty() {
        style("the independent checker found nothing wrong").green().to_string()
    } else {
        style(format!("the independent checker has {}", plural(report.findings.len(), "finding")))
            .red()
            .to_string()
    }
}

/// What a reason for having no place means.
fn unplaced_meaning(reason: &str) -> &'static str {
    match reason {
        "no_opening" => "windows, blackouts, notice lead and deadline leave no opening",
        "budget_full" => "a budget is full whenever the terminal could be touched",
        "site_rule" => "it would leave an open site without a terminal",
        "after_unplaced" => "it must follow work that has no place itself",
        "pinned_conflict" => "appointments that must not move are in the way",
        _ => "see the items of the plan",
    }
}

/// Items, one a line.
pub fn items(screen: &mut Screen, items: &[PlanItem]) {
    let mut table = Table::new(["serial", "site", "starts (UTC)", "ends", "zone", "campaigns", "note"]);
    for item in items {
        table.row([
            item.serial.clone(),
            item.site_code.clone(),
            optional(item.starts_at.map(instant)),
            optional(item.ends_at.map(|end| end.format("%H:%MZ"))),
            item.time_zone.clone(),
            item.campaigns.join(" + "),
            item_note(item),
        ]);
    }
    screen.table(table);
}

fn item_note(item: &PlanItem) -> String {
    match (&item.unplaced, item.moves_appointment) {
        (Some(unplaced), _) => match &unplaced.change {
            Some(change) => format!("{} – {change}", unplaced.message),
            None => unplaced.message.clone(),
        },
        (None, Some(appointment)) => format!("moves appointment {appointment}"),
        (None, None) => "–".into(),
    }
}

/// What a plan would change, by start: `+` added, `~` moved, `!` without a place.
pub fn diff(screen: &mut Screen, diff: &PlanDiff) {
    screen.line(format!(
        "{} added, {} moved, {} without a place, {} left alone",
        count(diff.added_count),
        count(diff.moved_count),
        count(diff.unplaced_count),
        count(diff.kept)
    ));
    let mut rows: Vec<(&str, &PlanItem, Option<String>)> = Vec::new();
    rows.extend(diff.added.iter().map(|item| ("+", item, None)));
    rows.extend(diff.moved.iter().map(|moved| ("~", &moved.item, Some(instant(moved.from_starts_at)))));
    rows.extend(diff.unplaced.iter().map(|item| ("!", item, None)));
    if rows.is_empty() {
        return;
    }
    let shown = rows.len();
    // What has no start comes last, not first.
    rows.sort_by_key(|(_, item, _)| (item.starts_at.is_none(), item.starts_at));
    screen.blank();
    let mut table = Table::new(["", "serial", "site", "starts (UTC)", "was", "what"]);
    for (sign, item, was) in rows {
        let what = if item.unplaced.is_some() { item_note(item) } else { item.campaigns.join(" + ") };
        table.row([
            sign.to_owned(),
            item.serial.clone(),
            item.site_code.clone(),
            optional(item.starts_at.map(instant)),
            optional(was),
            what,
        ]);
    }
    screen.table(table);
    let all = diff.added_count + diff.moved_count + diff.unplaced_count;
    if all > shown as u64 {
        screen.line(format!("{} more: `offpeak plan items` lists them all", count(all - shown as u64)));
    }
}
