//! Waves: who is in which, what waits for a gate, and the gates themselves, looked after by the watch loop.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{find, steer_within, to_i32, view};
use crate::api::campaign::CampaignView;
use crate::api::wave::{NewWave, WaveView};
use crate::db::campaign::CampaignRow;
use crate::db::wave::{MemberRow, Turn, WaveRow};
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::wave::{self, Place};
use crate::domain::campaign::{CampaignState, Ceiling, Gate, Share, Tally, Verdict, WaveState};
use crate::domain::fleet::clean_text;
use crate::service::audit::{Change, record};
use crate::service::lease::Leader;
use crate::service::schedule::{self, Changes};
use crate::service::version::Expected;
use crate::service::world::World;
use crate::service::{Actor, App, Error};

/// How long a wave soaks unless told.
const SOAK_MINUTES: u32 = 24 * 60;

/// What a gate asks for unless told.
const GATE: Gate = Gate { success_percent_min: 95, failures_max: None, sample_min: 10 };

/// Untold appointments that are called off in one transaction.
const BATCH: usize = 1_000;

/// The waves asked for, checked; rows of the campaign `campaign_id`.
pub(super) fn rows_of(campaign_id: i64, new: &[NewWave]) -> Result<Vec<WaveRow>, Error> {
    let invalid =
        |number: usize, message: String| Error::invalid("waves", format!("wave {number}: {message}"));
    let mut parsed = Vec::with_capacity(new.len());
    for (number, wave) in (1..).zip(new) {
        let share: Share = wave.share.parse().map_err(|error| invalid(number, error))?;
        let failures_max = wave.gate.failures_max.as_deref().map(str::parse::<Ceiling>).transpose();
        let gate = Gate {
            success_percent_min: wave.gate.success_percent_min.unwrap_or(GATE.success_percent_min),
            failures_max: failures_max.map_err(|error| invalid(number, error))?,
            sample_min: wave.gate.sample_min.unwrap_or(GATE.sample_min),
        };
        let soak = wave.soak_minutes.unwrap_or(SOAK_MINUTES);
        if soak > 60 * 24 * 60 {
            return Err(invalid(
                number,
                format!("a soak of {soak} minutes is out of range; use at most 60 days"),
            ));
        }
        parsed.push((share, gate, soak));
    }
    let shares: Vec<(Share, Gate)> = parsed.iter().map(|(share, gate, _)| (*share, *gate)).collect();
    wave::check(&shares).map_err(|message| Error::invalid("waves", message))?;
    (1..)
        .zip(parsed)
        .map(|(number, (share, gate, soak))| {
            Ok(WaveRow {
                campaign_id,
                number,
                share: share.to_string(),
                soak_minutes: to_i32("waves", soak)?,
                success_percent_min: to_i32("waves", gate.success_percent_min)?,
                failures_max: gate.failures_max.map(|most| most.to_string()),
                sample_min: to_i32("waves", gate.sample_min)?,
                state: WaveState::Waiting.as_str().to_owned(),
                opened_at: None,
                counted_from: None,
                closed_at: None,
                verdict: None,
            })
        })
        .collect()
}

/// The wave of each terminal that has one before the last: those that could be planned now, spread over regions and
/// sites.
pub(crate) fn allot(
    world: &World,
    name: &str,
    waves: &[WaveRow],
    terminals: &[u32],
) -> Result<Vec<(i64, i32)>, Error> {
    let shares = waves.iter().map(share_of).collect::<Result<Vec<_>, _>>()?;
    let places: Vec<Place<'_>> = terminals
        .iter()
        .map(|index| {
            let terminal = &world.terminals[*index as usize];
            let site = world.site(terminal);
            Place { serial: &terminal.serial, site: &site.code, region: world.region(site) }
        })
        .collect();
    let mut order = wave::spread(name, &places).into_iter();
    let mut members = Vec::new();
    let sizes = wave::sizes(&shares, places.len());
    for (row, size) in waves.iter().zip(sizes).take(waves.len().saturating_sub(1)) {
        let of_wave = order.by_ref().take(size);
        members.extend(of_wave.map(|index| (world.terminals[terminals[index] as usize].id.0, row.number)));
    }
    Ok(members)
}

