//! Publishing: the plan is verified once more against things as they stand now, then appointments, visits and
//! outbox rows are written in the same transaction, or nothing is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::views::{finding_view, plan_view};
use super::writer::{NewTask, Writer};
use crate::api::plan::{NewPlan, PlanView};
use crate::api::problem::FindingView;
use crate::checker;
use crate::db::appointment::{AppointmentRow, Standing};
use crate::db::plan::PlanItemRow;
use crate::db::{self, Connection, Instant};
use crate::domain::campaign::CampaignState;
use crate::domain::ids::{PlanId, TerminalId};
use crate::domain::plan::PlanState;
use crate::domain::plan_file::{Metrics, Plan};
use crate::service::audit::{Change, record};
use crate::service::schedule::{self, Changes, Move, NewAppointment};
use crate::service::version::Expected;
use crate::service::world::{Groups, World};
use crate::service::{Actor, App, Error};

/// Items that are read at once.
const BATCH: i64 = 20_000;

/// An item that has a place.
#[derive(Debug)]
struct Item {
    ordinal: i64,
    terminal_id: TerminalId,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    duration_minutes: i32,
    notice_lead_minutes: i32,
    /// The appointment that it moves, and the revision that it was planned from.
    appointment: Option<(i64, Option<i32>)>,
    work: Arc<Work>,
}

/// What several items carry alike.
#[derive(Debug)]
struct Work {
    /// Campaign and name.
    pieces: Arc<[(Option<i64>, String)]>,
    /// By then it has to be done.
    deadline_at: DateTime<Utc>,
    /// A campaign in it that is no longer active.
    inactive: Option<String>,
}

