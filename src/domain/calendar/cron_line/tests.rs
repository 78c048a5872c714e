//! What crontab lines mean, what is refused, and what happens when clocks change.

use super::*;
use std::collections::HashSet;

fn line(text: &str) -> CronLine {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn day_range(from: &str, to: &str) -> Range<DateTime<Utc>> {
    utc(&format!("{from}T00:00:00Z"))..utc(&format!("{to}T00:00:00Z"))
}

/// The local times in `zone`, as `month-day hour:minute offset`.
fn local_texts(text: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let zone: Tz = zone.parse().expect("a known zone");
    let occurrences = line(text).occurrences(zone, day_range(from, to));
    occurrences.iter().map(|time| time.with_timezone(&zone).format("%m-%d %H:%M %:z").to_string()).collect()
}

fn days_in_utc(text: &str, from: &str, to: &str) -> Vec<String> {
    let occurrences = line(text).occurrences(Tz::UTC, day_range(from, to));
    occurrences.iter().map(|time| time.format("%a %d").to_string()).collect()
}

#[test]
fn zero_and_seven_are_sunday_and_one_is_monday() {
    // 2026-11-01 is a Sunday.
    for text in ["0 2 * * 0", "0 2 * * 7", "0 2 * * SUN", "0 2 * * sun", "0 2 * * 7-7", "0 2 * * */7"] {
        assert_eq!(days_in_utc(text, "2026-11-01", "2026-11-09"), ["Sun 01", "Sun 08"], "{text}");
    }
    assert_eq!(days_in_utc("0 2 * * 1", "2026-11-01", "2026-11-08"), ["Mon 02"]);
    let workdays = ["Mon 02", "Tue 03", "Wed 04", "Thu 05", "Fri 06"];
    for text in ["0 2 * * 1-5", "0 2 * * MON-FRI", "0 2 * * mon-5", "0 2 * * 1,2,3-5/1"] {
        assert_eq!(days_in_utc(text, "2026-11-01", "2026-11-08"), workdays, "{text}");
    }
    for text in ["0 2 * * FRI-SUN", "0 2 * * 5-7", "0 2 * * 5,6,0"] {
        assert_eq!(days_in_utc(text, "2026-11-01", "2026-11-08"), ["Sun 01", "Fri 06", "Sat 07"], "{text}");
    }
    assert_eq!(days_in_utc("0 2 * * SUN-SUN", "2026-11-01", "2026-11-08"), ["Sun 01"]);
}

#[test]
fn either_day_counts_when_both_are_restricted_and_neither_starts_with_a_star() {
    assert_eq!(days_in_utc("0 2 3 * MON", "2026-11-01", "2026-11-11"), ["Mon 02", "Tue 03", "Mon 09"]);
    assert_eq!(days_in_utc("0 2 3 * 0-6", "2026-11-01", "2026-11-04"), ["Sun 01", "Mon 02", "Tue 03"]);
    assert_eq!(days_in_utc("0 2 */2 * MON", "2026-11-01", "2026-11-17"), ["Mon 09"]);
    assert_eq!(
        days_in_utc("0 2 1-15 * */2", "2026-11-10", "2026-11-20"),
        ["Tue 10", "Thu 12", "Sat 14", "Sun 15"]
    );
}

#[test]
fn lists_ranges_steps_and_names_add_up() {
    let times = line("*/20,5 1,10-14/2 * nov *").occurrences(Tz::UTC, day_range("2026-11-30", "2027-11-01"));
    let texts: Vec<String> = times.iter().map(|time| time.format("%H:%M").to_string()).collect();
    let expected: Vec<String> = [1, 10, 12, 14]
        .iter()
        .flat_map(|hour| [0, 5, 20, 40].map(|minute| format!("{hour:02}:{minute:02}")))
        .collect();
    assert_eq!(texts, expected);
}

#[test]
fn nicknames_are_their_five_fields() {
    let year = day_range("2026-01-01", "2027-01-01");
    let pairs = [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ];
    for (nickname, fields) in pairs {
        let zone = chrono_tz::Europe::London;
        assert_eq!(
            line(nickname).occurrences(zone, year.clone()),
            line(fields).occurrences(zone, year.clone())
        );
        assert_eq!(line(nickname).to_string(), nickname);
    }
}

#[test]
fn refusals_name_field_value_what_is_allowed_and_the_remedy() {
    let cases = [
        ("60 2 * * *", "field minute, value `60`: 60 is out of range; allowed: 0-59", "from 0 to 59"),
        ("0 24 * * *", "field hour, value `24`", "from 0 to 23"),
        ("0 2 0 * *", "field day of month, value `0`", "from 1 to 31"),
        ("0 2 * 13 *", "field month, value `13`", "from 1 to 12"),
        ("0 2 * * 8", "field day of week, value `8`", "from 0 to 7"),
        ("0 2 * * MONDAY", "`MONDAY` is not a value", "three letters, `MON`"),
        ("0 2 L * *", "`L` (the last) is not in the crontab dialect", "`28`"),
        ("0 2 * * 5L", "`L` (the last) is not in the crontab dialect", "`28`"),
        ("0 2 15W * *", "`W` (the nearest weekday)", "`MON-FRI`"),
        ("0 2 * * 5#2", "`#` (the n-th weekday", "days of the month"),
        ("0 2 ? * MON", "`?` is not in the crontab dialect", "write `*`"),
        ("H 2 * * *", "`H` (a hash)", "choose the value yourself"),
        ("*/0 2 * * *", "`0` is not a step", "from 1 to 59"),
        ("*/90 2 * * *", "`90` is not a step", "never reaches into the next field"),
        ("5/15 2 * * *", "a step needs `*` or a range", "`5-59/…`"),
        ("0 22-2 * * *", "the range runs backwards", "`22-23,0-2`"),
        ("0 2 * * SAT-TUE", "the range runs backwards", "`SAT,SUN-TUE`"),
        ("0 2 * NOV-FEB *", "the range runs backwards", "`NOV-DEC,JAN-FEB`"),
        ("0,,5 2 * * *", "between two commas", "remove the extra comma"),
        ("+5 2 * * *", "`+5` is not a value", "from 0 to 59"),
        ("1- 2 * * *", "`` is not a value", "from 0 to 59"),
        ("*/+5 2 * * *", "`+5` is not a step", "from 1 to 59"),
        ("\u{664} 2 * * *", "is not a value", "from 0 to 59"),
        ("0 0 2 * * *", "has 6 fields instead of five", "remove the sixth"),
        ("0 2 * *", "has 4 fields instead of five", "write `*`"),
        ("0 2 * * * 2026 root", "has 7 fields", "five time fields only"),
        ("", "empty", "write five fields"),
        ("@reboot", "nickname `@reboot` is unknown", "@daily"),
        ("@every 5m", "nickname `@every 5m` is unknown", "@hourly"),
    ];
    for (text, problem, remedy) in cases {
        let message = text.parse::<CronLine>().expect_err(text).to_string();
        assert!(message.contains(problem) && message.contains(remedy), "{text}: {message}");
    }
}

#[test]
fn a_date_that_never_comes_is_refused_and_a_rare_one_is_found() {
    for text in ["0 0 31 2 *", "0 0 30 2 */2", "0 0 31 4,6,9,11 *", "0 0 30-31 FEB *"] {
        let error = text.parse::<CronLine>().expect_err(text);
        assert!(matches!(error, CronLineError::ImpossibleDate { .. }), "{error}");
    }
    // In February every Monday counts, though no 31st ever comes.
    assert_eq!(days_in_utc("0 0 31 2 MON", "2026-02-01", "2026-02-10"), ["Mon 02", "Mon 09"]);
    assert_eq!(
        line("0 0 29 2 */7").next_after(Tz::UTC, utc("2026-01-01T00:00:00Z")),
        Some(utc("2032-02-29T00:00:00Z"))
    );
    assert_eq!(days_in_utc("0 0 31 2,3 *", "2026-01-01", "2026-12-31"), ["Tue 31"]);
}

#[test]
fn the_far_future_ends() {
    let last = utc("2100-12-31T02:00:00Z");
    let nightly = line("0 2 * * *");
    assert_eq!(nightly.next_after(Tz::UTC, utc("2100-12-30T02:00:00Z")), Some(last));
    assert_eq!(nightly.next_after(Tz::UTC, last), None);
    assert_eq!(nightly.next_after(Tz::UTC, DateTime::<Utc>::MAX_UTC), None);
    assert_eq!(nightly.next_after(Tz::UTC, DateTime::<Utc>::MIN_UTC), Some(utc("1970-01-01T02:00:00Z")));
    assert_eq!(line("0 0 29 2 *").next_after(Tz::UTC, utc("2096-03-01T00:00:00Z")), None);
    let all = line("0 0 1 1 *").occurrences(Tz::UTC, DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC);
    assert_eq!(all.len(), 131);
}

#[test]
fn a_fixed_hour_in_a_gap_comes_at_its_end_once() {
    let cases = [
        ("30 2 * * *", "America/New_York", "2026-03-08", "2026-03-09", vec!["03-08 03:00 -04:00"]),
        ("*/15 2 * * *", "America/New_York", "2026-03-08", "2026-03-09", vec!["03-08 03:00 -04:00"]),
        (
            "0,30 2,3 * * *",
            "America/New_York",
            "2026-03-08",
            "2026-03-09",
            vec!["03-08 03:00 -04:00", "03-08 03:30 -04:00"],
        ),
        ("30 1 * * *", "Europe/London", "2026-03-29", "2026-03-30", vec!["03-29 02:00 +01:00"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03", "2026-10-04", vec!["10-04 02:30 +11:00"]),
        ("0 0 4 11 *", "America/Sao_Paulo", "2018-11-01", "2018-11-30", vec!["11-04 01:00 -02:00"]),
        ("0 2 30 12 *", "Pacific/Apia", "2011-12-01", "2012-01-31", vec!["12-31 00:00 +14:00"]),
        ("30 2 8 3 *", "Asia/Shanghai", "2026-03-07", "2026-03-09", vec!["03-08 02:30 +08:00"]),
    ];
    for (text, zone, from, to, expected) in cases {
        assert_eq!(local_texts(text, zone, from, to), expected, "{text} {zone}");
    }
}

#[test]
fn a_fixed_hour_in_an_overlap_comes_the_first_time_only() {
    let cases = [
        ("30 1 * * *", "America/New_York", "2026-11-01", "2026-11-02", "11-01 01:30 -04:00"),
        ("30 1 * * *", "Europe/London", "2026-10-25", "2026-10-26", "10-25 01:30 +01:00"),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04", "2026-04-05", "04-05 01:45 +11:00"),
        ("30 23 17 2 *", "America/Sao_Paulo", "2018-02-17", "2018-02-19", "02-17 23:30 -02:00"),
        ("30 1 25 10 *", "Asia/Shanghai", "2026-10-24", "2026-10-26", "10-25 01:30 +08:00"),
    ];
    for (text, zone, from, to, expected) in cases {
        assert_eq!(local_texts(text, zone, from, to), [expected], "{text} {zone}");
    }
}

#[test]
fn a_wildcard_hour_follows_the_clock_face() {
    let new_york = |from: &str, to: &str| {
        let zone = chrono_tz::America::New_York;
        let range = utc(from)..utc(to);
        let times = line("30 * * * *").occurrences(zone, range);
        times.iter().map(|time| time.with_timezone(&zone).format("%H:%M %:z").to_string()).collect::<Vec<_>>()
    };
    let gap = new_york("2026-03-08T06:00:00Z", "2026-03-08T09:00:00Z");
    assert_eq!(gap, ["01:30 -05:00", "03:30 -04:00", "04:30 -04:00"]);
    let overlap = new_york("2026-11-01T04:00:00Z", "2026-11-01T08:00:00Z");
    assert_eq!(overlap, ["00:30 -04:00", "01:30 -04:00", "01:30 -05:00", "02:30 -05:00"]);
    assert_eq!(local_texts("0 */2 * * *", "Pacific/Apia", "2011-12-30", "2011-12-31").len(), 12);
}

#[test]
fn next_after_is_later_than_its_question_even_in_an_overlap() {
    let zone = chrono_tz::America::New_York;
    let first = utc("2026-11-01T05:30:00Z");
    assert_eq!(line("30 1 * * *").next_after(zone, first), Some(utc("2026-11-02T06:30:00Z")));
    assert_eq!(line("30 * * * *").next_after(zone, first), Some(utc("2026-11-01T06:30:00Z")));
    let within_second_pass = utc("2026-11-01T06:10:00Z");
    assert_eq!(line("30 1 * * *").next_after(zone, within_second_pass), Some(utc("2026-11-02T06:30:00Z")));
    let before_the_gap_ends = utc("2026-03-08T06:59:59Z");
    assert_eq!(line("30 2 * * *").next_after(zone, before_the_gap_ends), Some(utc("2026-03-08T07:00:00Z")));
}

#[test]
fn a_range_is_half_open_to_the_nanosecond() {
    let nightly = line("0 2 * * *");
    let two = utc("2026-11-01T02:00:00Z");
    let tick = TimeDelta::nanoseconds(1);
    assert_eq!(nightly.occurrences(Tz::UTC, two..two + tick), [two]);
    assert!(nightly.occurrences(Tz::UTC, two - tick..two).is_empty());
    assert!(nightly.occurrences(Tz::UTC, two + tick..two + TimeDelta::hours(1)).is_empty());
    assert!(nightly.occurrences(Tz::UTC, two + tick..two).is_empty());
}

#[test]
fn it_is_a_text_in_files_and_equal_when_written_alike() {
    let nightly = line("  0 2 * * MON-FRI ");
    assert_eq!(nightly.to_string(), "0 2 * * MON-FRI");
    let json = serde_json::to_string(&nightly).expect("JSON");
    assert_eq!(json, "\"0 2 * * MON-FRI\"");
    assert_eq!(serde_json::from_str::<CronLine>(&json).expect("a line"), nightly);
    let refusal = serde_json::from_str::<CronLine>("\"0 25 * * *\"").expect_err("25").to_string();
    assert!(refusal.contains("field hour, value `25`"), "{refusal}");
    let set: HashSet<CronLine> = [nightly.clone(), nightly, line("0 2 * * 1-5")].into();
    assert_eq!(set.len(), 2);
}