/// Fixes who is in which wave, and opens the first.
pub(super) fn open_first(
    connection: &mut Connection,
    app: &App,
    campaign_id: i64,
    members: &[(i64, i32)],
) -> Result<(), Error> {
    let rows: Vec<MemberRow> = members
        .iter()
        .map(|(terminal_id, wave)| MemberRow { campaign_id, terminal_id: *terminal_id, wave: *wave })
        .collect();
    db::wave::insert_members(connection, &rows)?;
    let now = Instant::from(app.clock.now());
    db::wave::enter(connection, campaign_id, 1, WaveState::Open, now, None)?;
    Ok(())
}

fn corrupt(row: &WaveRow, error: impl std::fmt::Display) -> Error {
    Error::Corrupt(format!("wave {} of campaign {}: {error}", row.number, row.campaign_id))
}

fn share_of(row: &WaveRow) -> Result<Share, Error> {
    row.share.parse().map_err(|error| corrupt(row, error))
}

fn state_of(row: &WaveRow) -> Result<WaveState, Error> {
    row.state.parse().map_err(|error| corrupt(row, error))
}

fn gate_of(row: &WaveRow) -> Result<Gate, Error> {
    let failures_max = row.failures_max.as_deref().map(str::parse).transpose();
    Ok(Gate {
        success_percent_min: unsigned(row.success_percent_min),
        failures_max: failures_max.map_err(|error: String| corrupt(row, error))?,
        sample_min: unsigned(row.sample_min),
    })
}

fn unsigned(value: impl TryInto<u32>) -> u32 {
    value.try_into().unwrap_or_default()
}

/// What became of a wave's terminals.
fn tally_of(connection: &mut Connection, row: &WaveRow, is_last: bool, size: i64) -> Result<Tally, Error> {
    let Some(opened_at) = row.opened_at else { return Ok(Tally::default()) };
    let new_from = row.counted_from.unwrap_or(opened_at);
    if is_last {
        return tally_of_rest(connection, row, opened_at, new_from);
    }
    // What ended before it opened could not open.
    let turns = db::wave::turns(connection, row.campaign_id, row.number)?;
    let locked = db::wave::locked_since(connection)?;
    let mut latest: HashMap<i64, &Turn> = HashMap::new();
    let mut standing: HashSet<i64> = HashSet::new();
    for turn in &turns {
        match turn.closed_at {
            Some(closed_at) if closed_at >= opened_at => {
                let known = latest.entry(turn.terminal_id).or_insert(turn);
                if known.closed_at <= turn.closed_at {
                    *known = turn;
                }
            }
            Some(_) => {}
            None if turn.state.is_standing() => {
                standing.insert(turn.terminal_id);
            }
            None => {}
        }
    }
    let mut tally = Tally { members: Some(unsigned(size)), ..Tally::default() };
    for (terminal, turn) in &latest {
        let closed_at = turn.closed_at.unwrap_or(opened_at);
        let lock = locked.get(terminal).filter(|since| **since >= closed_at);
        // A lock that came after is news even if its update was known.
        let ended_at = lock.copied().unwrap_or(closed_at);
        let is_new = ended_at > new_from || new_from == opened_at;
        tally.ended_new += u32::from(is_new);
        if turn.state == AppointmentState::Done && lock.is_none() {
            tally.done += 1;
        } else {
            tally.against += 1;
            tally.against_new += u32::from(is_new);
        }
    }
    tally.pending = unsigned(standing.iter().filter(|terminal| !latest.contains_key(terminal)).count());
    tally.last_ended_at = latest.values().filter_map(|turn| turn.closed_at).max().map(Instant::utc);
    Ok(tally)
}

/// The last wave may be the whole fleet: what went well is counted by the database.
fn tally_of_rest(
    connection: &mut Connection,
    row: &WaveRow,
    opened_at: Instant,
    new_from: Instant,
) -> Result<Tally, Error> {
    let id = row.campaign_id;
    let (done, last_done_at) = db::wave::done_of_the_rest(connection, id, opened_at)?;
    let bad = db::wave::bad_turns_of_the_rest(connection, id, opened_at)?;
    let mut latest: HashMap<i64, Instant> = HashMap::new();
    for turn in &bad {
        let Some(closed_at) = turn.closed_at else { continue };
        let known = latest.entry(turn.terminal_id).or_insert(closed_at);
        *known = (*known).max(closed_at);
    }
    let locked = db::wave::locked_since(connection)?;
    let concerned: Vec<i64> = latest.keys().chain(locked.keys()).copied().collect();
    let done_at = db::wave::done_at(connection, id, &concerned)?;
    let in_other_waves = db::wave::members(connection, id, &concerned)?;
    latest.retain(|terminal, closed_at| done_at.get(terminal).is_none_or(|done| *done < *closed_at));
    let mut locked_since_done = 0;
    for (terminal, since) in &locked {
        let done = done_at.get(terminal).filter(|done| *since >= **done && **done >= opened_at);
        if done.is_some() && !in_other_waves.contains_key(terminal) && !latest.contains_key(terminal) {
            latest.insert(*terminal, *since);
            locked_since_done += 1;
        }
    }
    let against_new = unsigned(latest.values().filter(|at| **at > new_from || new_from == opened_at).count());
    let done = unsigned(done).saturating_sub(locked_since_done);
    Ok(Tally {
        members: None,
        done,
        against: unsigned(latest.len()),
        against_new,
        ended_new: done + against_new,
        pending: 0,
        last_ended_at: last_done_at.map(Instant::utc),
    })
}

