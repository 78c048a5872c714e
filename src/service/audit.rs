//! The audit trail: every change of state, with who, when and why, in the transaction of the change.

pub mod chain;
pub mod export;

use chrono::TimeDelta;
use serde::Serialize;

use crate::api::audit::AuditQuery;
use crate::api::{AuditView, Page};
use crate::db::audit::{self, AuditRow, Wanted};
use crate::db::{Connection, Instant};
use crate::service::{Actor, App, Error, webhook};

/// One change to write down.
#[derive(Debug)]
pub struct Change<'a> {
    /// What was done, as `appointment.move`.
    pub action: &'static str,
    /// To what, as `appointment 17`.
    pub subject: String,
    /// What stood there before.
    pub before: Option<serde_json::Value>,
    /// What stands there now.
    pub after: Option<serde_json::Value>,
    /// Why.
    pub reason: Option<&'a str>,
}

impl<'a> Change<'a> {
    /// A change without a before and an after.
    pub fn new(action: &'static str, subject: impl Into<String>) -> Self {
        Change { action, subject: subject.into(), before: None, after: None, reason: None }
    }

    /// With what stands there now.
    #[must_use]
    pub fn after(mut self, value: &impl Serialize) -> Self {
        self.after = serde_json::to_value(value).ok();
        self
    }

    /// With what stood there before.
    #[must_use]
    pub fn before(mut self, value: &impl Serialize) -> Self {
        self.before = serde_json::to_value(value).ok();
        self
    }

    /// With the words of who did it.
    #[must_use]
    pub fn because(mut self, reason: Option<&'a str>) -> Self {
        self.reason = reason;
        self
    }
}

/// Writes `change` down, within the caller's transaction.
pub fn record(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    change: Change<'_>,
) -> diesel::QueryResult<()> {
    let row = AuditRow {
        id: 0,
        at: Instant::from(app.clock.now()),
        actor: actor.as_str().to_owned(),
        action: change.action.to_owned(),
        subject: change.subject,
        before: change.before.map(|value| value.to_string()),
        after: change.after.map(|value| value.to_string()),
        reason: change.reason.map(str::to_owned),
        fence: actor.fence(),
        origin: actor.origin().map(str::to_owned),
        position: None,
        hash: None,
    };
    webhook::tell(connection, &row)?;
    audit::append(connection, row)
}

/// Entries that one page looks through for a text.
const LOOKED_THROUGH: i64 = 50_000;

/// Clocks of replicas do not differ by more: entries are in the order of their commits, and nearly in that of their
/// times.
const CLOCKS_APART: TimeDelta = TimeDelta::hours(1);

/// The trail, the latest first. A page of those with a text in them ends where so many entries have been looked
/// through, however few were found.
pub fn list(app: &App, query: &AuditQuery) -> Result<Page<AuditView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    app.database.read(|connection| {
        let Some(mut wanted) = wanted(connection, query)? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let mut rest = None;
        if wanted.text.is_some() && wanted.subject.is_none() {
            let last = audit::latest(connection)?.unwrap_or_default();
            let last =
                before.map_or(last, |before| before.saturating_sub(1)).min(wanted.last_id.unwrap_or(last));
            let first = last.saturating_sub(LOOKED_THROUGH) + 1;
            if first > wanted.first_id.unwrap_or(1) {
                wanted.first_id = Some(first);
                rest = Some(first.to_string());
            }
        }
        let rows = audit::latest_first(connection, &wanted, before, limit + 1)?;
        let items = rows.into_iter().map(view).collect();
        let page = page_of(items, limit, |entry: &AuditView| entry.id.to_string());
        Ok(Page { next: page.next.or(rest), ..page })
    })
}

/// What `query` wants; nothing if no entry can be meant.
fn wanted<'a>(connection: &mut Connection, query: &'a AuditQuery) -> Result<Option<Wanted<'a>>, Error> {
    fn given(text: &Option<String>) -> Option<&str> {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
    let mut wanted = Wanted {
        actor: given(&query.actor),
        subject: given(&query.subject),
        text: given(&query.q),
        from: query.from.map(Instant::from),
        to: query.to.map(Instant::from),
        ..Wanted::default()
    };
    if let Some(kind) = given(&query.action) {
        let is_one = |action: &String| {
            action.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        wanted.actions = Some(audit::actions(connection)?.into_iter().filter(is_one).collect());
    }
    // An instant tells within which entries to look.
    if let Some(from) = query.from.and_then(|from| from.checked_sub_signed(CLOCKS_APART)) {
        wanted.first_id = audit::first_since(connection, from.into())?;
        if wanted.first_id.is_none() {
            return Ok(None);
        }
    }
    if let Some(to) = query.to.and_then(|to| to.checked_add_signed(CLOCKS_APART)) {
        wanted.last_id = audit::last_before(connection, to.into())?;
        if wanted.last_id.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(wanted))
}

/// The latest entries about these things, as `merchant M1`.
pub(super) fn about(
    connection: &mut Connection,
    subjects: &[String],
    limit: i64,
) -> Result<Vec<AuditView>, Error> {
    Ok(audit::about(connection, subjects, limit)?.into_iter().map(view).collect())
}

fn view(row: AuditRow) -> AuditView {
    let AuditRow { id, at, actor, action, subject, before, after, reason, fence, origin, position, hash } =
        row;
    let parse = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let (before, after) = (parse(before), parse(after));
    AuditView {
        id,
        at: at.utc(),
        actor,
        origin,
        action,
        subject,
        before,
        after,
        reason,
        fence,
        position,
        hash,
    }
}

/// The page size asked for, checked.
pub fn page_limit(limit: Option<i64>) -> Result<i64, Error> {
    match limit {
        None => Ok(100),
        Some(limit) if (1..=1000).contains(&limit) => Ok(limit),
        Some(limit) => Err(Error::invalid("limit", format!("{limit} is out of range; use 1 to 1000"))),
    }
}

/// A numeric cursor.
pub fn page_cursor(after: &str) -> Result<i64, Error> {
    after.parse().map_err(|_| {
        Error::invalid(
            "after",
            format!("`{after}` is not a cursor; pass the `next` of the page before as it is"),
        )
    })
}

/// Cuts `items`, of which one more than `limit` was asked for, into a page.
pub fn page_of<T>(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(cursor) } else { None };
    Page { items, next }
}
