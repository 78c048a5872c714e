//! The picture's numbers against the load's, read back from the paths.

use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::api::plan::{Load, NightLoad};

const SLOT_MINUTES: u32 = 15;

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).single().expect("an instant")
}

fn night() -> NaiveDate {
    noon().date_naive()
}

/// A group's name, its load and its budget, a number a slot.
type Row<'a> = (&'a str, Vec<u32>, Option<Vec<u32>>);

fn load_of(groups: Vec<Row<'_>>) -> Load {
    let groups = groups
        .into_iter()
        .map(|(group, down, cap)| GroupLoad { group: group.to_owned(), down, cap })
        .collect();
    Load { from: noon(), slot_minutes: SLOT_MINUTES, groups, nights: Vec::new() }
}

/// Reads a stepped line back into one height a slot; `None` where it is not drawn.
fn heights(path: &str, slots: usize) -> Vec<Option<u32>> {
    let mut drawn = vec![None; slots];
    let (mut x, mut y) = (0_usize, 0_u32);
    let starts: Vec<usize> = path.match_indices(['M', 'V', 'H']).map(|(start, _)| start).collect();
    let ends = starts.iter().skip(1).copied().chain([path.len()]);
    for (start, end) in starts.iter().copied().zip(ends) {
        let numbers: Vec<u32> =
            path[start + 1..end].split(' ').map(|word| word.parse().expect("a whole number")).collect();
        match (&path[start..=start], numbers.as_slice()) {
            ("M", &[left, top]) => (x, y) = (usize::try_from(left).expect("a slot"), top),
            ("V", &[top]) => y = top,
            ("H", &[right]) => {
                let right = usize::try_from(right).expect("a slot");
                drawn[x..right].fill(Some(y));
                x = right;
            }
            other => panic!("the path has an unexpected command {other:?}"),
        }
    }
    drawn
}

proptest! {
    #[test]
    fn the_paths_carry_the_loads_own_numbers(
        down in proptest::collection::vec(0_u32..50, 96),
        caps in proptest::collection::vec(0_u32..60, 96),
    ) {
        let resting = *down.iter().min().expect("a day has slots");
        prop_assume!(down.iter().any(|&terminals| terminals > resting));
        let load = load_of(vec![("fleet", down.clone(), Some(caps.clone()))]);
        let picture = night_picture(&load, night(), noon(), Tz::UTC).expect("something is down");
        let curve = &picture.fleet;
        let first = usize::try_from((picture.from - noon()).num_minutes() / 15).expect("after noon");
        let shown = first..first + curve.slots;

        let outline = heights(&curve.outline, curve.slots);
        let budget = heights(curve.budget.as_deref().expect("there is a budget"), curve.slots);
        for (slot, index) in shown.clone().enumerate() {
            prop_assert_eq!(outline[slot], Some(curve.ceiling - down[index]));
            prop_assert_eq!(budget[slot], Some(curve.ceiling - caps[index].min(curve.ceiling)));
        }
        let mut outside = down.iter().enumerate().filter(|(index, _)| !shown.contains(index));
        prop_assert!(outside.all(|(_, &terminals)| terminals == resting));

        prop_assert_eq!(Some(curve.peak_down), down.iter().copied().max());
        let over = shown.filter(|&index| down[index] > caps[index]).count();
        prop_assert_eq!(curve.slots_over_budget, over);
        prop_assert_eq!(curve.over.is_empty(), over == 0);
        prop_assert_eq!(picture.groups_over_budget.is_empty(), over == 0);

        let table: Vec<(u32, Option<u32>)> = curve
            .steps
            .iter()
            .flat_map(|step| std::iter::repeat_n((step.down, step.budget), step.slots))
            .collect();
        prop_assert_eq!(table.len(), curve.slots);
        for (slot, &(terminals, cap)) in table.iter().enumerate() {
            prop_assert_eq!((terminals, cap), (down[first + slot], Some(caps[first + slot])));
        }
    }
}

#[test]
fn the_groups_nearest_to_their_budgets_come_first() {
    let with = |peak: u32, cap: u32| {
        let mut down = vec![0; 96];
        down[40] = peak;
        (down, Some(vec![cap; 96]))
    };
    let rows =
        [("fleet", 9, 20), ("a", 1, 4), ("b", 4, 4), ("c", 2, 2), ("d", 3, 0), ("e", 3, 4), ("f", 0, 0)];
    let groups = rows.map(|(name, peak, cap)| {
        let (down, cap) = with(peak, cap);
        (name, down, cap)
    });
    let picture = night_picture(&load_of(groups.to_vec()), night(), noon(), Tz::UTC).expect("a picture");
    let names: Vec<&str> = picture.tightest.iter().map(|curve| curve.group.as_str()).collect();
    assert_eq!(names, ["d", "b", "c", "e"]);
    assert_eq!(picture.groups_over_budget, ["d"]);
}

