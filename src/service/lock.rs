//! Locks: reported, followed, confirmed as ended. A locked terminal counts as down against every budget.

use std::collections::HashMap;

use crate::api::lock::{LockChange, LockView, NewLock};
use crate::api::{Page, PageQuery};
use crate::db::lock::LockRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::access::Part;
use crate::domain::fleet::clean_text;
use crate::domain::ids::LockId;
use crate::domain::lock::LockState;
use crate::domain::notice::NoticeKind;
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::calendar::not_found;
use crate::service::fleet::find_terminal;
use crate::service::notice::happened::tell_of_lock;
use crate::service::part::page_within;
use crate::service::{Actor, App, Error};

/// Locks, the latest first; those that still hold unless `q` is `all`.
pub fn list(app: &App, query: &PageQuery) -> Result<Page<LockView>, Error> {
    list_in(app, None, query)
}

/// The same of a part of the fleet.
pub(super) fn list_in(app: &App, part: Option<&Part>, query: &PageQuery) -> Result<Page<LockView>, Error> {
    let limit = page_limit(query.limit)?;
    let open_only = query.q.as_deref() != Some("all");
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    app.database.read(|connection| {
        if let Some(part) = part {
            let look = |before, limit| {
                let rows = db::lock::list(connection, None, open_only, before, limit)?;
                let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
                let inside = db::part::locks_in(connection, part, &ids)?;
                Ok::<_, Error>((rows, inside))
            };
            let (rows, next) = page_within(limit, before, |row: &LockRow| row.id, look)?;
            let items = views(connection, rows)?;
            return Ok(Page { items, next: next.map(|id| id.to_string()) });
        }
        let rows = db::lock::list(connection, None, open_only, before, limit + 1)?;
        let items = views(connection, rows)?;
        Ok(page_of(items, limit, |view: &LockView| view.id.to_string()))
    })
}

/// Opens a lock.
pub fn report(app: &App, actor: &Actor, new: &NewLock) -> Result<LockView, Error> {
    let cause = clean_text(&new.cause);
    if cause.is_empty() {
        return Err(Error::invalid("cause", "say what is known, even if it is `unknown`"));
    }
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let terminal = find_terminal(connection, &new.serial)?;
        if let Some(open) = db::lock::list(connection, Some(terminal.id), true, None, 1)?.pop() {
            return Err(Error::Conflict(format!("terminal {} already has lock {}", new.serial, open.id)));
        }
        let row = open(connection, app, actor, terminal.id, None, &cause)?;
        views(connection, vec![row])?.pop().ok_or_else(|| not_found("lock", 0, ""))
    })
}

/// Opens a lock within the caller's transaction.
pub(super) fn open(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    terminal_id: i64,
    appointment_id: Option<i64>,
    cause: &str,
) -> Result<LockRow, Error> {
    let row = LockRow {
        id: db::allot(connection, Table::TerminalLock, 1)?[0],
        terminal_id,
        appointment_id,
        state: LockState::Reported.as_str().to_owned(),
        cause: cause.to_owned(),
        opened_at: Instant::from(app.clock.now()),
        opened_by: actor.as_str().to_owned(),
        closed_at: None,
    };
    db::lock::insert(connection, row.clone())?;
    let change = Change::new("lock.report", format!("lock {}", row.id)).because(Some(cause));
    record(connection, app, actor, change)?;
    let kind = if appointment_id.is_some() { NoticeKind::Failed } else { NoticeKind::Locked };
    tell_of_lock(connection, app, &row, kind)?;
    Ok(row)
}

/// The next step of a lock's life.
pub fn advance(app: &App, actor: &Actor, LockId(id): LockId, change: &LockChange) -> Result<LockView, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = db::lock::find(connection, id)?
            .ok_or_else(|| not_found("lock", id, "see `offpeak lock list`"))?;
        let closed_at = change.state.is_final().then(|| Instant::from(app.clock.now()));
        if !db::lock::enter(connection, id, change.state, closed_at)? {
            let allowed: Vec<&str> = row
                .state
                .parse::<LockState>()
                .map(|state| state.next().iter().map(|next| next.as_str()).collect())
                .unwrap_or_default();
            let after = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            return Err(Error::Conflict(format!(
                "lock {id} is {} and cannot become {}; what may follow: {after}",
                row.state, change.state
            )));
        }
        let entry = Change::new("lock.state", format!("lock {id}"))
            .before(&row.state)
            .after(&change.state)
            .because(change.reason.as_deref());
        record(connection, app, actor, entry)?;
        if change.state.is_over() {
            tell_of_lock(connection, app, &row, NoticeKind::Unlocked)?;
        }
        let row = db::lock::find(connection, id)?.into_iter().collect();
        views(connection, row)?.pop().ok_or_else(|| not_found("lock", id, "see `offpeak lock list`"))
    })
}

/// Rows as the API shows them, in their order.
pub(super) fn views(connection: &mut Connection, rows: Vec<LockRow>) -> Result<Vec<LockView>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.terminal_id).collect();
    let terminals: HashMap<i64, _> =
        db::fleet::terminals_by_id(connection, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let site_ids: Vec<i64> = terminals.values().map(|row| row.site_id).collect();
    let codes: HashMap<i64, String> =
        db::fleet::sites_by_id(connection, &site_ids)?.into_iter().map(|row| (row.id, row.code)).collect();
    rows.into_iter()
        .map(|row| {
            let terminal = &terminals[&row.terminal_id];
            Ok(LockView {
                id: row.id,
                state: row
                    .state
                    .parse()
                    .map_err(|error| Error::Corrupt(format!("lock {}: {error}", row.id)))?,
                serial: terminal.serial.clone(),
                site_code: codes.get(&terminal.site_id).cloned().unwrap_or_default(),
                cause: row.cause,
                opened_at: row.opened_at.utc(),
                opened_by: row.opened_by,
                closed_at: row.closed_at.map(Instant::utc),
            })
        })
        .collect()
}
