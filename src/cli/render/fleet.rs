//! Imports, the fleet in numbers, merchants, sites, terminals, and one terminal's history.

use crate::api::fleet::{
    FleetEdit, FleetSummary, GroupCount, ImportCount, ImportReport, MerchantView, SiteView, TerminalHistory,
    TerminalView,
};
use crate::api::lock::LockView;
use crate::api::merchant::AnswerView;
use crate::cli::output::{Bar, Screen, Table, bar, count, plural};
use crate::cli::render::{appointment, instant, optional, tags};

/// What an import did.
pub fn import(screen: &mut Screen, report: &ImportReport) {
    let mut table = Table::new(["rows", ">new", ">changed", ">unchanged"]);
    let kinds = [("merchants", report.merchants), ("sites", report.sites), ("terminals", report.terminals)];
    for (name, ImportCount { created, updated, unchanged }) in kinds {
        table.row([name.into(), count(created), count(updated), count(unchanged)]);
    }
    screen.table(table);
    screen.line(match (report.dry_run, report.unchanged) {
        (true, _) => "A dry run: nothing was written.",
        (false, true) => "Nothing differs from what is stored: nothing was changed.",
        (false, false) => "Imported, all of it in one transaction.",
    });
}

/// The fleet in numbers.
pub fn summary(screen: &mut Screen, summary: &FleetSummary) {
    if summary.merchants == 0 && summary.terminals == 0 && summary.retired == 0 {
        screen.line("The fleet is empty.");
        return;
    }
    screen.pairs(&[
        ("merchants", Some(count(summary.merchants))),
        ("sites", Some(count(summary.sites))),
        ("terminals", Some(count(summary.terminals))),
        ("retired", (summary.retired > 0).then(|| count(summary.retired))),
    ]);
    groups(screen, "Terminals by region", &summary.by_region);
    groups(screen, "Terminals by model and firmware", &summary.by_model);
}

fn groups(screen: &mut Screen, heading: &str, groups: &[GroupCount]) {
    const MOST_ROWS: usize = 12;
    if groups.is_empty() {
        return;
    }
    screen.heading(heading);
    let number = |group: &GroupCount| u32::try_from(group.terminals).unwrap_or(u32::MAX);
    let scale = groups.iter().map(number).max().unwrap_or(1);
    let shown = &groups[..groups.len().min(MOST_ROWS)];
    let name_width = shown.iter().map(|group| console::measure_text_width(&group.name)).max().unwrap_or(0);
    for group in shown {
        let name = console::pad_str(&group.name, name_width, console::Alignment::Left, None);
        let drawn = bar(Bar { value: number(group), limit: None, scale, columns: 24 });
        screen.line(format!("  {name}  {drawn}  {}", count(group.terminals)));
    }
    if groups.len() > MOST_ROWS {
        let rest: i64 = groups[MOST_ROWS..].iter().map(|group| group.terminals).sum();
        screen.line(format!("  and {} more with {}", groups.len() - MOST_ROWS, plural(rest, "terminal")));
    }
}

/// What an edit changed, or would change.
pub fn edit<T>(screen: &mut Screen, edit: &FleetEdit<T>) {
    if edit.changes.is_empty() {
        screen.line("It says this already: nothing was changed.");
        return;
    }
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "–".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut table = Table::new(["field", "before", "now"]);
    for change in &edit.changes {
        table.row([change.field.clone(), shown(&change.before), shown(&change.after)]);
    }
    screen.table(table);
    let would = if edit.dry_run { "would be" } else { "were" };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    if edit.called_off > 0 {
        screen.line(format!("{} {would} called off.", plural(number(edit.called_off), "appointment")));
    }
    if edit.announced > 0 {
        screen.line(format!("{} to the new address {would} queued.", plural(number(edit.announced), "mail")));
    }
    screen.line(if edit.dry_run { "A dry run: nothing was written." } else { "Changed." });
}

/// Merchants.
pub fn merchants(screen: &mut Screen, merchants: &[MerchantView]) {
    let mut table = Table::new(["number", "name", "locale", "email", "phone"]);
    for merchant in merchants {
        table.row([
            merchant.number.clone(),
            merchant.name.clone(),
            merchant.locale.clone(),
            optional(merchant.email.as_ref()),
            optional(merchant.phone.as_ref()),
        ]);
    }
    screen.table(table);
}

