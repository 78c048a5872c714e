//! The differences to other implementations that are theirs, each with a rule that says exactly when it may
//! appear. `docs/calendar.md` gives the reasons, in the same order.

use super::python::{Answer, Question};
use chrono::{DateTime, MappedLocalTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use std::collections::BTreeSet;
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Oracle {
    Croner,
    Croniter,
    Cronsim,
}

/// Which list has a time that the other lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    Ours,
    Theirs,
}

/// Where on the clock the time stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The first instant after the clocks went forward.
    GapEnd,
    /// Less than an hour after the clocks went forward.
    HourAfterGap,
    /// Not after the instant that the question starts from.
    BeforeTheQuestion,
    /// The later of the two instants of an ambiguous wall-clock time.
    SecondPass,
    /// After a gap of a whole day, which crossing the date line leaves.
    AfterMissingDay,
    /// Less than an hour after the clocks changed by half an hour.
    HourAfterHalfHourChange,
    /// The later instant, where the clocks went back by half an hour.
    SecondPassOfHalfHour,
    /// In the first half of an hour, within a day after the clocks changed by half an hour.
    FirstHalfHourAfterHalfHourChange,
}

struct Rule {
    name: &'static str,
    oracle: Oracle,
    only: Only,
    place: Place,
    holds: fn(&LineFacts) -> bool,
}

/// What the rules ask about a line, read from its text without the parser under test.
struct LineFacts {
    minute_starts_with_star: bool,
    hour_starts_with_star: bool,
    /// Every hour counts, however it is written (`*`, `0-23`).
    every_hour: bool,
    /// One minute and one hour, written as plain numbers.
    one_time_a_day: bool,
    day_is_restricted: bool,
}

const RULES: [Rule; 14] = [
    Rule {
        name: "croner drops what falls into a gap, unless the line has one minute and one hour",
        oracle: Oracle::Croner,
        only: Only::Ours,
        place: Place::GapEnd,
        holds: |line| !line.hour_starts_with_star && !line.one_time_a_day,
    },
    Rule {
        name: "croner fires twice in an overlap, unless the line has one minute and one hour",
        oracle: Oracle::Croner,
        only: Only::Theirs,
        place: Place::SecondPass,
        holds: |line| !line.hour_starts_with_star && !line.one_time_a_day,
    },
    Rule {
        name: "croner ends for ever at a gap longer than two hours",
        oracle: Oracle::Croner,
        only: Only::Ours,
        place: Place::AfterMissingDay,
        holds: |line| line.one_time_a_day,
    },
    Rule {
        name: "croniter fires twice in an overlap",
        oracle: Oracle::Croniter,
        only: Only::Theirs,
        place: Place::SecondPass,
        holds: |line| !line.hour_starts_with_star,
    },
    Rule {
        name: "croniter carries `*/2` hours out of a gap",
        oracle: Oracle::Croniter,
        only: Only::Theirs,
        place: Place::GapEnd,
        holds: |line| line.hour_starts_with_star && !line.every_hour,
    },
    Rule {
        name: "croniter takes `0-23` for `*` and drops what falls into a gap",
        oracle: Oracle::Croniter,
        only: Only::Ours,
        place: Place::GapEnd,
        holds: |line| !line.hour_starts_with_star && line.every_hour,
    },
    Rule {
        name: "cronsim drops what falls into a gap when the minute starts with a star",
        oracle: Oracle::Cronsim,
        only: Only::Ours,
        place: Place::GapEnd,
        holds: |line| line.minute_starts_with_star && !line.hour_starts_with_star,
    },
    Rule {
        name: "cronsim fires twice in an overlap when the minute starts with a star",
        oracle: Oracle::Cronsim,
        only: Only::Theirs,
        place: Place::SecondPass,
        holds: |line| line.minute_starts_with_star && !line.hour_starts_with_star,
    },
    Rule {
        name: "cronsim fires at a midnight that lies in a gap, when it comes from another day",
        oracle: Oracle::Cronsim,
        only: Only::Theirs,
        place: Place::GapEnd,
        holds: |line| line.day_is_restricted && (line.minute_starts_with_star || line.hour_starts_with_star),
    },
    Rule {
        name: "cronsim misses the hour after a gap at midnight, when it comes from another day",
        oracle: Oracle::Cronsim,
        only: Only::Ours,
        place: Place::HourAfterGap,
        holds: |line| line.day_is_restricted && (line.minute_starts_with_star || line.hour_starts_with_star),
    },
    Rule {
        name: "cronsim, asked within the second pass of an overlap, answers with the first",
        oracle: Oracle::Cronsim,
        only: Only::Theirs,
        place: Place::BeforeTheQuestion,
        holds: |line| !line.minute_starts_with_star && !line.hour_starts_with_star,
    },
    Rule {
        name: "cronsim walks in whole elapsed hours: it enters the next hour half an hour late",
        oracle: Oracle::Cronsim,
        only: Only::Ours,
        place: Place::FirstHalfHourAfterHalfHourChange,
        holds: |line| line.minute_starts_with_star || line.hour_starts_with_star,
    },
    Rule {
        name: "cronsim walks in whole elapsed hours: it leaps over half an hour",
        oracle: Oracle::Cronsim,
        only: Only::Ours,
        place: Place::HourAfterHalfHourChange,
        holds: |line| line.hour_starts_with_star,
    },
    Rule {
        name: "croniter misses times of the second pass of half an hour",
        oracle: Oracle::Croniter,
        only: Only::Ours,
        place: Place::SecondPassOfHalfHour,
        holds: |line| line.hour_starts_with_star,
    },
];

