//! Campaigns: create, list, steer; and which terminals each still has to reach.

mod targets;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::campaign::{CampaignView, NewCampaign, SkippedCount, SkippedTerminal, Targets};
use crate::db::campaign::CampaignRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::campaign::{CampaignState, Work};
use crate::domain::selector::Selector;
use crate::service::audit::{Change, record};
use crate::service::lease::Leader;
use crate::service::schedule::{self, Changes};
use crate::service::version::{Expected, Versioned};
use crate::service::world::World;
use crate::service::{Actor, App, Error};

pub use targets::{Picking, Target, TargetState};

/// Terminals whose skip reason a list names one by one.
const SKIPPED_SHOWN_MAX: usize = 10_000;

/// Every campaign, the latest first.
pub fn list(app: &App) -> Result<Vec<CampaignView>, Error> {
    app.database.read(|connection| {
        let rows = db::campaign::all(connection)?;
        views(connection, rows)
    })
}

/// One campaign.
pub fn show(app: &App, name: &str) -> Result<CampaignView, Error> {
    app.database.read(|connection| {
        let row = find(connection, name)?;
        view(connection, row)
    })
}

/// Creates a campaign; active at once unless it is to stay a draft.
pub fn create(app: &App, actor: &Actor, new: &NewCampaign) -> Result<CampaignView, Error> {
    let now = app.clock.now();
    let release_at = new.release_at.unwrap_or(now);
    check_terms(&new.name, &new.selector, new.duration_minutes, new.priority)?;
    check_work(&new.work)?;
    let duration = TimeDelta::minutes(i64::from(new.duration_minutes));
    let earliest_end = release_at.max(now).checked_add_signed(duration);
    if earliest_end.is_none_or(|end| new.deadline_at < end) {
        let message = format!(
            "{} leaves no room for {} minutes after {}; choose a later deadline",
            new.deadline_at.format("%Y-%m-%d %H:%MZ"),
            new.duration_minutes,
            release_at.max(now).format("%Y-%m-%d %H:%MZ")
        );
        return Err(Error::invalid("deadline_at", message));
    }
    let lead = new.notice_lead_minutes.unwrap_or(app.settings.notice_lead_minutes);
    app.database.write(|connection| {
        if db::campaign::by_name(connection, &new.name)?.is_some() {
            return Err(Error::Conflict(format!(
                "there already is a campaign `{}`; choose another name",
                new.name
            )));
        }
        let state = if new.draft { CampaignState::Draft } else { CampaignState::Active };
        let row = CampaignRow {
            id: db::allot(connection, Table::Campaign, 1)?[0],
            name: new.name.clone(),
            state: state.as_str().to_owned(),
            work: to_json(&new.work)?,
            selector: new.selector.clone(),
            duration_minutes: to_i32("duration_minutes", new.duration_minutes)?,
            priority: i32::from(new.priority.unwrap_or(5)),
            notice_lead_minutes: to_i32("notice_lead_minutes", lead)?,
            release_at: Instant::from(release_at),
            deadline_at: Instant::from(new.deadline_at),
            programme_id: None,
            created_at: Instant::from(now),
        };
        db::campaign::insert(connection, row.clone())?;
        let view = view(connection, row)?;
        let change = Change::new("campaign.create", format!("campaign {}", view.name)).after(&view);
        record(connection, app, actor, change)?;
        Ok(view)
    })
}

/// A draft begins to be planned.
pub fn activate(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    begin(app, actor, name, CampaignState::Draft, expected, reason)
}

/// A paused campaign goes on.
pub fn resume(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    begin(app, actor, name, CampaignState::Paused, expected, reason)
}

/// Both lead to `active`; neither stands in for the other, so that nobody resumes a draft by mistake.
fn begin(
    app: &App,
    actor: &Actor,
    name: &str,
    from: CampaignState,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    let state = app.database.read(|connection| find(connection, name))?.state;
    if state != from.as_str() && CampaignState::Active.previous().iter().any(|other| other.as_str() == state)
    {
        let verb = if from == CampaignState::Draft { "resume" } else { "activate" };
        return Err(Error::Conflict(format!("campaign `{name}` is {state}; {verb} it instead")));
    }
    steer(app, actor, name, CampaignState::Active, expected, reason)
}

