//! How long before a visit its merchant is reminded of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest advance, in minutes: whoever gives more means seconds.
const MINUTES_MAX: u32 = 60 * 24 * 60;

/// Reminders of one visit at most.
const COUNT_MAX: usize = 5;

/// So many minutes before the start each reminder leaves, the earliest first: `1440, 60`, or `none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReminderLeads(Vec<u32>);

/// Text that says nothing of reminders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` does not say when to remind; write minutes before the start, at most {COUNT_MAX} of them and each from 1 to \
     {MINUTES_MAX}, as 1440, 60; or none"
)]
pub struct ReminderLeadsError(String);

impl ReminderLeads {
    /// The minutes, most first.
    pub fn minutes(&self) -> &[u32] {
        &self.0
    }
}

impl FromStr for ReminderLeads {
    type Err = ReminderLeadsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ReminderLeadsError(text.to_owned());
        if text.trim() == "none" {
            return Ok(ReminderLeads(Vec::new()));
        }
        let mut minutes = Vec::new();
        for word in text.split(',') {
            let number: u32 = word.trim().parse().map_err(|_| wrong())?;
            if !(1..=MINUTES_MAX).contains(&number) {
                return Err(wrong());
            }
            minutes.push(number);
        }
        minutes.sort_unstable_by(|left, right| right.cmp(left));
        minutes.dedup();
        if minutes.len() > COUNT_MAX {
            return Err(wrong());
        }
        Ok(ReminderLeads(minutes))
    }
}

impl TryFrom<String> for ReminderLeads {
    type Error = ReminderLeadsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ReminderLeads> for String {
    fn from(leads: ReminderLeads) -> Self {
        leads.to_string()
    }
}

impl fmt::Display for ReminderLeads {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("none");
        }
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_are_read_and_shown() {
        for (text, shown) in
            [("60,1440", "1440, 60"), ("1440", "1440"), ("60, 60 ,15", "60, 15"), ("none", "none")]
        {
            assert_eq!(text.parse::<ReminderLeads>().map(|leads| leads.to_string()), Ok(shown.to_owned()));
        }
        for wrong in ["", "0", "60;15", "-5", "90000", "6,5,4,3,2,1", "1h"] {
            let error = wrong.parse::<ReminderLeads>().expect_err("it is wrong").to_string();
            assert!(error.contains(wrong) && error.contains("1440, 60"), "{error}");
        }
    }
}