/// The names of the rules that explain how `theirs` differs from `ours`, or what no rule explains.
pub(super) fn explain(
    oracle: Oracle,
    question: &Question,
    ours: &[i64],
    theirs: &Answer,
) -> Result<BTreeSet<&'static str>, String> {
    let theirs = match theirs {
        Answer::Times(times) => times,
        Answer::Error(error) => return Err(format!("it gave no times: {error}")),
    };
    let facts = LineFacts::of(&question.line);
    let mut names = BTreeSet::new();
    let mut unexplained = Vec::new();
    for (only, these, those) in
        [(Only::Ours, ours, theirs.as_slice()), (Only::Theirs, theirs.as_slice(), ours)]
    {
        for seconds in these.iter().filter(|time| !those.contains(time)) {
            let time = DateTime::from_timestamp(*seconds, 0).expect("in range");
            let rule = RULES.iter().find(|rule| {
                rule.oracle == oracle
                    && rule.only == only
                    && is_at(rule.place, question, time)
                    && (rule.holds)(&facts)
            });
            match rule {
                Some(rule) => _ = names.insert(rule.name),
                None => unexplained.push(format!("{only:?} only: {}", time.with_timezone(&question.zone()))),
            }
        }
    }
    if !theirs.is_sorted_by(|one, next| one < next) {
        unexplained.push("theirs is out of order".into());
    }
    if unexplained.is_empty() {
        Ok(names)
    } else {
        Err(unexplained.into_iter().take(6).collect::<Vec<_>>().join("; "))
    }
}

fn is_at(place: Place, question: &Question, time: DateTime<Utc>) -> bool {
    let zone = question.zone();
    let offset =
        |instant: DateTime<Utc>| zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
    match place {
        Place::GapEnd => offset(time - TimeDelta::seconds(1)) < offset(time),
        Place::HourAfterGap => offset(time - TimeDelta::hours(1)) < offset(time),
        Place::BeforeTheQuestion => time.timestamp() <= question.after,
        Place::AfterMissingDay => offset(time) - offset(time - TimeDelta::days(3)) == 86_400,
        Place::HourAfterHalfHourChange => (offset(time) - offset(time - TimeDelta::hours(1))).abs() == 1800,
        Place::SecondPassOfHalfHour => {
            is_at(Place::SecondPass, question, time) && is_at(Place::HourAfterHalfHourChange, question, time)
        }
        Place::FirstHalfHourAfterHalfHourChange => {
            let change = offset(time) - offset(time - TimeDelta::days(1));
            change.abs() == 1800 && time.with_timezone(&zone).minute() < 30
        }
        Place::SecondPass => {
            let local = time.with_timezone(&zone).naive_local();
            matches!(zone.from_local_datetime(&local), MappedLocalTime::Ambiguous(one, other) if one.max(other) == time)
        }
    }
}

/// croniter takes a day field that lists every value for `*`, so that the other day field alone decides; by
/// the rule of Vixie cron only a star is a star, and a day that matches either field counts.
pub(super) fn croniter_takes_a_full_day_field_for_a_star(line: &str) -> bool {
    let fields: Vec<&str> = line.split(' ').collect();
    let full = |text: &str, values: Range<u32>| {
        let listed: BTreeSet<u32> = text
            .split(',')
            .flat_map(|element| values_of(element, &values))
            .map(|value| value % values.end)
            .collect();
        !text.starts_with('*') && values.clone().all(|value| listed.contains(&value))
    };
    full(fields[2], 1..32) || full(fields[4], 0..7)
}

fn values_of(element: &str, values: &Range<u32>) -> Vec<u32> {
    let number = |text: &str| super::python::value(text).parse::<u32>().expect("a number or a name");
    let (base, step) = element.split_once('/').unwrap_or((element, "1"));
    let (first, last) = match base.split_once('-') {
        _ if base == "*" => (values.start, values.end - 1),
        Some((first, last)) => (number(first), number(last)),
        None => (number(base), number(base)),
    };
    (first..=last).step_by(number(step) as usize).collect()
}

impl LineFacts {
    fn of(line: &str) -> LineFacts {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let plain_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        LineFacts {
            minute_starts_with_star: fields[0].starts_with('*'),
            hour_starts_with_star: fields[1].starts_with('*'),
            every_hour: matches!(fields[1], "*" | "*/1" | "0-23"),
            one_time_a_day: plain_number(fields[0]) && plain_number(fields[1]),
            day_is_restricted: fields[2..] != ["*"; 3],
        }
    }
}