/// Pauses or cancels a campaign, or whatever else its states allow.
pub fn steer(
    app: &App,
    actor: &Actor,
    name: &str,
    state: CampaignState,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = find(connection, name)?;
        expected.check(&view(connection, row.clone())?)?;
        let before = row.state.clone();
        if !db::campaign::enter(connection, row.id, state)? {
            let from: Vec<&str> = state.previous().into_iter().map(CampaignState::as_str).collect();
            return Err(Error::Conflict(format!(
                "campaign `{name}` is {before} and cannot become {state}; it would have to be {}",
                from.join(" or ")
            )));
        }
        if state == CampaignState::Cancelled {
            cancel_appointments(connection, app, actor, &row, reason)?;
        }
        let change = Change::new("campaign.state", format!("campaign {name}"))
            .before(&before)
            .after(&state)
            .because(reason);
        record(connection, app, actor, change)?;
        let row = find(connection, name)?;
        view(connection, row)
    })
}

/// Calls off what stands for this campaign alone. An appointment that also serves another stays, without this
/// campaign's work.
pub(super) fn cancel_appointments(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    campaign: &CampaignRow,
    reason: Option<&str>,
) -> Result<(), Error> {
    let rows = db::appointment::movable_of_campaign(connection, campaign.id)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let shared: BTreeSet<i64> = db::appointment::work_of(connection, &ids)?
        .into_iter()
        .filter(|work| work.campaign_id != Some(campaign.id))
        .map(|work| work.appointment_id)
        .collect();
    let (kept, cancel): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| shared.contains(&row.id));
    for row in &kept {
        db::appointment::drop_work(connection, row.id, campaign.id)?;
        let change = Change::new("appointment.work", format!("appointment {}", row.id))
            .before(&campaign.name)
            .because(reason);
        record(connection, app, actor, change)?;
    }
    for row in &cancel {
        let change = Change::new("appointment.cancel", format!("appointment {}", row.id)).because(reason);
        record(connection, app, actor, change)?;
    }
    let changes = Changes { cancel, reason: reason.map(str::to_owned), ..Changes::default() };
    schedule::apply(connection, app, changes)?;
    Ok(())
}

/// Which terminals a campaign picks, and what is with each.
pub fn targets(app: &App, name: &str) -> Result<Targets, Error> {
    app.database.read(|connection| {
        let row = find(connection, name)?;
        let mut picking = Picking::begin(connection, row)?;
        let world = World::visit(connection, app, 30, &mut |place, terminal, site, merchant| {
            picking.look_at(place, terminal, site, merchant);
        })?;
        Ok(count_targets(&world, picking.targets(&world, app.settings.announce_allowance_minutes)))
    })
}

fn count_targets(world: &World, targets: impl Iterator<Item = Target>) -> Targets {
    let mut counts = BTreeMap::new();
    let mut result =
        Targets { selected: 0, to_plan: 0, scheduled: 0, skipped: Vec::new(), skipped_terminals: Vec::new() };
    for target in targets {
        result.selected += 1;
        match target.state {
            TargetState::ToPlan { .. } => result.to_plan += 1,
            TargetState::Scheduled => result.scheduled += 1,
            TargetState::Skipped(reason) => {
                *counts.entry(reason).or_insert(0) += 1;
                if result.skipped_terminals.len() < SKIPPED_SHOWN_MAX {
                    let serial = world.terminals[target.terminal as usize].serial.to_string();
                    result.skipped_terminals.push(SkippedTerminal { serial, reason });
                }
            }
        }
    }
    result.skipped = skipped_counts(counts);
    result
}

/// Counts by reason, as reports show them.
pub fn skipped_counts(counts: BTreeMap<crate::domain::campaign::SkipReason, u64>) -> Vec<SkippedCount> {
    counts
        .into_iter()
        .map(|(reason, terminals)| SkippedCount {
            reason,
            explanation: reason.explanation().to_owned(),
            terminals,
        })
        .collect()
}