/// The waves of campaigns, as the API shows them; with `progress`, how far each is too.
pub(super) fn views_of(
    connection: &mut Connection,
    now: DateTime<Utc>,
    campaign_ids: &[i64],
    progress: bool,
) -> Result<HashMap<i64, Vec<WaveView>>, Error> {
    let rows = db::wave::of_campaigns(connection, campaign_ids)?;
    let mut views: HashMap<i64, Vec<WaveView>> = HashMap::new();
    for of_one in rows.chunk_by(|a, b| a.campaign_id == b.campaign_id) {
        let id = of_one[0].campaign_id;
        let sizes = db::wave::sizes(connection, id)?;
        let drawn = of_one.iter().any(|row| row.opened_at.is_some());
        for (place, row) in of_one.iter().enumerate() {
            let is_last = place + 1 == of_one.len();
            let size = sizes.get(&row.number).copied().unwrap_or(0);
            let state = state_of(row)?;
            let mut tally = Tally::default();
            let mut verdict = row.verdict.clone();
            if progress {
                tally = tally_of(connection, row, is_last, size)?;
                if state == WaveState::Open {
                    verdict = Some(verdict_of(row, is_last, &tally, now)?.1);
                } else if state == WaveState::Waiting && drawn {
                    verdict = Some(format!("waits for the gate of wave {}", row.number - 1));
                }
            }
            views.entry(id).or_default().push(WaveView {
                number: unsigned(row.number),
                share: row.share.clone(),
                state,
                terminals: (drawn && !is_last).then(|| unsigned(size)),
                soak_minutes: unsigned(row.soak_minutes),
                success_percent_min: unsigned(row.success_percent_min),
                failures_max: row.failures_max.clone(),
                sample_min: unsigned(row.sample_min),
                done: tally.done,
                against: tally.against,
                pending: (!is_last).then_some(tally.pending),
                opened_at: row.opened_at.map(Instant::utc),
                passed_at: row.closed_at.map(Instant::utc),
                verdict,
            });
        }
    }
    Ok(views)
}

/// What a wave's gate says now; the last wave has only its ceiling.
fn verdict_of(
    row: &WaveRow,
    is_last: bool,
    tally: &Tally,
    now: DateTime<Utc>,
) -> Result<(Verdict, String), Error> {
    let gate = gate_of(row)?;
    let soak = TimeDelta::minutes(i64::from(row.soak_minutes));
    let open_since = row.opened_at.map_or(now, Instant::utc);
    let verdict = gate.judge(tally, soak, open_since, now);
    let words = match verdict {
        Verdict::Soaking { .. } | Verdict::Pass | Verdict::Pending(_) if is_last => {
            format!("{} of {} terminals went well", tally.done, tally.ended())
        }
        _ => gate.in_words(&verdict, tally),
    };
    Ok((verdict, words))
}

/// What is to be done about a campaign's open wave.
enum Step {
    Pass(WaveRow, String),
    Halt(WaveRow, String),
}

fn step_of(connection: &mut Connection, campaign_id: i64, now: DateTime<Utc>) -> Result<Option<Step>, Error> {
    let rows = db::wave::of_campaigns(connection, &[campaign_id])?;
    let Some(place) = rows.iter().position(|row| row.state == WaveState::Open.as_str()) else {
        return Ok(None);
    };
    let is_last = place + 1 == rows.len();
    let row = &rows[place];
    let size = db::wave::sizes(connection, campaign_id)?.get(&row.number).copied().unwrap_or(0);
    let tally = tally_of(connection, row, is_last, size)?;
    let (verdict, words) = verdict_of(row, is_last, &tally, now)?;
    Ok(match verdict {
        Verdict::TooFewSuccesses { .. } if is_last => None,
        verdict if verdict.halts() => Some(Step::Halt(row.clone(), words)),
        Verdict::Pass if !is_last => Some(Step::Pass(row.clone(), words)),
        _ => None,
    })
}

