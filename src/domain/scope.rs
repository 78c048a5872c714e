//! A scope: the part of the fleet that a window or a blackout is for; and the group that a terminal belongs to.

use crate::domain::budget::{BudgetError, Grouping};
use crate::domain::fleet::{Merchant, Site, Terminal};

/// The whole fleet, or one group of a grouping: `fleet`, `region:north`, `site:S-17`, `tag:floor:2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// What is grouped by.
    pub grouping: Grouping,
    /// Which group; empty for the fleet.
    pub value: String,
}

/// A scope that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Unknown grouping.
    #[error(transparent)]
    Grouping(#[from] BudgetError),
    /// The group's name is missing.
    #[error("`{0}` names no group; write it as {0}:NAME")]
    NoValue(String),
}

impl Scope {
    /// Whether the terminal lies in it.
    pub fn holds(&self, terminal: &Terminal, site: &Site, merchant: &Merchant) -> bool {
        self.grouping.group_of(terminal, site, merchant) == Some(self.value.as_str())
    }

    /// For windows: how narrow it is, 0 the fleet to 3 one site; `None` where windows cannot be set.
    pub fn window_rank(&self) -> Option<u8> {
        match self.grouping {
            Grouping::Fleet => Some(0),
            Grouping::Region => Some(1),
            Grouping::Merchant => Some(2),
            Grouping::Site => Some(3),
            _ => None,
        }
    }
}

impl Grouping {
    /// The name of the terminal's group; `None` where it is in none (no carrier, no such tag).
    pub fn group_of<'a>(
        &self,
        terminal: &'a Terminal,
        site: &'a Site,
        merchant: &'a Merchant,
    ) -> Option<&'a str> {
        match self {
            Grouping::Fleet => Some(""),
            Grouping::Region => Some(&site.region),
            Grouping::AcquirerHost => Some(&terminal.acquirer_host),
            Grouping::Carrier => terminal.carrier.as_deref(),
            Grouping::Cell => terminal.cell.as_deref(),
            Grouping::Merchant => Some(&merchant.number),
            Grouping::Site => Some(&site.code),
            Grouping::Model => Some(&terminal.model),
            Grouping::Tag(key) => terminal
                .tags
                .get(key)
                .or_else(|| site.tags.get(key))
                .or_else(|| merchant.tags.get(key))
                .map(String::as_str),
        }
    }

    /// The name of a group as problems, reports and pages show it: `fleet`, `region:north`.
    pub fn group_id(&self, value: &str) -> String {
        match self {
            Grouping::Fleet => "fleet".to_owned(),
            other => format!("{other}:{value}"),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.grouping.group_id(&self.value))
    }
}

impl std::str::FromStr for Scope {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "fleet" {
            return Ok(Scope { grouping: Grouping::Fleet, value: String::new() });
        }
        let no_value = || ScopeError::NoValue(text.to_owned());
        let (grouping, value) = match text.strip_prefix("tag:") {
            Some(rest) => {
                let (key, value) = rest.split_once(':').ok_or_else(no_value)?;
                (format!("tag:{key}"), value)
            }
            None => match text.split_once(':') {
                Some((grouping, value)) => (grouping.to_owned(), value),
                None => {
                    text.parse::<Grouping>()?;
                    return Err(no_value());
                }
            },
        };
        let grouping: Grouping = grouping.parse()?;
        if value.is_empty() || grouping == Grouping::Fleet {
            return Err(no_value());
        }
        Ok(Scope { grouping, value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_and_write_the_same_words() {
        for word in ["fleet", "region:north", "site:S-1", "tag:floor:2", "host:a:b"] {
            assert_eq!(word.parse::<Scope>().map(|scope| scope.to_string()), Ok(word.to_owned()));
        }
        for bad in ["", "region", "region:", "planet:earth", "tag:floor", "fleet:x"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
