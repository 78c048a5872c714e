//! A merchant says that a terminal takes no payments, or takes them again.

use std::collections::HashMap;

use super::links;
use super::page::head;
use crate::api::lock::{LockChange, NewLock};
use crate::api::merchant::{MerchantLock, MerchantLocks, MerchantTerminalChoice};
use crate::db::lock::LockRow;
use crate::db::{self, Connection};
use crate::domain::fleet::Locale;
use crate::domain::ids::LockId;
use crate::domain::link::Purpose;
use crate::domain::lock::LockState;
use crate::mail::SpanWords;
use crate::service::{Actor, App, Error, lock};

/// The merchant's terminals.
pub fn locks_page(app: &App, token: &str, locale: Option<Locale>) -> Result<MerchantLocks, Error> {
    app.database.read(|connection| {
        let (_, merchant) = links::open(connection, app, token, Purpose::Locks)?;
        let head = head(app, &merchant, locale);
        let mut locks = locks_of(connection, merchant.id)?;
        let (mut locked, mut terminals) = (Vec::new(), Vec::new());
        let rows = db::fleet::terminals_of_merchant(connection, merchant.id)?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let latest = db::lock::latest_of(connection, &ids)?.unwrap_or_default();
        let site_ids: Vec<i64> = rows.iter().map(|row| row.site_id).collect();
        let sites: HashMap<i64, _> =
            db::fleet::sites_by_id(connection, &site_ids)?.into_iter().map(|row| (row.id, row)).collect();
        for row in rows {
            let site = &sites[&row.site_id];
            match locks.remove(&row.id) {
                Some(lock) => {
                    let at = lock.opened_at.utc();
                    let zone = site.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
                    locked.push(MerchantLock {
                        id: lock.id,
                        label: row.label,
                        tid: row.tid,
                        site_name: site.name.clone(),
                        since: SpanWords::new(head.locale, zone, at, at).start_in_full(),
                    });
                }
                None => terminals.push(MerchantTerminalChoice {
                    serial: row.serial,
                    label: row.label,
                    tid: row.tid,
                    site_name: site.name.clone(),
                }),
            }
        }
        Ok(MerchantLocks { head, locked, terminals, latest })
    })
}

/// A terminal of the link's merchant takes no payments; said on a page that knew of locks up to `latest`. Saying so again
/// changes nothing, and opens nothing anew once that lock has ended.
///
/// # Errors
/// [`Error::Conflict`] if the terminal was locked after that page was written, and is not any more.
pub fn report_lock(app: &App, token: &str, serial: &str, latest: i64) -> Result<(), Error> {
    let (actor, is_known) = app.database.read(|connection| {
        let (_, merchant) = links::open(connection, app, token, Purpose::Locks)?;
        let terminals = db::fleet::terminals_of_merchant(connection, merchant.id)?;
        let id = terminals.into_iter().find(|row| row.serial == serial).map(|row| row.id);
        let id = id.ok_or_else(|| not_yours("terminal", serial))?;
        let is_known = locks_of(connection, merchant.id)?.contains_key(&id);
        if !is_known && db::lock::latest_of(connection, &[id])?.is_some_and(|known| known > latest) {
            return Err(Error::Conflict(
                "this was reported, and has ended since; open the page again to report it anew".to_owned(),
            ));
        }
        Ok::<_, Error>((Actor::merchant(&merchant.number), is_known))
    })?;
    if !is_known {
        let new = NewLock { serial: serial.to_owned(), cause: "reported by the merchant".to_owned() };
        lock::report(app, &actor, &new)?;
    }
    Ok(())
}

/// A locked terminal of the link's merchant takes payments again. Saying so again changes nothing.
pub fn works_again(app: &App, token: &str, id: i64) -> Result<(), Error> {
    let (actor, is_open) = app.database.read(|connection| {
        let (_, merchant) = links::open(connection, app, token, Purpose::Locks)?;
        let row = db::lock::find(connection, id)?.ok_or_else(|| not_yours("lock", &id.to_string()))?;
        let terminals = db::fleet::terminals_of_merchant(connection, merchant.id)?;
        if !terminals.iter().any(|terminal| terminal.id == row.terminal_id) {
            return Err(not_yours("lock", &id.to_string()));
        }
        Ok((Actor::merchant(&merchant.number), row.state.parse().is_ok_and(LockState::is_down)))
    })?;
    if is_open {
        let change =
            LockChange { state: LockState::Confirmed, reason: Some("confirmed by the merchant".to_owned()) };
        lock::advance(app, &actor, LockId(id), &change)?;
    }
    Ok(())
}

fn not_yours(what: &'static str, key: &str) -> Error {
    Error::NotFound { what, key: key.to_owned(), remedy: "choose one from the page" }
}

/// The merchant's locks that still hold, by terminal.
fn locks_of(connection: &mut Connection, merchant_id: i64) -> Result<HashMap<i64, LockRow>, Error> {
    let ids: Vec<i64> =
        db::fleet::terminals_of_merchant(connection, merchant_id)?.into_iter().map(|row| row.id).collect();
    Ok(db::lock::open_of(connection, &ids)?.into_iter().map(|row| (row.terminal_id, row)).collect())
}