/// Asks every gate, and calls off what could not be announced in time any more because its wave still waits; what
/// happened, counted. What it finds decided already it leaves alone.
pub fn look_after(app: &App, leader: &Leader) -> Result<BTreeMap<String, u64>, Error> {
    let mut counts = BTreeMap::new();
    let now = app.clock.now();
    // Nobody waits for a writer that has nothing to write.
    let decided = app.database.read(|connection| {
        let mut decided = Vec::new();
        for row in db::campaign::active(connection)? {
            if step_of(connection, row.id, now)?.is_some() {
                decided.push(row);
            }
        }
        Ok::<_, Error>(decided)
    })?;
    for campaign in decided {
        let done = leader.write(app, |connection| {
            connection.serialize_schedule()?;
            let row = find(connection, &campaign.name)?;
            if row.state != CampaignState::Active.as_str() {
                return Ok(None);
            }
            match step_of(connection, row.id, app.clock.now())? {
                None => Ok(None),
                Some(Step::Pass(wave, words)) => {
                    pass(connection, app, leader.actor(), &row, &wave, &words)?;
                    Ok(Some("gates_passed"))
                }
                Some(Step::Halt(wave, words)) => {
                    halt(connection, app, leader.actor(), &row, &wave, &words)?;
                    Ok(Some("gates_halted"))
                }
            }
        })?;
        if let Some(what) = done {
            *counts.entry(what.to_owned()).or_insert(0) += 1;
        }
    }
    let withdrawn = withdraw_untold(app, leader)?;
    if withdrawn > 0 {
        counts.insert("withdrawn".to_owned(), withdrawn);
    }
    Ok(counts)
}

fn subject(campaign: &CampaignRow, wave: &WaveRow) -> String {
    format!("campaign {} wave {}", campaign.name, wave.number)
}

fn pass(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    campaign: &CampaignRow,
    wave: &WaveRow,
    words: &str,
) -> Result<(), Error> {
    let now = Instant::from(app.clock.now());
    if !db::wave::enter(connection, campaign.id, wave.number, WaveState::Passed, now, Some(words))? {
        return Ok(());
    }
    let change = Change::new("gate.pass", subject(campaign, wave))
        .before(&wave.state)
        .after(&WaveState::Passed)
        .because(Some(words));
    record(connection, app, actor, change)?;
    if db::wave::enter(connection, campaign.id, wave.number + 1, WaveState::Open, now, None)? {
        let subject = format!("campaign {} wave {}", campaign.name, wave.number + 1);
        record(connection, app, actor, Change::new("wave.open", subject))?;
        tell_of_opened(connection, app, campaign.id, wave.number + 1)?;
    }
    Ok(())
}

/// Announcements that have waited for a wave go at their usual time.
fn tell_of_opened(connection: &mut Connection, app: &App, campaign_id: i64, wave: i32) -> Result<(), Error> {
    let visits = db::wave::unannounced_visits(connection, campaign_id)?;
    let terminals: Vec<i64> = visits.iter().map(|(_, terminal)| *terminal).collect();
    let members = db::wave::members(connection, campaign_id, &terminals)?;
    let last = db::wave::of_campaigns(connection, &[campaign_id])?.last().map_or(wave, |row| row.number);
    let mut ids: Vec<i64> = visits
        .into_iter()
        .filter(|(_, terminal)| members.get(terminal).copied().unwrap_or(last) == wave)
        .map(|(visit, _)| visit)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let visits = db::visit::by_ids(connection, &ids)?;
    schedule::wake_announcements(connection, app, &visits)
}

/// The campaign is over: so is its last wave.
pub(super) fn completed(connection: &mut Connection, app: &App, campaign_id: i64) -> Result<(), Error> {
    let now = Instant::from(app.clock.now());
    for wave in db::wave::of_campaigns(connection, &[campaign_id])? {
        if wave.state == WaveState::Open.as_str() {
            db::wave::enter(connection, campaign_id, wave.number, WaveState::Passed, now, Some("completed"))?;
        }
    }
    Ok(())
}

