//! Addresses that take no mail.

use diesel::prelude::*;

use crate::db::schema::suppression;
use crate::db::{Connection, Instant, containing, one_of, unless_empty};

/// An address that takes no mail, in lower case, and why.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = suppression, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct SuppressionRow {
    pub address: String,
    pub reason: String,
    pub since: Instant,
}

/// Why nothing is sent to this address, if so.
pub fn find(connection: &mut Connection, address: &str) -> QueryResult<Option<SuppressionRow>> {
    suppression::table.find(address.to_lowercase()).first(connection).optional()
}

/// Those of these addresses, in lower case, to which nothing is sent.
pub fn among(connection: &mut Connection, addresses: &[String]) -> QueryResult<Vec<SuppressionRow>> {
    unless_empty!(addresses);
    suppression::table.filter(one_of(connection, suppression::address, addresses)).load(connection)
}

/// Addresses after `after` that contain `text`, in their order, at most `limit`.
pub fn page(
    connection: &mut Connection,
    after: Option<&str>,
    text: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<SuppressionRow>> {
    let mut query = suppression::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(suppression::address.gt(after.to_owned()));
    }
    if let Some(text) = text {
        query = query.filter(suppression::address.like(containing(text)).escape('!'));
    }
    query.order(suppression::address).limit(limit).load(connection)
}

/// How many there are.
pub fn count(connection: &mut Connection) -> QueryResult<i64> {
    suppression::table.count().get_result(connection)
}

/// Nothing is sent to this address from now on; an earlier reason stays.
pub fn add(connection: &mut Connection, address: &str, reason: &str, since: Instant) -> QueryResult<()> {
    if find(connection, address)?.is_some() {
        return Ok(());
    }
    let row = SuppressionRow { address: address.to_lowercase(), reason: reason.to_owned(), since };
    diesel::insert_into(suppression::table).values(row).execute(connection).map(drop)
}

/// Mail is sent there again; whether it was not.
pub fn lift(connection: &mut Connection, address: &str) -> QueryResult<bool> {
    diesel::delete(suppression::table.find(address.to_lowercase())).execute(connection).map(|rows| rows > 0)
}
