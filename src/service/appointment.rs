//! Appointments: list, show, start, outcome; how they are edited and where they may go stands in rooms of their own.

mod edit;
mod sought;
mod starts;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::api::Page;
use crate::api::appointment::{AppointmentQuery, AppointmentView, Outcome, OutcomeReport};
use crate::db::appointment::{AppointmentRow, Filter};
use crate::db::{self, Connection, Instant};
use crate::domain::access::Part;
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::Grouping;
use crate::domain::fleet::clean_text;
use crate::domain::ids::AppointmentId;
use crate::service::audit::{Change, page_limit, page_of, record};
use crate::service::calendar::not_found;
use crate::service::fleet::places_of;
use crate::service::legality::local_text;
use crate::service::notice::happened::tell_of_visits;
use crate::service::version::Versioned;
use crate::service::{Actor, App, Error, lock};

pub use edit::{batch, cancel, move_to, set_pinned};
pub use starts::starts;

/// The appointments of a group with so few terminals, or of a campaign with so few appointments, are asked one by one;
/// those of a larger one soon fill a page.
const FEW: i64 = 1000;

/// How far ahead an appointment may be moved or ad-hoc work be arranged, in days.
pub(super) const HORIZON_DAYS: u32 = 62;

/// Appointments, by start.
pub fn list(app: &App, query: &AppointmentQuery) -> Result<Page<AppointmentView>, Error> {
    list_in(app, None, query)
}

/// Appointments of a part of the fleet, or of all of it, by start.
pub(super) fn list_in(
    app: &App,
    part: Option<&Part>,
    query: &AppointmentQuery,
) -> Result<Page<AppointmentView>, Error> {
    let limit = page_limit(query.limit)?;
    let states = query.state.as_deref().unwrap_or_default();
    let states = states
        .split(',')
        .filter(|word| !word.is_empty())
        .map(|word| word.trim().parse::<AppointmentState>().map_err(|error| Error::invalid("state", error)))
        .collect::<Result<Vec<_>, _>>()?;
    let group = query.group.as_deref().map(group_of).transpose()?;
    let mut filter = Filter {
        states,
        serial: query.serial.as_deref(),
        site_code: query.site.as_deref(),
        campaign_id: None,
        group: None,
        terminal_ids: None,
        ids: None,
        part,
        ends_after: query.from.map(Instant::from),
        starts_before: query.to.map(Instant::from),
        after: query.after.as_deref().map(cursor).transpose()?,
    };
    app.database.read(|connection| {
        let is_few = |found: &Vec<i64>| i64::try_from(found.len()).is_ok_and(|count| count <= FEW);
        if let Some((grouping, value)) = &group {
            let few = db::group::terminals_of(connection, grouping, value, FEW + 1)?;
            filter.terminal_ids = Some(few).filter(is_few);
            filter.group = Some((grouping, *value)).filter(|_| filter.terminal_ids.is_none());
        }
        if let Some(name) = &query.campaign {
            let Some(campaign) = db::campaign::by_name(connection, name)? else {
                return Ok(Page { items: Vec::new(), next: None });
            };
            let few = db::appointment::ids_of_campaign(connection, campaign.id, FEW + 1)?;
            filter.ids = Some(few).filter(is_few);
            filter.campaign_id = Some(campaign.id).filter(|_| filter.ids.is_none());
        }
        if let Some(sought) = sought::in_nights(connection, app, &filter, limit + 1)? {
            filter.ids = Some(sought);
        }
        let rows = db::appointment::list(connection, &filter, limit + 1)?;
        let items = views(connection, rows)?;
        Ok(page_of(items, limit, |view: &AppointmentView| {
            format!("{}_{}", view.starts_at.timestamp_micros(), view.id)
        }))
    })
}

/// A group by its name, as `region:north`.
fn group_of(text: &str) -> Result<(Grouping, &str), Error> {
    let remedy =
        "write it as `region:north`; regions, sites, hosts, carriers, cells and models can be asked for";
    let invalid =
        || Error::invalid("group", format!("`{text}` is not a group that can be asked for; {remedy}"));
    let (grouping, value) = text.split_once(':').ok_or_else(invalid)?;
    match grouping.parse() {
        Ok(Grouping::Fleet | Grouping::Merchant | Grouping::Tag(_)) | Err(_) => Err(invalid()),
        Ok(grouping) => Ok((grouping, value)),
    }
}

