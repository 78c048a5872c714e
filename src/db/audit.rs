//! The audit trail: appended in the transaction of what it tells of, never changed. Every entry carries a digest of
//! itself and of the one before it.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::db::ids::allot_one;
use crate::db::schema::{audit, audit_head};
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
    /// Its place in the chain, and the digest; PostgreSQL gives both at the transaction's end.
    pub position: Option<i64>,
    pub hash: Option<String>,
}

/// The last entry of the chain.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = audit_head, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct AuditHeadRow {
    pub id: i64,
    pub position: i64,
    pub hash: String,
}

impl AuditRow {
    /// The digest of this entry at `position`, after the one with the digest `before`.
    pub fn linked(&self, before: &str, position: i64) -> String {
        let text = format!("{before}|{}", self.spelled(Some(position)));
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// Everything that the entry says, each field with its length before it, so that no two entries are spelled the
    /// same. PostgreSQL spells it alike: `audit_chain` in the migrations.
    pub fn spelled(&self, position: Option<i64>) -> String {
        let number = |number: i64| Some(number.to_string());
        let fields = [
            position.map(|position| position.to_string()),
            number(self.id),
            number(self.at.micros()),
            Some(self.actor.clone()),
            self.origin.clone(),
            Some(self.action.clone()),
            Some(self.subject.clone()),
            self.before.clone(),
            self.after.clone(),
            self.reason.clone(),
            self.fence.and_then(number),
        ];
        let spell = |field: &Option<String>| match field {
            Some(text) => format!("{}:{text};", text.len()),
            None => "-;".to_owned(),
        };
        fields.iter().map(spell).collect()
    }
}

/// Appends `row`; its id is given here. On SQLite, which has one writer, it is chained here; PostgreSQL does so
/// when the transaction commits, so that nobody holds the end of the chain for longer than that.
pub fn append(connection: &mut Connection, mut row: AuditRow) -> QueryResult<()> {
    row.id = allot_one(connection, Table::Audit)?;
    if let Connection::Sqlite(inner) = connection {
        let head: Option<AuditHeadRow> = audit_head::table.find(1).first(inner).optional()?;
        let known = head.is_some();
        let head = head.unwrap_or(AuditHeadRow { id: 1, position: 0, hash: String::new() });
        let position = head.position + 1;
        let hash = row.linked(&head.hash, position);
        (row.position, row.hash) = (Some(position), Some(hash.clone()));
        if known {
            diesel::update(audit_head::table.find(1))
                .set((audit_head::position.eq(position), audit_head::hash.eq(hash)))
                .execute(inner)?;
        } else {
            diesel::insert_into(audit_head::table)
                .values(AuditHeadRow { id: 1, position, hash })
                .execute(inner)?;
        }
    }
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

/// The end of the chain, as it was written down beside it.
pub fn head(connection: &mut Connection) -> QueryResult<Option<AuditHeadRow>> {
    audit_head::table.find(1).first(connection).optional()
}

/// The place of the chain's last entry: entries get their places in the order in which they are committed.
pub fn position(connection: &mut Connection) -> QueryResult<i64> {
    let position = audit_head::table.find(1).select(audit_head::position).first(connection).optional()?;
    Ok(position.unwrap_or_default())
}

/// Action and subject of the entries after this place of the chain, at most `limit`.
pub fn chained_since(
    connection: &mut Connection,
    position: i64,
    limit: i64,
) -> QueryResult<Vec<(String, String)>> {
    audit::table
        .filter(audit::position.gt(position))
        .order(audit::position)
        .limit(limit)
        .select((audit::action, audit::subject))
        .load(connection)
}

/// Entries of the chain from this place on, in its order, at most `limit`.
pub fn chained(connection: &mut Connection, from: (i64, i64), limit: i64) -> QueryResult<Vec<AuditRow>> {
    let (position, id) = from;
    audit::table
        .filter(audit::position.gt(position).or(audit::position.eq(position).and(audit::id.gt(id))))
        .order((audit::position, audit::id))
        .limit(limit)
        .load(connection)
}

/// Entries outside the chain, by id, at most `limit`.
pub fn unchained(connection: &mut Connection, after_id: i64, limit: i64) -> QueryResult<Vec<AuditRow>> {
    audit::table
        .filter(audit::hash.is_null().and(audit::id.gt(after_id)))
        .order(audit::id)
        .limit(limit)
        .load(connection)
}

/// The first entry of the chain with this action.
pub fn first_of(connection: &mut Connection, action: &str) -> QueryResult<Option<AuditRow>> {
    audit::table
        .filter(audit::action.eq(action).and(audit::position.is_not_null()))
        .order(audit::position)
        .first(connection)
        .optional()
}

/// Which entries of the trail.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// By exactly this actor.
    pub actor: Option<&'a str>,
    /// One of these actions.
    pub actions: Option<Vec<String>>,
    /// About exactly this.
    pub subject: Option<&'a str>,
    /// Whose action, subject, actor or reason contains this.
    pub text: Option<&'a str>,
    /// From then on.
    pub from: Option<Instant>,
    /// Before then.
    pub to: Option<Instant>,
    /// The first that comes into question.
    pub first_id: Option<i64>,
    /// The last.
    pub last_id: Option<i64>,
}

/// Every action that the trail knows: from one to the next in their index, however many entries each has.
pub fn actions(connection: &mut Connection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = diesel::sql_types::Text)]
        action: String,
    }
    let known: Vec<Known> = diesel::sql_query(
        "WITH RECURSIVE known (action) AS (SELECT min(action) FROM audit UNION ALL \
         SELECT (SELECT min(a.action) FROM audit a WHERE a.action > known.action) FROM known \
         WHERE known.action IS NOT NULL) SELECT action FROM known WHERE action IS NOT NULL",
    )
    .load(connection)?;
    Ok(known.into_iter().map(|row| row.action).collect())
}

