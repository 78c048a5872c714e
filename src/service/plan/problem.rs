//! From the database to the planner's problem: standing appointments stay where they are (or may move, when
//! planning again is asked for), work of several campaigns for one terminal is merged where its terms meet.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::writer::Writer;
use crate::api::plan::NewPlan;
use crate::db::campaign::CampaignRow;
use crate::db::{self, Connection};
use crate::domain::campaign::{SkipReason, Term};
use crate::domain::problem::Problem;
use crate::service::campaign::{TargetState, find, targets_of};
use crate::service::world::{Groups, World};
use crate::service::{App, Error};

/// What a task of the problem stands for.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// Work that has no appointment yet.
    New {
        /// Index into the world's terminals.
        terminal: usize,
        /// Campaign id and name of each piece of work.
        work: Vec<(i64, String)>,
        duration_minutes: u32,
        notice_lead_minutes: i32,
    },
    /// An appointment that stands: index into the world's.
    Standing(usize),
}

/// A problem with the world it came from.
pub(super) struct Draft {
    pub(super) world: World,
    pub(super) problem: Problem,
    /// Aligned with the problem's tasks.
    pub(super) meanings: Vec<Meaning>,
    pub(super) skipped: BTreeMap<SkipReason, u64>,
}

impl Draft {
    /// Loads the world and builds the problem that `request` asks for.
    pub(super) fn load(connection: &mut Connection, app: &App, request: &NewPlan) -> Result<Draft, Error> {
        let campaigns = campaigns_of(connection, request)?;
        let world = World::load(connection, app, horizon_days(request)?)?;
        let allowance = app.settings.announce_allowance_minutes;
        let mut pieces: BTreeMap<usize, Vec<Piece>> = BTreeMap::new();
        let mut skipped = BTreeMap::new();
        for campaign in &campaigns {
            for target in targets_of(connection, &world, campaign, allowance)? {
                match target.state {
                    TargetState::ToPlan { term } => {
                        pieces.entry(target.terminal).or_default().push(Piece::of(campaign, term));
                    }
                    TargetState::Skipped(reason) => *skipped.entry(reason).or_insert(0) += 1,
                    TargetState::Scheduled => {}
                }
            }
        }
        let deadlines = deadlines_of(connection, &world)?;
        let groups = Groups::of(&world, app.settings.fleet_time_zone);
        let mut writer = Writer::new(&world, groups, pieces.keys().copied());
        let mut meanings = Vec::new();
        for index in 0..world.standing.len() {
            let movable = request.replan && writer.may_move(index, app);
            if writer.add_standing(index, movable, app, &deadlines) {
                meanings.push(Meaning::Standing(index));
            }
        }
        for (terminal, pieces) in pieces {
            writer.add_new(terminal, pieces, &mut meanings);
        }
        let problem = writer.finish()?;
        Ok(Draft { world, problem, meanings, skipped })
    }
}

/// One campaign's work on one terminal.
struct Piece {
    campaign_id: i64,
    name: String,
    duration_minutes: u32,
    notice_lead_minutes: i32,
    weight: u32,
    term: Term,
}

impl Piece {
    fn of(campaign: &CampaignRow, term: Term) -> Piece {
        Piece {
            campaign_id: campaign.id,
            name: campaign.name.clone(),
            duration_minutes: u32::try_from(campaign.duration_minutes).unwrap_or(1),
            notice_lead_minutes: campaign.notice_lead_minutes,
            weight: u32::try_from(campaign.priority).unwrap_or(1),
            term,
        }
    }
}

/// Refuses a request that cannot be planned, before anybody waits for it.
pub(super) fn check(connection: &mut Connection, request: &NewPlan) -> Result<(), Error> {
    horizon_days(request)?;
    campaigns_of(connection, request).map(drop)
}

fn horizon_days(request: &NewPlan) -> Result<u32, Error> {
    match request.horizon_days.unwrap_or(30) {
        days if (1..=366).contains(&days) => Ok(days),
        days => Err(Error::invalid("horizon_days", format!("{days} is out of range; use 1 to 366"))),
    }
}

