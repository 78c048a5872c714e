//! Leases: who does what one replica alone may do. Time is the database's own: replicas' clocks differ. The token
//! rises with every change of the holder, and whoever writes as the holder shows it first.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::schema::lease;
use crate::db::{Connection, Instant, on_each};

/// A lease as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Queryable, Insertable)]
#[diesel(table_name = lease, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct LeaseRow {
    pub name: String,
    pub holder: String,
    pub token: i64,
    pub since: Instant,
    pub until: Instant,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

const POSTGRES_NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
const SQLITE_NOW: &str = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";

/// What the database's own clock shows.
pub fn now(connection: &mut Connection) -> QueryResult<Instant> {
    let now = match connection {
        Connection::Postgres(_) => POSTGRES_NOW,
        Connection::Sqlite(_) => SQLITE_NOW,
    };
    let row: Number = diesel::sql_query(format!("SELECT {now} AS number")).get_result(connection)?;
    Ok(chrono::DateTime::from_timestamp_micros(row.number).unwrap_or_default().into())
}

/// Takes the lease for `holder` until `length_micros` from now, or renews it; gives its token, or nothing if somebody
/// else holds it or writes under it at this moment. Waits for nobody.
pub fn take(
    connection: &mut Connection,
    name: &str,
    holder: &str,
    length_micros: i64,
) -> QueryResult<Option<i64>> {
    if let Some(token) = try_take(connection, name, holder, length_micros)? {
        return Ok(Some(token));
    }
    let insert = "INSERT INTO lease (name, holder, token, since, until) VALUES ($1, '', 0, 0, 0) \
                  ON CONFLICT (name) DO NOTHING";
    match diesel::sql_query(insert).bind::<Text, _>(name).execute(connection)? {
        0 => Ok(None),
        _ => try_take(connection, name, holder, length_micros),
    }
}

fn try_take(
    connection: &mut Connection,
    name: &str,
    holder: &str,
    length_micros: i64,
) -> QueryResult<Option<i64>> {
    let (now, row_lock) = match connection {
        Connection::Postgres(_) => (POSTGRES_NOW, "FOR UPDATE SKIP LOCKED"),
        Connection::Sqlite(_) => (SQLITE_NOW, ""),
    };
    // SQLite numbers what is bound in the order in which it first appears.
    let update = format!(
        "UPDATE lease SET token = CASE WHEN holder = $1 THEN token ELSE token + 1 END, \
         since = CASE WHEN holder = $1 THEN since ELSE {now} END, holder = $1, until = {now} + $2 \
         WHERE name = (SELECT name FROM lease WHERE name = $3 AND (holder = $1 OR until <= {now}) {row_lock}) \
         RETURNING token AS number"
    );
    let row: Option<Number> = diesel::sql_query(update)
        .bind::<Text, _>(holder)
        .bind::<BigInt, _>(length_micros)
        .bind::<Text, _>(name)
        .get_result(connection)
        .optional()?;
    Ok(row.map(|row| row.number))
}

/// Whether `token` is still the lease's; if so, nobody takes it over before the end of this transaction.
pub fn guard(connection: &mut Connection, name: &str, token: i64) -> QueryResult<bool> {
    let held = lease::table.filter(lease::name.eq(name).and(lease::token.eq(token))).select(lease::token);
    let found: Option<i64> = match connection {
        Connection::Postgres(inner) => held.for_share().first(inner).optional()?,
        Connection::Sqlite(inner) => held.first(inner).optional()?,
    };
    Ok(found.is_some())
}

/// Gives the lease up, if it is still held under `token`: whoever asks next gets it.
pub fn release(connection: &mut Connection, name: &str, token: i64) -> QueryResult<()> {
    let now = now(connection)?;
    diesel::update(lease::table.filter(lease::name.eq(name).and(lease::token.eq(token))))
        .set(lease::until.eq(now))
        .execute(connection)
        .map(drop)
}

/// Every lease that anybody ever took, by name.
pub fn all(connection: &mut Connection) -> QueryResult<Vec<LeaseRow>> {
    on_each!(connection, inner => lease::table.order(lease::name).load(inner))
}
