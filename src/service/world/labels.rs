//! Names that many share, as numbers; and for each grouping that differs between a site's terminals (host, cell,
//! model, a tag) and that a budget or a blackout asks for, the number of each terminal's group.

use std::collections::HashMap;

use crate::domain::budget::Grouping;
use crate::domain::fleet::{Merchant, Site, Terminal};

/// No group of that grouping.
pub(in crate::service) const NONE: u32 = u32::MAX;

/// Names and their numbers, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<String, u32>,
    pub(super) names: Vec<String>,
}

impl Names {
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(NONE);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

#[derive(Debug)]
struct Column {
    grouping: Grouping,
    names: Names,
    /// For each terminal of the world.
    numbers: Vec<u32>,
}

/// One column a grouping.
#[derive(Debug, Default)]
pub(super) struct Labels {
    columns: Vec<Column>,
}

/// Whether terminals of one site may be in different groups of it.
pub(super) fn differs_within_site(grouping: &Grouping) -> bool {
    !matches!(grouping, Grouping::Fleet | Grouping::Region | Grouping::Merchant | Grouping::Site)
}

impl Labels {
    /// A column for each grouping that needs one.
    pub(super) fn for_groupings<'a>(groupings: impl Iterator<Item = &'a Grouping>) -> Self {
        let mut labels = Labels::default();
        for grouping in groupings.filter(|grouping| differs_within_site(grouping)) {
            if labels.column(grouping).is_none() {
                labels.columns.push(Column {
                    grouping: grouping.clone(),
                    names: Names::default(),
                    numbers: Vec::new(),
                });
            }
        }
        labels
    }

    /// The next terminal of the world.
    pub(super) fn push(&mut self, terminal: &Terminal, site: &Site, merchant: &Merchant) {
        for column in &mut self.columns {
            let value = column.grouping.group_of(terminal, site, merchant);
            let number = value.map_or(NONE, |value| column.names.number(value));
            column.numbers.push(number);
        }
    }

    /// The groups of a grouping that has a column.
    pub(super) fn names(&self, grouping: &Grouping) -> &[String] {
        self.column(grouping).map_or(&[], |column| &column.names.names)
    }

    /// The number of a terminal's group, if it is in one.
    pub(super) fn number(&self, grouping: &Grouping, terminal: usize) -> Option<u32> {
        let number = self.column(grouping)?.numbers[terminal];
        (number != NONE).then_some(number)
    }

    fn column(&self, grouping: &Grouping) -> Option<&Column> {
        self.columns.iter().find(|column| column.grouping == *grouping)
    }
}
