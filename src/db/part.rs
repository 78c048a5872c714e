//! What belongs to a part of the fleet: a region, or a merchant.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::schema::{
    appointment, merchant, notice_lock, notice_visit, site, terminal, terminal_lock, visit,
};
use crate::db::{Connection, containing, lower, one_of, unless_empty};
use crate::domain::access::Part;

macro_rules! page_of_part {
    ($(#[$doc:meta])* $name:ident, $table:ident, $row:ty, $key:ident, $also:ident, $from:expr) => {
        $(#[$doc])*
        pub fn $name(
            connection: &mut Connection,
            part: &Part,
            after: Option<&str>,
            text: Option<&str>,
            limit: i64,
        ) -> QueryResult<Vec<$row>> {
            let mut query = $from.select($table::all_columns).into_boxed();
            query = match part {
                Part::Region(region) => query.filter(site::region.eq(region.clone())),
                Part::Merchant(number) => query.filter(merchant::number.eq(number.clone())),
            };
            if let Some(after) = after {
                query = query.filter($table::$key.gt(after.to_owned()));
            }
            if let Some(text) = text {
                let pattern = containing(text);
                query = query.filter(
                    lower($table::$key).like(pattern.clone()).escape('!').or(lower($table::$also).like(pattern).escape('!')),
                );
            }
            query.order($table::$key).limit(limit).load(connection)
        }
    };
}

page_of_part!(
    /// Terminals of a part, by serial number, after one of them.
    terminal_page, terminal, TerminalRow, serial, label,
    terminal::table.inner_join(site::table.inner_join(merchant::table))
);
page_of_part!(
    /// Sites of a part, by code, after one of them.
    site_page, site, SiteRow, code, name, site::table.inner_join(merchant::table)
);

/// Merchants with a site in a part, by number, after one of them.
pub fn merchant_page(
    connection: &mut Connection,
    part: &Part,
    after: Option<&str>,
    text: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<MerchantRow>> {
    let mut query = merchant::table.into_boxed();
    query = match part {
        Part::Region(region) => query.filter(
            merchant::id
                .eq_any(site::table.filter(site::region.eq(region.clone())).select(site::merchant_id)),
        ),
        Part::Merchant(number) => query.filter(merchant::number.eq(number.clone())),
    };
    if let Some(after) = after {
        query = query.filter(merchant::number.gt(after.to_owned()));
    }
    if let Some(text) = text {
        let pattern = containing(text);
        let number = lower(merchant::number).like(pattern.clone()).escape('!');
        query = query.filter(number.or(lower(merchant::name).like(pattern).escape('!')));
    }
    query.order(merchant::number).limit(limit).load(connection)
}

/// A region and a merchant's number: to which parts something belongs.
type Home = (String, String);

fn is_home(part: &Part, (region, number): &Home) -> bool {
    match part {
        Part::Region(name) => name == region,
        Part::Merchant(only) => only == number,
    }
}

fn count_home(part: &Part, homes: &[Home]) -> usize {
    homes.iter().filter(|home| is_home(part, home)).count()
}

/// How many of these terminals, each named once, belong to a part.
pub fn terminals_in(connection: &mut Connection, part: &Part, serials: &[&str]) -> QueryResult<usize> {
    unless_empty!(serials);
    let homes: Vec<Home> = terminal::table
        .inner_join(site::table.inner_join(merchant::table))
        .filter(one_of(connection, terminal::serial, serials))
        .select((site::region, merchant::number))
        .load(connection)?;
    Ok(count_home(part, &homes))
}

/// How many of these appointments, each named once, belong to a part.
pub fn appointments_in(connection: &mut Connection, part: &Part, ids: &[i64]) -> QueryResult<usize> {
    unless_empty!(ids);
    let homes: Vec<Home> = appointment::table
        .inner_join(terminal::table.inner_join(site::table.inner_join(merchant::table)))
        .filter(one_of(connection, appointment::id, ids))
        .select((site::region, merchant::number))
        .load(connection)?;
    Ok(count_home(part, &homes))
}

/// Whether a site belongs to a part.
pub fn has_site(connection: &mut Connection, part: &Part, code: &str) -> QueryResult<bool> {
    let home: Option<Home> = site::table
        .inner_join(merchant::table)
        .filter(site::code.eq(code))
        .select((site::region, merchant::number))
        .first(connection)
        .optional()?;
    Ok(home.is_some_and(|home| is_home(part, &home)))
}

/// The serial number of a lock's terminal.
pub fn serial_of_lock(connection: &mut Connection, id: i64) -> QueryResult<Option<String>> {
    terminal_lock::table
        .inner_join(terminal::table)
        .filter(terminal_lock::id.eq(id))
        .select(terminal::serial)
        .first(connection)
        .optional()
}

/// Which of these notices tell of a visit or a lock in a region.
pub fn notices_in(connection: &mut Connection, region: &str, ids: &[i64]) -> QueryResult<HashSet<i64>> {
    unless_empty!(ids);
    let of_visits: Vec<(i64, String)> = notice_visit::table
        .inner_join(visit::table.inner_join(site::table))
        .filter(one_of(connection, notice_visit::notice_id, ids))
        .select((notice_visit::notice_id, site::region))
        .load(connection)?;
    let of_locks: Vec<(i64, String)> = notice_lock::table
        .inner_join(terminal_lock::table.inner_join(terminal::table.inner_join(site::table)))
        .filter(one_of(connection, notice_lock::notice_id, ids))
        .select((notice_lock::notice_id, site::region))
        .load(connection)?;
    let found = of_visits.into_iter().chain(of_locks).filter(|(_, of)| of == region);
    Ok(found.map(|(id, _)| id).collect())
}

/// Which of these locks hold terminals of a part.
pub fn locks_in(connection: &mut Connection, part: &Part, ids: &[i64]) -> QueryResult<HashSet<i64>> {
    unless_empty!(ids);
    let homes: Vec<(i64, Home)> = terminal_lock::table
        .inner_join(terminal::table.inner_join(site::table.inner_join(merchant::table)))
        .filter(one_of(connection, terminal_lock::id, ids))
        .select((terminal_lock::id, (site::region, merchant::number)))
        .load(connection)?;
    Ok(homes.into_iter().filter(|(_, home)| is_home(part, home)).map(|(id, _)| id).collect())
}
