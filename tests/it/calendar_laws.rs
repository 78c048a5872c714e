//! Laws of the calendar, over random rules, zones and ranges.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use offpeak::domain::calendar::{
    Blackout, BlackoutPeriod, CronLine, OpeningHours, Recurrence, SlotGrid, Span, SpanSet, TrafficProfile,
    WindowRule, parse_duration, parse_when, site_calendar,
};
use proptest::prelude::*;

/// Around two hundred changes of clocks, most of them in the zones below.
const FIRST_SECOND: i64 = 1_300_000_000;
const LAST_SECOND: i64 = 1_800_000_000;

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        (FIRST_SECOND..LAST_SECOND)
            .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).expect("in range")),
        // Close to a change of clocks.
        (0..CHANGES.len(), -2880..2880_i64).prop_map(|(index, minutes)| {
            let change: DateTime<Utc> = CHANGES[index].parse().expect("an instant");
            change + TimeDelta::minutes(minutes)
        }),
    ]
}

const CHANGES: [&str; 9] = [
    "2026-03-08T07:00:00Z",
    "2026-11-01T06:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-10-03T15:30:00Z",
    "2026-04-04T15:00:00Z",
    "2018-11-04T03:00:00Z",
    "2018-02-18T02:00:00Z",
    "2011-12-30T10:00:00Z",
];

fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![
        Tz::UTC,
        chrono_tz::America::New_York,
        chrono_tz::Europe::London,
        chrono_tz::Australia::Lord_Howe,
        chrono_tz::America::Sao_Paulo,
        chrono_tz::Asia::Shanghai,
        chrono_tz::Pacific::Apia,
        chrono_tz::Asia::Kathmandu,
    ])
}

fn cron_line() -> impl Strategy<Value = CronLine> {
    let minute = prop::sample::select(vec!["0", "30", "*/20", "15,45", "59"]);
    let hour = prop::sample::select(vec!["2", "*", "0", "1-3", "*/2", "23,0,1", "0-23"]);
    let days =
        prop::sample::select(vec!["* * *", "* * SAT,SUN", "*/2 * *", "1-7 * MON", "29 2 *", "* 3,11 *"]);
    (minute, hour, days)
        .prop_map(|(minute, hour, days)| format!("{minute} {hour} {days}").parse().expect("a valid line"))
}

fn span() -> impl Strategy<Value = Span> {
    (0..500_i64, 1..60_i64).prop_map(|(start, length)| {
        let instant = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).expect("in range");
        Span::new(instant(start), instant(start + length)).expect("not empty")
    })
}

fn span_set() -> impl Strategy<Value = SpanSet> {
    prop::collection::vec(span(), 0..12).prop_map(|spans| spans.into_iter().collect())
}

fn is_canonical(set: &SpanSet) -> bool {
    set.as_slice().windows(2).all(|pair| pair[0].end() < pair[1].start())
}

