//! Links that let somebody set a password once.

use diesel::prelude::*;

use crate::db::schema::set_up_link;
use crate::db::{Connection, Instant};

/// A link, without what opens it: only the digest of that is kept.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = set_up_link, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct SetUpLinkRow {
    pub token_hash: String,
    pub account_id: Option<i64>,
    pub created_at: Instant,
    pub expires_at: Instant,
}

/// Adds `row`.
pub fn insert(connection: &mut Connection, row: SetUpLinkRow) -> QueryResult<()> {
    diesel::insert_into(set_up_link::table).values(row).execute(connection).map(drop)
}

/// The link with this digest.
pub fn find(connection: &mut Connection, token_hash: &str) -> QueryResult<Option<SetUpLinkRow>> {
    set_up_link::table.find(token_hash).first(connection).optional()
}

/// Takes a link away; whether it was there. Of two who follow it at once, one takes it.
pub fn take(connection: &mut Connection, token_hash: &str) -> QueryResult<bool> {
    diesel::delete(set_up_link::table.find(token_hash)).execute(connection).map(|rows| rows > 0)
}

/// Takes away the links of an account, or with `None` those of an account that is to be made.
pub fn clear(connection: &mut Connection, account_id: Option<i64>) -> QueryResult<usize> {
    match account_id {
        Some(id) => {
            diesel::delete(set_up_link::table.filter(set_up_link::account_id.eq(id))).execute(connection)
        }
        None => {
            diesel::delete(set_up_link::table.filter(set_up_link::account_id.is_null())).execute(connection)
        }
    }
}
