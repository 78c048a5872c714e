//! Plans and their items.

use diesel::prelude::*;

use crate::db::copy::RowDigest;
use crate::db::schema::{plan, plan_item};
use crate::db::{Connection, Instant, insert_rows, on_each};
use crate::domain::plan::PlanState;

/// A plan.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = plan, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct PlanRow {
    pub id: i64,
    pub state: String,
    pub request: String,
    pub created_at: Instant,
    pub created_by: String,
    pub heartbeat_at: Instant,
    pub progress: Option<String>,
    pub report: Option<String>,
    pub error: Option<String>,
    pub published_at: Option<Instant>,
    pub published_by: Option<String>,
    pub stop_asked: bool,
}

/// One task of a plan. `work` and `unplaced` are JSON.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = plan_item, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct PlanItemRow {
    pub plan_id: i64,
    pub ordinal: i64,
    pub terminal_id: i64,
    pub work: String,
    pub duration_minutes: i32,
    pub notice_lead_minutes: i32,
    pub starts_at: Option<Instant>,
    pub ends_at: Option<Instant>,
    pub appointment_id: Option<i64>,
    pub appointment_revision: Option<i32>,
    pub unplaced: Option<String>,
}

/// Adds a plan.
pub fn insert(connection: &mut Connection, row: PlanRow) -> QueryResult<()> {
    diesel::insert_into(plan::table).values(row).execute(connection).map(drop)
}

/// Adds items.
pub fn insert_items(connection: &mut Connection, rows: &[PlanItemRow]) -> QueryResult<()> {
    insert_rows!(connection, plan_item::table, rows)
}

/// Takes a plan's items from the ordinal `first` on away; how many.
pub fn delete_items(connection: &mut Connection, plan_id: i64, first: i64) -> QueryResult<usize> {
    diesel::delete(plan_item::table.filter(plan_item::plan_id.eq(plan_id).and(plan_item::ordinal.ge(first))))
        .execute(connection)
}

/// The highest ordinal of a plan's items.
pub fn last_ordinal(connection: &mut Connection, plan_id: i64) -> QueryResult<Option<i64>> {
    plan_item::table
        .filter(plan_item::plan_id.eq(plan_id))
        .select(plan_item::ordinal)
        .order(plan_item::ordinal.desc())
        .first(connection)
        .optional()
}

/// One plan.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<PlanRow>> {
    plan::table.find(id).first(connection).optional()
}

/// Plans below `before_id`, the latest first, at most `limit`.
pub fn list(connection: &mut Connection, before_id: Option<i64>, limit: i64) -> QueryResult<Vec<PlanRow>> {
    let mut query = plan::table.into_boxed();
    if let Some(id) = before_id {
        query = query.filter(plan::id.lt(id));
    }
    query.order(plan::id.desc()).limit(limit).load(connection)
}

/// The plan that was published last; one of a selection alone only if there is no other.
pub fn last_published(connection: &mut Connection) -> QueryResult<Option<PlanRow>> {
    let published = plan::state.eq(PlanState::Published.as_str());
    // A quote within a name would have a backslash before the colon.
    let whole = plan::request.not_like("%\"only\":%");
    let latest = plan::published_at.desc();
    let found = plan::table.filter(published.and(whole)).order(latest).first(connection).optional()?;
    match found {
        Some(plan) => Ok(Some(plan)),
        None => plan::table.filter(published).order(latest).first(connection).optional(),
    }
}

/// Items after `after`, by ordinal, at most `limit`; only unplaced ones if asked.
pub fn items(
    connection: &mut Connection,
    plan_id: i64,
    after: i64,
    unplaced_only: bool,
    limit: i64,
) -> QueryResult<Vec<PlanItemRow>> {
    let mut query = plan_item::table
        .filter(plan_item::plan_id.eq(plan_id).and(plan_item::ordinal.gt(after)))
        .into_boxed();
    if unplaced_only {
        query = query.filter(plan_item::starts_at.is_null());
    }
    query.order(plan_item::ordinal).limit(limit).load(connection)
}

/// What a plan does with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new appointment.
    Added,
    /// An appointment that stands gets another time.
    Moving,
    /// It has no place.
    Unplaced,
}

/// The first items of one kind, by ordinal.
pub fn items_of_kind(
    connection: &mut Connection,
    plan_id: i64,
    kind: Kind,
    limit: i64,
) -> QueryResult<Vec<PlanItemRow>> {
    let query = plan_item::table.filter(plan_item::plan_id.eq(plan_id)).into_boxed();
    let query = match kind {
        Kind::Added => {
            query.filter(plan_item::starts_at.is_not_null().and(plan_item::appointment_id.is_null()))
        }
        Kind::Moving => {
            query.filter(plan_item::starts_at.is_not_null().and(plan_item::appointment_id.is_not_null()))
        }
        Kind::Unplaced => query.filter(plan_item::starts_at.is_null()),
    };
    query.order(plan_item::ordinal).limit(limit).load(connection)
}

/// Where a plan puts a task.
#[derive(Clone, Copy, Debug, Queryable)]
#[allow(missing_docs)]
pub struct Place {
    pub terminal_id: i64,
    pub starts_at: Option<Instant>,
    pub ends_at: Option<Instant>,
    pub appointment_id: Option<i64>,
}

