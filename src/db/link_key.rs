//! The secrets that merchants' links are signed with.

use diesel::prelude::*;

use crate::db::schema::link_key;
use crate::db::{Connection, Instant};

/// A secret.
#[derive(Clone, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = link_key, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct LinkKeyRow {
    pub number: i32,
    pub secret: Vec<u8>,
    pub created_at: Instant,
}

/// Every secret, the latest first.
pub fn all(connection: &mut Connection) -> QueryResult<Vec<LinkKeyRow>> {
    link_key::table.order(link_key::number.desc()).load(connection)
}

/// Nobody else adds the first secret until the transaction ends.
pub fn serialize(connection: &mut Connection) -> QueryResult<()> {
    connection.lock_until_end(7_305_224)
}

/// Adds a secret.
pub fn insert(connection: &mut Connection, row: LinkKeyRow) -> QueryResult<()> {
    diesel::insert_into(link_key::table).values(row).execute(connection).map(drop)
}

/// Forgets every secret but the latest `keep`: links under the others open nothing from then on.
pub fn forget_older(connection: &mut Connection, keep: i64) -> QueryResult<usize> {
    let kept: Vec<i32> = link_key::table
        .select(link_key::number)
        .order(link_key::number.desc())
        .limit(keep)
        .load(connection)?;
    diesel::delete(link_key::table.filter(link_key::number.ne_all(kept))).execute(connection)
}
