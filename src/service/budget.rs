//! Disruption budgets: list, add, change, remove.

mod preview;

use crate::api::budget::{BudgetView, NewBudget};
use crate::api::{ListQuery, Page};
use crate::db::calendar::BudgetRow;
use crate::db::{self, Connection, Table};
use crate::domain::budget::{Budget, BudgetError, Limit};
use crate::domain::ids::BudgetId;
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::calendar::not_found;
use crate::service::version::{Expected, Versioned};
use crate::service::world::budget_of;
use crate::service::{Actor, App, Error};

pub use preview::preview;

/// Every budget.
pub fn list(app: &App, query: &ListQuery) -> Result<Page<BudgetView>, Error> {
    let limit = page_limit(query.limit)?;
    let after = query.after.as_deref().map_or(Ok(0), page_cursor)?;
    let rows = app
        .database
        .read(|connection| Ok::<_, Error>(db::calendar::budgets_after(connection, after, limit + 1)?))?;
    let views = rows.iter().map(view).collect::<Result<_, _>>()?;
    Ok(page_of(views, limit, |view: &BudgetView| view.id.to_string()))
}

/// Adds a budget. Several on one group all hold: the narrowest counts.
pub fn add(app: &App, actor: &Actor, new: &NewBudget) -> Result<BudgetView, Error> {
    let budget = checked(new)?;
    app.database.write(|connection| {
        let row = row_of(db::allot(connection, Table::Budget, 1)?[0], &budget)?;
        db::calendar::insert_budget(connection, row.clone())?;
        let view = view(&row)?;
        let change = Change::new("budget.add", format!("budget {}", view.id)).after(&view);
        record(connection, app, actor, change)?;
        Ok(view)
    })
}

fn checked(new: &NewBudget) -> Result<Budget, Error> {
    let budget = Budget {
        grouping: new.grouping.parse().map_err(|error| Error::invalid("grouping", error))?,
        value: new.value.clone(),
        limit: new.limit,
        min: new.min,
        keep: new.keep,
        day_minutes: new.hours.as_deref().map(parse_hours).transpose()?,
    };
    budget.validate().map_err(|error| match error {
        BudgetError::FleetValue => Error::invalid("value", error),
        BudgetError::DayMinutes => Error::invalid("hours", error),
        BudgetError::Percent(_) | BudgetError::Grouping(_) => Error::invalid("limit", error),
    })?;
    Ok(budget)
}

/// One budget.
pub fn show(app: &App, BudgetId(id): BudgetId) -> Result<BudgetView, Error> {
    app.database.read(|connection| find(connection, id))
}

fn find(connection: &mut Connection, id: i64) -> Result<BudgetView, Error> {
    match db::calendar::budget(connection, id)? {
        Some(row) => view(&row),
        None => Err(not_found("budget", id, "see `offpeak budget list`")),
    }
}

/// Gives a budget other terms; they hold from the next decision on.
pub fn change(
    app: &App,
    actor: &Actor,
    BudgetId(id): BudgetId,
    expected: &Expected,
    new: &NewBudget,
) -> Result<BudgetView, Error> {
    let budget = checked(new)?;
    app.database.write(|connection| {
        let before = find(connection, id)?;
        expected.check(&before)?;
        let row = row_of(id, &budget)?;
        db::calendar::update_budget(connection, &row)?;
        let view = view(&row)?;
        if view.etag != before.etag {
            let change = Change::new("budget.change", format!("budget {id}")).before(&before).after(&view);
            record(connection, app, actor, change)?;
        }
        Ok(view)
    })
}

/// Removes a budget.
pub fn remove(app: &App, actor: &Actor, BudgetId(id): BudgetId, expected: &Expected) -> Result<(), Error> {
    app.database.write(|connection| {
        let before = find(connection, id)?;
        expected.check(&before)?;
        db::calendar::delete_budget(connection, id)?;
        let change = Change::new("budget.remove", format!("budget {id}")).before(&before);
        record(connection, app, actor, change)?;
        Ok(())
    })
}

fn row_of(id: i64, budget: &Budget) -> Result<BudgetRow, Error> {
    let number = |value: u32| {
        i32::try_from(value).map_err(|_| Error::invalid("limit", format!("{value} is too large a number")))
    };
    let (limit_count, limit_percent) = match budget.limit {
        Limit::Count(count) => (Some(number(count)?), None),
        Limit::Percent(percent) => (None, Some(number(percent)?)),
    };
    let (from_minute, to_minute) = match budget.day_minutes {
        Some((from, to)) => (Some(number(from)?), Some(number(to)?)),
        None => (None, None),
    };
    Ok(BudgetRow {
        id,
        grouping_key: budget.grouping.to_string(),
        group_value: budget.value.clone(),
        limit_count,
        limit_percent,
        min_down: number(budget.min)?,
        keep_up: number(budget.keep)?,
        from_minute,
        to_minute,
    })
}

fn view(row: &BudgetRow) -> Result<BudgetView, Error> {
    let Budget { grouping, value, limit, min, keep, day_minutes } = budget_of(row)?;
    let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let hours = day_minutes.map(|(from, to)| format!("{}-{}", clock(from), clock(to)));
    let (id, grouping, etag) = (row.id, grouping.to_string(), String::new());
    Ok(BudgetView { id, grouping, value, limit, min, keep, hours, etag }.with_version())
}

fn parse_hours(text: &str) -> Result<(u32, u32), Error> {
    let minute = |clock: &str| -> Option<u32> {
        let (hour, minute) = clock.trim().split_once(':')?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
    };
    text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?))).ok_or_else(|| {
        Error::invalid("hours", format!("`{text}` are no hours of day; write them as 08:00-20:00"))
    })
}
