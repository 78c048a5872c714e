//! How the pages write instants, spans, counts and states. The templates know these as filters.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use minijinja::Environment;
use minijinja::value::Serde;

use super::render::PageContext;

type Instant = Serde<DateTime<Utc>>;

/// Teaches the templates to write what a page shows, in the page's zone and seen from its instant.
pub(super) fn add_filters(environment: &mut Environment<'_>, page_context: PageContext) {
    let PageContext { now, zone } = page_context;
    environment.add_filter("clock", move |at: Instant| clock(*at, zone));
    environment.add_filter("day", move |at: Instant| day(*at, zone));
    environment.add_filter("moment", move |at: Instant| moment(*at, now, zone));
    environment.add_filter("from_now", move |at: Instant| from_now(*at, now));
    environment.add_filter("near_or_day", move |at: Instant| near_or_day(*at, now, zone));
    environment.add_filter("date", |date: Serde<NaiveDate>| date.format("%a %-d %b").to_string());
    environment.add_filter("long_date", |date: Serde<NaiveDate>| date.format("%A, %-d %B %Y").to_string());
    environment.add_filter("is_elsewhere", move |name: &str| name != zone.name());
    environment.add_filter("count", count);
    environment.add_filter("phone_digits", phone_digits);
    environment.add_filter("counted", counted);
    environment.add_filter("words", |text: &str| text.replace('_', " "));
    environment.add_filter("mark", mark);
    environment.add_filter("tone", tone);
    environment.add_filter("span_length", |from: Instant, to: Instant| span_length(*to - *from));
    environment.add_filter("unplaced_reason", |code: &str| unplaced_reason(code).to_owned());
    environment.add_filter("milliseconds", milliseconds);
}

/// A telephone number as a `tel:` link wants it.
fn phone_digits(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_digit() || *character == '+').collect()
}

/// Hours and minutes, as `02:15`.
pub(super) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// Day and time, with the year where it is not this one: `Tue 24 Nov 02:15`.
fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let this_year = now.with_timezone(&zone).format("%Y").to_string();
    let pattern =
        if local.format("%Y").to_string() == this_year { "%a %-d %b %H:%M" } else { "%a %-d %b %Y %H:%M" };
    local.format(pattern).to_string()
}

/// The distance of an instant in one unit: `in 23 min`, `2 h ago`, `now`.
fn from_now(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let distance = at - now;
    if distance.abs() < TimeDelta::minutes(1) {
        return "now".to_owned();
    }
    let length = span_length(distance.abs());
    if distance > TimeDelta::zero() { format!("in {length}") } else { format!("{length} ago") }
}

fn day(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b").to_string()
}

/// What to say beside a time of day: how near it is, or else on which day.
fn near_or_day(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    if (at - now).abs() < TimeDelta::hours(20) { from_now(at, now) } else { day(at, zone) }
}

/// A length of time for the eye: minutes below two hours, hours below two days, days above.
pub(super) fn span_length(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    match minutes {
        ..120 => format!("{minutes} min"),
        120..2880 if minutes % 60 == 0 || minutes >= 600 => format!("{} h", minutes / 60),
        120..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// A whole number with its thousands apart, as `12,345`.
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        written.push('-');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// A number with its noun, as `1 terminal`, `2 terminals`.
pub(super) fn counted(number: i64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

fn milliseconds(number: i64) -> String {
    match number {
        ..1000 => format!("{number} ms"),
        1000..100_000 => format!("{}.{} s", number / 1000, number % 1000 / 100),
        _ => span_length(TimeDelta::milliseconds(number)),
    }
}

/// The shape beside a state's word, so that a column of states can be read at a glance without colour.
fn mark(state: &str) -> &'static str {
    match state {
        "planned" | "queued" | "draft" | "reported" => "○",
        "announced" | "verified" | "informed" => "◐",
        "open" | "running" | "sending" | "solving" | "in_repair" => "►",
        "done" | "accepted" | "published" | "confirmed" | "fixed" => "✓",
        "failed" | "bounced" => "✕",
        "missed" | "deferred" | "expired" => "!",
        _ => "–",
    }
}

/// How loud a state is: `bad` wants somebody, `busy` goes on now, `good` went well, `calm` is the rest.
fn tone(state: &str) -> &'static str {
    match state {
        "failed" | "bounced" | "missed" | "expired" => "bad",
        "open" | "running" | "sending" | "solving" | "deferred" | "reported" | "informed" | "in_repair" => {
            "busy"
        }
        "done" | "accepted" | "published" | "confirmed" | "fixed" | "announced" | "verified" => "good",
        _ => "calm",
    }
}

/// Why a task has no place, in words. A code that is not known here is shown as it is.
pub(super) fn unplaced_reason(code: &str) -> &str {
    match code {
        "no_opening" => "No opening left",
        "budget_full" => "Budget full",
        "site_rule" => "Would close the site",
        "after_unplaced" => "Waits for another task",
        "pinned_conflict" => "Pinned where it cannot be",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::domain::appointment::AppointmentState;
    use crate::domain::lock::LockState;
    use crate::domain::notice::NoticeState;
    use crate::domain::plan::PlanState;

    #[test]
    fn numbers_and_lengths_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(-1_234_567), "-1,234,567");
        assert_eq!(counted(1, "terminal"), "1 terminal");
        assert_eq!(counted(2500, "terminal"), "2,500 terminals");
        assert_eq!(span_length(TimeDelta::minutes(119)), "119 min");
        assert_eq!(span_length(TimeDelta::minutes(120)), "2 h");
        assert_eq!(span_length(TimeDelta::minutes(150)), "2 h 30 min");
        assert_eq!(span_length(TimeDelta::hours(47)), "47 h");
        assert_eq!(span_length(TimeDelta::hours(49)), "2 days");
        assert_eq!(milliseconds(999), "999 ms");
        assert_eq!(milliseconds(1250), "1.2 s");
        assert_eq!(milliseconds(120_000), "2 min");
    }

    #[test]
    fn instants_are_shown_in_the_zone_of_the_page() {
        let now = Utc.with_ymd_and_hms(2026, 12, 31, 20, 0, 0).single().expect("an instant");
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(clock(now, zone), "04:00");
        assert_eq!(moment(now, now, zone), "Fri 1 Jan 04:00");
        assert_eq!(moment(now - TimeDelta::hours(12), now, zone), "Thu 31 Dec 2026 16:00");
        assert_eq!(from_now(now + TimeDelta::minutes(23), now), "in 23 min");
        assert_eq!(from_now(now - TimeDelta::hours(3), now), "3 h ago");
        assert_eq!(from_now(now + TimeDelta::seconds(20), now), "now");
        assert_eq!(near_or_day(now + TimeDelta::hours(19), now, zone), "in 19 h");
        assert_eq!(near_or_day(now + TimeDelta::hours(20), now, zone), "Sat 2 Jan");
    }

    #[test]
    fn only_states_without_a_shape_of_their_own_get_the_dash() {
        let mut dashes = Vec::new();
        let words = AppointmentState::ALL.iter().map(|state| state.as_str());
        let words = words.chain(NoticeState::ALL.iter().map(|state| state.as_str()));
        let words = words.chain(PlanState::ALL.iter().map(|state| state.as_str()));
        for word in words.chain(LockState::ALL.iter().map(|state| state.as_str())) {
            if mark(word) == "–" {
                dashes.push(word);
                assert_eq!(tone(word), "calm");
            }
        }
        assert_eq!(dashes, ["cancelled", "superseded", "discarded", "withdrawn"]);
    }
}
