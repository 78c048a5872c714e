//! Points in time as people type them: `tonight 02:00`, `Sat 02:00`, `2026-12-01 02:00`.

use super::local_time::first_instant;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// Why a point in time was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// It is none of the forms.
    #[error(
        "time `{text}` cannot be read; write `now`, `tonight 02:00`, `today 22:00`, `tomorrow 02:00`, \
         `Sat 02:00`, `2026-12-01 02:00`, or with an offset `2026-12-01T02:00:00+01:00`"
    )]
    Unreadable {
        /// The text as written.
        text: String,
    },
    /// It has passed.
    #[error("time `{text}` has passed: it was {meant}, and now it is {now}; choose a later time")]
    Past {
        /// The text as written.
        text: String,
        /// What it means, in local time.
        meant: String,
        /// What the caller said is now, in local time.
        now: String,
    },
    /// `tonight` with a time of the afternoon.
    #[error(
        "time `{text}`: {time} is not at night (18:00 to 12:00); write `today {time}` or `tomorrow {time}`"
    )]
    NotAtNight {
        /// The text as written.
        text: String,
        /// Its time.
        time: String,
    },
}

/// From this hour on it is evening, and the night ends at noon.
const EVENING_HOUR: u32 = 18;
const NOON_HOUR: u32 = 12;
/// Before this hour `tonight` is still the night that is under way; from then on the coming one.
const MORNING_HOUR: u32 = 6;

/// The instant that `text` means to somebody in `zone` at `now`. Never before `now`.
///
/// `tonight` is the coming night, until noon of the next day; before 06:00 it is the night that is under way.
/// A weekday is its next occurrence. A time in a gap is the first instant after it, one in an overlap the
/// first of the two.
pub fn parse_when(text: &str, now: DateTime<Utc>, zone: Tz) -> Result<DateTime<Utc>, WhenError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let unreadable = || WhenError::Unreadable { text: text.trim().into() };
    let local_now = now.with_timezone(&zone).naive_local();
    let instant_on = |day: NaiveDate, time: NaiveTime| first_instant(zone, day.and_time(time));
    let in_days = |days: u64| local_now.date().checked_add_days(Days::new(days)).ok_or_else(unreadable);

    let meant = match words[..] {
        [word] if word.eq_ignore_ascii_case("now") => now,
        [word] => match DateTime::parse_from_rfc3339(word) {
            Ok(instant) => instant.to_utc(),
            Err(_) => first_instant(zone, parse_date_and_time(word).ok_or_else(unreadable)?),
        },
        [word, clock] => {
            let time = parse_clock(clock).ok_or_else(unreadable)?;
            match word.to_ascii_lowercase().as_str() {
                "today" => instant_on(local_now.date(), time),
                "tomorrow" => instant_on(in_days(1)?, time),
                "tonight" if (NOON_HOUR..EVENING_HOUR).contains(&time.hour()) => {
                    return Err(WhenError::NotAtNight { text: text.trim().into(), time: (*clock).into() });
                }
                "tonight" => {
                    let in_the_morning = time.hour() < NOON_HOUR;
                    let of_tomorrow = in_the_morning && local_now.hour() >= MORNING_HOUR;
                    let today = instant_on(local_now.date(), time);
                    let over = in_the_morning && today < now;
                    if of_tomorrow || over { instant_on(in_days(1)?, time) } else { today }
                }
                day => match (parse_weekday(day), NaiveDate::parse_from_str(day, "%Y-%m-%d")) {
                    (Some(weekday), _) => {
                        let ahead = u64::from(weekday.days_since(local_now.weekday()));
                        let next = instant_on(in_days(ahead)?, time);
                        if next < now { instant_on(in_days(ahead + 7)?, time) } else { next }
                    }
                    (None, Ok(date)) => instant_on(date, time),
                    (None, Err(_)) => return Err(unreadable()),
                },
            }
        }
        _ => return Err(unreadable()),
    };
    if meant < now {
        let local =
            |instant: DateTime<Utc>| instant.with_timezone(&zone).format("%Y-%m-%d %H:%M %:z").to_string();
        return Err(WhenError::Past { text: text.trim().into(), meant: local(meant), now: local(now) });
    }
    Ok(meant)
}

