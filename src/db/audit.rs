//! The audit trail: appended in the transaction of what it tells of, never changed.

use diesel::prelude::*;

use crate::db::ids::allot_one;
use crate::db::schema::audit;
use crate::db::{Connection, Instant, Table, containing, lower};

/// One entry.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct AuditRow {
    pub id: i64,
    pub at: Instant,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
    pub fence: Option<i64>,
    pub origin: Option<String>,
}

/// Appends `row`; its id is given here.
pub fn append(connection: &mut Connection, mut row: AuditRow) -> QueryResult<()> {
    row.id = allot_one(connection, Table::Audit)?;
    diesel::insert_into(audit::table).values(row).execute(connection).map(drop)
}

/// The id of the latest entry.
pub fn latest(connection: &mut Connection) -> QueryResult<Option<i64>> {
    audit::table.select(diesel::dsl::max(audit::id)).first(connection)
}

/// The entries after this one, by id, at most `limit`.
pub fn after(connection: &mut Connection, id: i64, limit: i64) -> QueryResult<Vec<AuditRow>> {
    audit::table.filter(audit::id.gt(id)).order(audit::id).limit(limit).load(connection)
}

/// The latest entries about exactly these subjects, at most `limit`.
pub fn about(connection: &mut Connection, subjects: &[String], limit: i64) -> QueryResult<Vec<AuditRow>> {
    audit::table.filter(audit::subject.eq_any(subjects)).order(audit::id.desc()).limit(limit).load(connection)
}

/// The latest entries below `before_id`, at most `limit`; only those whose action or subject contains `text`.
pub fn list(
    connection: &mut Connection,
    before_id: Option<i64>,
    text: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<AuditRow>> {
    let mut query = audit::table.into_boxed();
    if let Some(id) = before_id {
        query = query.filter(audit::id.lt(id));
    }
    if let Some(text) = text {
        let pattern = containing(text);
        query = query.filter(
            lower(audit::action)
                .like(pattern.clone())
                .escape('!')
                .or(lower(audit::subject).like(pattern).escape('!')),
        );
    }
    query.order(audit::id.desc()).limit(limit).load(connection)
}
