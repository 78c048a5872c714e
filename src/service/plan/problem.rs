//! From the database to the planner's problem: standing appointments stay where they are (or may move, when
//! planning again is asked for), work of several campaigns for one terminal is merged where its terms meet.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::chosen::Chosen;
use super::writer::{NewTask, Writer};
use crate::api::plan::NewPlan;
use crate::db::appointment::Standing;
use crate::db::campaign::CampaignRow;
use crate::db::{self, Connection};
use crate::domain::campaign::{SkipReason, Term};
use crate::domain::problem::Problem;
use crate::service::campaign::{Picking, TargetState, find, to_json};
use crate::service::world::{Groups, World};
use crate::service::{App, Error};

/// What a task of the problem stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// Work that has no appointment yet.
    New {
        /// Index into the world's terminals.
        terminal: u32,
        /// Index into [`Draft::works`].
        work: u32,
        duration_minutes: u32,
        notice_lead_minutes: i32,
    },
    /// An appointment that stands: index into the world's.
    Standing(u32),
}

/// What a search reads from the database, in one snapshot; nothing else is asked after it.
pub(super) struct Reading {
    world: World,
    campaigns: Vec<Picking>,
    /// For each standing appointment that may move, by when it has to end.
    deadlines: HashMap<i64, DateTime<Utc>>,
    replan: bool,
    chosen: Option<Chosen>,
}

/// A problem with the world it came from.
pub(super) struct Draft {
    pub(super) world: World,
    pub(super) problem: Problem,
    /// Aligned with the problem's tasks.
    pub(super) meanings: Vec<Meaning>,
    /// Campaign ids and names of pieces of work that are done together, as JSON; each combination once.
    pub(super) works: Vec<String>,
    pub(super) skipped: BTreeMap<SkipReason, u64>,
}

impl Reading {
    /// Reads the world and what became of the campaigns that `request` asks for.
    pub(super) fn load(connection: &mut Connection, app: &App, request: &NewPlan) -> Result<Self, Error> {
        let mut campaigns = campaigns_of(connection, request)?
            .into_iter()
            .map(|row| Picking::begin(connection, row))
            .collect::<Result<Vec<_>, _>>()?;
        let days = horizon_days(request)?;
        let chosen = Chosen::load(connection, request)?;
        let world = World::visit(connection, app, days, &mut |place, terminal, site, merchant| {
            campaigns.iter_mut().for_each(|campaign| campaign.look_at(place, terminal, site, merchant));
        })?;
        let may_move = |row: &Standing| match &chosen {
            Some(chosen) => chosen.may_move(row.id, row.terminal_id),
            None => request.replan,
        };
        let movable: Vec<i64> = world.standing.iter().filter(|row| may_move(row)).map(|row| row.id).collect();
        let deadlines = deadlines_of(connection, &movable)?;
        Ok(Reading { world, campaigns, deadlines, replan: request.replan, chosen })
    }
}

impl Draft {
    /// Builds the problem; takes no connection, and a while.
    pub(super) fn build(reading: Reading, app: &App) -> Result<Draft, Error> {
        let Reading { world, campaigns, deadlines, replan, chosen } = reading;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut skipped = BTreeMap::new();
        for (campaign, picking) in (0..).zip(&campaigns) {
            for target in picking.targets(&world, app.settings.announce_allowance_minutes) {
                match target.state {
                    TargetState::ToPlan { term } => {
                        let id = world.terminals[target.terminal as usize].id;
                        if chosen.as_ref().is_some_and(|chosen| !chosen.terminals.contains(&id)) {
                            continue;
                        }
                        pieces.push(Piece { terminal: target.terminal, campaign, term });
                    }
                    TargetState::Skipped(reason) => *skipped.entry(reason).or_insert(0) += 1,
                    TargetState::Scheduled => {}
                }
            }
        }
        let campaigns: Vec<CampaignRow> = campaigns.into_iter().map(|picking| picking.row).collect();
        pieces.sort_by_key(|piece| {
            let row = &campaigns[piece.campaign as usize];
            (piece.terminal, piece.term.deadline_at, std::cmp::Reverse(row.priority), row.id)
        });
        let groups = Groups::of(&world, app.settings.fleet_time_zone);
        let planned = pieces.chunk_by(|a, b| a.terminal == b.terminal).map(|of_one| of_one[0].terminal);
        let mut writer = Writer::new(&world, groups, planned);
        let mut meanings = Vec::with_capacity(pieces.len() + world.standing.len());
        for (index, number) in (0..world.standing.len()).zip(0..) {
            let row = &world.standing[index];
            let asked = chosen.as_ref().map_or(replan, |chosen| chosen.may_move(row.id, row.terminal_id));
            let movable = asked && writer.may_move(index, app);
            if writer.add_standing(index, movable, app, &deadlines) {
                meanings.push(Meaning::Standing(number));
            }
        }
        let mut works = Works { campaigns: &campaigns, known: HashMap::new(), texts: Vec::new() };
        for of_one in pieces.chunk_by(|a, b| a.terminal == b.terminal) {
            writer.add_new(of_one, &mut works, &mut meanings)?;
        }
        let works = works.texts;
        let problem = writer.finish()?;
        Ok(Draft { world, problem, meanings, works, skipped })
    }
}

