//! Answers that are kept for whoever asks again with the same key.

use diesel::prelude::*;

use crate::db::schema::idempotency;
use crate::db::{Connection, Instant};

/// A request that was begun, and its answer, once there is one. `headers` is JSON.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct IdempotencyRow {
    pub key_digest: String,
    pub fingerprint: String,
    pub begun_at: Instant,
    pub expires_at: Instant,
    pub lost: bool,
    pub status: Option<i32>,
    pub headers: Option<String>,
    pub body: Option<Vec<u8>>,
}

/// What became of a key.
pub fn find(connection: &mut Connection, key_digest: &str) -> QueryResult<Option<IdempotencyRow>> {
    idempotency::table.find(key_digest.to_owned()).first(connection).optional()
}

/// A request begins.
pub fn insert(connection: &mut Connection, row: IdempotencyRow) -> QueryResult<()> {
    diesel::insert_into(idempotency::table).values(row).execute(connection).map(drop)
}

/// Keeps the answer.
pub fn answer(
    connection: &mut Connection,
    key_digest: &str,
    status: i32,
    headers: &str,
    body: &[u8],
) -> QueryResult<()> {
    diesel::update(idempotency::table.find(key_digest.to_owned()))
        .set((
            idempotency::status.eq(Some(status)),
            idempotency::headers.eq(Some(headers)),
            idempotency::body.eq(Some(body)),
        ))
        .execute(connection)
        .map(drop)
}

/// Nobody will ever know what became of it.
pub fn lose(connection: &mut Connection, key_digest: &str) -> QueryResult<()> {
    diesel::update(idempotency::table.find(key_digest.to_owned()))
        .set(idempotency::lost.eq(true))
        .execute(connection)
        .map(drop)
}

/// The key may be used again.
pub fn delete(connection: &mut Connection, key_digest: &str) -> QueryResult<()> {
    diesel::delete(idempotency::table.find(key_digest.to_owned())).execute(connection).map(drop)
}

/// Whether any answer has been kept long enough.
pub fn any_expired(connection: &mut Connection, now: Instant) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(idempotency::table.filter(idempotency::expires_at.le(now))))
        .get_result(connection)
}

/// Forgets answers that have been kept long enough; how many.
pub fn delete_expired(connection: &mut Connection, now: Instant) -> QueryResult<usize> {
    diesel::delete(idempotency::table.filter(idempotency::expires_at.le(now))).execute(connection)
}
