//! The load per night against the budget: the picture that says whether the fleet stays up.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use console::style;

use crate::api::plan::{GroupLoad, Load, NightLoad};
use crate::cli::output::{Bar, Screen, Table, bar, count, plural};
use crate::cli::render::{instant, night};

/// A bar a night: the peak, the fleet's budget, the tightest group. Runs of quiet nights become one line.
pub fn nights(screen: &mut Screen, nights: &[NightLoad]) {
    let busy: Vec<&NightLoad> = nights.iter().filter(|night| night.appointments > 0).collect();
    let Some(scale) = busy.iter().map(|night| night.peak_down.max(night.fleet_cap.unwrap_or(0))).max() else {
        screen.line("  No night has an appointment.");
        return;
    };
    let values: Vec<String> = busy.iter().map(|night| of_cap(night.peak_down, night.fleet_cap)).collect();
    let value_width = values.iter().map(String::len).max().unwrap_or(0);
    let columns = screen.columns().saturating_sub(64 + value_width).clamp(12, 40);
    let header = format!(
        "  {:<14}  {:<picture$}  APPOINTMENTS  TIGHTEST GROUP",
        "NIGHT OF",
        "MOST DOWN AT ONCE",
        picture = columns + 2 + value_width
    );
    screen.line(style(header).dim().to_string());
    let mut previous: Option<NaiveDate> = None;
    for (load, value) in busy.into_iter().zip(values) {
        if let Some(previous) = previous {
            let quiet = (load.night - previous).num_days() - 1;
            if quiet > 0 {
                screen.line(style(format!("  {:14}  {}", "", quiet_nights(quiet))).dim().to_string());
            }
        }
        previous = Some(load.night);
        let drawn = bar(Bar { value: load.peak_down, limit: load.fleet_cap, scale, columns });
        let tightest = match &load.tightest_group {
            Some(group) => format!("{group} {} of {}", load.tightest_down, load.tightest_cap),
            None => String::new(),
        };
        screen.line(format!(
            "  {}  {drawn}  {value:<value_width$}  {:>12}  {}",
            night(load.night),
            count(load.appointments),
            style(tightest).dim()
        ));
    }
}

fn quiet_nights(quiet: i64) -> String {
    if quiet == 1 { "one quiet night".into() } else { format!("{quiet} quiet nights") }
}

fn of_cap(down: u32, cap: Option<u32>) -> String {
    match cap {
        Some(cap) => format!("{} of {}", count(down), count(cap)),
        None => count(down),
    }
}

/// The groups that come nearest to their budgets, at most `most_rows` of them.
pub fn groups(screen: &mut Screen, load: &Load, most_rows: usize) {
    let mut rows: Vec<(&GroupLoad, Peak)> =
        load.groups.iter().filter_map(|group| Some((group, peak(group)?))).collect();
    rows.sort_by(|(a, first), (b, second)| {
        second.tightness().cmp(&first.tightness()).then_with(|| a.group.cmp(&b.group))
    });
    if rows.is_empty() {
        return;
    }
    screen.heading("Groups nearest to their budgets");
    let mut table = Table::new(["group", ">peak", ">budget", "when"]);
    for (group, peak) in rows.iter().take(most_rows) {
        let at: DateTime<Utc> =
            load.from + Duration::minutes(i64::from(load.slot_minutes) * peak.slot as i64);
        table.row([
            group.group.clone(),
            count(peak.down),
            peak.cap.map_or_else(|| "–".into(), count),
            instant(at),
        ]);
    }
    screen.table(table);
    if rows.len() > most_rows {
        screen.line(format!("and {}", plural(rows.len() - most_rows, "more group")));
    }
}

/// A group's slot that is nearest to its budget.
struct Peak {
    slot: usize,
    down: u32,
    cap: Option<u32>,
}

impl Peak {
    /// Thousandths of the budget that are used; 0 without a budget.
    fn tightness(&self) -> u64 {
        match self.cap {
            Some(0) => 1000,
            Some(cap) => u64::from(self.down) * 1000 / u64::from(cap),
            None => 0,
        }
    }
}

fn peak(group: &GroupLoad) -> Option<Peak> {
    let slots = group.down.iter().enumerate().filter(|(_, down)| **down > 0);
    let peaks = slots.map(|(slot, down)| Peak {
        slot,
        down: *down,
        cap: group.cap.as_ref().and_then(|cap| cap.get(slot).copied()),
    });
    // The first of equals: `max_by_key` would take the last.
    peaks.reduce(
        |best, next| if (next.tightness(), next.down) > (best.tightness(), best.down) { next } else { best },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night_of(day: u32, peak_down: u32) -> NightLoad {
        NightLoad {
            night: NaiveDate::from_ymd_opt(2026, 12, day).expect("a day of December"),
            appointments: u64::from(peak_down) * 3,
            peak_down,
            fleet_cap: Some(25),
            tightest_group: Some("cell:c7".into()),
            tightest_down: 2,
            tightest_cap: 2,
        }
    }

    #[test]
    fn nights_are_drawn_against_the_budget_and_quiet_ones_are_folded() {
        let mut screen = Screen::new(Some(100));
        nights(&mut screen, &[night_of(1, 10), night_of(2, 0), night_of(3, 0), night_of(4, 25)]);
        let text = console::strip_ansi_codes(&screen.into_text()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[1].starts_with("  Tue 2026-12-01  █"), "{text}");
        assert!(lines[1].contains("10 of 25            30  cell:c7 2 of 2"), "{text}");
        assert!(lines[2].contains("2 quiet nights"), "{text}");
        assert!(lines.iter().all(|line| console::measure_text_width(line) <= 100), "{text}");
    }

    #[test]
    fn the_tightest_group_comes_first() {
        let group = |name: &str, down: Vec<u32>, cap: u32| GroupLoad {
            group: name.into(),
            cap: Some(vec![cap; down.len()]),
            down,
        };
        let load = Load {
            from: DateTime::UNIX_EPOCH,
            slot_minutes: 15,
            groups: vec![group("fleet", vec![0, 3, 1], 10), group("cell:a", vec![0, 0, 1], 1)],
            nights: vec![],
        };
        let mut screen = Screen::new(None);
        groups(&mut screen, &load, 10);
        let text = screen.into_text();
        let cell = text.find("cell:a").expect("the cell is listed");
        let fleet = text.find("fleet").expect("the fleet is listed");
        assert!(cell < fleet, "{text}");
        assert!(text.contains("1970-01-01 00:30Z"), "{text}");
    }
}