fn parse_clock(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn parse_date_and_time(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// Three letters or the whole name; chrono's own reading.
fn parse_weekday(text: &str) -> Option<Weekday> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::New_York, Europe::London};

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn local(text: &str, now: &str, zone: Tz) -> String {
        let meant = parse_when(text, utc(now), zone).unwrap_or_else(|error| panic!("{error}"));
        meant.with_timezone(&zone).format("%a %m-%d %H:%M %:z").to_string()
    }

    #[test]
    fn every_form_is_read() {
        // Monday 2026-11-23, 14:10 in London.
        let now = "2026-11-23T14:10:00Z";
        for (text, meant) in [
            ("now", "Mon 11-23 14:10 +00:00"),
            ("today 22:00", "Mon 11-23 22:00 +00:00"),
            ("tomorrow 02:00", "Tue 11-24 02:00 +00:00"),
            ("tonight 02:00", "Tue 11-24 02:00 +00:00"),
            ("Tonight 23:30", "Mon 11-23 23:30 +00:00"),
            ("tonight 11:59", "Tue 11-24 11:59 +00:00"),
            ("tonight 18:00", "Mon 11-23 18:00 +00:00"),
            ("Sat 02:00", "Sat 11-28 02:00 +00:00"),
            ("saturday 2:00", "Sat 11-28 02:00 +00:00"),
            ("Mon 14:10", "Mon 11-23 14:10 +00:00"),
            ("Mon 14:09", "Mon 11-30 14:09 +00:00"),
            ("2026-12-01 02:00", "Tue 12-01 02:00 +00:00"),
            ("2026-12-01T02:00", "Tue 12-01 02:00 +00:00"),
            ("2026-12-01T02:00:00+01:00", "Tue 12-01 01:00 +00:00"),
            ("2026-12-01T02:00:00Z", "Tue 12-01 02:00 +00:00"),
        ] {
            assert_eq!(local(text, now, London), meant, "{text}");
        }
    }

    #[test]
    fn tonight_is_the_night_under_way_before_six() {
        assert_eq!(local("tonight 02:00", "2026-11-23T01:00:00Z", London), "Mon 11-23 02:00 +00:00");
        assert_eq!(local("tonight 09:00", "2026-11-23T05:59:00Z", London), "Mon 11-23 09:00 +00:00");
        assert_eq!(local("tonight 09:00", "2026-11-23T06:00:00Z", London), "Tue 11-24 09:00 +00:00");
        assert_eq!(local("tonight 02:00", "2026-11-23T03:00:00Z", London), "Tue 11-24 02:00 +00:00");
        assert_eq!(local("tonight 23:00", "2026-11-23T01:00:00Z", London), "Mon 11-23 23:00 +00:00");
        assert!(parse_when("tonight 22:00", utc("2026-11-23T22:30:00Z"), London).is_err());
    }

    #[test]
    fn the_past_and_the_afternoon_are_refused_with_what_to_do() {
        let now = utc("2026-07-23T14:10:00Z");
        for (text, problem) in [
            (
                "today 14:09",
                "has passed: it was 2026-07-23 14:09 +01:00, and now it is 2026-07-23 15:10 +01:00",
            ),
            ("2026-07-22 23:00", "choose a later time"),
            ("2026-07-23T14:09:59Z", "has passed"),
            ("tonight 14:00", "14:00 is not at night"),
            ("tonight 17:59", "write `today 17:59` or `tomorrow 17:59`"),
            ("tonight", "cannot be read"),
            ("02:00", "cannot be read"),
            ("tomorrow 25:00", "cannot be read"),
            ("2026-02-30 02:00", "cannot be read"),
            ("someday 02:00", "cannot be read"),
            ("tonight at 02:00", "cannot be read"),
            ("", "write `now`, `tonight 02:00`"),
        ] {
            let message = parse_when(text, now, London).expect_err(text).to_string();
            assert!(message.contains(problem), "{text}: {message}");
        }
    }

    #[test]
    fn a_gap_gives_its_end_and_an_overlap_its_first() {
        assert_eq!(local("tonight 02:30", "2026-03-08T00:00:00Z", New_York), "Sun 03-08 03:00 -04:00");
        assert_eq!(local("tonight 01:30", "2026-11-01T00:00:00Z", New_York), "Sun 11-01 01:30 -04:00");
        let between = parse_when("today 01:30", utc("2026-11-01T05:45:00Z"), New_York);
        assert!(matches!(between, Err(WhenError::Past { .. })), "the first 01:30 has passed: {between:?}");
        let lord_howe = chrono_tz::Australia::Lord_Howe;
        assert_eq!(local("tonight 02:15", "2026-10-03T10:00:00Z", lord_howe), "Sun 10-04 02:30 +11:00");
    }
}
