//! Accounts: who may sign in.

use diesel::prelude::*;

use crate::db::schema::account;
use crate::db::{Connection, Instant, Table, ids};

/// An account.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = account, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct AccountRow {
    pub id: i64,
    pub name: String,
    pub role: String,
    pub scope: Option<String>,
    pub password_hash: Option<String>,
    pub created_at: Instant,
    pub password_at: Option<Instant>,
    pub disabled_at: Option<Instant>,
}

/// Adds `row`; its id is given here.
pub fn insert(connection: &mut Connection, mut row: AccountRow) -> QueryResult<AccountRow> {
    row.id = ids::allot_one(connection, Table::Account)?;
    diesel::insert_into(account::table).values(row.clone()).execute(connection)?;
    Ok(row)
}

/// The account of this name.
pub fn find(connection: &mut Connection, name: &str) -> QueryResult<Option<AccountRow>> {
    account::table.filter(account::name.eq(name)).first(connection).optional()
}

/// The account with this id.
pub fn by_id(connection: &mut Connection, id: i64) -> QueryResult<Option<AccountRow>> {
    account::table.find(id).first(connection).optional()
}

/// Every account, by name.
pub fn all(connection: &mut Connection) -> QueryResult<Vec<AccountRow>> {
    account::table.order(account::name).load(connection)
}

/// Whether there is any.
pub fn any(connection: &mut Connection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(account::table.select(account::id))).get_result(connection)
}

/// How many accounts with one of these roles, for all of the fleet, can sign in now.
pub fn active_with(connection: &mut Connection, roles: &[&str]) -> QueryResult<i64> {
    account::table
        .filter(account::role.eq_any(roles).and(account::scope.is_null()))
        .filter(account::password_hash.is_not_null())
        .filter(account::disabled_at.is_null())
        .count()
        .get_result(connection)
}

/// How many accounts with one of these roles, for all of the fleet, besides this one, can sign in now.
pub fn active_besides(connection: &mut Connection, roles: &[&str], name: &str) -> QueryResult<i64> {
    account::table
        .filter(account::role.eq_any(roles).and(account::scope.is_null()))
        .filter(account::password_hash.is_not_null())
        .filter(account::disabled_at.is_null())
        .filter(account::name.ne(name))
        .count()
        .get_result(connection)
}

/// Sets the password.
pub fn set_password(connection: &mut Connection, id: i64, hash: &str, at: Instant) -> QueryResult<()> {
    diesel::update(account::table.find(id))
        .set((account::password_hash.eq(hash), account::password_at.eq(at)))
        .execute(connection)
        .map(drop)
}

/// Takes the password away, until another is set.
pub fn clear_password(connection: &mut Connection, id: i64) -> QueryResult<()> {
    diesel::update(account::table.find(id))
        .set(account::password_hash.eq(None::<String>))
        .execute(connection)
        .map(drop)
}

/// Sets what it may do, and where.
pub fn set_role(connection: &mut Connection, id: i64, role: &str, scope: Option<&str>) -> QueryResult<()> {
    diesel::update(account::table.find(id))
        .set((account::role.eq(role), account::scope.eq(scope)))
        .execute(connection)
        .map(drop)
}

/// Closes it, or opens it again.
pub fn set_disabled(connection: &mut Connection, id: i64, at: Option<Instant>) -> QueryResult<()> {
    diesel::update(account::table.find(id)).set(account::disabled_at.eq(at)).execute(connection).map(drop)
}
