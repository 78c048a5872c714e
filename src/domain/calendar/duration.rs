//! Durations as people type them: `20m`, `1h30m`, `90 min`, `2d`.

/// Why a duration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is not numbers with units.
    #[error(
        "duration `{text}` cannot be read; write numbers with units: `20m`, `1h30m`, `90 min`, `2d`, `1w`"
    )]
    Unreadable {
        /// The text as written.
        text: String,
    },
    /// A number without a unit.
    #[error("duration `{text}` has no unit; write `{text}m` for minutes or `{text}h` for hours")]
    NoUnit {
        /// The text as written.
        text: String,
    },
    /// Nothing, or more than ten years.
    #[error("duration `{text}` is out of range; write a duration from 1 minute to 3650 days")]
    OutOfRange {
        /// The text as written.
        text: String,
    },
}

const MOST_MINUTES: u64 = 3650 * 24 * 60;

/// The whole minutes that `text` means: from 1 to ten years. Units are weeks, days, hours and minutes, each
/// written as one letter or as a word, with or without a space before it.
pub fn parse_duration(text: &str) -> Result<u32, DurationError> {
    let unreadable = || DurationError::Unreadable { text: text.into() };
    let out_of_range = || DurationError::OutOfRange { text: text.into() };
    let mut rest = text.trim();
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationError::NoUnit { text: rest.into() });
    }
    if rest.is_empty() {
        return Err(unreadable());
    }
    let mut minutes: u64 = 0;
    let mut finest_so_far = u64::MAX;
    while !rest.is_empty() {
        let (number, after_number) = split_while(rest, |character| character.is_ascii_digit());
        let (unit, after_unit) = split_while(after_number.trim_start(), char::is_alphabetic);
        let unit_minutes = unit_minutes(unit).ok_or_else(unreadable)?;
        // `30m 2m` is a slip of the finger, not a sum.
        if number.is_empty() || unit_minutes >= finest_so_far {
            return Err(unreadable());
        }
        finest_so_far = unit_minutes;
        let number: u64 = number.parse().map_err(|_| out_of_range())?;
        minutes = number
            .checked_mul(unit_minutes)
            .and_then(|part| part.checked_add(minutes))
            .ok_or_else(out_of_range)?;
        rest = after_unit.trim_start();
    }
    match u32::try_from(minutes) {
        Ok(within) if (1..=MOST_MINUTES).contains(&minutes) => Ok(within),
        _ => Err(out_of_range()),
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !keep(character)).unwrap_or(text.len()))
}

fn unit_minutes(unit: &str) -> Option<u64> {
    match unit.to_ascii_lowercase().as_str() {
        "m" | "min" | "mins" | "minute" | "minutes" => Some(1),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(60),
        "d" | "day" | "days" => Some(24 * 60),
        "w" | "week" | "weeks" => Some(7 * 24 * 60),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type() {
        let cases = [
            ("20m", 20),
            ("1h30m", 90),
            ("1h 30 min", 90),
            ("90 min", 90),
            ("2d", 2880),
            ("1 week", 10_080),
            (" 3 Hours ", 180),
            ("0h5m", 5),
        ];
        for (text, minutes) in cases {
            assert_eq!(parse_duration(text), Ok(minutes), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_know() {
        for text in ["", "m", "1x", "-5m", "1.5h", "30m 2m", "1m1h", "5m,", "h1"] {
            assert!(matches!(parse_duration(text), Err(DurationError::Unreadable { .. })), "{text}");
        }
        assert_eq!(parse_duration("90"), Err(DurationError::NoUnit { text: "90".into() }));
        for text in ["0m", "3651d", "99999999999999999999m", "18446744073709551615w"] {
            assert!(matches!(parse_duration(text), Err(DurationError::OutOfRange { .. })), "{text}");
        }
    }
}