/// The place in a list by time that `after` names.
pub(super) fn cursor(after: &str) -> Result<(Instant, i64), Error> {
    after
        .split_once('_')
        .and_then(|(micros, id)| {
            let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            Some((Instant::from(at), id.parse().ok()?))
        })
        .ok_or_else(|| {
            Error::invalid(
                "after",
                format!("`{after}` is not a cursor; pass the `next` of the page before as it is"),
            )
        })
}

/// One appointment.
pub fn show(app: &App, AppointmentId(id): AppointmentId) -> Result<AppointmentView, Error> {
    app.database.read(|connection| {
        let row = find(connection, id)?;
        view(connection, row)
    })
}

/// The lead that a new time must keep: the notice lead, and the time that acceptance of the mail may take.
pub(super) fn lead_minutes(app: &App, notice_lead_minutes: i32) -> u32 {
    u32::try_from(notice_lead_minutes).unwrap_or_default() + app.settings.announce_allowance_minutes
}

/// The earliest deadline among the campaigns of an appointment.
pub(super) fn deadline(connection: &mut Connection, id: i64) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(deadlines(connection, &[id])?.remove(&id))
}

/// The same for each of several that has one.
fn deadlines(connection: &mut Connection, ids: &[i64]) -> Result<HashMap<i64, DateTime<Utc>>, Error> {
    let work = db::appointment::work_of(connection, ids)?;
    let campaigns: Vec<i64> = work.iter().filter_map(|work| work.campaign_id).collect();
    let campaigns: HashMap<i64, _> =
        db::campaign::by_ids(connection, &campaigns)?.into_iter().map(|row| (row.id, row)).collect();
    let mut deadlines = HashMap::new();
    for work in work {
        let campaign = work.campaign_id.and_then(|id| campaigns.get(&id));
        if let Some(campaign) = campaign.filter(|campaign| campaign.programme_id.is_none()) {
            let known = deadlines.entry(work.appointment_id).or_insert(campaign.deadline_at.utc());
            *known = campaign.deadline_at.utc().min(*known);
        }
    }
    Ok(deadlines)
}

/// The terminal is down for the work.
pub fn start(
    app: &App,
    actor: &Actor,
    AppointmentId(id): AppointmentId,
    reason: Option<&str>,
) -> Result<AppointmentView, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        enter(connection, app, actor, id, AppointmentState::Running, reason, false)?;
        let row = find(connection, id)?;
        tell_of_visits(connection, app, &[row.visit_id])?;
        view(connection, row)
    })
}

/// What became of it, as a terminal-management system or an engineer reports it. A failure opens a lock.
pub fn outcome(
    app: &App,
    actor: &Actor,
    AppointmentId(id): AppointmentId,
    report: &OutcomeReport,
) -> Result<AppointmentView, Error> {
    let note = report.note.as_deref().map(clean_text);
    let firmware = report.firmware.as_deref().map(clean_text);
    if firmware.as_deref() == Some("") {
        return Err(Error::invalid("firmware", "it is empty; leave it out if it is not known"));
    }
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = find(connection, id)?;
        let state = match report.outcome {
            Outcome::Done => AppointmentState::Done,
            Outcome::Failed => AppointmentState::Failed,
        };
        enter(connection, app, actor, id, state, note.as_deref(), true)?;
        let now = Instant::from(app.clock.now());
        if let Some(firmware) = &firmware {
            db::fleet::set_firmware(connection, row.terminal_id, firmware, now)?;
        } else if state == AppointmentState::Done {
            note_installed_firmware(connection, &row, now)?;
        }
        if state == AppointmentState::Failed
            && db::lock::list(connection, Some(row.terminal_id), true, None, 1)?.is_empty()
        {
            let cause = format!("appointment {id} failed: {}", note.as_deref().unwrap_or("no reason given"));
            lock::open(connection, app, actor, row.terminal_id, Some(id), &cause)?;
        }
        tell_of_visits(connection, app, &[row.visit_id])?;
        let row = find(connection, id)?;
        view(connection, row)
    })
}

