//! Blackouts over New Year, on 29 February, and when clocks change.

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn blackout(period: &str, recurrence: Recurrence) -> Blackout {
    let period = period.parse().unwrap_or_else(|error| panic!("{error}"));
    Blackout::new("Christmas trade", period, recurrence, None).unwrap_or_else(|error| panic!("{error}"))
}

fn spans(blackout: &Blackout, zone: Tz, from: &str, to: &str) -> Vec<String> {
    let found = blackout.spans(zone, utc(from)..utc(to));
    found
        .iter()
        .map(|span| format!("{}..{}", span.start().format("%FT%H:%M"), span.end().format("%FT%H:%M")))
        .collect()
}

#[test]
fn a_period_of_days_holds_its_last_day_and_one_of_times_ends_at_its_last() {
    let days = blackout("2026-12-24..2026-12-26", Recurrence::Once);
    assert_eq!(
        spans(&days, Tz::UTC, "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        ["2026-12-24T00:00..2026-12-27T00:00"]
    );
    let times = blackout("2026-12-24T18:00..2026-12-26T06:00", Recurrence::Once);
    assert_eq!(
        spans(&times, chrono_tz::Asia::Shanghai, "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        ["2026-12-24T10:00..2026-12-25T22:00"]
    );
    let one_day = blackout("2026-11-27..2026-11-27", Recurrence::Once);
    assert_eq!(
        spans(&one_day, Tz::UTC, "2026-11-27T12:00:00Z", "2026-12-27T12:00:00Z"),
        ["2026-11-27T12:00..2026-11-28T00:00"]
    );
}

#[test]
fn a_yearly_one_crosses_new_year_and_does_not_reach_before_its_first_year() {
    let holidays = blackout("2026-12-24..2027-01-02", Recurrence::Yearly);
    assert_eq!(
        spans(&holidays, Tz::UTC, "2025-01-01T00:00:00Z", "2029-01-01T00:00:00Z"),
        [
            "2026-12-24T00:00..2027-01-03T00:00",
            "2027-12-24T00:00..2028-01-03T00:00",
            "2028-12-24T00:00..2029-01-01T00:00"
        ]
    );
    assert_eq!(
        spans(&holidays, Tz::UTC, "2031-01-02T00:00:00Z", "2031-12-01T00:00:00Z"),
        ["2031-01-02T00:00..2031-01-03T00:00"]
    );
}

#[test]
fn a_leap_day_falls_back_to_the_28th_and_never_shrinks() {
    let leap_day = blackout("2028-02-29..2028-02-29", Recurrence::Yearly);
    assert_eq!(
        spans(&leap_day, Tz::UTC, "2028-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ["2028-02-29T00:00..2028-03-01T00:00", "2029-02-28T00:00..2029-03-01T00:00"]
    );
    let up_to_it = blackout("2028-02-27..2028-02-28", Recurrence::Yearly);
    assert_eq!(
        spans(&up_to_it, Tz::UTC, "2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ["2029-02-27T00:00..2029-03-01T00:00"]
    );
    let over_it = blackout("2026-02-20..2026-03-05", Recurrence::Yearly);
    assert_eq!(
        spans(&over_it, Tz::UTC, "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"),
        ["2028-02-20T00:00..2028-03-06T00:00"]
    );
}

#[test]
fn a_change_of_clocks_never_shortens_it() {
    let zone = chrono_tz::America::New_York;
    let (from, to) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let gap = blackout("2026-03-08T02:30..2026-03-08T06:00", Recurrence::Once);
    assert_eq!(spans(&gap, zone, from, to), ["2026-03-08T07:00..2026-03-08T10:00"]);
    let ends_in_gap = blackout("2026-03-08T00:00..2026-03-08T02:30", Recurrence::Once);
    assert_eq!(spans(&ends_in_gap, zone, from, to), ["2026-03-08T05:00..2026-03-08T07:00"]);
    let overlap = blackout("2026-11-01T01:15..2026-11-01T01:30", Recurrence::Once);
    assert_eq!(spans(&overlap, zone, from, to), ["2026-11-01T05:15..2026-11-01T06:30"]);
    let zone = chrono_tz::America::Sao_Paulo;
    let midnight_gap = blackout("2018-11-04..2018-11-04", Recurrence::Once);
    let (from, to) = ("2018-01-01T00:00:00Z", "2019-01-01T00:00:00Z");
    assert_eq!(spans(&midnight_gap, zone, from, to), ["2018-11-04T03:00..2018-11-05T02:00"]);
}

#[test]
fn its_own_zone_goes_before_the_zone_of_the_site() {
    let period = "2026-11-11..2026-11-11".parse().expect("a period");
    let zone = Some(chrono_tz::Asia::Shanghai);
    let singles_day = Blackout::new("Singles' Day", period, Recurrence::Yearly, zone).expect("a blackout");
    assert_eq!(
        spans(&singles_day, chrono_tz::Europe::London, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ["2026-11-10T16:00..2026-11-11T16:00"]
    );
}

#[test]
fn a_period_reads_what_it_writes() {
    for text in [
        "2026-12-24..2026-12-26",
        "2026-12-24T18:00..2026-12-26T06:00",
        "2026-12-24T00:00..2026-12-26T06:00",
        "2026-12-24T18:00:30..2026-12-26T06:00",
    ] {
        assert_eq!(text.parse::<BlackoutPeriod>().expect(text).to_string(), text);
    }
    let mixed: BlackoutPeriod = "2026-12-24 18:00 .. 2026-12-26".parse().expect("a period");
    assert_eq!(mixed.to_string(), "2026-12-24T18:00..2026-12-27T00:00");
    let json = r#"{"name":"Sales","period":"2026-11-27..2026-11-27","recurrence":"yearly","zone":null}"#;
    let sales: Blackout = serde_json::from_str(json).expect("a blackout");
    assert_eq!(serde_json::to_string(&sales).expect("JSON"), json);
}

#[test]
fn refusals_say_what_to_write() {
    for (text, remedy) in [
        ("2026-12-24", "write dates `2026-12-24..2026-12-26`"),
        ("2026-12-24..26", "at `26`"),
        ("2026-02-30..2026-03-01", "at `2026-02-30`"),
        ("2026-12-26..2026-12-24", "swap them"),
        ("2026-12-26T10:00..2026-12-26T10:00", "swap them"),
    ] {
        let message = text.parse::<BlackoutPeriod>().expect_err(text).to_string();
        assert!(message.contains(remedy), "{text}: {message}");
    }
    let long = "2026-01-01..2027-01-01".parse().expect("a period");
    assert!(Blackout::new("x", long, Recurrence::Once, None).is_ok());
    assert!(matches!(
        Blackout::new("x", long, Recurrence::Yearly, None),
        Err(BlackoutError::LongerThanAYear { .. })
    ));
    assert_eq!(Blackout::new(" ", long, Recurrence::Once, None), Err(BlackoutError::Name));
}
