//! How opening hours are written, and when a shop is open on odd days.

use super::*;

fn hours(text: &str) -> OpeningHours {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

#[test]
fn one_canonical_form() {
    let cases = [
        (
            "mon-fri 8:00-20:00;sat 09:00-18:00 ; Sun closed",
            "Mon-Fri 08:00-20:00; Sat 09:00-18:00; Sun closed",
        ),
        ("24/7", "24/7"),
        ("Mon-Sun 00:00-24:00", "24/7"),
        ("Mon-Sun 18:00-02:00", "Mon-Sun 18:00-02:00"),
        ("Mon-Sun 18:00-00:00", "Mon-Sun 18:00-24:00"),
        ("Mon-Fri 14:00-18:00, 08:00-12:00", "Mon-Fri 08:00-12:00,14:00-18:00; Sat-Sun closed"),
        ("Mon 08:00-12:00,12:00-13:00", "Mon 08:00-13:00; Tue-Sun closed"),
        ("Mon, Wed 10:00-12:00", "Mon 10:00-12:00; Tue closed; Wed 10:00-12:00; Thu-Sun closed"),
        ("Sat-Mon 10:00-12:00", "Mon 10:00-12:00; Tue-Fri closed; Sat-Sun 10:00-12:00"),
        ("Mon\u{2013}Sun 08:00\u{2013}20:00", "Mon-Sun 08:00-20:00"),
        ("Mon-Sun closed", "Mon-Sun closed"),
    ];
    for (text, canonical) in cases {
        assert_eq!(hours(text).to_string(), canonical, "{text}");
        assert_eq!(hours(canonical), hours(text), "{text}");
    }
}

#[test]
fn refusals_name_the_part_and_the_remedy() {
    let cases = [
        ("", "could mean never or always", "`24/7`, `Mon-Sun closed`"),
        ("  ", "could mean never or always", "24/7"),
        ("Mon-Fri", "value `Mon-Fri`: no hours", "write `Mon-Fri 08:00-20:00`"),
        ("Monday 08:00-20:00", "value `Monday`: not a day", "write `Mon`"),
        ("08:00-20:00", "not a day", "write `Mon`"),
        ("Mon 08:00", "value `08:00`: not a range of hours", "write `08:00-20:00`"),
        ("Mon 08:00-25:00", "not a range of hours", "from 00:00 to 24:00"),
        ("Mon 08:60-09:00", "not a range of hours", "08:00-20:00"),
        ("Mon 24:00-02:00", "not a range of hours", "08:00-20:00"),
        ("Mon 8-20", "not a range of hours", "08:00-20:00"),
        ("Mon 08:00-08:00", "begins and ends at the same time", "`00:00-24:00`"),
        ("Mon 08:00-12:00,11:00-13:00", "overlap", "write each hour once"),
        ("Mon-Fri 08:00-12:00; Mon 14:00-18:00", "a day is given twice", "in one entry"),
        ("Mon 08:00-12:00;", "no hours", "Sun closed"),
        ("Mon closed 08:00-12:00", "not a day", "write `Mon`"),
    ];
    for (text, problem, remedy) in cases {
        let message = text.parse::<OpeningHours>().expect_err(text).to_string();
        assert!(message.contains(problem) && message.contains(remedy), "{text}: {message}");
    }
}

#[test]
fn past_midnight_belongs_to_the_day_on_which_it_began() {
    let bar = hours("Sat 18:00-02:00");
    let zone = chrono_tz::Asia::Shanghai;
    // 2026-11-07 is a Saturday; 02:00 in Shanghai is 18:00 UTC.
    assert!(!bar.is_open_at(zone, utc("2026-11-07T09:59:59Z")));
    assert!(bar.is_open_at(zone, utc("2026-11-07T10:00:00Z")));
    assert!(bar.is_open_at(zone, utc("2026-11-07T17:59:59Z")));
    assert!(!bar.is_open_at(zone, utc("2026-11-07T18:00:00Z")));
    assert!(!bar.is_open_at(zone, utc("2026-11-06T17:00:00Z")), "Friday night is not Saturday");
}

#[test]
fn always_open_has_no_seam_when_clocks_change() {
    for (zone, day) in [
        (chrono_tz::America::New_York, "2026-03-08T00:00:00Z"),
        (chrono_tz::America::New_York, "2026-11-01T00:00:00Z"),
        (chrono_tz::America::Sao_Paulo, "2018-11-04T00:00:00Z"),
        (chrono_tz::America::Sao_Paulo, "2018-02-18T00:00:00Z"),
        (chrono_tz::Pacific::Apia, "2011-12-30T00:00:00Z"),
        (chrono_tz::Australia::Lord_Howe, "2026-04-04T00:00:00Z"),
    ] {
        let range = utc(day) - TimeDelta::days(2)..utc(day) + TimeDelta::days(3);
        let open = hours("24/7").open_spans(zone, range.clone());
        assert_eq!(open.as_slice(), [Span::new(range.start, range.end).expect("a span")], "{zone}");
    }
}

#[test]
fn a_change_of_clocks_never_closes_a_shop_early() {
    let zone = chrono_tz::America::New_York;
    let night = hours("Mon-Sun 22:00-01:30");
    let open = night.open_spans(zone, utc("2026-11-01T00:00:00Z")..utc("2026-11-01T12:00:00Z"));
    // 22:00 EDT to the second 01:30, in EST.
    assert_eq!(
        open.as_slice(),
        [Span::new(utc("2026-11-01T02:00:00Z"), utc("2026-11-01T06:30:00Z")).expect("a span")]
    );
    let early = hours("Mon-Sun 02:30-10:00");
    let open = early.open_spans(zone, utc("2026-03-08T00:00:00Z")..utc("2026-03-08T12:00:00Z"));
    assert_eq!(
        open.as_slice(),
        [Span::new(utc("2026-03-08T07:00:00Z"), utc("2026-03-08T12:00:00Z")).expect("a span")]
    );
    let lost = hours("Mon-Sun 02:00-03:00")
        .open_spans(zone, utc("2026-03-08T00:00:00Z")..utc("2026-03-09T00:00:00Z"));
    assert!(lost.is_empty(), "an hour that does not exist is not open");
}

#[test]
fn closed_is_never_open() {
    let closed = hours("Mon-Sun closed");
    assert!(closed.open_spans(Tz::UTC, utc("2026-01-01T00:00:00Z")..utc("2027-01-01T00:00:00Z")).is_empty());
    assert!(!closed.is_always_open() && hours("24/7").is_always_open());
}