/// Campaigns whose deadline has passed and for which nothing stands any more are completed; how many.
pub fn complete_ended(app: &App, leader: &Leader) -> Result<u64, Error> {
    let now: DateTime<Utc> = app.clock.now();
    let ended = |connection: &mut Connection| -> Result<Vec<CampaignRow>, Error> {
        let mut ended = Vec::new();
        for row in db::campaign::active(connection)? {
            if row.deadline_at.utc() <= now && !db::campaign::has_standing(connection, row.id)? {
                ended.push(row);
            }
        }
        Ok(ended)
    };
    // Nobody waits for a writer that has nothing to write.
    if app.database.read(ended)?.is_empty() {
        return Ok(0);
    }
    leader.write(app, |connection| {
        connection.serialize_schedule()?;
        let mut completed = 0;
        for row in ended(connection)? {
            if db::campaign::enter(connection, row.id, CampaignState::Completed)? {
                let change = Change::new("campaign.state", format!("campaign {}", row.name))
                    .before(&row.state)
                    .after(&CampaignState::Completed)
                    .because(Some("its deadline has passed"));
                record(connection, app, leader.actor(), change)?;
                completed += 1;
            }
        }
        Ok(completed)
    })
}

pub(super) fn find(connection: &mut Connection, name: &str) -> Result<CampaignRow, Error> {
    db::campaign::by_name(connection, name)?.ok_or_else(|| Error::NotFound {
        what: "campaign",
        key: name.to_owned(),
        remedy: "see `offpeak campaign list`",
    })
}

/// What a campaign does, as its row keeps it.
pub(super) fn work_of(row: &CampaignRow) -> Result<Work, Error> {
    serde_json::from_str(&row.work)
        .map_err(|error| Error::Corrupt(format!("campaign `{}` cannot be read: {error}", row.name)))
}

/// Checks what campaigns and programmes have in common.
pub(super) fn check_terms(
    name: &str,
    selector: &str,
    duration_minutes: u32,
    priority: Option<u8>,
) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if name.is_empty() || name.len() > 80 || !name.chars().all(plain) {
        let message = format!("`{name}` is not a name; use letters, digits, `.`, `_` and `-`, at most 80");
        return Err(Error::invalid("name", message));
    }
    Selector::parse(selector).map_err(|error| Error::invalid("selector", error))?;
    check_duration(duration_minutes)?;
    match priority {
        Some(priority) if !(1..=9).contains(&priority) => {
            Err(Error::invalid("priority", format!("{priority} is out of range; use 1 to 9")))
        }
        _ => Ok(()),
    }
}

/// Checks how long a terminal may be down.
pub(super) fn check_duration(duration_minutes: u32) -> Result<(), Error> {
    if (1..=24 * 60).contains(&duration_minutes) {
        return Ok(());
    }
    let message = format!("{duration_minutes} is out of range; use 1 to 1440");
    Err(Error::invalid("duration_minutes", message))
}

fn check_work(work: &Work) -> Result<(), Error> {
    match work {
        Work::Firmware { artifact, version, .. }
            if artifact.trim().is_empty() || version.as_str().is_empty() =>
        {
            Err(Error::invalid("work", "a firmware campaign names its artifact and the version it installs"))
        }
        _ => Ok(()),
    }
}

pub(super) fn to_i32(field: &'static str, value: u32) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| Error::invalid(field, format!("{value} is too large a number")))
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}

fn view(connection: &mut Connection, row: CampaignRow) -> Result<CampaignView, Error> {
    let name = row.name.clone();
    views(connection, vec![row])?.pop().ok_or(Error::NotFound {
        what: "campaign",
        key: name,
        remedy: "see `offpeak campaign list`",
    })
}

fn views(connection: &mut Connection, rows: Vec<CampaignRow>) -> Result<Vec<CampaignView>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut counts = db::campaign::appointment_counts(connection, &ids)?;
    let programmes: BTreeMap<i64, String> =
        db::campaign::programmes(connection)?.into_iter().map(|row| (row.id, row.name)).collect();
    let unsigned = |value: i32| u32::try_from(value).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let work = work_of(&row)?;
            let state = row
                .state
                .parse()
                .map_err(|error| Error::Corrupt(format!("campaign `{}`: {error}", row.name)))?;
            Ok(CampaignView {
                state,
                work,
                duration_minutes: unsigned(row.duration_minutes),
                priority: u8::try_from(row.priority).unwrap_or_default(),
                notice_lead_minutes: unsigned(row.notice_lead_minutes),
                release_at: row.release_at.utc(),
                deadline_at: row.deadline_at.utc(),
                programme: row.programme_id.and_then(|id| programmes.get(&id).cloned()),
                appointments: counts.remove(&row.id).unwrap_or_default(),
                name: row.name,
                selector: row.selector,
                etag: String::new(),
            }
            .with_version())
        })
        .collect()
}
