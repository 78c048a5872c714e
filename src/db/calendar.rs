//! Maintenance windows, blackouts and budgets: small tables, which planning reads whole.

use diesel::prelude::*;

use crate::db::Connection;
use crate::db::schema::{blackout, budget, maintenance_window};

/// A maintenance window.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = maintenance_window, treat_none_as_default_value = false, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct WindowRow {
    pub id: i64,
    pub scope: String,
    pub cron: String,
    pub duration_minutes: i32,
    pub cutoff_minutes: i32,
    pub time_zone: Option<String>,
}

/// A blackout.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = blackout, treat_none_as_default_value = false, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct BlackoutRow {
    pub id: i64,
    pub name: String,
    pub scope: String,
    pub from_local: String,
    pub to_local: String,
    pub yearly: bool,
    pub time_zone: Option<String>,
}

/// A disruption budget.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = budget, treat_none_as_default_value = false, treat_none_as_null = true)]
#[allow(missing_docs)]
pub struct BudgetRow {
    pub id: i64,
    pub grouping_key: String,
    pub group_value: Option<String>,
    pub limit_count: Option<i32>,
    pub limit_percent: Option<i32>,
    pub min_down: i32,
    pub keep_up: i32,
    pub from_minute: Option<i32>,
    pub to_minute: Option<i32>,
}

macro_rules! small_table {
    ($table:ident, $row:ident, $all:ident, $after:ident, $one:ident, $insert:ident, $update:ident, $delete:ident) => {
        /// Every row, by id.
        pub fn $all(connection: &mut Connection) -> QueryResult<Vec<$row>> {
            $table::table.order($table::id).load(connection)
        }

        /// Rows above the id `after`, by id, at most `limit`.
        pub fn $after(connection: &mut Connection, after: i64, limit: i64) -> QueryResult<Vec<$row>> {
            $table::table.filter($table::id.gt(after)).order($table::id).limit(limit).load(connection)
        }

        /// One row.
        pub fn $one(connection: &mut Connection, id: i64) -> QueryResult<Option<$row>> {
            $table::table.find(id).first(connection).optional()
        }

        /// Overwrites a row.
        pub fn $update(connection: &mut Connection, row: &$row) -> QueryResult<()> {
            diesel::update($table::table.find(row.id)).set(row).execute(connection).map(drop)
        }

        /// Adds a row.
        pub fn $insert(connection: &mut Connection, row: $row) -> QueryResult<()> {
            diesel::insert_into($table::table).values(row).execute(connection).map(drop)
        }

        /// Removes a row; whether there was one.
        pub fn $delete(connection: &mut Connection, id: i64) -> QueryResult<bool> {
            diesel::delete($table::table.find(id)).execute(connection).map(|rows| rows > 0)
        }
    };
}

small_table!(
    maintenance_window,
    WindowRow,
    windows,
    windows_after,
    window,
    insert_window,
    update_window,
    delete_window
);
small_table!(
    blackout,
    BlackoutRow,
    blackouts,
    blackouts_after,
    blackout,
    insert_blackout,
    update_blackout,
    delete_blackout
);
small_table!(budget, BudgetRow, budgets, budgets_after, budget, insert_budget, update_budget, delete_budget);
