//! What merchants have answered: about visits, and about optional mail.

use diesel::prelude::*;

use crate::db::schema::{merchant_without_optional, visit_answer};
use crate::db::{Connection, Instant, one_of, unless_empty};

/// A merchant's latest answer about a visit.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = visit_answer, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct VisitAnswerRow {
    pub visit_id: i64,
    pub revision: i32,
    pub answer: String,
    pub via: String,
    pub words: Option<String>,
    pub answered_at: Instant,
}

/// A merchant who does without optional mail.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = merchant_without_optional, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct WithoutOptionalRow {
    pub merchant_id: i64,
    pub since: Instant,
}

/// Keeps `row` in the place of an earlier answer.
pub fn keep(connection: &mut Connection, row: VisitAnswerRow) -> QueryResult<()> {
    diesel::delete(visit_answer::table.find(row.visit_id)).execute(connection)?;
    diesel::insert_into(visit_answer::table).values(row).execute(connection).map(drop)
}

/// The answers about these visits.
pub fn about(connection: &mut Connection, visit_ids: &[i64]) -> QueryResult<Vec<VisitAnswerRow>> {
    unless_empty!(visit_ids);
    visit_answer::table.filter(one_of(connection, visit_answer::visit_id, visit_ids)).load(connection)
}

/// Answers of this word, the latest first, from before that place in the list.
pub fn latest(
    connection: &mut Connection,
    answer: &str,
    before: Option<(Instant, i64)>,
    limit: i64,
) -> QueryResult<Vec<VisitAnswerRow>> {
    let mut query = visit_answer::table.filter(visit_answer::answer.eq(answer)).into_boxed();
    if let Some((at, visit_id)) = before {
        let earlier = visit_answer::answered_at.lt(at);
        let beside = visit_answer::answered_at.eq(at).and(visit_answer::visit_id.lt(visit_id));
        query = query.filter(earlier.or(beside));
    }
    query
        .order((visit_answer::answered_at.desc(), visit_answer::visit_id.desc()))
        .limit(limit)
        .load(connection)
}

/// Whether this merchant does without optional mail.
pub fn does_without_optional(connection: &mut Connection, merchant_id: i64) -> QueryResult<bool> {
    Ok(!without_optional(connection, &[merchant_id])?.is_empty())
}

/// Those of these merchants who do without optional mail.
pub fn without_optional(connection: &mut Connection, merchant_ids: &[i64]) -> QueryResult<Vec<i64>> {
    unless_empty!(merchant_ids);
    merchant_without_optional::table
        .filter(one_of(connection, merchant_without_optional::merchant_id, merchant_ids))
        .select(merchant_without_optional::merchant_id)
        .load(connection)
}

/// Has this merchant do without optional mail from now on, or get it again.
pub fn set_without_optional(
    connection: &mut Connection,
    merchant_id: i64,
    since: Option<Instant>,
) -> QueryResult<()> {
    diesel::delete(merchant_without_optional::table.find(merchant_id)).execute(connection)?;
    if let Some(since) = since {
        let row = WithoutOptionalRow { merchant_id, since };
        diesel::insert_into(merchant_without_optional::table).values(row).execute(connection)?;
    }
    Ok(())
}
