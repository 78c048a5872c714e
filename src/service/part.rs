//! Keeping somebody to his part of the fleet: what he is shown, and what he may change.

use std::collections::{BTreeSet, HashSet};

use crate::api::Page;
use crate::api::fleet::{MerchantView, SiteView, TerminalHistory, TerminalView};
use crate::api::lock::LockView;
use crate::api::notice::{NoticeQuery, NoticeView};
use crate::api::timeline::{Timeline, TimelineQuery};
use crate::api::{PageQuery, appointment::AppointmentQuery, appointment::AppointmentView};
use crate::db;
use crate::domain::access::Part;
use crate::domain::ids::{AppointmentId, LockId, NoticeId};
use crate::service::{Actor, App, Error, appointment, fleet, lock, notice, timeline};

/// Refuses if any of these terminals lies outside the part that `actor` is confined to. One that is not there lies
/// outside as well, so that nobody learns which there are elsewhere.
pub fn check_terminals(app: &App, actor: &Actor, serials: &[String]) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let named: BTreeSet<&str> = serials.iter().map(String::as_str).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let inside =
        app.database.read(|connection| Ok::<_, Error>(db::part::terminals_in(connection, part, &named)?))?;
    if inside == named.len() {
        return Ok(());
    }
    Err(outside(part))
}

/// The same for an appointment.
pub fn check_appointment(app: &App, actor: &Actor, AppointmentId(id): AppointmentId) -> Result<(), Error> {
    check_appointments(app, actor, [id])
}

/// The same for several appointments.
pub fn check_appointments(app: &App, actor: &Actor, ids: impl IntoIterator<Item = i64>) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let named: Vec<i64> = ids.into_iter().collect::<BTreeSet<i64>>().into_iter().collect();
    let inside = app
        .database
        .read(|connection| Ok::<_, Error>(db::part::appointments_in(connection, part, &named)?))?;
    if inside == named.len() { Ok(()) } else { Err(outside(part)) }
}

/// The same for a site.
pub fn check_site(app: &App, actor: &Actor, code: &str) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let is_inside =
        app.database.read(|connection| Ok::<_, Error>(db::part::has_site(connection, part, code)?))?;
    if is_inside { Ok(()) } else { Err(outside(part)) }
}

/// The same for a lock.
pub fn check_lock(app: &App, actor: &Actor, LockId(id): LockId) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    let serial = app.database.read(|connection| Ok::<_, Error>(db::part::serial_of_lock(connection, id)?))?;
    check_terminals(app, actor, &[serial.ok_or_else(|| outside(part))?])
}

/// The same for a notice: one that goes to the merchant, or tells of something in the region.
pub fn check_notice(app: &App, actor: &Actor, id: NoticeId) -> Result<(), Error> {
    let Some(part) = actor.part() else { return Ok(()) };
    if notice::is_in(app, part, id)? { Ok(()) } else { Err(outside(part)) }
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

/// One site, if `actor` may see it.
pub fn site(app: &App, actor: &Actor, code: &str) -> Result<SiteView, Error> {
    check_site(app, actor, code)?;
    fleet::site(app, code)
}

/// The timeline of what `actor` may see.
pub fn timeline(app: &App, actor: &Actor, query: &TimelineQuery) -> Result<Timeline, Error> {
    timeline::show_in(app, actor.part(), query)
}

/// The names of the regions of which `actor` may see something.
pub fn regions(app: &App, actor: &Actor) -> Result<Vec<String>, Error> {
    timeline::regions_in(app, actor.part())
}

/// One terminal's history, if `actor` may see it.
pub fn history(app: &App, actor: &Actor, serial: &str) -> Result<TerminalHistory, Error> {
    check_terminals(app, actor, &[serial.to_owned()])?;
    fleet::history(app, serial)
}

/// Notices that `actor` may see, the latest first.
pub fn notices(app: &App, actor: &Actor, query: &NoticeQuery) -> Result<Page<NoticeView>, Error> {
    notice::list_in(app, actor.part(), query)
}

/// Locks that `actor` may see, the latest first.
pub fn locks(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<LockView>, Error> {
    lock::list_in(app, actor.part(), query)
}

/// Rows that are looked through at once for those of a part, and how often for one page: a part may hold few of
/// many, and such a page then holds few rows, or none, and leads on.
const LOOKED_AT: i64 = 250;
const LOOKS_MAX: usize = 8;

/// A page of what belongs to a part: `look` reads rows below a number, the latest first, and says which belong.
pub(super) fn page_within<T>(
    limit: i64,
    mut before: Option<i64>,
    id_of: impl Fn(&T) -> i64,
    mut look: impl FnMut(Option<i64>, i64) -> Result<(Vec<T>, HashSet<i64>), Error>,
) -> Result<(Vec<T>, Option<i64>), Error> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let mut items: Vec<T> = Vec::new();
    for _ in 0..LOOKS_MAX {
        let (rows, inside) = look(before, LOOKED_AT)?;
        let is_end = (rows.len() as u64) < LOOKED_AT.unsigned_abs();
        for row in rows {
            before = Some(id_of(&row));
            if !inside.contains(&id_of(&row)) {
                continue;
            }
            if items.len() == limit {
                let last = items.last().map(&id_of);
                return Ok((items, last));
            }
            items.push(row);
        }
        if is_end {
            return Ok((items, None));
        }
    }
    Ok((items, before))
}

/// Appointments that `actor` may see, by start.
pub fn appointments(
    app: &App,
    actor: &Actor,
    query: &AppointmentQuery,
) -> Result<Page<AppointmentView>, Error> {
    appointment::list_in(app, actor.part(), query)
}
