//! Campaigns: create, list, steer; and which terminals each still has to reach.

mod behind;
mod completion;
mod edit;
mod gates;
mod standing;
mod targets;
mod terms;
mod waves;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::api::campaign::{CampaignView, NewCampaign, SkippedCount, SkippedTerminal, Targets};
use crate::api::{ListQuery, Page};
use crate::db::campaign::CampaignRow;
use crate::db::wave::WaveRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::campaign::{CampaignState, SkipReason, WaveState, Work};
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::schedule::{self, Changes};
use crate::service::version::{Expected, Versioned};
use crate::service::world::World;
use crate::service::{Actor, App, Error};

pub use behind::Behind;
pub(crate) use behind::{behind_gates, visits_behind_gates};
pub use completion::complete_ended;
pub use edit::set_waves;
pub(in crate::service) use edit::waves_to_set;
pub(in crate::service) use gates::gate_to_pass;
pub use gates::{look_after, pass_by_hand};
pub(super) use standing::at_gates;
pub use targets::{Picking, Target, TargetState};
pub(super) use terms::{check_duration, check_terms, check_work, to_i32, to_json};
use waves::Counted;
pub(crate) use waves::allot as allot_waves;

/// Terminals whose skip reason a list names one by one.
const SKIPPED_SHOWN_MAX: usize = 10_000;

/// Terminals from which on it is not looked at every one of them at every question.
const FLEET_LARGE: usize = 20_000;

/// Appointments from which on those of a campaign are not counted at every look.
const LARGE: i64 = 20_000;

/// How far ahead it is looked whether a terminal can be planned when waves are drawn, in days.
const DRAWING_DAYS: u32 = 30;

/// Every campaign, the latest first.
pub fn list(app: &App, query: &ListQuery) -> Result<Page<CampaignView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    app.database.read(|connection| {
        let rows = db::campaign::list(connection, before, limit + 1)?;
        let Page { items, next } = page_of(rows, limit, |row: &CampaignRow| row.id.to_string());
        Ok(Page { items: views(connection, app, items, Counted::Nothing)?, next })
    })
}

/// One campaign.
pub fn show(app: &App, name: &str) -> Result<CampaignView, Error> {
    app.database.read(|connection| {
        let row = find(connection, name)?;
        view(connection, app, row)
    })
}

/// Creates a campaign; active at once unless it is to stay a draft.
pub fn create(app: &App, actor: &Actor, new: &NewCampaign) -> Result<CampaignView, Error> {
    let (row, waves) = rows_of(app, new)?;
    let members = if new.draft { Vec::new() } else { draw(app, &row, &waves)? };
    app.database.write(|connection| {
        if db::campaign::by_name(connection, &new.name)?.is_some() {
            return Err(Error::Conflict(format!(
                "there already is a campaign `{}`; choose another name",
                new.name
            )));
        }
        let id = db::allot(connection, Table::Campaign, 1)?[0];
        let row = CampaignRow { id, ..row.clone() };
        db::campaign::insert(connection, row.clone())?;
        let waves: Vec<_> = waves.iter().map(|wave| WaveRow { campaign_id: id, ..wave.clone() }).collect();
        db::wave::insert(connection, &waves)?;
        if !new.draft && !waves.is_empty() {
            waves::open_first(connection, app, id, &members)?;
        }
        let view = view(connection, app, row)?;
        let change = Change::new("campaign.create", format!("campaign {}", view.name)).after(&view);
        record(connection, app, actor, change)?;
        Ok(view)
    })
}

/// Who would be in which wave if the campaign began now.
fn draw(app: &App, row: &CampaignRow, waves: &[WaveRow]) -> Result<Vec<(i64, i32)>, Error> {
    if waves.len() < 2 {
        return Ok(Vec::new());
    }
    app.database.read(|connection| {
        let mut picking = Picking::begin(connection, row.clone())?;
        let world = World::visit(connection, app, DRAWING_DAYS, &mut |place, terminal, site, merchant| {
            picking.look_at(place, terminal, site, merchant);
        })?;
        let terminals: Vec<u32> = picking
            .targets(&world, app.settings.announce_allowance_minutes)
            .filter_map(Target::plannable)
            .collect();
        waves::allot(&world, &row.name, waves, &terminals)
    })
}

