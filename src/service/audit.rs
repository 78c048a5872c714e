//! The audit trail: every change of state, with who, when and why, in the transaction of the change.

use serde::Serialize;

use crate::api::{AuditView, Page, PageQuery};
use crate::db::audit::{self, AuditRow};
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
    };
    webhook::tell(connection, &row)?;
    audit::append(connection, row)
}

/// The trail, the latest first.
pub fn list(app: &App, query: &PageQuery) -> Result<Page<AuditView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    app.database.read(|connection| {
        let rows = audit::list(connection, before, query.q.as_deref(), limit + 1)?;
        let items = rows.into_iter().map(view).collect();
        Ok(page_of(items, limit, |entry: &AuditView| entry.id.to_string()))
    })
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
    let AuditRow { id, at, actor, action, subject, before, after, reason, fence, origin } = row;
    let parse = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let (before, after) = (parse(before), parse(after));
    AuditView { id, at: at.utc(), actor, origin, action, subject, before, after, reason, fence }
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
