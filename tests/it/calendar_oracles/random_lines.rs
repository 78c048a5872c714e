//! Random crontab lines: every form of the dialect, none that is refused.

use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

const MONTHS: [&str; 12] =
    ["JAN", "feb", "Mar", "APR", "may", "Jun", "JUL", "aug", "Sep", "OCT", "nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["SUN", "mon", "Tue", "WED", "thu", "Fri", "SAT"];

/// What a field allows; `names` stand for the values from `low` on.
struct Field {
    low: u32,
    high: u32,
    names: &'static [&'static str],
    star_share: f64,
}

/// A line in which any of the five fields may be anything.
pub(super) fn any_line(rng: &mut ChaCha8Rng) -> String {
    let fields = [
        Field { low: 0, high: 59, names: &[], star_share: 0.15 },
        Field { low: 0, high: 23, names: &[], star_share: 0.25 },
        Field { low: 1, high: 31, names: &[], star_share: 0.4 },
        Field { low: 1, high: 12, names: &MONTHS, star_share: 0.5 },
        Field { low: 0, high: 7, names: &WEEKDAYS, star_share: 0.4 },
    ];
    loop {
        let line = fields.each_ref().map(|field| field_text(rng, field)).join(" ");
        if line.parse::<offpeak::domain::calendar::CronLine>().is_ok() {
            return line;
        }
        assert!(names_a_date_that_never_comes(&line), "a line that is only random was refused: {line}");
    }
}

/// A line that has times on most days and in the small hours, so that clock changes meet it.
pub(super) fn nightly_line(rng: &mut ChaCha8Rng) -> String {
    let minute = match rng.random_range(0..10) {
        0 => "*/15".to_owned(),
        1 => "*/20".to_owned(),
        2 => "10-40/10".to_owned(),
        3 => "*/10".to_owned(),
        _ => number_list(rng, 0, 59, 3),
    };
    let hour = match rng.random_range(0..12) {
        0 | 1 => "*".to_owned(),
        2 => "*/2".to_owned(),
        3 => "*/3".to_owned(),
        4 => "0-23".to_owned(),
        5 => "0-6/2".to_owned(),
        6 => "22,23,0-3".to_owned(),
        7 => number_list(rng, 0, 23, 3),
        _ => number_list(rng, 0, 3, 2),
    };
    let days = match rng.random_range(0..8) {
        0 => "*/2 * *",
        1 => "* * 0-6",
        2 => "* * SAT,SUN",
        3 => "1-15 * 5-7",
        _ => "* * *",
    };
    format!("{minute} {hour} {days}")
}

fn names_a_date_that_never_comes(line: &str) -> bool {
    line.parse::<offpeak::domain::calendar::CronLine>()
        .is_err_and(|error| error.to_string().contains("a date that never comes"))
}

fn number_list(rng: &mut ChaCha8Rng, low: u32, high: u32, most: usize) -> String {
    let count = rng.random_range(1..=most);
    (0..count).map(|_| rng.random_range(low..=high).to_string()).collect::<Vec<_>>().join(",")
}

fn field_text(rng: &mut ChaCha8Rng, field: &Field) -> String {
    if rng.random_bool(field.star_share) {
        return "*".to_owned();
    }
    let elements = if rng.random_bool(0.3) { rng.random_range(2..=4) } else { 1 };
    (0..elements).map(|_| element_text(rng, field)).collect::<Vec<_>>().join(",")
}

fn element_text(rng: &mut ChaCha8Rng, field: &Field) -> String {
    let step = rng.random_range(1..=field.high);
    match rng.random_range(0..8) {
        0 => format!("*/{step}"),
        1 | 2 => range_text(rng, field),
        3 => format!("{}/{step}", range_text(rng, field)),
        _ => {
            let value = rng.random_range(field.low..=field.high);
            value_text(rng, field, value)
        }
    }
}

fn range_text(rng: &mut ChaCha8Rng, field: &Field) -> String {
    let first = rng.random_range(field.low..=field.high);
    let last = rng.random_range(first..=field.high);
    format!("{}-{}", value_text(rng, field, first), value_text(rng, field, last))
}

fn value_text(rng: &mut ChaCha8Rng, field: &Field, value: u32) -> String {
    let name = field.names.get((value - field.low) as usize);
    match (name, [true, false].choose(rng)) {
        (Some(name), Some(true)) => (*name).to_owned(),
        _ => value.to_string(),
    }
}
