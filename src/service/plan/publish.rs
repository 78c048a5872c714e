//! Publishing: the plan is verified once more against things as they stand now, then appointments, visits and
//! outbox rows are written in the same transaction, or nothing is.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::views::{finding_view, plan_view};
use super::writer::Writer;
use crate::api::plan::{NewPlan, PlanView};
use crate::api::problem::FindingView;
use crate::checker::{self, Code};
use crate::db::plan::PlanItemRow;
use crate::db::{self, Connection, Instant};
use crate::domain::campaign::CampaignState;
use crate::domain::ids::{PlanId, TerminalId};
use crate::domain::plan::PlanState;
use crate::domain::plan_file::{Metrics, Plan};
use crate::service::audit::{Change, record};
use crate::service::schedule::{self, Changes, Move, NewAppointment};
use crate::service::world::{Groups, World};
use crate::service::{Actor, App, Error};

/// Publishes a verified plan; gives it back as it is then.
pub fn publish(
    app: &App,
    actor: &Actor,
    PlanId(id): PlanId,
    reason: Option<&str>,
) -> Result<PlanView, Error> {
    let mut connection = app.database.get()?;
    connection.write(|connection| {
        connection.serialize_schedule()?;
        let row = super::find(connection, id)?;
        if !db::plan::enter(connection, id, PlanState::Published)? {
            let why = match row.state.parse() {
                Ok(PlanState::Published) => "is published already",
                Ok(PlanState::Draft) => "has findings; see `offpeak plan show`, then create it again",
                Ok(PlanState::Solving) => "is still being solved",
                _ => "cannot be published any more; create it again",
            };
            return Err(Error::Conflict(format!("plan {id} {why}")));
        }
        let request: NewPlan = serde_json::from_str(&row.request)
            .map_err(|error| Error::Corrupt(format!("plan {id}: {error}")))?;
        let items: Vec<PlanItemRow> = db::plan::items(connection, id, -1, false, i64::MAX)?
            .into_iter()
            .filter(|item| item.starts_at.is_some())
            .collect();
        let world = World::load(connection, app, request.horizon_days.unwrap_or(30) + 1)?;
        let findings = verify(connection, app, &world, &items)?;
        if !findings.is_empty() {
            return Err(Error::Unverified(findings));
        }
        let changes = changes_of(&world, &items, id)?;
        let (created, moved) = (changes.create.len(), changes.moves.len());
        let applied = schedule::apply(connection, app, changes)?;
        let now = Instant::from(app.clock.now());
        db::plan::set_published(connection, id, actor.as_str(), now)?;
        let after = serde_json::json!({"created": created, "moved": moved, "notices": applied.notices});
        record(
            connection,
            app,
            actor,
            Change::new("plan.publish", format!("plan {id}")).after(&after).because(reason),
        )?;
        plan_view(super::find(connection, id)?)
    })
}

/// Asks the checker about the plan's items in the world as it is now, everything else that stands counted.
fn verify(
    connection: &mut Connection,
    app: &App,
    world: &World,
    items: &[PlanItemRow],
) -> Result<Vec<FindingView>, Error> {
    let campaigns: HashMap<i64, _> =
        db::campaign::all(connection)?.into_iter().map(|row| (row.id, row)).collect();
    let mut findings = Vec::new();
    let moved: BTreeMap<i64, ()> = items.iter().filter_map(|item| Some((item.appointment_id?, ()))).collect();
    let planned = items.iter().filter(|item| item.appointment_id.is_none());
    let planned = planned.filter_map(|item| world.terminal_index.get(&TerminalId(item.terminal_id)).copied());
    let mut writer = Writer::new(world, Groups::of(world, app.settings.fleet_time_zone), planned);
    let mut starts = Vec::new();
    for (index, row) in world.standing.iter().enumerate() {
        if !moved.contains_key(&row.id) && writer.add_standing(index, false, app, &HashMap::new()) {
            starts.push(Some(world.grid.slot_floor(row.starts_at.utc())));
        }
    }
    for item in items {
        let Some(terminal) = world.terminal_index.get(&TerminalId(item.terminal_id)).copied() else {
            findings.push(gone(item, "the terminal is retired or gone"));
            continue;
        };
        if let Some(problem) = stale(world, &campaigns, item)? {
            findings.push(gone(item, &problem));
        }
        let lead = i64::from(item.notice_lead_minutes);
        let release_at = world.now + TimeDelta::minutes(lead);
        let deadline_at = deadline_of(&campaigns, item)?;
        let calendar = writer.calendar(terminal);
        let id = format!("{}@{}", world.terminals[terminal].terminal.serial, item.ordinal);
        let minutes = u32::try_from(item.duration_minutes).unwrap_or(u32::MAX);
        writer.add_task(terminal, &id, calendar, minutes, 1, release_at, deadline_at, None);
        starts.push(item.starts_at.map(|start| world.grid.slot_floor(start.utc())));
    }
    let problem = writer.finish()?;
    let plan = Plan::new(problem.sha256().to_owned(), starts, Vec::new(), Metrics::default());
    // The figures are those of the plan as it was solved; here only the rules are asked.
    let about_rules = |code: Code| !matches!(code, Code::WrongMetric | Code::WrongBound | Code::NoReason);
    findings.extend(
        checker::check(&problem, &plan)
            .iter()
            .filter(|finding| about_rules(finding.code))
            .map(|finding| finding_view(finding, &problem)),
    );
    Ok(findings)
}

