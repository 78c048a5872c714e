//! What a budget that is not saved would mean: its groups, how many terminals each has, and how many may be down.

use super::checked;
use crate::api::budget::{BudgetGroup, BudgetPreview, NewBudget};
use crate::db::{self, Connection};
use crate::domain::budget::{Budget, Grouping};
use crate::service::{App, Error};

/// Groups that the preview names; all are counted.
const GROUPS_MAX: usize = 12;

/// Its groups, the largest first, and those in which nothing could ever be down.
pub fn preview(app: &App, new: &NewBudget) -> Result<BudgetPreview, Error> {
    let budget = checked(new)?;
    app.database.read(|connection| {
        let mut sizes = sizes(connection, &budget)?;
        sizes.sort_unstable_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        let group = |(name, terminals): &(String, u32)| BudgetGroup {
            group: budget.grouping.group_id(name),
            terminals: *terminals,
            at_most: budget.cap(*terminals),
        };
        let stuck = sizes.iter().filter(|(_, size)| budget.cap(*size) == 0).count() as u64;
        let without_effect = sizes.iter().filter(|(_, size)| budget.cap(*size) >= *size).count() as u64;
        Ok(BudgetPreview {
            groups_in_all: sizes.len() as u64,
            terminals: sizes.iter().map(|(_, size)| u64::from(*size)).sum(),
            stuck,
            without_effect,
            groups: sizes.iter().take(GROUPS_MAX).map(group).collect(),
        })
    })
}

fn sizes(connection: &mut Connection, budget: &Budget) -> Result<Vec<(String, u32)>, Error> {
    let Some(value) = budget.value.as_deref().or((budget.grouping == Grouping::Fleet).then_some("")) else {
        return Ok(db::group::all_sizes(connection, &budget.grouping)?.into_iter().collect());
    };
    let known = db::group::sizes(connection, &budget.grouping, &[value])?;
    match known.get(value) {
        Some(size) => Ok(vec![(value.to_owned(), *size)]),
        None => Ok(Vec::new()),
    }
}
