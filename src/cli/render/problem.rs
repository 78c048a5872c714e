//! Failures: the heading, the detail, every bad row, every refusal with its nearest legal time, every finding,
//! and what to do next.

use console::style;

use crate::api::problem::{FindingView, Problem, Refusal, RowProblem};
use crate::cli::error::CliError;
use crate::cli::output::Screen;
use crate::cli::render::instant;

/// A failure as it stands on standard error.
pub fn error(screen: &mut Screen, error: &CliError) {
    let heading = style(format!("{}:", error.kind.heading())).for_stderr().red().bold();
    screen.line(format!("{heading} {}", error.detail));
    if let Some(problem) = &error.problem {
        details(screen, problem);
    }
    for hint in &error.hints {
        screen.line(format!("{} {hint}", style("Hint:").for_stderr().cyan()));
    }
}

fn details(screen: &mut Screen, problem: &Problem) {
    for row in &problem.rows {
        bad_row(screen, row);
    }
    for refusal in &problem.refusals {
        refused(screen, refusal);
    }
    for item in &problem.items {
        screen.line(format!("  {}  {}: {}", item.id, style(&item.code).for_stderr().yellow(), item.detail));
        for refusal in &item.refusals {
            refused(screen, refusal);
        }
    }
    for finding in &problem.findings {
        screen.line(format!("  {}", finding_line(finding)));
    }
}

fn bad_row(screen: &mut Screen, row: &RowProblem) {
    let mut place = row.file.clone();
    if row.line > 0 {
        place.push_str(&format!(":{}", row.line));
    }
    if let Some(column) = &row.column {
        place.push_str(&format!(" {column}"));
    }
    if let Some(value) = &row.value {
        place.push_str(&format!(" = `{value}`"));
    }
    screen.line(format!("  {}: {}", style(place).for_stderr().bold(), row.message));
    if !row.remedy.is_empty() {
        screen.line(format!("      -> {}", row.remedy));
    }
}

/// A rule that says no, and the nearest time at which it does not.
pub fn refused(screen: &mut Screen, refusal: &Refusal) {
    let rule = style(&refusal.rule).for_stderr().yellow();
    screen.line(format!("  {}  {rule}: {}", refusal.serial, refusal.message));
    match (refusal.nearest_legal_at, &refusal.nearest_legal_local) {
        (Some(nearest), Some(local)) => {
            screen.line(format!("      nearest legal time: {local}, {}", instant(nearest)));
        }
        (Some(nearest), None) => screen.line(format!("      nearest legal time: {}", instant(nearest))),
        (None, _) => screen.line("      no legal time within the planning horizon"),
    }
}

/// A finding of the checker in one line: code, task, group, instant, words.
pub fn finding_line(finding: &FindingView) -> String {
    let at = finding.at.map(instant);
    let place: Vec<&str> =
        [finding.task.as_deref(), finding.group.as_deref(), at.as_deref()].into_iter().flatten().collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
    format!("{}{place}: {}", style(&finding.code).bold(), finding.message)
}
