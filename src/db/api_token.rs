//! API tokens: what programs show instead of a password.

use diesel::prelude::*;

use crate::db::account::AccountRow;
use crate::db::schema::{account, api_token};
use crate::db::{Connection, Instant, Table, ids};

/// A token. What the program shows is not in it, only its digest.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = api_token, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct ApiTokenRow {
    pub id: i64,
    pub name: String,
    pub prefix: String,
    pub token_hash: String,
    pub account_id: Option<i64>,
    pub made_by: String,
    pub role: String,
    pub scope: Option<String>,
    pub created_at: Instant,
    pub expires_at: Option<Instant>,
    pub used_at: Option<Instant>,
    pub revoked_at: Option<Instant>,
}

/// Adds `row`; its id is given here.
pub fn insert(connection: &mut Connection, mut row: ApiTokenRow) -> QueryResult<ApiTokenRow> {
    row.id = ids::allot_one(connection, Table::ApiToken)?;
    diesel::insert_into(api_token::table).values(row.clone()).execute(connection)?;
    Ok(row)
}

/// The token with this digest, and whose it is.
pub fn find(
    connection: &mut Connection,
    token_hash: &str,
) -> QueryResult<Option<(ApiTokenRow, Option<AccountRow>)>> {
    api_token::table
        .left_join(account::table)
        .filter(api_token::token_hash.eq(token_hash))
        .first(connection)
        .optional()
}

/// The token with this id.
pub fn by_id(connection: &mut Connection, id: i64) -> QueryResult<Option<ApiTokenRow>> {
    api_token::table.find(id).first(connection).optional()
}

/// Tokens, the latest first; of one account, or of all.
pub fn list(
    connection: &mut Connection,
    account_id: Option<i64>,
    before_id: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<ApiTokenRow>> {
    let mut query = api_token::table.into_boxed();
    if let Some(id) = account_id {
        query = query.filter(api_token::account_id.eq(id));
    }
    if let Some(id) = before_id {
        query = query.filter(api_token::id.lt(id));
    }
    query.order(api_token::id.desc()).limit(limit).load(connection)
}

/// Writes down that it was used.
pub fn used(connection: &mut Connection, id: i64, at: Instant) -> QueryResult<()> {
    diesel::update(api_token::table.find(id)).set(api_token::used_at.eq(at)).execute(connection).map(drop)
}

/// Ends it; whether it had not ended before.
pub fn revoke(connection: &mut Connection, id: i64, at: Instant) -> QueryResult<bool> {
    diesel::update(api_token::table.find(id).filter(api_token::revoked_at.is_null()))
        .set(api_token::revoked_at.eq(at))
        .execute(connection)
        .map(|rows| rows > 0)
}