/// A firmware update that is reported as done, without a version, has installed what its campaign says.
fn note_installed_firmware(
    connection: &mut Connection,
    row: &AppointmentRow,
    now: Instant,
) -> Result<(), Error> {
    let work = db::appointment::work_of(connection, &[row.id])?;
    let campaigns: Vec<i64> = work.iter().filter_map(|item| item.campaign_id).collect();
    let campaigns = db::campaign::by_ids(connection, &campaigns)?;
    for item in work {
        let Some(campaign) = campaigns.iter().find(|campaign| Some(campaign.id) == item.campaign_id) else {
            continue;
        };
        if let crate::domain::campaign::Work::Firmware { version, .. } = super::campaign::work_of(campaign)? {
            db::fleet::set_firmware(connection, row.terminal_id, version.as_str(), now)?;
        }
    }
    Ok(())
}

/// Enters `state`, or says which states it may be entered from.
pub(super) fn enter(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    id: i64,
    state: AppointmentState,
    note: Option<&str>,
    closes: bool,
) -> Result<(), Error> {
    let row = find(connection, id)?;
    let closed_at = closes.then(|| Instant::from(app.clock.now()));
    if !db::appointment::enter(connection, id, state, note, closed_at)? {
        let from: Vec<&str> = state.previous().into_iter().map(AppointmentState::as_str).collect();
        return Err(Error::Conflict(format!(
            "appointment {id} is {} and cannot become {state}; it would have to be {}",
            row.state,
            from.join(" or ")
        )));
    }
    let change = Change::new("appointment.state", format!("appointment {id}"))
        .before(&row.state)
        .after(&state)
        .because(note);
    record(connection, app, actor, change)?;
    Ok(())
}

pub(super) fn find(connection: &mut Connection, id: i64) -> Result<AppointmentRow, Error> {
    db::appointment::find(connection, id)?
        .ok_or_else(|| not_found("appointment", id, "see `offpeak appointment list`"))
}

fn view(connection: &mut Connection, row: AppointmentRow) -> Result<AppointmentView, Error> {
    let id = row.id;
    views(connection, vec![row])?
        .pop()
        .ok_or_else(|| not_found("appointment", id, "see `offpeak appointment list`"))
}

/// Rows as the API shows them, in their order.
pub(super) fn views(
    connection: &mut Connection,
    rows: Vec<AppointmentRow>,
) -> Result<Vec<AppointmentView>, Error> {
    let ids = |of: fn(&AppointmentRow) -> i64| -> Vec<i64> {
        let mut ids: Vec<i64> = rows.iter().map(of).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let terminals: HashMap<i64, _> = db::fleet::terminals_by_id(connection, &ids(|row| row.terminal_id))?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let visits: HashMap<i64, _> = db::visit::by_ids(connection, &ids(|row| row.visit_id))?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let (sites, merchants) = places_of(connection, visits.values())?;
    let mut work: HashMap<i64, Vec<String>> = HashMap::new();
    for item in db::appointment::work_of(connection, &ids(|row| row.id))? {
        work.entry(item.appointment_id).or_default().push(item.title);
    }
    rows.into_iter()
        .map(|row| {
            let terminal = &terminals[&row.terminal_id];
            let visit = &visits[&row.visit_id];
            let (site, merchant) = (&sites[&visit.site_id], &merchants[&visit.merchant_id]);
            let zone = site.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
            let state = row
                .state
                .parse()
                .map_err(|error| Error::Corrupt(format!("appointment {}: {error}", row.id)))?;
            Ok(AppointmentView {
                id: row.id,
                state,
                revision: row.revision,
                serial: terminal.serial.clone(),
                label: terminal.label.clone(),
                site_code: site.code.clone(),
                region: site.region.clone(),
                merchant_number: merchant.number.clone(),
                merchant_name: merchant.name.clone(),
                starts_at: row.starts_at.utc(),
                ends_at: row.ends_at.utc(),
                time_zone: site.time_zone.clone(),
                local_start: local_text(row.starts_at.utc(), zone),
                work: work.remove(&row.id).unwrap_or_default(),
                emergency: row.emergency,
                announced_at: row.announced_at.map(Instant::utc),
                note: row.note,
                pinned: row.pinned,
                previous: None,
                etag: String::new(),
            }
            .with_version())
        })
        .collect()
}
