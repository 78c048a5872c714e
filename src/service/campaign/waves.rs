//! Waves: who is in which, and how far each is.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{LARGE, to_i32};
use crate::api::wave::{NewWave, WaveView};
use crate::db::wave::{MemberRow, Turn, WaveRow};
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::wave::{self, Place, REST};
use crate::domain::campaign::{Ceiling, Gate, Share, Tally, Verdict, WaveState};
use crate::domain::said::{Said, Saying};
use crate::service::world::World;
use crate::service::{App, Error};

/// How long a wave soaks unless told.
const SOAK_MINUTES: u32 = 24 * 60;

/// What a gate asks for unless told.
const GATE: Gate = Gate { success_percent_min: 95, failures_max: None, sample_min: 10 };

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
                verdict_said: None,
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
    allot_after(world, name, waves, (0, 0), terminals)
}

/// The same where the first `begun` waves have begun, with `fixed` terminals that stay in them; none of those is
/// among `terminals`.
pub(super) fn allot_after(
    world: &World,
    name: &str,
    waves: &[WaveRow],
    (begun, fixed): (usize, usize),
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
    let sizes = wave::sizes(&shares, places.len() + fixed);
    for (row, size) in waves.iter().zip(sizes).take(waves.len().saturating_sub(1)).skip(begun) {
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

pub(super) fn state_of(row: &WaveRow) -> Result<WaveState, Error> {
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
pub(super) fn tally_of(
    connection: &mut Connection,
    row: &WaveRow,
    is_last: bool,
    size: i64,
) -> Result<Tally, Error> {
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

/// Of which waves it is counted what became of their terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// Of none: a list names the waves.
    Nothing,
    /// Of those that stand at their gates; the last has none unless it was halted.
    AtGate,
    /// Of every one.
    Every,
}

impl Counted {
    fn holds(self, row: &WaveRow) -> bool {
        match self {
            Counted::Nothing => false,
            Counted::AtGate => match row.state.parse() {
                Ok(WaveState::Open) => row.share != REST,
                Ok(WaveState::Halted) => true,
                _ => false,
            },
            Counted::Every => true,
        }
    }
}

/// What is counted of a campaign's waves; of large ones as it was a moment ago.
#[derive(Default, Serialize, Deserialize)]
struct Figures {
    /// Active terminals of each wave but the last.
    sizes: HashMap<i32, i64>,
    /// What became of them, by wave.
    tallies: HashMap<i32, Tally>,
}

impl Figures {
    fn count(connection: &mut Connection, rows: &[WaveRow], counted: Counted) -> Result<Self, Error> {
        let Some(first) = rows.first() else { return Ok(Figures::default()) };
        let sizes = db::wave::sizes(connection, first.campaign_id)?;
        let mut tallies = HashMap::new();
        for (place, row) in rows.iter().enumerate().filter(|(_, row)| counted.holds(row)) {
            let size = sizes.get(&row.number).copied().unwrap_or(0);
            tallies.insert(row.number, tally_of(connection, row, place + 1 == rows.len(), size)?);
        }
        Ok(Figures { sizes, tallies })
    }

    fn are_large(&self) -> bool {
        let ended: u32 = self.tallies.values().map(Tally::ended).sum();
        self.sizes.values().sum::<i64>() + i64::from(ended) > LARGE
    }
}

/// The waves of campaigns, as the API shows them; of those that are `counted`, how far they are too.
pub(super) fn views_of(
    connection: &mut Connection,
    app: &App,
    campaign_ids: &[i64],
    counted: Counted,
) -> Result<HashMap<i64, Vec<WaveView>>, Error> {
    let now = app.clock.now();
    let rows = db::wave::of_campaigns(connection, campaign_ids)?;
    let mut views: HashMap<i64, Vec<WaveView>> = HashMap::new();
    for of_one in rows.chunk_by(|a, b| a.campaign_id == b.campaign_id) {
        let id = of_one[0].campaign_id;
        let asked = of_one.to_vec();
        let Figures { sizes, tallies } = app.figures.get(
            app,
            connection,
            &format!("{counted:?} {of_one:?}"),
            Figures::are_large,
            move |c| Figures::count(c, &asked, counted),
        )?;
        let drawn = of_one.iter().any(|row| row.opened_at.is_some());
        for (place, row) in of_one.iter().enumerate() {
            let is_last = place + 1 == of_one.len();
            let size = sizes.get(&row.number).copied().unwrap_or(0);
            let state = state_of(row)?;
            let tally = tallies.get(&row.number).copied().unwrap_or_default();
            let mut verdict = row.verdict.clone();
            let mut said = row.verdict_said.as_deref().and_then(|text| serde_json::from_str(text).ok());
            if counted.holds(row) {
                if state == WaveState::Open {
                    let gate = verdict_of(row, is_last, &tally, now)?;
                    (verdict, said) = (Some(gate.words), Some(gate.said));
                } else if state == WaveState::Waiting && drawn {
                    verdict = Some(format!("waits for the gate of wave {}", row.number - 1));
                    said = Some(Saying::GateWaits.with([("wave", (row.number - 1).into())]));
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
                said,
            });
        }
    }
    Ok(views)
}

/// What a gate says, in English words, and as data.
pub(super) struct Verdicted {
    pub verdict: Verdict,
    pub words: String,
    pub said: Said,
}

/// What a wave's gate says now; the last wave has only its ceiling.
pub(super) fn verdict_of(
    row: &WaveRow,
    is_last: bool,
    tally: &Tally,
    now: DateTime<Utc>,
) -> Result<Verdicted, Error> {
    let gate = gate_of(row)?;
    let soak = TimeDelta::minutes(i64::from(row.soak_minutes));
    let open_since = row.opened_at.map_or(now, Instant::utc);
    let verdict = gate.judge(tally, soak, open_since, now);
    let (words, said) = match verdict {
        Verdict::Soaking { .. } | Verdict::Pass | Verdict::Pending(_) if is_last => {
            (format!("{} of {} terminals went well", tally.done, tally.ended()), tally.well())
        }
        _ => (gate.in_words(&verdict, tally), gate.said(&verdict, tally)),
    };
    Ok(Verdicted { verdict, words, said })
}