/// A new campaign as its rows, checked; they have no number yet.
pub(in crate::service) fn rows_of(
    app: &App,
    new: &NewCampaign,
) -> Result<(CampaignRow, Vec<WaveRow>), Error> {
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
    let state = if new.draft { CampaignState::Draft } else { CampaignState::Active };
    let row = CampaignRow {
        id: 0,
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
        looked_over_at: None,
    };
    Ok((row, waves::rows_of(0, &new.waves)?))
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
    if from == CampaignState::Paused {
        return steer(app, actor, name, CampaignState::Active, expected, reason);
    }
    let (row, waves) = app.database.read(|connection| {
        let row = find(connection, name)?;
        let waves = db::wave::of_campaigns(connection, &[row.id])?;
        Ok::<_, Error>((row, waves))
    })?;
    let members = draw(app, &row, &waves)?;
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let before = find(connection, name)?;
        expected.check(&view(connection, app, before)?)?;
        steer_within(connection, app, actor, name, CampaignState::Active, reason)?;
        if !waves.is_empty() {
            waves::open_first(connection, app, row.id, &members)?;
        }
        let row = find(connection, name)?;
        view(connection, app, row)
    })
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
        let before = find(connection, name)?;
        expected.check(&view(connection, app, before)?)?;
        steer_within(connection, app, actor, name, state, reason)?;
        let row = find(connection, name)?;
        view(connection, app, row)
    })
}

/// The same within the caller's transaction.
fn steer_within(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    name: &str,
    state: CampaignState,
    reason: Option<&str>,
) -> Result<(), Error> {
    let row = find(connection, name)?;
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
    if state == CampaignState::Active {
        gates::resumed(connection, app, actor, &row, reason)?;
    }
    let change = Change::new("campaign.state", format!("campaign {name}"))
        .before(&before)
        .after(&state)
        .because(reason);
    record(connection, app, actor, change)?;
    Ok(())
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

/// Which terminals a campaign picks, and what is with each; in a large fleet as it was a moment ago.
pub fn targets(app: &App, name: &str) -> Result<Targets, Error> {
    let of_large_fleet = |(_, terminals): &(Targets, usize)| *terminals > FLEET_LARGE;
    let (targets, _) = app.database.read(|connection| {
        let row = find(connection, name)?;
        let (asked, of) = (app.clone(), format!("targets {}", row.id));
        app.figures.get(app, connection, &of, of_large_fleet, move |connection| {
            let mut picking = Picking::begin(connection, row.clone())?;
            let world = World::visit(connection, &asked, 30, &mut |place, terminal, site, merchant| {
                picking.look_at(place, terminal, site, merchant);
            })?;
            let found = picking.targets(&world, asked.settings.announce_allowance_minutes);
            Ok((count_targets(&world, found), world.terminals.len()))
        })
    })?;
    Ok(targets)
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
pub fn skipped_counts(counts: BTreeMap<SkipReason, u64>) -> Vec<SkippedCount> {
    counts
        .into_iter()
        .map(|(reason, terminals)| SkippedCount {
            reason,
            explanation: reason.explanation().to_owned(),
            terminals,
        })
        .collect()
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

fn view(connection: &mut Connection, app: &App, row: CampaignRow) -> Result<CampaignView, Error> {
    let name = row.name.clone();
    views(connection, app, vec![row], Counted::Every)?.pop().ok_or(Error::NotFound {
        what: "campaign",
        key: name,
        remedy: "see `offpeak campaign list`",
    })
}

/// Appointments by campaign and state; many of them as they were a moment ago.
fn counts(
    connection: &mut Connection,
    app: &App,
    ids: &[i64],
) -> Result<BTreeMap<i64, BTreeMap<String, i64>>, Error> {
    type Counts = BTreeMap<i64, BTreeMap<String, i64>>;
    let is_large = |counts: &Counts| counts.values().flat_map(BTreeMap::values).sum::<i64>() > LARGE;
    let asked = ids.to_vec();
    app.figures.get(app, connection, &format!("campaigns {ids:?}"), is_large, move |connection| {
        Ok(db::campaign::appointment_counts(connection, &asked)?)
    })
}

/// With `progress`, how far each wave is too.
fn views(
    connection: &mut Connection,
    app: &App,
    rows: Vec<CampaignRow>,
    counted: Counted,
) -> Result<Vec<CampaignView>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut waves = waves::views_of(connection, app, &ids, counted)?;
    let mut counts = counts(connection, app, &ids)?;
    let programmes: BTreeMap<i64, String> =
        db::campaign::programmes(connection)?.into_iter().map(|row| (row.id, row.name)).collect();
    let unsigned = |value: i32| u32::try_from(value).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let work = work_of(&row)?;
            let waves = waves.remove(&row.id).unwrap_or_default();
            let halted = waves.iter().find(|wave| wave.state == WaveState::Halted);
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
                halted_because: halted.and_then(|wave| wave.verdict.clone()),
                halted_said: halted.and_then(|wave| wave.said.clone()),
                waves,
                name: row.name,
                selector: row.selector,
                etag: String::new(),
            }
            .with_version())
        })
        .collect()
}
