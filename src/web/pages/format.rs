//! How the pages write instants, spans, counts and states. The templates know these as filters.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use minijinja::Environment;
use minijinja::value::Serde;

use super::context::PageContext;
use super::differences::differences;
use super::said::sentence;
use super::words;
use crate::api::AuditView;
use crate::domain::fleet::Locale;
use crate::domain::lock::LockState;
use crate::domain::said::Said;

type Instant = Serde<DateTime<Utc>>;

/// Teaches the templates to write what a page shows, in the page's language and zone and seen from its instant.
pub(super) fn add_filters(environment: &mut Environment<'_>, page_context: &PageContext) {
    let PageContext { now, zone, locale, .. } = *page_context;
    environment.add_filter("clock", move |at: Instant| clock(*at, zone));
    environment.add_filter("day", move |at: Instant| date(at.with_timezone(&zone).date_naive(), locale));
    environment.add_filter("moment", move |at: Instant| moment(*at, now, zone, locale));
    environment.add_filter("from_now", move |at: Instant| from_now(*at, now, locale));
    environment.add_filter("near_or_day", move |at: Instant| near_or_day(*at, now, zone, locale));
    environment.add_filter("date", move |day: Serde<NaiveDate>| date(*day, locale));
    environment.add_filter("long_date", move |day: Serde<NaiveDate>| long_date(*day, locale));
    environment.add_filter("is_elsewhere", move |name: &str| name != zone.name());
    environment.add_filter("count", count);
    environment.add_filter("phone_digits", phone_digits);
    environment.add_filter("counted", move |number: i64, noun: &str| words::counted(locale, number, noun));
    environment.add_filter("words", move |text: &str| word(text, locale));
    environment.add_filter("mark", mark);
    environment.add_filter("tone", tone);
    environment.add_filter("span_length", move |from: Instant, to: Instant| span_length(*to - *from, locale));
    let context = page_context.clone();
    environment.add_filter("sentence", move |said: Serde<Option<Said>>, english: Option<&str>| {
        sentence(said.as_ref(), english.unwrap_or_default(), &context)
    });
    environment.add_filter("skip_reason", move |code: &str, english: &str| {
        words::messages(locale)
            .get(&format!("said.skip_{code}"))
            .cloned()
            .unwrap_or_else(|| english.to_owned())
    });
    environment.add_filter("unplaced_reason", move |code: &str| unplaced_reason(code, locale));
    environment.add_filter("milliseconds", move |number: i64| milliseconds(number, locale));
    environment.add_filter("minutes", move |number: i64| span_length(TimeDelta::minutes(number), locale));
    environment.add_filter("days", move |number: i64| words::say(locale, "format.days", &[("n", &number)]));
    environment.add_filter("differences", |entry: Serde<AuditView>| {
        minijinja::Value::from(Serde(differences(&entry)))
    });
    environment.add_filter("lock_steps", |state: &str| {
        let steps = state.parse().map(|state: LockState| state.next()).unwrap_or_default();
        steps.iter().map(|step| step.as_str()).collect::<Vec<_>>()
    });
    environment.add_filter("local_field", move |at: Instant| local_field(*at, zone));
}

/// A telephone number as a `tel:` link wants it.
fn phone_digits(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_digit() || *character == '+').collect()
}

/// Hours and minutes, as `02:15`.
pub(super) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// What a `datetime-local` field holds.
fn local_field(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// `Tue 24 Nov`, `11月24日 周二`.
pub(super) fn date(day: NaiveDate, locale: Locale) -> String {
    match locale {
        Locale::En => day.format("%a %-d %b").to_string(),
        Locale::ZhCn => format!("{}月{}日 周{}", day.month(), day.day(), weekday(day)),
    }
}

fn long_date(day: NaiveDate, locale: Locale) -> String {
    match locale {
        Locale::En => day.format("%A, %-d %B %Y").to_string(),
        Locale::ZhCn => format!("{}年{}月{}日 星期{}", day.year(), day.month(), day.day(), weekday(day)),
    }
}

fn weekday(day: NaiveDate) -> &'static str {
    ["一", "二", "三", "四", "五", "六", "日"][day.weekday().num_days_from_monday() as usize]
}

/// Day and time, with the year where it is not this one: `Tue 24 Nov 02:15`.
pub(super) fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz, locale: Locale) -> String {
    let local = at.with_timezone(&zone);
    let this_year = local.year() == now.with_timezone(&zone).year();
    let day = match locale {
        _ if this_year => date(local.date_naive(), locale),
        Locale::En => local.format("%a %-d %b %Y").to_string(),
        Locale::ZhCn => format!("{}年{}", local.year(), date(local.date_naive(), locale)),
    };
    format!("{day} {}", local.format("%H:%M"))
}

/// The distance of an instant in one unit: `in 23 min`, `2 h ago`, `now`.
fn from_now(at: DateTime<Utc>, now: DateTime<Utc>, locale: Locale) -> String {
    let distance = at - now;
    let key = match distance {
        _ if distance.abs() < TimeDelta::minutes(1) => "format.now",
        _ if distance > TimeDelta::zero() => "format.ahead",
        _ => "format.ago",
    };
    words::say(locale, key, &[("length", &span_length(distance.abs(), locale))])
}

/// What to say beside a time of day: how near it is, or else on which day.
fn near_or_day(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz, locale: Locale) -> String {
    if (at - now).abs() < TimeDelta::hours(20) {
        return from_now(at, now, locale);
    }
    date(at.with_timezone(&zone).date_naive(), locale)
}