/// Merchants' answers.
pub fn answers(screen: &mut Screen, answers: &[AnswerView]) {
    let mut table = Table::new(["at", "merchant", "name", "site", "night", "answer", "via", "words"]);
    for answer in answers {
        let word = if answer.outdated { "outdated" } else { answer.answer.as_str() };
        table.row([
            instant(answer.answered_at),
            answer.merchant_number.clone(),
            answer.merchant_name.clone(),
            answer.site_code.clone(),
            answer.night.to_string(),
            word.to_owned(),
            answer.via.clone(),
            optional(answer.words.as_ref()),
        ]);
    }
    screen.table(table);
}

/// Sites.
pub fn sites(screen: &mut Screen, sites: &[SiteView]) {
    let mut table = Table::new(["code", "name", "merchant", "region", "zone", "kind", "opening hours"]);
    for site in sites {
        table.row([
            site.code.clone(),
            site.name.clone(),
            site.merchant_number.clone(),
            site.region.clone(),
            site.time_zone.clone(),
            site.traffic_profile.clone(),
            site.opening_hours.clone(),
        ]);
    }
    screen.table(table);
}

/// Terminals.
pub fn terminals(screen: &mut Screen, terminals: &[TerminalView]) {
    let mut table = Table::new(["serial", "label", "site", "model", "firmware", "host", "carrier", "cell"]);
    for terminal in terminals {
        table.row([
            terminal.serial.clone(),
            terminal.label.clone(),
            terminal.site_code.clone(),
            terminal.model.clone(),
            terminal.firmware.clone(),
            terminal.acquirer_host.clone(),
            optional(terminal.carrier.as_ref()),
            optional(terminal.cell.as_ref()),
        ]);
    }
    screen.table(table);
}

/// One terminal with all that happened to it.
pub fn history(screen: &mut Screen, history: &TerminalHistory) {
    let TerminalHistory { terminal, site, merchant, appointments, locks, next_opening_at } = history;
    screen.heading(format!("Terminal {} – {}", terminal.serial, terminal.label));
    screen.pairs(&[
        ("site", Some(format!("{} ({}), {}", site.name, site.code, site.region))),
        ("address", site.address.clone()),
        ("merchant", Some(format!("{} ({})", merchant.name, merchant.number))),
        ("mail", Some(optional(merchant.email.as_ref()))),
        ("zone", Some(site.time_zone.clone())),
        ("opening hours", Some(site.opening_hours.clone())),
        ("model", Some(format!("{}, firmware {}", terminal.model, terminal.firmware))),
        ("acquirer", Some(format!("{}  TID {}  MID {}", terminal.acquirer_host, terminal.tid, terminal.mid))),
        ("carrier", terminal.carrier.clone()),
        ("cell", terminal.cell.clone()),
        ("servicer", terminal.servicer.clone()),
        ("tags", (!terminal.tags.is_empty()).then(|| tags(&terminal.tags))),
        ("retired", terminal.retired.then(|| "yes: kept for its history only".to_owned())),
        ("next opening", next_opening_at.map(instant)),
    ]);
    screen.heading("Appointments");
    if appointments.is_empty() {
        screen.line("  None yet.");
    } else {
        appointment::list(screen, appointments);
    }
    screen.heading("Locks");
    if locks.is_empty() {
        screen.line("  Never locked.");
    } else {
        self::locks(screen, locks);
    }
}

/// Locks.
pub fn locks(screen: &mut Screen, locks: &[LockView]) {
    let mut table = Table::new(["id", "state", "serial", "site", "opened", "by", "closed", "cause"]);
    for lock in locks {
        table.row([
            lock.id.to_string(),
            lock.state.to_string(),
            lock.serial.clone(),
            lock.site_code.clone(),
            instant(lock.opened_at),
            lock.opened_by.clone(),
            optional(lock.closed_at.map(instant)),
            lock.cause.clone(),
        ]);
    }
    screen.table(table);
}
