//! Dispatch: announced appointments open at their start, if the notice was given in time, their campaign is not
//! paused and every budget has room with what is locked and down right now.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::appointment::AppointmentRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::CampaignState;
use crate::domain::ids::TerminalId;
use crate::service::appointment::enter;
use crate::service::world::Surroundings;
use crate::service::{Actor, App, Error};

/// Appointments that one pass looks at.
const BATCH: i64 = 10_000;

/// How the note of an appointment begins whose announcement was accepted and came back.
pub(in crate::service) const CAME_BACK: &str = "held: the announcement came back";

/// One pass of the loop: opens what is due. What happened, counted. Any replica may run it at any time: one of them
/// opens, since budgets count over the whole fleet, and the others leave it to that one.
pub fn run(app: &App, actor: &Actor) -> Result<BTreeMap<String, u64>, Error> {
    let waiting = [AppointmentState::Planned, AppointmentState::Announced];
    // Nobody waits for a writer that has nothing to write.
    let any_due = app.database.read(|connection| {
        let now = Instant::from(app.clock.now());
        Ok::<_, Error>(!db::appointment::due(connection, &waiting, false, now, 1)?.is_empty())
    })?;
    if !any_due {
        return Ok(BTreeMap::new());
    }
    app.database.write(|connection| {
        let mut counts = BTreeMap::new();
        if !connection.alone_in_dispatch()? {
            return Ok(counts);
        }
        connection.serialize_schedule()?;
        // Asked after the waiting: what stood then has to be true now.
        let now = app.clock.now();
        let due = db::appointment::due_locked(connection, &waiting, Instant::from(now), BATCH)?;
        let due: Vec<AppointmentRow> = due.into_iter().filter(|row| row.ends_at.utc() > now).collect();
        if due.is_empty() {
            return Ok(counts);
        }
        let mut live = Live::load(connection, app, &due)?;
        for row in due {
            match hold_reason(app, &live, &row, now) {
                Some(reason) => {
                    // Said once, not at every pass.
                    if row.note.as_deref() != Some(reason.as_str()) {
                        db::appointment::set_note(connection, row.id, &reason)?;
                    }
                    count(&mut counts, "held");
                }
                None => {
                    enter(connection, app, actor, row.id, AppointmentState::Open, None, false)?;
                    live.add(TerminalId(row.terminal_id));
                    count(&mut counts, "opened");
                }
            }
        }
        Ok(counts)
    })
}

fn count(counts: &mut BTreeMap<String, u64>, what: &str) {
    *counts.entry(what.to_owned()).or_insert(0) += 1;
}

/// What is down at this moment in the groups of what is due.
struct Live {
    surroundings: Surroundings,
    down: Vec<u32>,
    paused: BTreeMap<i64, String>,
}

impl Live {
    fn load(connection: &mut Connection, app: &App, due: &[AppointmentRow]) -> Result<Live, Error> {
        let terminals: Vec<i64> = due.iter().map(|row| row.terminal_id).collect();
        let surroundings = Surroundings::load(connection, app, 1, &terminals)?;
        let down = surroundings.down_now(connection)?;
        let campaigns: BTreeMap<i64, String> = db::campaign::all(connection)?
            .into_iter()
            .filter(|row| row.state == CampaignState::Paused.as_str())
            .map(|row| (row.id, row.name))
            .collect();
        let mut paused = BTreeMap::new();
        if !campaigns.is_empty() {
            let ids: Vec<i64> = due.iter().map(|row| row.id).collect();
            for work in db::appointment::work_of(connection, &ids)? {
                if let Some(name) = work.campaign_id.and_then(|id| campaigns.get(&id)) {
                    paused.insert(work.appointment_id, name.clone());
                }
            }
        }
        Ok(Live { surroundings, down, paused })
    }

    fn is_locked(&self, terminal_id: TerminalId) -> bool {
        self.surroundings.world.locked.contains(&terminal_id)
    }

    fn groups_of(&self, terminal_id: TerminalId) -> impl Iterator<Item = u32> + '_ {
        let index = self.surroundings.world.index_of(terminal_id);
        index.into_iter().flat_map(|index| self.surroundings.groups.of_terminal(index))
    }

    fn add(&mut self, terminal_id: TerminalId) {
        if self.is_locked(terminal_id) {
            return;
        }
        let numbers: Vec<u32> = self.groups_of(terminal_id).collect();
        for number in numbers {
            self.down[number as usize] += 1;
        }
    }
}

/// Why an appointment does not open now.
fn hold_reason(app: &App, live: &Live, row: &AppointmentRow, now: DateTime<Utc>) -> Option<String> {
    if let Some(campaign) = live.paused.get(&row.id) {
        return Some(format!("held: campaign {campaign} is paused"));
    }
    if live.surroundings.world.terminal(TerminalId(row.terminal_id)).is_none() {
        return Some("held: the terminal is retired".to_owned());
    }
    if live.is_locked(TerminalId(row.terminal_id)) {
        return Some("held: the terminal is locked".to_owned());
    }
    if !row.emergency {
        let lead = TimeDelta::minutes(i64::from(row.notice_lead_minutes));
        match row.announced_at {
            None => {
                let came_back = row.note.clone().filter(|note| note.starts_with(CAME_BACK));
                return Some(came_back.unwrap_or_else(|| {
                    "held: the merchant's mail server has not accepted the announcement".to_owned()
                }));
            }
            Some(at) if at.utc() + lead > row.starts_at.utc() => {
                return Some("held: the announcement was accepted later than the notice lead".to_owned());
            }
            Some(_) => {}
        }
    }
    // Opened much later than announced it would end later than announced.
    let tolerance = TimeDelta::minutes(i64::from(app.settings.slot_minutes));
    if now > row.starts_at.utc() + tolerance {
        return Some(
            "held: its start has passed; it cannot be done within the time that was announced".to_owned(),
        );
    }
    for number in live.groups_of(TerminalId(row.terminal_id)) {
        let group = &live.surroundings.groups.groups[number as usize];
        let cap = group.cap.first().copied().unwrap_or(0);
        let down = live.down[number as usize];
        if down + 1 > cap {
            return Some(format!("held: {} is full, {down} of at most {cap} terminals are down", group.id));
        }
    }
    None
}
