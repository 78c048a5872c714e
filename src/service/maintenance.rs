//! Ad-hoc maintenance: an engineer's own appointment, by the same rules as the planner's. An emergency waives
//! the notice rule and no other.

use chrono::TimeDelta;

use crate::api::appointment::{Maintenance, MaintenanceResult};
use crate::api::problem::Refusal;
use crate::domain::calendar::{Span, parse_when};
use crate::domain::fleet::clean_text;
use crate::service::appointment::{HORIZON_DAYS, find, lead_minutes, views};
use crate::service::audit::{Change, record};
use crate::service::campaign::check_duration;
use crate::service::legality::{Question, Rules};
use crate::service::schedule::{self, Changes, NewAppointment};
use crate::service::world::{Groups, TerminalEntry, World};
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
    let mut connection = app.database.get()?;
    connection.write(|connection| {
        connection.serialize_schedule()?;
        let world = World::load(connection, app, HORIZON_DAYS)?;
        let create = decide(app, &world, request, &reason)?;
        if request.dry_run {
            return Ok(MaintenanceResult { appointments: Vec::new(), dry_run: true });
        }
        let changes = Changes { create, reason: Some(reason.clone()), ..Changes::default() };
        let applied = schedule::apply(connection, app, changes)?;
        let action = if request.emergency { "maintenance.emergency" } else { "maintenance.arrange" };
        for id in &applied.created {
            let change =
                Change::new(action, format!("appointment {id}")).after(request).because(Some(&reason));
            record(connection, app, actor, change)?;
        }
        let rows = applied.created.iter().map(|id| find(connection, *id)).collect::<Result<Vec<_>, _>>()?;
        Ok(MaintenanceResult { appointments: views(connection, rows)?, dry_run: false })
    })
}

/// Without an address nobody can be told, and what is not announced never opens.
fn no_contact(world: &World, terminal: &TerminalEntry, request: &Maintenance) -> Option<Refusal> {
    let merchant = &world.merchant(terminal).1;
    (merchant.email.is_none() && !request.emergency).then(|| Refusal {
        serial: terminal.terminal.serial.clone(),
        rule: "no_contact".to_owned(),
        message: format!(
            "merchant {} has no mail address, so it cannot be told; import one, or ring up and arrange an emergency",
            merchant.number
        ),
        nearest_legal_at: None,
        nearest_legal_local: None,
    })
}

fn decide(
    app: &App,
    world: &World,
    request: &Maintenance,
    reason: &str,
) -> Result<Vec<NewAppointment>, Error> {
    let mut rules = Rules::of(world, Groups::of(world, app.settings.fleet_time_zone));
    let lead = i32::try_from(app.settings.notice_lead_minutes).unwrap_or(i32::MAX);
    let mut refusals = Vec::new();
    let mut create = Vec::new();
    let mut serials = request.serials.clone();
    serials.sort();
    serials.dedup();
    for (number, serial) in (1..).zip(&serials) {
        let terminal =
            world.terminals.iter().find(|entry| entry.terminal.serial == *serial).ok_or_else(|| {
                Error::NotFound {
                    what: "active terminal",
                    key: serial.clone(),
                    remedy: "see `offpeak terminal list`",
                }
            })?;
        let site = world.site(terminal);
        let starts_at = parse_when(&request.at, app.clock.now(), site.site.time_zone)
            .map_err(|error| Error::invalid("at", error))?;
        let question = Question {
            terminal,
            starts_at,
            duration_minutes: request.duration_minutes,
            notice_lead_minutes: (!request.emergency).then(|| lead_minutes(app, lead)),
            deadline_at: None,
            moving: None,
        };
        refusals.extend(rules.refusals(question));
        refusals.extend(no_contact(world, terminal, request));
        let ends_at = starts_at + TimeDelta::minutes(i64::from(request.duration_minutes));
        // The next terminal of the same request sees this one as down already.
        if let Some(span) = Span::new(starts_at, ends_at) {
            rules.place(terminal, -number, span);
        }
        create.push(NewAppointment {
            terminal_id: terminal.id,
            site_id: site.id,
            starts_at,
            ends_at,
            notice_lead_minutes: lead,
            emergency: request.emergency,
            plan_id: None,
            work: vec![(None, reason.to_owned())],
            note: Some(reason.to_owned()),
        });
    }
    if refusals.is_empty() { Ok(create) } else { Err(Error::Refused(refusals)) }
}
