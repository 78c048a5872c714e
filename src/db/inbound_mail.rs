//! Mail that came in.

use diesel::prelude::*;

use crate::db::schema::inbound_mail;
use crate::db::{Connection, Instant};

/// A mail that came in.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = inbound_mail, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct InboundMailRow {
    pub id: i64,
    pub digest: String,
    pub received_at: Instant,
    pub outcome: String,
    pub why: String,
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub subject: String,
    pub notice_id: Option<i64>,
    pub visit_id: Option<i64>,
    pub excerpt: Option<String>,
    pub done_at: Option<Instant>,
    pub done_by: Option<String>,
}

/// Adds a mail.
pub fn insert(connection: &mut Connection, row: InboundMailRow) -> QueryResult<()> {
    diesel::insert_into(inbound_mail::table).values(row).execute(connection).map(drop)
}

/// One mail.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<InboundMailRow>> {
    inbound_mail::table.find(id).first(connection).optional()
}

/// The mail that had this digest.
pub fn by_digest(connection: &mut Connection, digest: &str) -> QueryResult<Option<InboundMailRow>> {
    inbound_mail::table.filter(inbound_mail::digest.eq(digest)).first(connection).optional()
}

/// Which mails a list wants.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Filter<'a> {
    pub outcome: Option<&'a str>,
    pub undone_only: bool,
    pub before_id: Option<i64>,
}

/// Mails, the latest first.
pub fn list(
    connection: &mut Connection,
    filter: &Filter<'_>,
    limit: i64,
) -> QueryResult<Vec<InboundMailRow>> {
    let mut query = inbound_mail::table.into_boxed();
    if let Some(outcome) = filter.outcome {
        query = query.filter(inbound_mail::outcome.eq(outcome.to_owned()));
    }
    if filter.undone_only {
        query = query.filter(inbound_mail::done_at.is_null());
    }
    if let Some(id) = filter.before_id {
        query = query.filter(inbound_mail::id.lt(id));
    }
    query.order(inbound_mail::id.desc()).limit(limit).load(connection)
}

/// Somebody has seen to a mail: its text is no longer needed. Whether it was waiting for that.
pub fn close(connection: &mut Connection, id: i64, at: Instant, by: &str) -> QueryResult<bool> {
    diesel::update(inbound_mail::table.filter(inbound_mail::id.eq(id).and(inbound_mail::done_at.is_null())))
        .set((
            inbound_mail::done_at.eq(Some(at)),
            inbound_mail::done_by.eq(Some(by)),
            inbound_mail::excerpt.eq(None::<String>),
        ))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Whether anything came in before `before`, or more than `most` of this outcome.
pub fn any_to_forget(
    connection: &mut Connection,
    before: Instant,
    outcome: &str,
    most: i64,
) -> QueryResult<bool> {
    let old = inbound_mail::table.filter(inbound_mail::received_at.lt(before));
    if diesel::select(diesel::dsl::exists(old)).get_result::<bool>(connection)? {
        return Ok(true);
    }
    Ok(first_too_many(connection, outcome, most)?.is_some())
}

/// Forgets what came in before `before`, and of this outcome all but the latest `most`; how many.
pub fn forget(connection: &mut Connection, before: Instant, outcome: &str, most: i64) -> QueryResult<usize> {
    let mut rows = diesel::delete(inbound_mail::table.filter(inbound_mail::received_at.lt(before)))
        .execute(connection)?;
    if let Some(id) = first_too_many(connection, outcome, most)? {
        rows += diesel::delete(
            inbound_mail::table.filter(inbound_mail::outcome.eq(outcome).and(inbound_mail::id.le(id))),
        )
        .execute(connection)?;
    }
    Ok(rows)
}

/// The latest of this outcome that is one too many.
fn first_too_many(connection: &mut Connection, outcome: &str, most: i64) -> QueryResult<Option<i64>> {
    inbound_mail::table
        .filter(inbound_mail::outcome.eq(outcome))
        .order(inbound_mail::id.desc())
        .offset(most)
        .select(inbound_mail::id)
        .first(connection)
        .optional()
}