fn halt(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    campaign: &CampaignRow,
    wave: &WaveRow,
    words: &str,
) -> Result<(), Error> {
    let now = Instant::from(app.clock.now());
    if !db::wave::enter(connection, campaign.id, wave.number, WaveState::Halted, now, Some(words))? {
        return Ok(());
    }
    let change = Change::new("gate.halt", subject(campaign, wave))
        .before(&wave.state)
        .after(&WaveState::Halted)
        .because(Some(words));
    record(connection, app, actor, change)?;
    let why = format!("paused by the gate of wave {}: {words}", wave.number);
    steer_within(connection, app, actor, &campaign.name, CampaignState::Paused, Some(&why))
}

/// A campaign that its gate had paused goes on: what failed so far is known and accepted.
pub(super) fn resumed(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    campaign: &CampaignRow,
    reason: Option<&str>,
) -> Result<(), Error> {
    let now = Instant::from(app.clock.now());
    for wave in db::wave::of_campaigns(connection, &[campaign.id])? {
        if wave.state == WaveState::Halted.as_str()
            && db::wave::enter(connection, campaign.id, wave.number, WaveState::Open, now, None)?
        {
            let change = Change::new("gate.resume", subject(campaign, &wave))
                .before(&WaveState::Halted)
                .after(&WaveState::Open)
                .because(reason);
            record(connection, app, actor, change)?;
        }
    }
    Ok(())
}

/// Lets the next wave open whatever the gate says; a campaign that the gate had paused goes on. It needs a reason.
pub fn pass_by_hand(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    let reason = reason.map(clean_text).unwrap_or_default();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "say why the gate does not count; the audit trail keeps it"));
    }
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = find(connection, name)?;
        expected.check(&view(connection, app, row.clone())?)?;
        let waves = db::wave::of_campaigns(connection, &[row.id])?;
        let current = [WaveState::Open.as_str(), WaveState::Halted.as_str()];
        let place = waves.iter().position(|wave| current.contains(&wave.state.as_str()));
        let over = ![CampaignState::Active.as_str(), CampaignState::Paused.as_str()].contains(&row.state.as_str());
        let wave = match place {
            Some(place) if !over && place + 1 < waves.len() => &waves[place],
            Some(place) if !over && waves[place].state == WaveState::Open.as_str() => {
                return Err(Error::Conflict(format!(
                    "wave {} of campaign `{name}` is the last; there is none behind its gate",
                    waves[place].number
                )));
            }
            Some(_) if !over => {
                return Err(Error::Conflict(format!(
                    "the last wave of campaign `{name}` was halted; resume it: `offpeak campaign resume {name}`"
                )));
            }
            _ => return Err(Error::Conflict(format!("campaign `{name}` has no gate to pass; it is {}", row.state))),
        };
        if row.state == CampaignState::Paused.as_str() && wave.state == WaveState::Open.as_str() {
            return Err(Error::Conflict(format!(
                "campaign `{name}` was paused by hand; resume it first: `offpeak campaign resume {name}`"
            )));
        }
        pass(connection, app, actor, &row, wave, &format!("passed by hand: {reason}"))?;
        if row.state == CampaignState::Paused.as_str() {
            steer_within(connection, app, actor, name, CampaignState::Active, Some(&reason))?;
        }
        let row = find(connection, name)?;
        view(connection, app, row)
    })
}

/// A wave that an appointment belongs to and that has not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The campaign.
    pub campaign: String,
    /// The wave, from 2.
    pub wave: i32,
}

/// Which of these appointments (with their terminals) belong to a wave that waits for a gate.
pub(crate) fn behind_gates(
    connection: &mut Connection,
    appointments: &[(i64, i64)],
) -> Result<HashMap<i64, Behind>, Error> {
    let waiting = db::wave::waiting(connection)?;
    if waiting.is_empty() || appointments.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<i64> = appointments.iter().map(|(id, _)| *id).collect();
    let terminals: HashMap<i64, i64> = appointments.iter().copied().collect();
    let mut by_campaign: HashMap<i64, Vec<(i64, String)>> = HashMap::new();
    for work in db::appointment::work_of(connection, &ids)? {
        if let Some(campaign) = work.campaign_id.filter(|id| waiting.contains_key(id)) {
            by_campaign.entry(campaign).or_default().push((work.appointment_id, work.title));
        }
    }
    let campaigns: Vec<i64> = by_campaign.keys().copied().collect();
    let mut last: HashMap<i64, i32> = HashMap::new();
    for wave in db::wave::of_campaigns(connection, &campaigns)? {
        last.insert(wave.campaign_id, wave.number);
    }
    let mut behind = HashMap::new();
    for (campaign, works) in by_campaign {
        let of_works: Vec<i64> = works.iter().map(|(id, _)| terminals[id]).collect();
        let members = db::wave::members(connection, campaign, &of_works)?;
        let last = last.get(&campaign).copied().unwrap_or(1);
        for (id, title) in works {
            let wave = members.get(&terminals[&id]).copied().unwrap_or(last);
            if waiting[&campaign].contains(&wave) {
                behind.insert(id, Behind { campaign: title, wave });
            }
        }
    }
    Ok(behind)
}

