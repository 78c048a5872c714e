//! Windows, blackouts, budgets, and the preview of openings.

use crate::api::budget::BudgetView;
use crate::api::calendar::{BlackoutView, Preview, WindowView};
use crate::cli::output::{Screen, Table};
use crate::cli::render::{instant, limit, minutes_in_words, optional};

/// Maintenance windows.
pub fn windows(screen: &mut Screen, windows: &[WindowView]) {
    let mut table = Table::new(["id", "scope", "opens (cron)", "for", "cutoff", "zone"]);
    for window in windows {
        table.row([
            window.id.to_string(),
            window.scope.clone(),
            window.cron.clone(),
            minutes_in_words(window.duration_minutes),
            minutes_in_words(window.cutoff_minutes),
            window.time_zone.clone().unwrap_or_else(|| "each site's own".into()),
        ]);
    }
    screen.table(table);
}

/// Blackouts.
pub fn blackouts(screen: &mut Screen, blackouts: &[BlackoutView]) {
    let mut table = Table::new(["id", "name", "scope", "from", "to", "yearly", "zone"]);
    for blackout in blackouts {
        table.row([
            blackout.id.to_string(),
            blackout.name.clone(),
            blackout.scope.clone(),
            blackout.from.clone(),
            blackout.to.clone(),
            if blackout.yearly { "yes" } else { "no" }.into(),
            blackout.time_zone.clone().unwrap_or_else(|| "each site's own".into()),
        ]);
    }
    screen.table(table);
}

/// Disruption budgets.
pub fn budgets(screen: &mut Screen, budgets: &[BudgetView]) {
    let mut table = Table::new(["id", "group", "at most down", "min", "keep up", "hours"]);
    for budget in budgets {
        let group = match (&budget.value, budget.grouping.as_str()) {
            (Some(value), grouping) => format!("{grouping} {value}"),
            (None, "fleet") => "the fleet".into(),
            (None, grouping) => format!("each {grouping}"),
        };
        table.row([
            budget.id.to_string(),
            group,
            limit(budget.limit),
            budget.min.to_string(),
            budget.keep.to_string(),
            budget.hours.clone().unwrap_or_else(|| "always".into()),
        ]);
    }
    screen.table(table);
}

/// The next openings, local time and UTC side by side.
pub fn preview(screen: &mut Screen, preview: &Preview) {
    screen.line(format!("Local times are {}.", preview.time_zone));
    for rule in &preview.rules {
        screen.line(format!("  {rule}"));
    }
    screen.blank();
    if preview.openings.is_empty() {
        screen.line("It never opens within the span that was looked at.");
        return;
    }
    let mut table = Table::new(["opens (local)", "closes (local)", "opens (UTC)", "last start", "note"]);
    for opening in &preview.openings {
        table.row([
            opening.local_start.clone(),
            opening.local_end.clone(),
            instant(opening.starts_at),
            instant(opening.last_start_at),
            optional(opening.note.as_ref()),
        ]);
    }
    screen.table(table);
}
