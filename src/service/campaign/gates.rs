//! Gates, looked after by the watch loop: what lets the next wave open, what pauses the campaign, and what people
//! say to that.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::behind::withdraw_untold;
use super::waves::{Verdicted, tally_of, verdict_of};
use super::{find, steer_within, to_json, view};
use crate::api::campaign::CampaignView;
use crate::db::campaign::CampaignRow;
use crate::db::wave::WaveRow;
use crate::db::{self, Connection, Instant};
use crate::domain::campaign::{CampaignState, Verdict, WaveState};
use crate::domain::fleet::clean_text;
use crate::domain::said::{Said, Saying};
use crate::service::audit::{Change, record};
use crate::service::lease::Leader;
use crate::service::schedule;
use crate::service::version::Expected;
use crate::service::{Actor, App, Error};

/// What is to be done about a campaign's open wave.
enum Step {
    Pass(WaveRow, Verdicted),
    Halt(WaveRow, Verdicted),
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
    let said = verdict_of(row, is_last, &tally, now)?;
    Ok(match said.verdict {
        Verdict::TooFewSuccesses { .. } if is_last => None,
        verdict if verdict.halts() => Some(Step::Halt(row.clone(), said)),
        Verdict::Pass if !is_last => Some(Step::Pass(row.clone(), said)),
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
                Some(Step::Pass(wave, gate)) => {
                    pass(connection, app, leader.actor(), &row, &wave, (&gate.words, &gate.said))?;
                    Ok(Some("gates_passed"))
                }
                Some(Step::Halt(wave, gate)) => {
                    halt(connection, app, leader.actor(), &row, &wave, (&gate.words, &gate.said))?;
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
    (words, said): (&str, &Said),
) -> Result<(), Error> {
    let now = Instant::from(app.clock.now());
    let data = to_json(said)?;
    if !db::wave::enter(connection, campaign.id, wave.number, WaveState::Passed, now, Some((words, &data)))? {
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
    let said = to_json(&Saying::GateCompleted.alone())?;
    let verdict = Some(("completed", said.as_str()));
    for wave in db::wave::of_campaigns(connection, &[campaign_id])? {
        if wave.state == WaveState::Open.as_str() {
            db::wave::enter(connection, campaign_id, wave.number, WaveState::Passed, now, verdict)?;
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
    (words, said): (&str, &Said),
) -> Result<(), Error> {
    let now = Instant::from(app.clock.now());
    let data = to_json(said)?;
    if !db::wave::enter(connection, campaign.id, wave.number, WaveState::Halted, now, Some((words, &data)))? {
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

/// The wave behind whose gate a campaign waits, if somebody with a reason may let it pass now.
pub(in crate::service) fn gate_to_pass(
    app: &App,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<i32, Error> {
    stated(reason)?;
    app.database.read(|connection| Ok(waiting(connection, app, name, expected)?.1.number))
}

/// Why a gate does not count: without a reason it does.
fn stated(reason: Option<&str>) -> Result<String, Error> {
    let reason = reason.map(clean_text).unwrap_or_default();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "say why the gate does not count; the audit trail keeps it"));
    }
    Ok(reason)
}

/// A campaign, and the wave whose gate keeps the next one from opening.
fn waiting(
    connection: &mut Connection,
    app: &App,
    name: &str,
    expected: &Expected,
) -> Result<(CampaignRow, WaveRow), Error> {
    let row = find(connection, name)?;
    expected.check(&view(connection, app, row.clone())?)?;
    let waves = db::wave::of_campaigns(connection, &[row.id])?;
    let count = waves.len();
    let current = [WaveState::Open.as_str(), WaveState::Halted.as_str()];
    let wave = waves.into_iter().enumerate().find(|(_, wave)| current.contains(&wave.state.as_str()));
    let over =
        ![CampaignState::Active.as_str(), CampaignState::Paused.as_str()].contains(&row.state.as_str());
    let (place, wave) = wave.filter(|_| !over).ok_or_else(|| {
        Error::Conflict(format!("campaign `{name}` has no gate to pass; it is {}", row.state))
    })?;
    let is_open = wave.state == WaveState::Open.as_str();
    if place + 1 == count && is_open {
        return Err(Error::Conflict(format!(
            "wave {} of campaign `{name}` is the last; there is none behind its gate",
            wave.number
        )));
    }
    if place + 1 == count {
        return Err(Error::Conflict(format!(
            "the last wave of campaign `{name}` was halted; resume it: `offpeak campaign resume {name}`"
        )));
    }
    if row.state == CampaignState::Paused.as_str() && is_open {
        return Err(Error::Conflict(format!(
            "campaign `{name}` was paused by hand; resume it first: `offpeak campaign resume {name}`"
        )));
    }
    Ok((row, wave))
}

/// Lets the next wave open whatever the gate says; a campaign that the gate had paused goes on. It needs a reason.
pub fn pass_by_hand(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    let reason = stated(reason)?;
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let (row, wave) = waiting(connection, app, name, expected)?;
        let said = Saying::GateByHand.with([("reason", reason.as_str().into())]);
        pass(connection, app, actor, &row, &wave, (&format!("passed by hand: {reason}"), &said))?;
        if row.state == CampaignState::Paused.as_str() {
            steer_within(connection, app, actor, name, CampaignState::Active, Some(&reason))?;
        }
        let row = find(connection, name)?;
        view(connection, app, row)
    })
}
