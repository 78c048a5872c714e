//! Addresses to which nothing is sent, kept by hand: every change with its reason, on the audit trail.

use crate::api::notice::{Suppression, SuppressionChange};
use crate::api::{Page, PageQuery};
use crate::db::suppression::SuppressionRow;
use crate::db::{self, Instant};
use crate::domain::fleet::{clean_text, is_email_address};
use crate::service::audit::{Change, page_limit, page_of, record};
use crate::service::{Actor, App, Error};

/// The addresses, in their order.
pub fn list(app: &App, query: &PageQuery) -> Result<Page<Suppression>, Error> {
    let limit = page_limit(query.limit)?;
    app.database.read(|connection| {
        let (after, text) = (query.after.as_deref(), query.q.as_deref());
        let rows = db::suppression::page(connection, after, text, limit + 1)?;
        let items = rows.into_iter().map(view).collect();
        Ok(page_of(items, limit, |view: &Suppression| view.address.clone()))
    })
}

/// Nothing is sent to this address from now on.
pub fn add(app: &App, actor: &Actor, change: &SuppressionChange) -> Result<Suppression, Error> {
    let (address, reason) = checked(change)?;
    app.database.write(|connection| {
        if let Some(row) = db::suppression::find(connection, &address)? {
            return Err(Error::Conflict(format!(
                "nothing is sent to {address} already: {}; `offpeak notice suppress remove` ends that first",
                row.reason
            )));
        }
        db::suppression::add(connection, &address, &reason, Instant::from(app.clock.now()))?;
        let change = Change::new("address.suppress", format!("address {address}")).because(Some(&reason));
        record(connection, app, actor, change)?;
        let row = db::suppression::find(connection, &address)?;
        row.map(view).ok_or_else(|| Error::Corrupt(format!("{address} was suppressed and is not")))
    })
}

/// Mail is sent to this address again. What failed meanwhile is not sent by itself.
pub fn remove(app: &App, actor: &Actor, change: &SuppressionChange) -> Result<Suppression, Error> {
    let (address, reason) = checked(change)?;
    app.database.write(|connection| {
        let Some(row) = db::suppression::find(connection, &address)? else {
            return Err(Error::NotFound {
                what: "suppressed address",
                key: address.clone(),
                remedy: "see `offpeak notice suppress list`",
            });
        };
        db::suppression::lift(connection, &address)?;
        let change = Change::new("address.release", format!("address {address}"))
            .before(&row.reason)
            .because(Some(&reason));
        record(connection, app, actor, change)?;
        Ok(view(row))
    })
}

/// The address in lower case, and the reason.
fn checked(change: &SuppressionChange) -> Result<(String, String), Error> {
    let SuppressionChange { address, reason } = change;
    if !is_email_address(address) {
        return Err(Error::invalid("address", "this is not a mail address; write it as name@shop.example"));
    }
    let reason = clean_text(reason);
    if reason.is_empty() {
        return Err(Error::invalid("reason", "say why; it goes onto the audit trail"));
    }
    Ok((address.to_lowercase(), reason))
}

fn view(SuppressionRow { address, reason, since }: SuppressionRow) -> Suppression {
    Suppression { address, reason, since: since.utc() }
}
