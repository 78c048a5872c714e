//! Ad-hoc maintenance: an engineer's own appointment, by the same rules as the planner's. An emergency waives
//! the notice rule and no other.

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::appointment::{Maintenance, MaintenanceResult};
use crate::api::problem::Refusal;
use crate::db::{self, Connection};
use crate::domain::calendar::{Span, parse_when};
use crate::domain::fleet::clean_text;
use crate::domain::said::{Rule, Saying};
use crate::service::appointment::{HORIZON_DAYS, find, lead_minutes, views};
use crate::service::audit::{Change, record};
use crate::service::campaign::check_duration;
use crate::service::legality::{Purpose, Question, Rules, decide};
use crate::service::schedule::{self, Changes, NewAppointment};
use crate::service::world::{Surroundings, TerminalEntry, World};
use crate::service::{Actor, App, Error};

/// Arranges maintenance for every terminal named, or for none: the first rule that any of them breaks refuses
/// all, and every broken rule is listed with the nearest legal time.
pub fn arrange(app: &App, actor: &Actor, request: &Maintenance) -> Result<MaintenanceResult, Error> {
    let reason = clean_text(&request.reason);
    if reason.is_empty() {
        return Err(Error::invalid("reason", "say why; the merchant reads it and the audit trail keeps it"));
    }
    if request.serials.is_empty() {
        return Err(Error::invalid("serials", "name at least one terminal"));
    }
    check_duration(request.duration_minutes)?;
    match app.database.write(|connection| arrange_within(connection, app, actor, request, &reason)) {
        Err(Error::Refused(refused)) => {
            // Said with the nearest legal times, which are looked for when nobody waits any more who wants to write.
            let said = app.database.read(|connection| ask(connection, app, request, Purpose::Saying(app)));
            let said = said.map(|(_, said)| said).ok().filter(|said| !said.is_empty());
            Err(Error::Refused(said.unwrap_or(refused)))
        }
        other => other,
    }
}

/// The terminals that are named with what bears on them, and what forbids the maintenance, if anything does.
fn ask(
    connection: &mut Connection,
    app: &App,
    request: &Maintenance,
    purpose: Purpose<'_>,
) -> Result<(Surroundings, Vec<Refusal>), Error> {
    let serials: Vec<&str> = request.serials.iter().map(String::as_str).collect();
    let ids: Vec<i64> =
        db::fleet::terminals_by_serial(connection, &serials)?.into_iter().map(|row| row.id).collect();
    let surroundings = Surroundings::load(connection, app, HORIZON_DAYS, &ids)?;
    let world = &surroundings.world;
    let asked = asked_of(app, world, request)?;
    let starts = asked.iter().map(|(_, starts_at)| *starts_at);
    let first = starts.clone().min().unwrap_or(world.now);
    let last = starts.max().unwrap_or(world.now) + length_of(request);
    let refusals = decide(connection, &surroundings, purpose, first..last, |rules| {
        Ok(refusals_of(app, world, rules, request, &asked))
    })?;
    Ok((surroundings, refusals))
}

fn length_of(request: &Maintenance) -> TimeDelta {
    TimeDelta::minutes(i64::from(request.duration_minutes))
}

fn arrange_within(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    request: &Maintenance,
    reason: &str,
) -> Result<MaintenanceResult, Error> {
    connection.serialize_schedule()?;
    let (surroundings, refusals) = ask(connection, app, request, Purpose::Acting)?;
    if !refusals.is_empty() {
        return Err(Error::Refused(refusals));
    }
    let asked = asked_of(app, &surroundings.world, request)?;
    if request.dry_run {
        return Ok(MaintenanceResult { appointments: Vec::new(), dry_run: true });
    }
    let create = asked
        .iter()
        .map(|(terminal, starts_at)| NewAppointment {
            terminal_id: terminal.id,
            site_id: surroundings.world.site(terminal).id,
            starts_at: *starts_at,
            ends_at: *starts_at + length_of(request),
            notice_lead_minutes: lead_of(app),
            emergency: request.emergency,
            plan_id: None,
            work: std::sync::Arc::from([(None, reason.to_owned())]),
            note: Some(reason.to_owned()),
        })
        .collect();
    let changes = Changes { create, reason: Some(reason.to_owned()), ..Changes::default() };
    let applied = schedule::apply(connection, app, changes)?;
    let action = if request.emergency { "maintenance.emergency" } else { "maintenance.arrange" };
    for id in &applied.created {
        let change = Change::new(action, format!("appointment {id}")).after(request).because(Some(reason));
        record(connection, app, actor, change)?;
    }
    let rows = applied.created.iter().map(|id| find(connection, *id)).collect::<Result<Vec<_>, _>>()?;
    Ok(MaintenanceResult { appointments: views(connection, rows)?, dry_run: false })
}

/// Without an address nobody can be told, and what is not announced never opens.
fn no_contact(world: &World, terminal: &TerminalEntry, request: &Maintenance) -> Option<Refusal> {
    let merchant = world.merchant(terminal);
    (!merchant.has_address && !request.emergency).then(|| Refusal {
        serial: terminal.serial.to_string(),
        rule: Rule::NoContact.as_str().to_owned(),
        message: format!(
            "merchant {} has no mail address, so it cannot be told; import one, or ring up and arrange an emergency",
            merchant.number
        ),
        said: Some(Saying::NoAddress.with([("merchant", merchant.number.to_string().into())])),
        nearest_legal_at: None,
        nearest_legal_local: None,
    })
}

fn lead_of(app: &App) -> i32 {
    i32::try_from(app.settings.notice_lead_minutes).unwrap_or(i32::MAX)
}

/// The terminals that are named, by serial number, each with the start that its site's clock shows.
fn asked_of<'w>(
    app: &App,
    world: &'w World,
    request: &Maintenance,
) -> Result<Vec<(&'w TerminalEntry, DateTime<Utc>)>, Error> {
    let mut serials: Vec<&str> = request.serials.iter().map(String::as_str).collect();
    serials.sort_unstable();
    serials.dedup();
    let mut asked = Vec::with_capacity(serials.len());
    for serial in serials {
        let terminal = world.terminals.iter().find(|entry| *entry.serial == *serial);
        let terminal = terminal.ok_or_else(|| Error::NotFound {
            what: "active terminal",
            key: serial.to_owned(),
            remedy: "see `offpeak terminal list`",
        })?;
        let zone = world.site(terminal).time_zone;
        let starts_at =
            parse_when(&request.at, app.clock.now(), zone).map_err(|error| Error::invalid("at", error))?;
        asked.push((terminal, starts_at));
    }
    Ok(asked)
}

fn refusals_of(
    app: &App,
    world: &World,
    rules: &mut Rules<'_>,
    request: &Maintenance,
    asked: &[(&TerminalEntry, DateTime<Utc>)],
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (number, (terminal, starts_at)) in (1..).zip(asked) {
        let question = Question {
            terminal,
            starts_at: *starts_at,
            duration_minutes: request.duration_minutes,
            notice_lead_minutes: (!request.emergency).then(|| lead_minutes(app, lead_of(app))),
            deadline_at: None,
            moving: None,
        };
        refusals.extend(rules.refusals(question));
        refusals.extend(no_contact(world, terminal, request));
        let ends_at = *starts_at + TimeDelta::minutes(i64::from(request.duration_minutes));
        // The next terminal of the same request sees this one as down already.
        if let Some(span) = Span::new(*starts_at, ends_at) {
            rules.place(terminal, -number, span);
        }
    }
    refusals
}