/// Publishes a verified plan; gives it back as it is then.
pub fn publish(
    app: &App,
    actor: &Actor,
    PlanId(id): PlanId,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<PlanView, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = super::find(connection, id)?;
        expected.check(&plan_view(row.clone())?)?;
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
        let items = placed_items(connection, id)?;
        let world = World::load(connection, app, request.horizon_days.unwrap_or(30) + 1)?;
        let findings = verify(app, &world, &items)?;
        if !findings.is_empty() {
            return Err(Error::Unverified(findings));
        }
        let changes = changes_of(connection, &world, items, id)?;
        drop(world);
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

/// The plan's items that have a place, each combination of work once.
fn placed_items(connection: &mut Connection, plan_id: i64) -> Result<Vec<Item>, Error> {
    let campaigns: HashMap<i64, _> =
        db::campaign::all(connection)?.into_iter().map(|row| (row.id, row)).collect();
    let mut works: HashMap<String, Arc<Work>> = HashMap::new();
    let mut items = Vec::new();
    let mut after = -1;
    loop {
        let rows = db::plan::items(connection, plan_id, after, false, BATCH)?;
        let Some(last) = rows.last() else { return Ok(items) };
        after = last.ordinal;
        for row in rows {
            let (Some(starts_at), Some(ends_at)) = (row.starts_at, row.ends_at) else { continue };
            let work = match works.get(&row.work) {
                Some(work) => Arc::clone(work),
                None => {
                    let work = Arc::new(work_of(&row, &campaigns)?);
                    works.insert(row.work.clone(), Arc::clone(&work));
                    work
                }
            };
            items.push(Item {
                ordinal: row.ordinal,
                terminal_id: TerminalId(row.terminal_id),
                starts_at: starts_at.utc(),
                ends_at: ends_at.utc(),
                duration_minutes: row.duration_minutes,
                notice_lead_minutes: row.notice_lead_minutes,
                appointment: row.appointment_id.map(|id| (id, row.appointment_revision)),
                work,
            });
        }
    }
}

fn work_of(row: &PlanItemRow, campaigns: &HashMap<i64, db::campaign::CampaignRow>) -> Result<Work, Error> {
    let pieces: Vec<(i64, String)> = serde_json::from_str(&row.work)
        .map_err(|error| Error::Corrupt(format!("plan item {}: {error}", row.ordinal)))?;
    let active =
        |id: &i64| campaigns.get(id).is_some_and(|campaign| campaign.state == CampaignState::Active.as_str());
    let inactive = pieces.iter().find(|(id, _)| !active(id)).map(|(_, name)| name.clone());
    let deadlines = pieces.iter().filter_map(|(id, _)| campaigns.get(id));
    let deadline_at = deadlines.map(|campaign| campaign.deadline_at.utc()).min();
    Ok(Work {
        pieces: pieces.into_iter().map(|(id, name)| (Some(id), name)).collect(),
        deadline_at: deadline_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        inactive,
    })
}

/// Asks the checker about the plan's items in the world as it is now, everything else that stands counted.
fn verify(app: &App, world: &World, items: &[Item]) -> Result<Vec<FindingView>, Error> {
    let mut findings = Vec::new();
    let moved: HashSet<i64> = items.iter().filter_map(|item| Some(item.appointment?.0)).collect();
    let planned = items.iter().filter(|item| item.appointment.is_none());
    let planned = planned.filter_map(|item| u32::try_from(world.index_of(item.terminal_id)?).ok());
    let mut writer = Writer::new(world, Groups::of(world, app.settings.fleet_time_zone), planned);
    let mut starts = Vec::with_capacity(items.len() + world.standing.len());
    for (index, row) in world.standing.iter().enumerate() {
        if !moved.contains(&row.id) && writer.add_standing(index, false, app, &HashMap::new()) {
            starts.push(Some(world.grid.slot_floor(row.starts_at.utc())));
        }
    }
    let mut by_terminal: HashMap<TerminalId, Vec<&Standing>> = HashMap::new();
    for row in &world.standing {
        by_terminal.entry(row.terminal_id).or_default().push(row);
    }
    for item in items {
        let Some(terminal) = world.index_of(item.terminal_id) else {
            findings.push(gone(item, "the terminal is retired or gone"));
            continue;
        };
        let standing = by_terminal.get(&item.terminal_id).map_or(&[][..], Vec::as_slice);
        if let Some(problem) = stale(world, standing, item) {
            findings.push(gone(item, &problem));
        }
        let calendar = writer.calendar(terminal);
        writer.add_task(NewTask {
            terminal,
            id: &format!("{}@{}", world.terminals[terminal].serial, item.ordinal),
            calendar,
            duration_minutes: u32::try_from(item.duration_minutes).unwrap_or(u32::MAX),
            weight: 1,
            release_at: world.now + TimeDelta::minutes(i64::from(item.notice_lead_minutes)),
            deadline_at: item.work.deadline_at,
            after: None,
        });
        starts.push(Some(world.grid.slot_floor(item.starts_at)));
    }
    let problem = writer.finish()?;
    // The reasons and figures are those of the plan as it was solved; here only the rules are asked.
    let plan = Plan::new(String::new(), starts, Vec::new(), Metrics::default());
    let broken = checker::check_rules(&problem, &plan);
    findings.extend(broken.iter().map(|finding| finding_view(finding, &problem)));
    Ok(findings)
}

/// Why an item no longer fits what stands: its terminal got an appointment meanwhile, or what it moves has
/// begun. `standing` are its terminal's appointments.
fn stale(world: &World, standing: &[&Standing], item: &Item) -> Option<String> {
    if let Some(name) = &item.work.inactive {
        return Some(format!("campaign {name} is no longer active"));
    }
    if world.locked.contains(&item.terminal_id) && item.appointment.is_none() {
        return Some("the terminal is locked now".to_owned());
    }
    if let Some((id, revision)) = item.appointment {
        match standing.iter().find(|row| row.id == id) {
            None => return Some(format!("appointment {id} no longer stands")),
            Some(row) if Some(row.revision) != revision => {
                return Some(format!("appointment {id} has been moved since"));
            }
            Some(_) => {}
        }
    }
    let own = item.appointment.map(|(id, _)| id);
    let clash = standing.iter().any(|row| {
        Some(row.id) != own && row.starts_at.utc() < item.ends_at && item.starts_at < row.ends_at.utc()
    });
    clash.then(|| "the terminal has got another appointment at that time".to_owned())
}

fn gone(item: &Item, message: &str) -> FindingView {
    FindingView {
        code: "stale".to_owned(),
        task: Some(format!("terminal {}", item.terminal_id.0)),
        group: None,
        at: Some(item.starts_at),
        message: format!("{message}; create the plan again"),
    }
}

fn changes_of(
    connection: &mut Connection,
    world: &World,
    items: Vec<Item>,
    plan_id: i64,
) -> Result<Changes, Error> {
    let moved: Vec<i64> = items.iter().filter_map(|item| Some(item.appointment?.0)).collect();
    let mut standing: HashMap<i64, AppointmentRow> =
        db::appointment::by_ids(connection, &moved)?.into_iter().map(|row| (row.id, row)).collect();
    let mut changes = Changes::default();
    for item in items {
        let Item { terminal_id, starts_at, ends_at, .. } = item;
        let terminal = world
            .terminal(terminal_id)
            .ok_or_else(|| Error::Corrupt(format!("terminal {} is gone", terminal_id.0)))?;
        let site_id = world.site(terminal).id;
        match item.appointment {
            Some((id, _)) => {
                let appointment = standing.remove(&id).ok_or_else(|| {
                    Error::Conflict(format!("appointment {id} no longer stands; create the plan again"))
                })?;
                changes.moves.push(Move { appointment, site_id, starts_at, ends_at });
            }
            None => changes.create.push(NewAppointment {
                terminal_id,
                site_id,
                starts_at,
                ends_at,
                notice_lead_minutes: item.notice_lead_minutes,
                emergency: false,
                plan_id: Some(plan_id),
                work: Arc::clone(&item.work.pieces),
                note: None,
            }),
        }
    }
    Ok(changes)
}