#[test]
fn a_quiet_night_has_no_picture_and_a_neighbouring_night_does_not_leak_in() {
    let mut down = vec![0; 192];
    down[100] = 3;
    let load = load_of(vec![("fleet", down, None)]);
    assert_eq!(night_picture(&load, night(), noon(), Tz::UTC), None);
    let next = night_picture(&load, night().succ_opt().expect("a date"), noon(), Tz::UTC).expect("a picture");
    assert_eq!(next.fleet.peak_down, 3);
    assert_eq!(next.fleet.budget, None);
    assert_eq!(next.from, noon() + TimeDelta::hours(24));
    assert_eq!(night_picture(&load_of(Vec::new()), night(), noon(), Tz::UTC), None);
}

#[test]
fn terminals_that_are_locked_all_night_do_not_stretch_the_picture() {
    let mut down = vec![2; 96];
    down[40..44].fill(5);
    let picture = night_picture(&load_of(vec![("fleet", down, None)]), night(), noon(), Tz::UTC);
    let picture = picture.expect("a picture");
    assert_eq!(picture.to - picture.from, TimeDelta::hours(6));
    assert_eq!(picture.fleet.steps[0].down, 2);
    assert_eq!(night_picture(&load_of(vec![("fleet", vec![2; 96], None)]), night(), noon(), Tz::UTC), None);
}

#[test]
fn the_tightest_group_of_a_night_is_named_even_without_a_curve() {
    let mut down = vec![0; 96];
    down[40] = 1;
    let mut load = load_of(vec![("fleet", down, Some(vec![9; 96]))]);
    let over = |tightest_down| NightLoad {
        night: night(),
        appointments: 1,
        peak_down: 1,
        fleet_cap: Some(9),
        tightest_group: Some("cell:7".to_owned()),
        tightest_down,
        tightest_cap: 1,
    };
    load.nights = vec![over(1)];
    let named =
        |load: &Load| night_picture(load, night(), noon(), Tz::UTC).expect("a picture").groups_over_budget;
    assert_eq!(named(&load), Vec::<String>::new());
    load.nights = vec![over(2)];
    assert_eq!(named(&load), ["cell:7"]);
}

#[test]
fn hours_stand_where_they_are_in_the_zone_of_the_page() {
    let mut down = vec![0; 96];
    down[24..32].fill(2);
    let load = load_of(vec![("fleet", down, None)]);
    let now = noon() + TimeDelta::hours(7);
    let picture = night_picture(&load, night(), now, chrono_tz::Asia::Shanghai).expect("a picture");
    assert_eq!((picture.from, picture.to), (noon() + TimeDelta::hours(4), noon() + TimeDelta::hours(10)));
    assert_eq!(picture.now_percent, Some(50.0));
    let labels: Vec<Option<&str>> = picture.hours.iter().map(|hour| hour.label.as_deref()).collect();
    let expected = ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"].map(Some);
    assert_eq!(labels, expected);
    assert_eq!(picture.hours[0].day, NaiveDate::from_ymd_opt(2026, 11, 24));
    assert_eq!(picture.hours[3].percent, 50.0);

    let kolkata = night_picture(&load, night(), now, chrono_tz::Asia::Kolkata).expect("a picture");
    assert_eq!(kolkata.hours[0].label.as_deref(), Some("22:00"));
    assert_eq!(kolkata.hours[0].percent, 8.33);
}

#[test]
fn a_budget_far_above_the_load_is_named_rather_than_drawn() {
    let mut down = vec![0; 96];
    down[40] = 2;
    let load = load_of(vec![("fleet", down, Some(vec![1_000_000; 96]))]);
    let fleet = night_picture(&load, night(), noon(), Tz::UTC).expect("a picture").fleet;
    assert!(fleet.budget_off_scale);
    assert!(fleet.ceiling < 20);
    assert_eq!(fleet.budget_range, Some((1_000_000, 1_000_000)));
}

#[test]
fn levels_are_round_and_few() {
    let of = |highest: u32| levels(highest).collect::<Vec<_>>();
    assert_eq!(of(1), [1]);
    assert_eq!(of(4), [1, 2, 3, 4]);
    assert_eq!(of(9), [2, 4, 6, 8]);
    assert_eq!(of(40), [10, 20, 30, 40]);
    assert_eq!(of(47_000), [10_000, 20_000, 30_000, 40_000]);
    assert!(of(u32::MAX).len() <= 4);
}