/// Why an item no longer fits what stands: its terminal got an appointment meanwhile, or what it moves has
/// begun.
fn stale(
    world: &World,
    campaigns: &HashMap<i64, db::campaign::CampaignRow>,
    item: &PlanItemRow,
) -> Result<Option<String>, Error> {
    for (campaign_id, name) in work_of(item)? {
        let active =
            campaigns.get(&campaign_id).is_some_and(|row| row.state == CampaignState::Active.as_str());
        if !active {
            return Ok(Some(format!("campaign {name} is no longer active")));
        }
    }
    if world.locked.contains(&TerminalId(item.terminal_id)) && item.appointment_id.is_none() {
        return Ok(Some("the terminal is locked now".to_owned()));
    }
    if let Some(id) = item.appointment_id {
        match world.standing.iter().find(|row| row.id == id) {
            None => return Ok(Some(format!("appointment {id} no longer stands"))),
            Some(row) if Some(row.revision) != item.appointment_revision => {
                return Ok(Some(format!("appointment {id} has been moved since")));
            }
            Some(_) => {}
        }
    }
    let (Some(starts_at), Some(ends_at)) = (item.starts_at, item.ends_at) else { return Ok(None) };
    let clash = world.standing.iter().any(|row| {
        row.terminal_id == item.terminal_id
            && Some(row.id) != item.appointment_id
            && row.starts_at < ends_at
            && starts_at < row.ends_at
    });
    Ok(clash.then(|| "the terminal has got another appointment at that time".to_owned()))
}

fn deadline_of(
    campaigns: &HashMap<i64, db::campaign::CampaignRow>,
    item: &PlanItemRow,
) -> Result<DateTime<Utc>, Error> {
    Ok(work_of(item)?
        .iter()
        .filter_map(|(id, _)| campaigns.get(id))
        .map(|row| row.deadline_at.utc())
        .min()
        .unwrap_or(DateTime::<Utc>::MAX_UTC))
}

fn work_of(item: &PlanItemRow) -> Result<Vec<(i64, String)>, Error> {
    serde_json::from_str(&item.work)
        .map_err(|error| Error::Corrupt(format!("plan item {}: {error}", item.ordinal)))
}

fn gone(item: &PlanItemRow, message: &str) -> FindingView {
    FindingView {
        code: "stale".to_owned(),
        task: Some(format!("terminal {}", item.terminal_id)),
        group: None,
        at: item.starts_at.map(Instant::utc),
        message: format!("{message}; create the plan again"),
    }
}

fn changes_of(world: &World, items: &[PlanItemRow], plan_id: i64) -> Result<Changes, Error> {
    let standing: HashMap<i64, _> = world.standing.iter().map(|row| (row.id, row)).collect();
    let mut changes = Changes::default();
    for item in items {
        let (Some(starts_at), Some(ends_at)) = (item.starts_at, item.ends_at) else { continue };
        let terminal = world
            .terminal(TerminalId(item.terminal_id))
            .ok_or_else(|| Error::Corrupt(format!("terminal {} is gone", item.terminal_id)))?;
        let site_id = world.site(terminal).id;
        let (starts_at, ends_at) = (starts_at.utc(), ends_at.utc());
        match item.appointment_id {
            Some(id) => {
                let row = standing.get(&id).ok_or_else(|| {
                    Error::Conflict(format!("appointment {id} no longer stands; create the plan again"))
                })?;
                changes.moves.push(Move { appointment: (*row).clone(), site_id, starts_at, ends_at });
            }
            None => changes.create.push(NewAppointment {
                terminal_id: TerminalId(item.terminal_id),
                site_id,
                starts_at,
                ends_at,
                notice_lead_minutes: item.notice_lead_minutes,
                emergency: false,
                plan_id: Some(plan_id),
                work: work_of(item)?.into_iter().map(|(id, name)| (Some(id), name)).collect(),
                note: None,
            }),
        }
    }
    Ok(changes)
}
