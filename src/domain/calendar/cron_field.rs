//! One field of a crontab line: what it allows, and the set of values that a text names.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

/// The five fields, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CronField {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12, or JAN to DEC.
    Month,
    /// 0 to 7 (0 and 7 are Sunday), or SUN to SAT.
    DayOfWeek,
}

/// Why a field was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field}, value `{value}`: {problem}; allowed: {}; {remedy}", field.allowed())]
pub struct CronFieldError {
    /// The field.
    pub field: CronField,
    /// The part of the field that is wrong, as written.
    pub value: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

const MONTH_NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub(super) const WEEKDAY_NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl CronField {
    pub(super) const ALL: [CronField; 5] =
        [CronField::Minute, CronField::Hour, CronField::DayOfMonth, CronField::Month, CronField::DayOfWeek];

    pub(super) fn values(self) -> RangeInclusive<u8> {
        match self {
            CronField::Minute => 0..=59,
            CronField::Hour => 0..=23,
            CronField::DayOfMonth => 1..=31,
            CronField::Month => 1..=12,
            CronField::DayOfWeek => 0..=7,
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            CronField::Month => &MONTH_NAMES,
            CronField::DayOfWeek => &WEEKDAY_NAMES,
            _ => &[],
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            CronField::Minute => "0-59, `*`, lists `0,30`, ranges `0-29`, steps `*/15`",
            CronField::Hour => "0-23, `*`, lists `1,3`, ranges `1-4`, steps `*/2`",
            CronField::DayOfMonth => "1-31, `*`, lists `1,15`, ranges `1-7`, steps `*/2`",
            CronField::Month => "1-12 or JAN-DEC, `*`, lists, ranges, steps",
            CronField::DayOfWeek => "0-7 (0 and 7 are Sunday) or SUN-SAT, `*`, lists, ranges, steps",
        }
    }

    /// The values that `text` names; 7 as a day of the week is given back as it stands.
    pub(super) fn parse(self, text: &str) -> Result<BTreeSet<u8>, CronFieldError> {
        let mut values = BTreeSet::new();
        for element in text.split(',') {
            values.extend(self.parse_element(element)?);
        }
        Ok(values)
    }

    fn parse_element(self, element: &str) -> Result<impl Iterator<Item = u8> + use<>, CronFieldError> {
        if element.is_empty() {
            return Err(self.refuse(element, "nothing stands between two commas", "remove the extra comma"));
        }
        self.refuse_foreign(element)?;
        let (base, step) = match element.split_once('/') {
            Some((base, step)) => (base, Some(step)),
            None => (element, None),
        };
        let range = match base.split_once('-') {
            _ if base == "*" => self.values(),
            Some((first, last)) => self.parse_range(element, first, last)?,
            None => {
                let value = self.parse_value(element, base)?;
                if step.is_some() {
                    let remedy = format!("write `{base}-{}/…`", self.values().end());
                    return Err(self.refuse(element, "a step needs `*` or a range before it", &remedy));
                }
                value..=value
            }
        };
        let step = step.map_or(Ok(1), |step| self.parse_step(element, step))?;
        Ok(range.step_by(usize::from(step)))
    }

    fn parse_range(
        self,
        element: &str,
        first: &str,
        last: &str,
    ) -> Result<RangeInclusive<u8>, CronFieldError> {
        let low = self.parse_value(element, first)?;
        let mut high = self.parse_value(element, last)?;
        // `FRI-SUN` can only mean Friday to Sunday; by number it is 5-7, since SUN alone is 0.
        if self == CronField::DayOfWeek && last.eq_ignore_ascii_case("SUN") && low > 0 {
            high = 7;
        }
        if low > high {
            let range = |from: &str, to: &str| if from == to { from.into() } else { format!("{from}-{to}") };
            let (to_the_end, from_the_start) =
                (range(first, &self.last_text()), range(&self.first_text(), last));
            let remedy = format!("write it as two ranges, `{to_the_end},{from_the_start}`");
            return Err(self.refuse(element, "the range runs backwards", &remedy));
        }
        Ok(low..=high)
    }

    fn first_text(self) -> String {
        self.names().first().map_or_else(|| self.values().start().to_string(), ToString::to_string)
    }

    fn last_text(self) -> String {
        self.names().last().map_or_else(|| self.values().end().to_string(), ToString::to_string)
    }

    fn parse_value(self, element: &str, text: &str) -> Result<u8, CronFieldError> {
        if let Some(index) = self.names().iter().position(|name| text.eq_ignore_ascii_case(name)) {
            return Ok(index as u8 + if self == CronField::Month { 1 } else { 0 });
        }
        let (low, high) = self.values().into_inner();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let remedy = match self.names().iter().find(|name| starts_with_ignoring_case(text, name)) {
                Some(name) => format!("write the name with three letters, `{name}`"),
                None => format!("write a number from {low} to {high}"),
            };
            return Err(self.refuse(element, &format!("`{text}` is not a value of this field"), &remedy));
        }
        match text.parse::<u8>() {
            Ok(value) if self.values().contains(&value) => Ok(value),
            _ => {
                let remedy = format!("write a number from {low} to {high}");
                Err(self.refuse(element, &format!("{text} is out of range"), &remedy))
            }
        }
    }

    fn parse_step(self, element: &str, text: &str) -> Result<u8, CronFieldError> {
        let most = *self.values().end();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u8>() {
            Ok(step) if digits && (1..=most).contains(&step) => Ok(step),
            // `*/90` in the minutes does not mean every 90 minutes: it would mean minute 0 of every hour.
            _ => {
                let remedy =
                    format!("write a step from 1 to {most}; a step never reaches into the next field");
                Err(self.refuse(element, &format!("`{text}` is not a step of this field"), &remedy))
            }
        }
    }

    /// Names the extensions of other schedulers, so that nobody wonders why a line from there is refused.
    fn refuse_foreign(self, element: &str) -> Result<(), CronFieldError> {
        let day_field = matches!(self, CronField::DayOfMonth | CronField::DayOfWeek);
        let last = element.len() - element.chars().next_back().map_or(0, char::len_utf8);
        let (before_last, last_character) = element.split_at(last);
        let number_before = before_last.bytes().all(|byte| byte.is_ascii_digit());
        let (problem, remedy) = if element.contains('?') {
            ("`?` is not in the crontab dialect", "write `*`")
        } else if element.contains('#') {
            (
                "`#` (the n-th weekday of a month) is not in the crontab dialect",
                "choose a weekday of every week, or days of the month",
            )
        } else if day_field && number_before && last_character.eq_ignore_ascii_case("L") {
            (
                "`L` (the last) is not in the crontab dialect",
                "choose a day that every month has, such as `28`",
            )
        } else if day_field && number_before && last_character.eq_ignore_ascii_case("W") {
            (
                "`W` (the nearest weekday) is not in the crontab dialect",
                "choose a day of the month, or a weekday such as `MON-FRI`",
            )
        } else if element.eq_ignore_ascii_case("H") || element.to_ascii_uppercase().starts_with("H/") {
            ("`H` (a hash) is not in the crontab dialect", "choose the value yourself")
        } else {
            return Ok(());
        };
        Err(self.refuse(element, problem, remedy))
    }

    fn refuse(self, value: &str, problem: &str, remedy: &str) -> CronFieldError {
        CronFieldError { field: self, value: value.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CronField::Minute => "minute",
            CronField::Hour => "hour",
            CronField::DayOfMonth => "day of month",
            CronField::Month => "month",
            CronField::DayOfWeek => "day of week",
        })
    }
}