fn campaigns_of(connection: &mut Connection, request: &NewPlan) -> Result<Vec<CampaignRow>, Error> {
    let active = db::campaign::active(connection)?;
    if request.campaigns.is_empty() {
        return Ok(active);
    }
    let mut wanted = Vec::new();
    for name in &request.campaigns {
        let row = find(connection, name)?;
        if !active.iter().any(|campaign| campaign.id == row.id) {
            return Err(Error::Conflict(format!(
                "campaign `{name}` is {}; only active ones are planned",
                row.state
            )));
        }
        wanted.push(row);
    }
    Ok(wanted)
}

/// For each standing appointment, the earliest deadline among its campaigns.
fn deadlines_of(connection: &mut Connection, world: &World) -> Result<HashMap<i64, DateTime<Utc>>, Error> {
    let campaigns: HashMap<i64, DateTime<Utc>> =
        db::campaign::all(connection)?.into_iter().map(|row| (row.id, row.deadline_at.utc())).collect();
    let ids: Vec<i64> = world.standing.iter().map(|row| row.id).collect();
    let mut deadlines: HashMap<i64, DateTime<Utc>> = HashMap::new();
    for work in db::appointment::work_of(connection, &ids)? {
        if let Some(deadline) = work.campaign_id.and_then(|id| campaigns.get(&id)) {
            let known = deadlines.entry(work.appointment_id).or_insert(*deadline);
            *known = (*known).min(*deadline);
        }
    }
    Ok(deadlines)
}

impl Writer<'_> {
    /// Adds the work of campaigns on one terminal, merged where it can be.
    fn add_new(&mut self, terminal: usize, mut pieces: Vec<Piece>, meanings: &mut Vec<Meaning>) {
        pieces.sort_by_key(|piece| {
            (piece.term.deadline_at, std::cmp::Reverse(piece.weight), piece.campaign_id)
        });
        let serial = self.world.terminals[terminal].terminal.serial.clone();
        let calendar = self.calendar(terminal);
        let longest = self.longest_opening(terminal);
        let mut merged: Vec<Vec<Piece>> = Vec::new();
        for piece in pieces {
            match merged.last_mut() {
                Some(together) if self.meet(together, &piece, longest) => together.push(piece),
                _ => merged.push(vec![piece]),
            }
        }
        let mut before: Option<String> = None;
        for (number, together) in (1..).zip(merged) {
            let id = if number == 1 { serial.clone() } else { format!("{serial}#{number}") };
            let duration_minutes: u32 = together.iter().map(|piece| piece.duration_minutes).sum();
            let notice_lead_minutes =
                together.iter().map(|piece| piece.notice_lead_minutes).max().unwrap_or(0);
            let weight = together.iter().map(|piece| piece.weight).sum();
            let work = together.iter().map(|piece| (piece.campaign_id, piece.name.clone())).collect();
            let (release_at, deadline_at) = term_of(&together);
            self.add_task(
                terminal,
                &id,
                calendar,
                duration_minutes,
                weight,
                release_at,
                deadline_at,
                before.as_deref(),
            );
            meanings.push(Meaning::New { terminal, work, duration_minutes, notice_lead_minutes });
            before = Some(id);
        }
    }

    /// Whether `piece` can be done in one go with `together`.
    fn meet(&self, together: &[Piece], piece: &Piece, longest_slots: u32) -> bool {
        let (release_at, deadline_at) = term_of(together);
        let release_at = release_at.max(piece.term.release_at);
        let deadline_at = deadline_at.min(piece.term.deadline_at);
        let minutes: u32 =
            together.iter().map(|piece| piece.duration_minutes).sum::<u32>() + piece.duration_minutes;
        release_at + TimeDelta::minutes(i64::from(minutes)) <= deadline_at
            && self.world.grid.slots_for_minutes(minutes) <= longest_slots
    }
}

fn term_of(pieces: &[Piece]) -> (DateTime<Utc>, DateTime<Utc>) {
    let release = pieces.iter().map(|piece| piece.term.release_at).max().unwrap_or(DateTime::<Utc>::MIN_UTC);
    let deadline =
        pieces.iter().map(|piece| piece.term.deadline_at).min().unwrap_or(DateTime::<Utc>::MAX_UTC);
    (release, deadline)
}