/// The first entry from an instant on, as clocks had it.
pub fn first_since(connection: &mut Connection, from: Instant) -> QueryResult<Option<i64>> {
    audit::table
        .filter(audit::at.ge(from))
        .order((audit::at, audit::id))
        .select(audit::id)
        .first(connection)
        .optional()
}

/// The last entry before an instant.
pub fn last_before(connection: &mut Connection, to: Instant) -> QueryResult<Option<i64>> {
    audit::table
        .filter(audit::at.lt(to))
        .order((audit::at.desc(), audit::id.desc()))
        .select(audit::id)
        .first(connection)
        .optional()
}

/// Entries before `before`, the latest first, at most `limit`.
pub fn latest_first(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<AuditRow>> {
    let page = |connection: &mut Connection, wanted: &Wanted<'_>| {
        let mut query = selected(wanted);
        if let Some(id) = before {
            query = query.filter(audit::id.lt(id));
        }
        query.order(audit::id.desc()).limit(limit).load::<AuditRow>(connection)
    };
    let Some(actions) = &wanted.actions else { return page(connection, wanted) };
    // One action after the other: each is a run of their index, however long the trail is.
    let mut rows = Vec::new();
    for action in actions {
        rows.extend(page(connection, &Wanted { actions: Some(vec![action.clone()]), ..wanted.clone() })?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(rows)
}

/// Entries after `after`, the earliest first, at most `limit`.
pub fn earliest_first(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    after: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<AuditRow>> {
    let mut query = selected(wanted);
    if let Some(id) = after {
        query = query.filter(audit::id.gt(id));
    }
    query.order(audit::id).limit(limit).load(connection)
}

type Selected<'a> = audit::BoxedQuery<'a, <Connection as diesel::Connection>::Backend>;

fn selected<'a>(wanted: &Wanted<'a>) -> Selected<'a> {
    let mut query = audit::table.into_boxed();
    if let Some(id) = wanted.first_id {
        query = query.filter(audit::id.ge(id));
    }
    if let Some(id) = wanted.last_id {
        query = query.filter(audit::id.le(id));
    }
    if let Some(actor) = wanted.actor {
        query = query.filter(audit::actor.eq(actor));
    }
    match wanted.actions.as_deref() {
        Some([action]) => query = query.filter(audit::action.eq(action.clone())),
        Some(actions) => query = query.filter(audit::action.eq_any(actions.to_vec())),
        None => {}
    }
    if let Some(subject) = wanted.subject {
        query = query.filter(audit::subject.eq(subject));
    }
    if let Some(from) = wanted.from {
        query = query.filter(audit::at.ge(from));
    }
    if let Some(to) = wanted.to {
        query = query.filter(audit::at.lt(to));
    }
    if let Some(text) = wanted.text {
        let pattern = containing(text);
        query = query.filter(
            lower(audit::action)
                .like(pattern.clone())
                .escape('!')
                .or(lower(audit::subject).like(pattern.clone()).escape('!'))
                .or(lower(audit::actor).like(pattern.clone()).escape('!'))
                .or(audit::reason.is_not_null().and(
                    lower(diesel::dsl::sql::<diesel::sql_types::Text>("coalesce(reason, '')"))
                        .like(pattern)
                        .escape('!'),
                )),
        );
    }
    query
}
