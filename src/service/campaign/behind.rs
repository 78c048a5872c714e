//! What waits behind a gate: its appointments do not open, nobody is told of it, and in time it is called off.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;

use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::service::audit::{Change, record};
use crate::service::lease::Leader;
use crate::service::schedule::{self, Changes};
use crate::service::{App, Error};

/// Untold appointments that are called off in one transaction.
const BATCH: usize = 1_000;

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
pub(super) fn withdraw_untold(app: &App, leader: &Leader) -> Result<u64, Error> {
    let due = |connection: &mut Connection| -> Result<Vec<i64>, Error> {
        let campaigns: Vec<i64> = db::wave::waiting(connection)?.into_keys().collect();
        if campaigns.is_empty() {
            return Ok(Vec::new());
        }
        // A visit is announced by the longest lead of whatever is done in it.
        let lead = db::campaign::all(connection)?
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
