//! Keeping somebody to his part of the fleet: what he is shown, and what he may change.

use std::collections::BTreeSet;

use crate::api::Page;
use crate::api::fleet::{MerchantView, SiteView, TerminalHistory, TerminalView};
use crate::api::{PageQuery, appointment::AppointmentQuery, appointment::AppointmentView};
use crate::db;
use crate::domain::access::Part;
use crate::domain::ids::{AppointmentId, LockId};
use crate::service::{Actor, App, Error, appointment, fleet};

/// Refuses if any of these terminals lies outside the part that `actor` is confined to. One that is not there lies
/// outside as well, so that nobody learns which there are elsewhere.
pub fn check_terminals(app: &App, actor: &Actor, serials: &[String]) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let named: BTreeSet<&str> = serials.iter().map(String::as_str).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let inside =
        app.database.read(|connection| Ok::<_, Error>(db::part::terminals_in(connection, part, &named)?))?;
    if usize::try_from(inside).is_ok_and(|inside| inside == named.len()) {
        return Ok(());
    }
    Err(outside(part))
}

/// The same for an appointment.
pub fn check_appointment(app: &App, actor: &Actor, AppointmentId(id): AppointmentId) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let serial =
        app.database.read(|connection| Ok::<_, Error>(db::part::serial_of_appointment(connection, id)?))?;
    check_terminals(app, actor, &[serial.ok_or_else(|| outside(part))?])
}

/// The same for a lock.
pub fn check_lock(app: &App, actor: &Actor, LockId(id): LockId) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let serial = app.database.read(|connection| Ok::<_, Error>(db::part::serial_of_lock(connection, id)?))?;
    check_terminals(app, actor, &[serial.ok_or_else(|| outside(part))?])
}

fn outside(part: &Part) -> Error {
    Error::OutOfScope(format!("you are confined to {part}, and this lies outside or is not there"))
}

/// Merchants that `actor` may see, by number.
pub fn merchants(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<MerchantView>, Error> {
    fleet::merchants_in(app, actor.part(), query)
}

/// Sites that `actor` may see, by code.
pub fn sites(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<SiteView>, Error> {
    fleet::sites_in(app, actor.part(), query)
}

/// Terminals that `actor` may see, by serial number.
pub fn terminals(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<TerminalView>, Error> {
    fleet::terminals_in(app, actor.part(), query)
}

/// One terminal's history, if `actor` may see it.
pub fn history(app: &App, actor: &Actor, serial: &str) -> Result<TerminalHistory, Error> {
    check_terminals(app, actor, &[serial.to_owned()])?;
    fleet::history(app, serial)
}

/// Appointments that `actor` may see, by start.
pub fn appointments(
    app: &App,
    actor: &Actor,
    query: &AppointmentQuery,
) -> Result<Page<AppointmentView>, Error> {
    appointment::list_in(app, actor.part(), query)
}