/// One campaign's work on one terminal.
#[derive(Debug, Clone, Copy)]
struct Piece {
    terminal: u32,
    /// Its place among the campaigns that are planned.
    campaign: u32,
    term: Term,
}

/// Combinations of campaigns whose work is done together.
struct Works<'a> {
    campaigns: &'a [CampaignRow],
    known: HashMap<Vec<u32>, u32>,
    texts: Vec<String>,
}

impl Works<'_> {
    fn of(&self, piece: &Piece) -> &CampaignRow {
        &self.campaigns[piece.campaign as usize]
    }

    fn minutes(&self, pieces: &[Piece]) -> u32 {
        pieces.iter().map(|piece| u32::try_from(self.of(piece).duration_minutes).unwrap_or(1)).sum()
    }

    fn number(&mut self, pieces: &[Piece]) -> Result<u32, Error> {
        let key: Vec<u32> = pieces.iter().map(|piece| piece.campaign).collect();
        if let Some(number) = self.known.get(&key) {
            return Ok(*number);
        }
        let work: Vec<(i64, &str)> =
            pieces.iter().map(|piece| self.of(piece)).map(|row| (row.id, row.name.as_str())).collect();
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(to_json(&work)?);
        self.known.insert(key, number);
        Ok(number)
    }
}

/// Refuses a request that cannot be planned, before anybody waits for it.
pub(super) fn check(connection: &mut Connection, request: &NewPlan) -> Result<(), Error> {
    horizon_days(request)?;
    Chosen::load(connection, request)?;
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

/// For each of these appointments, the earliest deadline among its campaigns.
fn deadlines_of(connection: &mut Connection, ids: &[i64]) -> Result<HashMap<i64, DateTime<Utc>>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let campaigns: HashMap<i64, DateTime<Utc>> =
        db::campaign::all(connection)?.into_iter().map(|row| (row.id, row.deadline_at.utc())).collect();
    let mut deadlines: HashMap<i64, DateTime<Utc>> = HashMap::new();
    for work in db::appointment::work_of(connection, ids)? {
        if let Some(deadline) = work.campaign_id.and_then(|id| campaigns.get(&id)) {
            let known = deadlines.entry(work.appointment_id).or_insert(*deadline);
            *known = (*known).min(*deadline);
        }
    }
    Ok(deadlines)
}

impl Writer<'_> {
    /// Adds the work of campaigns on one terminal, merged where it can be.
    fn add_new(
        &mut self,
        pieces: &[Piece],
        works: &mut Works<'_>,
        meanings: &mut Vec<Meaning>,
    ) -> Result<(), Error> {
        let Some(Piece { terminal, .. }) = pieces.first().copied() else { return Ok(()) };
        let world = self.world;
        let serial: &str = &world.terminals[terminal as usize].serial;
        let calendar = self.calendar(terminal as usize);
        let longest = self.longest_opening(terminal as usize);
        let mut before: Option<String> = None;
        let (mut rest, mut number) = (pieces, 1);
        while !rest.is_empty() {
            let mut along = 1;
            while along < rest.len() && meet(world, works, &rest[..=along], longest) {
                along += 1;
            }
            let (together, later) = rest.split_at(along);
            let id = if number == 1 { serial.to_owned() } else { format!("{serial}#{number}") };
            let duration_minutes = works.minutes(together);
            let rows = together.iter().map(|piece| works.of(piece));
            let weight = rows.clone().map(|row| u32::try_from(row.priority).unwrap_or(1)).sum();
            let notice_lead_minutes = rows.map(|row| row.notice_lead_minutes).max().unwrap_or(0);
            let (release_at, deadline_at) = term_of(together);
            self.add_task(NewTask {
                terminal: terminal as usize,
                id: &id,
                calendar,
                duration_minutes,
                weight,
                release_at,
                deadline_at,
                after: before.as_deref(),
            });
            let work = works.number(together)?;
            meanings.push(Meaning::New { terminal, work, duration_minutes, notice_lead_minutes });
            before = Some(id);
            (rest, number) = (later, number + 1);
        }
        Ok(())
    }
}

/// Whether `pieces` can be done in one go.
fn meet(world: &World, works: &Works<'_>, pieces: &[Piece], longest_slots: u32) -> bool {
    let (release_at, deadline_at) = term_of(pieces);
    let minutes = works.minutes(pieces);
    release_at + TimeDelta::minutes(i64::from(minutes)) <= deadline_at
        && world.grid.slots_for_minutes(minutes) <= longest_slots
}

fn term_of(pieces: &[Piece]) -> (DateTime<Utc>, DateTime<Utc>) {
    let release = pieces.iter().map(|piece| piece.term.release_at).max().unwrap_or(DateTime::<Utc>::MIN_UTC);
    let deadline =
        pieces.iter().map(|piece| piece.term.deadline_at).min().unwrap_or(DateTime::<Utc>::MAX_UTC);
    (release, deadline)
}
