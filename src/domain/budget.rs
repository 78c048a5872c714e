//! Disruption budgets: how many terminals of a group may be down at once.

use serde::{Deserialize, Serialize};

/// What terminals are grouped by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// Everything.
    Fleet,
    /// The site's region.
    Region,
    /// The acquirer host.
    AcquirerHost,
    /// The carrier.
    Carrier,
    /// The radio cell or uplink.
    Cell,
    /// The merchant.
    Merchant,
    /// The site.
    Site,
    /// The hardware model.
    Model,
    /// The value of a tag of this name, on the terminal, its site or its merchant.
    Tag(String),
}

impl std::fmt::Display for Grouping {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Grouping::Fleet => formatter.write_str("fleet"),
            Grouping::Region => formatter.write_str("region"),
            Grouping::AcquirerHost => formatter.write_str("host"),
            Grouping::Carrier => formatter.write_str("carrier"),
            Grouping::Cell => formatter.write_str("cell"),
            Grouping::Merchant => formatter.write_str("merchant"),
            Grouping::Site => formatter.write_str("site"),
            Grouping::Model => formatter.write_str("model"),
            Grouping::Tag(key) => write!(formatter, "tag:{key}"),
        }
    }
}

impl std::str::FromStr for Grouping {
    type Err = BudgetError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "fleet" => Grouping::Fleet,
            "region" => Grouping::Region,
            "host" => Grouping::AcquirerHost,
            "carrier" => Grouping::Carrier,
            "cell" => Grouping::Cell,
            "merchant" => Grouping::Merchant,
            "site" => Grouping::Site,
            "model" => Grouping::Model,
            other => match other.strip_prefix("tag:") {
                Some(key) if !key.is_empty() => Grouping::Tag(key.to_owned()),
                _ => return Err(BudgetError::Grouping(text.to_owned())),
            },
        })
    }
}

/// At most `limit` terminals of a group down at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// So many terminals.
    Count(u32),
    /// So many per cent of the group's active terminals, rounded up. 1 to 100.
    Percent(u32),
}

/// A budget for every group of a grouping, or for one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What terminals are grouped by.
    pub grouping: Grouping,
    /// One group only (a region's name, a host's name); `None` is every group of the grouping.
    pub value: Option<String>,
    /// The limit itself.
    pub limit: Limit,
    /// A percentage never comes to less than this many terminals.
    pub min: u32,
    /// So many terminals of the group always stay up, whatever the limit says.
    pub keep: u32,
    /// Applies only between these minutes of the local day (half-open, may cross midnight), in the fleet's
    /// zone; `None` is always.
    pub day_minutes: Option<(u32, u32)>,
}

impl Budget {
    /// Checks what the type cannot: ranges.
    pub fn validate(&self) -> Result<(), BudgetError> {
        match self.limit {
            Limit::Percent(percent) if !(1..=100).contains(&percent) => Err(BudgetError::Percent(percent)),
            _ => match self.day_minutes {
                Some((from, to)) if from == to || from >= 1440 || to > 1440 => Err(BudgetError::DayMinutes),
                _ if self.grouping == Grouping::Fleet && self.value.is_some() => Err(BudgetError::FleetValue),
                _ => Ok(()),
            },
        }
    }

    /// How many of a group's `size` active terminals may be down at once: a percentage rounds up and is never
    /// below `min`; `keep` terminals stay up before anything else.
    pub fn cap(&self, size: u32) -> u32 {
        let limit = match self.limit {
            Limit::Count(count) => count,
            Limit::Percent(percent) => {
                let share = (u64::from(size) * u64::from(percent)).div_ceil(100);
                u32::try_from(share).unwrap_or(u32::MAX).max(self.min)
            }
        };
        limit.min(size.saturating_sub(self.keep))
    }
}

/// A budget that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// Unknown grouping.
    #[error(
        "`{0}` is not a grouping; use fleet, region, host, carrier, cell, merchant, site, model or tag:NAME"
    )]
    Grouping(String),
    /// A percentage out of range.
    #[error("{0} % is out of range; a budget is from 1 to 100 per cent, or a count")]
    Percent(u32),
    /// Minutes of the day out of range.
    #[error(
        "the hours of the budget are empty or out of range; give two different times from 00:00 to 24:00"
    )]
    DayMinutes,
    /// A value on the fleet.
    #[error("the fleet is one group and takes no value; leave it out")]
    FleetValue,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limit: Limit, min: u32, keep: u32) -> Budget {
        Budget { grouping: Grouping::Region, value: None, limit, min, keep, day_minutes: None }
    }

    #[test]
    fn percentages_round_up_and_keep_wins() {
        assert_eq!(budget(Limit::Percent(5), 0, 0).cap(11), 1);
        assert_eq!(budget(Limit::Percent(5), 0, 0).cap(21), 2);
        assert_eq!(budget(Limit::Percent(5), 3, 0).cap(21), 3);
        assert_eq!(budget(Limit::Percent(100), 0, 1).cap(1), 0);
        assert_eq!(budget(Limit::Percent(50), 0, 8).cap(10), 2);
        assert_eq!(budget(Limit::Count(40), 0, 0).cap(7), 7);
        assert_eq!(budget(Limit::Percent(100), 0, 0).cap(u32::MAX), u32::MAX);
    }

    #[test]
    fn groupings_read_and_write_the_same_words() {
        for word in ["fleet", "region", "host", "carrier", "cell", "merchant", "site", "model", "tag:floor"] {
            assert_eq!(word.parse::<Grouping>().map(|grouping| grouping.to_string()), Ok(word.to_owned()));
        }
        assert!("tag:".parse::<Grouping>().is_err());
    }
}