/// The visits among these in which something waits for a gate.
pub(crate) fn visits_behind_gates(
    connection: &mut Connection,
    visit_ids: &[i64],
) -> Result<HashSet<i64>, Error> {
    if db::wave::waiting(connection)?.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = db::appointment::of_visits(connection, visit_ids)?;
    let waits = [AppointmentState::Planned.as_str(), AppointmentState::Announced.as_str()];
    let open: Vec<_> = rows.into_iter().filter(|row| waits.contains(&row.state.as_str())).collect();
    let pairs: Vec<(i64, i64)> = open.iter().map(|row| (row.id, row.terminal_id)).collect();
    let behind = behind_gates(connection, &pairs)?;
    Ok(open.iter().filter(|row| behind.contains_key(&row.id)).map(|row| row.visit_id).collect())
}

/// An appointment whose wave still waits when its announcement would have to go is called off: nobody was told of
/// it, nobody is told now, and its work is planned again.
fn withdraw_untold(app: &App, leader: &Leader) -> Result<u64, Error> {
    let due = |connection: &mut Connection| -> Result<Vec<i64>, Error> {
        let campaigns: Vec<i64> = db::wave::waiting(connection)?.into_keys().collect();
        if campaigns.is_empty() {
            return Ok(Vec::new());
        }
        // A visit is announced by the longest lead of whatever is done in it.
        let lead = db::campaign::active(connection)?
            .iter()
            .map(|row| i64::from(row.notice_lead_minutes))
            .max()
            .unwrap_or(0);
        let allowance = i64::from(app.settings.announce_allowance_minutes);
        let until = app.clock.now() + TimeDelta::minutes(lead + allowance);
        let untold = db::wave::untold(connection, &campaigns, Instant::from(until))?;
        let behind = behind_gates(connection, &untold)?;
        let ids: Vec<i64> = behind.into_keys().collect();
        let mut late = db::appointment::by_ids(connection, &ids)?;
        let visits: Vec<i64> = late.iter().map(|row| row.visit_id).collect();
        let mut leads: HashMap<i64, i32> = HashMap::new();
        for row in db::appointment::of_visits(connection, &visits)? {
            let lead = leads.entry(row.visit_id).or_insert(0);
            *lead = row.notice_lead_minutes.max(*lead);
        }
        late.retain(|row| {
            let lead = leads.get(&row.visit_id).copied().unwrap_or(row.notice_lead_minutes);
            row.starts_at.utc() - TimeDelta::minutes(i64::from(lead) + allowance) <= app.clock.now()
        });
        let mut ids: Vec<i64> = late.into_iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.truncate(BATCH);
        Ok(ids)
    };
    let mut withdrawn = 0;
    // Nobody waits for a writer that has nothing to write.
    while !app.database.read(due)?.is_empty() {
        let count = leader.write(app, |connection| {
            connection.serialize_schedule()?;
            let ids = due(connection)?;
            let cancel = db::appointment::by_ids(connection, &ids)?;
            let why = "its wave had not opened in time to announce it; its work is planned again";
            for row in &cancel {
                let change = Change::new("appointment.cancel", format!("appointment {}", row.id))
                    .before(&row.state)
                    .after(&AppointmentState::Cancelled)
                    .because(Some(why));
                record(connection, app, leader.actor(), change)?;
            }
            let count = cancel.len() as u64;
            // Others of the visit are told of without a reason that is not theirs.
            schedule::apply(connection, app, Changes { cancel, ..Changes::default() })?;
            for id in ids {
                db::appointment::set_note(connection, id, why)?;
            }
            Ok(count)
        })?;
        withdrawn += count;
        if count == 0 {
            break;
        }
    }
    Ok(withdrawn)
}