proptest! {
    #[test]
    fn occurrences_are_in_order_unique_within_the_range_and_complete(
        line in cron_line(), zone in zone(), start in instant(), hours in 0..500_i64, cut in 0.0..1.0
    ) {
        let end = start + TimeDelta::hours(hours);
        let all = line.occurrences(zone, start..end);
        prop_assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
        prop_assert!(all.iter().all(|time| start <= *time && *time < end));
        let middle = start + TimeDelta::seconds(((end - start).num_seconds() as f64 * cut) as i64);
        let parts = [line.occurrences(zone, start..middle), line.occurrences(zone, middle..end)].concat();
        prop_assert_eq!(&all, &parts, "the union of two ranges is the range of the union");
        let mut walked = Vec::new();
        let mut next = line.next_after(zone, start - TimeDelta::nanoseconds(1));
        while let Some(time) = next.filter(|time| *time < end && walked.len() < 40) {
            walked.push(time);
            next = line.next_after(zone, time);
        }
        prop_assert_eq!(&all[..all.len().min(40)], &walked[..]);
    }

    #[test]
    fn openings_keep_their_duration_and_their_cutoff_and_reach_into_the_range(
        line in cron_line(), zone in zone(), start in instant(), duration in 5..3000_u32, cutoff in 0..5_u32
    ) {
        let rule = WindowRule::new(line.clone(), duration, cutoff, None).expect("a rule");
        let range = start..start + TimeDelta::days(9);
        let openings = rule.openings(zone, range.clone());
        for opening in &openings {
            prop_assert_eq!(opening.end - opening.start, TimeDelta::minutes(i64::from(duration)));
            prop_assert_eq!(opening.end - opening.last_start, TimeDelta::minutes(i64::from(cutoff)));
            prop_assert!(opening.span().clipped(&range).is_some());
        }
        let starts_inside = openings.iter().filter(|opening| range.contains(&opening.start)).count();
        prop_assert_eq!(starts_inside, line.occurrences(zone, range.clone()).len());
        let now = rule.current_or_next_opening(zone, start);
        prop_assert!(now.is_none_or(|opening| opening.end > start));
        prop_assert_eq!(openings.first().copied(), now.filter(|opening| opening.start < range.end));
    }

    #[test]
    fn spans_are_sets(a in span_set(), b in span_set(), c in span_set(), minute in 0..600_i64) {
        let instant = DateTime::from_timestamp(minute * 60, 0).expect("in range");
        let (union, both, rest) = (a.union(&b), a.intersect(&b), a.subtract(&b));
        prop_assert!([&a, &union, &both, &rest].into_iter().all(is_canonical));
        prop_assert_eq!(union.contains(instant), a.contains(instant) || b.contains(instant));
        prop_assert_eq!(both.contains(instant), a.contains(instant) && b.contains(instant));
        prop_assert_eq!(rest.contains(instant), a.contains(instant) && !b.contains(instant));
        prop_assert_eq!(&union, &b.union(&a));
        prop_assert_eq!(&both, &b.intersect(&a));
        prop_assert_eq!(a.subtract(&b).subtract(&c), a.subtract(&b.union(&c)));
        prop_assert_eq!(rest.union(&both), a.clone());
        prop_assert_eq!(union.duration() + both.duration(), a.duration() + b.duration());
    }

    #[test]
    fn slots_and_instants_go_round(
        start in FIRST_SECOND..LAST_SECOND, which in 0..8_usize, slots in 1..3000_u32, slot in 0..3000_u32, extra in 0..299_i64
    ) {
        let slot_minutes = [5, 6, 10, 12, 15, 20, 30, 60][which];
        let start = start - start % 3600;
        let grid = SlotGrid::new(DateTime::from_timestamp(start, 0).expect("in range"), slot_minutes, slots).expect("a grid");
        let slot = slot % slots;
        let instant = grid.instant_of(slot);
        prop_assert_eq!((grid.slot_floor(instant), grid.slot_ceil(instant)), (slot, slot));
        let within = instant + TimeDelta::seconds(extra);
        prop_assert_eq!(grid.slot_floor(within), slot);
        prop_assert_eq!(grid.slot_ceil(within), slot + u32::from(extra > 0));
        prop_assert_eq!(grid.slot_holding(within), Some(slot));
        prop_assert_eq!(SlotGrid::covering(grid.horizon(), slot_minutes), Ok(grid));
        let json = serde_json::to_string(&grid).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<SlotGrid>(&json).expect("a grid"), grid);
    }

    /// Slot by slot, against the definition: a slot is open when all of it lies in openings and none of it in
    /// a blackout or in opening hours.
    #[test]
    fn a_site_calendar_is_what_its_rules_say(
        lines in prop::collection::vec((cron_line(), 5..900_u32, 0..5_u32), 0..3), zone in zone(), start in instant(),
        blackout_hour in 0..96_i64, with_hours in any::<bool>()
    ) {
        let rules: Vec<WindowRule> = lines
            .into_iter()
            .map(|(line, duration, cutoff)| WindowRule::new(line, duration, cutoff, None).expect("a rule"))
            .collect();
        let grid = SlotGrid::covering(start..start + TimeDelta::days(4), 15).expect("a grid");
        // On a whole minute, as the slots are looked at minute by minute.
        let from = grid.start().naive_utc() + TimeDelta::minutes(blackout_hour * 60 + 7);
        let period = BlackoutPeriod::new(from, from + TimeDelta::hours(7)).expect("a period");
        let blackout = Blackout::new("x", period, Recurrence::Once, None).expect("a blackout");
        let hours: OpeningHours = "Mon-Fri 07:00-22:15; Sat 10:00-03:00".parse().expect("hours");
        let calendar = site_calendar(&rules, zone, &[&blackout], with_hours.then_some(&hours), &grid);

        prop_assert!(calendar.open.windows(2).all(|pair| pair[0][1] <= pair[1][0]));
        let openings: Vec<Span> =
            rules.iter().flat_map(|rule| rule.openings(zone, grid.horizon())).map(|opening| opening.span()).collect();
        let blacked_out = blackout.spans(zone, grid.horizon());
        for slot in 0..grid.slots() {
            let minutes = (0..15).map(|minute| grid.instant_of(slot) + TimeDelta::minutes(minute));
            let free = minutes.clone().all(|minute| {
                openings.iter().any(|opening| opening.contains(minute))
                    && !blacked_out.contains(minute)
                    && !(with_hours && hours.is_open_at(zone, minute))
            });
            let open = calendar.open.iter().any(|range| range[0] <= slot && slot < range[1]);
            prop_assert_eq!(open, free, "slot {} at {}", slot, grid.instant_of(slot));
        }
    }

    #[test]
    fn opening_hours_read_what_they_write(days in prop::array::uniform7(prop::collection::vec((0..1440_u32, 1..600_u32), 0..3))) {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let clock = |minute: u32| format!("{:02}:{:02}", minute % 1440 / 60, minute % 60);
        let entries: Vec<String> = names
            .iter()
            .zip(&days)
            .map(|(name, ranges)| {
                let ranges: Vec<String> =
                    ranges.iter().map(|(start, length)| format!("{}-{}", clock(*start), clock(start + length))).collect();
                if ranges.is_empty() { format!("{name} closed") } else { format!("{name} {}", ranges.join(",")) }
            })
            .collect();
        if let Ok(hours) = entries.join("; ").parse::<OpeningHours>() {
            prop_assert_eq!(hours.to_string().parse::<OpeningHours>(), Ok(hours.clone()));
            prop_assert_eq!(hours.to_string(), hours.to_string().parse::<OpeningHours>().expect("canonical").to_string());
        }
    }

    #[test]
    fn costs_are_between_1_and_100(zone in zone(), start in instant(), which in 0..12_usize, slot_minutes in prop::sample::select(vec![5_u32, 6, 12, 15, 60])) {
        let grid = SlotGrid::covering(start..start + TimeDelta::days(2), slot_minutes).expect("a grid");
        let costs = TrafficProfile::ALL[which].cost_per_slot(zone, &grid);
        prop_assert_eq!(costs.len(), grid.slots() as usize);
        prop_assert!(costs.iter().all(|cost| (1..=100).contains(cost)));
    }

    /// Readers of typed text refuse or answer; they never panic, and what they answer is never in the past.
    #[test]
    fn no_text_breaks_a_reader(text in "[-0-9A-Za-z*/,:;.@#? \u{e9}\u{4e2d}]{0,24}", now in instant(), zone in zone()) {
        if let Ok(line) = text.parse::<CronLine>() {
            prop_assert_eq!(line.to_string(), text.trim());
        }
        let _ = text.parse::<OpeningHours>();
        let _ = text.parse::<BlackoutPeriod>();
        let _ = parse_duration(&text);
        prop_assert!(parse_when(&text, now, zone).is_ok_and(|meant| meant >= now) || parse_when(&text, now, zone).is_err());
    }
}