/// A length of time for the eye: minutes below two hours, hours below two days, days above.
pub(super) fn span_length(length: TimeDelta, locale: Locale) -> String {
    let minutes = length.num_minutes();
    let (key, number) = match minutes {
        ..120 => ("format.minutes", minutes),
        120..2880 if minutes % 60 == 0 || minutes >= 600 => ("format.hours", minutes / 60),
        120..2880 => ("format.hours_minutes", minutes / 60),
        _ => ("format.days", minutes / 1440),
    };
    words::say(locale, key, &[("n", &number), ("minutes", &(minutes % 60))])
}

/// The same with the hours of a few days, where it is a rule and not a distance.
pub(super) fn exact_length(length: TimeDelta, locale: Locale) -> String {
    let hours = length.num_hours();
    if hours < 48 || hours % 24 == 0 {
        return span_length(length, locale);
    }
    words::say(locale, "format.days_hours", &[("n", &(hours / 24)), ("hours", &(hours % 24))])
}

/// A state or another code in words; one that has none is shown as it is.
pub(super) fn word(code: &str, locale: Locale) -> String {
    let key = format!("word.{code}");
    words::messages(locale).get(&key).cloned().unwrap_or_else(|| code.replace('_', " "))
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

fn milliseconds(number: i64, locale: Locale) -> String {
    match number {
        ..1000 => format!("{number} ms"),
        1000..100_000 => format!("{}.{} s", number / 1000, number % 1000 / 100),
        _ => span_length(TimeDelta::milliseconds(number), locale),
    }
}

/// The shape beside a state's word, so that a column of states can be read at a glance without colour.
fn mark(state: &str) -> &'static str {
    match state {
        "planned" | "queued" | "draft" | "reported" | "waiting" => "○",
        "announced" | "verified" | "informed" => "◐",
        "open" | "running" | "sending" | "solving" | "in_repair" => "►",
        "done" | "accepted" | "published" | "confirmed" | "fixed" | "passed" | "completed" => "✓",
        "failed" | "bounced" | "halted" => "✕",
        "missed" | "deferred" | "expired" => "!",
        _ => "–",
    }
}

/// How loud a state is: `bad` wants somebody, `busy` goes on now, `good` went well, `calm` is the rest.
fn tone(state: &str) -> &'static str {
    match state {
        "failed" | "bounced" | "missed" | "expired" | "halted" => "bad",
        "open" | "running" | "sending" | "solving" | "deferred" | "reported" | "informed" | "in_repair" => {
            "busy"
        }
        "done" | "accepted" | "published" | "confirmed" | "fixed" | "announced" | "verified" | "passed"
        | "completed" => "good",
        _ => "calm",
    }
}

/// Why a task has no place, in words. A code that is not known here is shown as it is.
pub(super) fn unplaced_reason(code: &str, locale: Locale) -> String {
    let key = format!("unplaced.{code}");
    words::messages(locale).get(&key).cloned().unwrap_or_else(|| code.to_owned())
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
        assert_eq!(span_length(TimeDelta::minutes(119), Locale::En), "119 min");
        assert_eq!(span_length(TimeDelta::minutes(120), Locale::En), "2 h");
        assert_eq!(exact_length(TimeDelta::hours(73), Locale::En), "3 days 1 h");
        assert_eq!(exact_length(TimeDelta::hours(72), Locale::En), "3 days");
        assert_eq!(span_length(TimeDelta::minutes(150), Locale::En), "2 h 30 min");
        assert_eq!(span_length(TimeDelta::hours(47), Locale::En), "47 h");
        assert_eq!(span_length(TimeDelta::hours(49), Locale::En), "2 days");
        assert_eq!(milliseconds(999, Locale::En), "999 ms");
        assert_eq!(milliseconds(1250, Locale::En), "1.2 s");
        assert_eq!(milliseconds(120_000, Locale::En), "2 min");
    }

    #[test]
    fn instants_are_shown_in_the_zone_of_the_page() {
        let now = Utc.with_ymd_and_hms(2026, 12, 31, 20, 0, 0).single().expect("an instant");
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(clock(now, zone), "04:00");
        assert_eq!(moment(now, now, zone, Locale::En), "Fri 1 Jan 04:00");
        assert_eq!(moment(now - TimeDelta::hours(12), now, zone, Locale::En), "Thu 31 Dec 2026 16:00");
        assert_eq!(from_now(now + TimeDelta::minutes(23), now, Locale::En), "in 23 min");
        assert_eq!(from_now(now - TimeDelta::hours(3), now, Locale::En), "3 h ago");
        assert_eq!(from_now(now + TimeDelta::seconds(20), now, Locale::En), "now");
        assert_eq!(near_or_day(now + TimeDelta::hours(19), now, zone, Locale::En), "in 19 h");
        assert_eq!(near_or_day(now + TimeDelta::hours(20), now, zone, Locale::En), "Sat 2 Jan");
        assert_eq!(moment(now, now, zone, Locale::ZhCn), "1月1日 周五 04:00");
        assert_eq!(moment(now - TimeDelta::hours(12), now, zone, Locale::ZhCn), "2026年12月31日 周四 16:00");
        assert_eq!(from_now(now + TimeDelta::minutes(23), now, Locale::ZhCn), "23 分钟后");
        assert_eq!(local_field(now, zone), "2027-01-01T04:00");
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
