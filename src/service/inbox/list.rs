//! What came in, for operators.

use crate::api::Page;
use crate::api::inbound::{InboundOutcome, InboundQuery, InboundView};
use crate::db::inbound_mail::{Filter, InboundMailRow};
use crate::db::{self, Instant};
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::calendar::not_found;
use crate::service::{Actor, App, Error};

/// Mail that came in, the latest first; what waits for an operator unless told otherwise.
pub fn list(app: &App, query: &InboundQuery) -> Result<Page<InboundView>, Error> {
    let limit = page_limit(query.limit)?;
    let outcome: InboundOutcome = match &query.outcome {
        Some(word) => word.parse().map_err(|error: String| Error::invalid("outcome", error))?,
        None => InboundOutcome::Kept,
    };
    let undone_only = outcome == InboundOutcome::Kept && !query.done.unwrap_or(false);
    let before_id = query.after.as_deref().map(page_cursor).transpose()?;
    app.database.read(|connection| {
        let filter = Filter { outcome: Some(outcome.as_str()), undone_only, before_id };
        let rows = db::inbound_mail::list(connection, &filter, limit + 1)?;
        let items = rows.into_iter().map(view).collect::<Result<Vec<_>, Error>>()?;
        Ok(page_of(items, limit, |view: &InboundView| view.id.to_string()))
    })
}

/// Somebody has seen to a mail: its text is forgotten.
pub fn close(app: &App, actor: &Actor, id: i64) -> Result<InboundView, Error> {
    app.database.write(|connection| {
        let missing = || not_found("mail", id, "see `offpeak mail inbox`");
        let row = db::inbound_mail::find(connection, id)?.ok_or_else(missing)?;
        if !db::inbound_mail::close(connection, id, Instant::from(app.clock.now()), actor.as_str())? {
            let by = row.done_by.unwrap_or_default();
            return Err(Error::Conflict(format!("mail {id} has been seen to, by {by}")));
        }
        record(connection, app, actor, Change::new("inbound_mail.done", format!("inbound mail {id}")))?;
        view(db::inbound_mail::find(connection, id)?.ok_or_else(missing)?)
    })
}

fn view(row: InboundMailRow) -> Result<InboundView, Error> {
    let InboundMailRow {
        id,
        digest: _,
        received_at,
        outcome,
        why,
        sender,
        recipient,
        subject,
        notice_id,
        visit_id,
        excerpt,
        done_at,
        done_by,
    } = row;
    Ok(InboundView {
        id,
        received_at: received_at.utc(),
        outcome: outcome.parse().map_err(|error| Error::Corrupt(format!("inbound mail {id}: {error}")))?,
        why,
        sender,
        recipient,
        subject,
        notice: notice_id,
        visit: visit_id,
        excerpt,
        done_at: done_at.map(Instant::utc),
        done_by,
    })
}