/// Shows `then` every item of a plan, one after the other: there may be as many as terminals.
pub fn each_place(connection: &mut Connection, plan_id: i64, mut then: impl FnMut(Place)) -> QueryResult<()> {
    let query = plan_item::table.filter(plan_item::plan_id.eq(plan_id)).select((
        plan_item::terminal_id,
        plan_item::starts_at,
        plan_item::ends_at,
        plan_item::appointment_id,
    ));
    on_each!(connection, inner => {
        for place in query.load_iter::<Place, diesel::connection::DefaultLoadingMode>(inner)? {
            then(place?);
        }
        Ok(())
    })
}

/// Notes how far the search is, if it has something new to say, and that it lives; whether the plan is still being
/// solved.
pub fn beat(connection: &mut Connection, id: i64, progress: Option<&str>, now: Instant) -> QueryResult<bool> {
    let solving = plan::table.filter(plan::id.eq(id).and(plan::state.eq(PlanState::Solving.as_str())));
    let rows = match progress {
        Some(text) => diesel::update(solving)
            .set((plan::progress.eq(Some(text)), plan::heartbeat_at.eq(now)))
            .execute(connection)?,
        None => diesel::update(solving).set(plan::heartbeat_at.eq(now)).execute(connection)?,
    };
    Ok(rows > 0)
}

/// Notes that somebody wants the search to end with what it has; whether the plan is being solved.
pub fn ask_stop(connection: &mut Connection, id: i64) -> QueryResult<bool> {
    diesel::update(plan::table.filter(plan::id.eq(id).and(plan::state.eq(PlanState::Solving.as_str()))))
        .set(plan::stop_asked.eq(true))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// What a search asks now and then: its plan's state, and whether somebody wants it to end.
pub fn wish(connection: &mut Connection, id: i64) -> QueryResult<Option<(String, bool)>> {
    plan::table.find(id).select((plan::state, plan::stop_asked)).first(connection).optional()
}

/// A plan's state, which nobody else changes before the end of this transaction.
pub fn state_locked(connection: &mut Connection, id: i64) -> QueryResult<Option<PlanState>> {
    let query = plan::table.find(id).select(plan::state);
    let word: Option<String> = match connection {
        Connection::Postgres(inner) => query.for_no_key_update().first(inner).optional()?,
        Connection::Sqlite(inner) => query.first(inner).optional()?,
    };
    Ok(word.and_then(|word| word.parse().ok()))
}

/// A plan whose search failed after it had begun to write.
pub fn failed_with_items(connection: &mut Connection) -> QueryResult<Option<i64>> {
    let items = plan_item::table.filter(plan_item::plan_id.eq(plan::id));
    plan::table
        .filter(plan::state.eq(PlanState::Failed.as_str()).and(diesel::dsl::exists(items)))
        .select(plan::id)
        .first(connection)
        .optional()
}

/// Plans that are being solved, by id.
pub fn solving(connection: &mut Connection) -> QueryResult<Vec<i64>> {
    plan::table
        .filter(plan::state.eq(PlanState::Solving.as_str()))
        .select(plan::id)
        .order(plan::id)
        .load(connection)
}

/// Enters `state` from a state that allows it; whether the plan was in one.
pub fn enter(connection: &mut Connection, id: i64, state: PlanState) -> QueryResult<bool> {
    let from: Vec<&str> = state.previous().into_iter().map(PlanState::as_str).collect();
    diesel::update(plan::table.filter(plan::id.eq(id).and(plan::state.eq_any(from))))
        .set(plan::state.eq(state.as_str()))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Keeps the report.
pub fn set_report(connection: &mut Connection, id: i64, report: &str) -> QueryResult<()> {
    diesel::update(plan::table.find(id)).set(plan::report.eq(Some(report))).execute(connection).map(drop)
}

/// Keeps why it failed.
pub fn set_error(connection: &mut Connection, id: i64, error: &str) -> QueryResult<()> {
    diesel::update(plan::table.find(id)).set(plan::error.eq(Some(error))).execute(connection).map(drop)
}

/// Notes who published it and when.
pub fn set_published(connection: &mut Connection, id: i64, by: &str, now: Instant) -> QueryResult<()> {
    diesel::update(plan::table.find(id))
        .set((plan::published_at.eq(Some(now)), plan::published_by.eq(Some(by))))
        .execute(connection)
        .map(drop)
}

/// Plans that are being solved but have given no sign of life since `before`: their process has died.
pub fn abandoned(connection: &mut Connection, before: Instant) -> QueryResult<Vec<i64>> {
    plan::table
        .filter(plan::state.eq(PlanState::Solving.as_str()).and(plan::heartbeat_at.lt(before)))
        .select(plan::id)
        .load(connection)
}

/// A digest of a plan's items: another one as soon as any of them changes.
pub fn digest(connection: &mut Connection, plan_id: i64) -> QueryResult<String> {
    let mut digest = RowDigest::default();
    let mut after = i64::MIN;
    loop {
        let rows: Vec<PlanItemRow> = plan_item::table
            .filter(plan_item::plan_id.eq(plan_id).and(plan_item::ordinal.gt(after)))
            .order(plan_item::ordinal)
            .limit(5000)
            .load(connection)?;
        let Some(last) = rows.last() else { return Ok(digest.finished().sha256) };
        after = last.ordinal;
        rows.iter().for_each(|row| digest.add(row));
    }
}
