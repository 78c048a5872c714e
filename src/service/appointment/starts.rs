//! When an appointment may start: the planner's own answer for every slot of a range, as runs of slots with the same
//! answer.

use chrono::{DateTime, TimeDelta, Utc};

use super::{HORIZON_DAYS, deadline, find, lead_minutes};
use crate::api::appointment::{RuleSaid, StartRun, StartsQuery, StartsView};
use crate::domain::ids::{AppointmentId, TerminalId};
use crate::service::legality::{Broken, Purpose, Question, Rules, decide};
use crate::service::world::Surroundings;
use crate::service::{App, Error};

/// The longest range that can be asked about, in days.
const RANGE_DAYS_MAX: i64 = 31;

/// For each slot from `from` to `to`, whether the appointment may start there, or which rules forbid it.
pub fn starts(app: &App, AppointmentId(id): AppointmentId, query: &StartsQuery) -> Result<StartsView, Error> {
    let now = app.clock.now();
    let from = query.from.unwrap_or(now);
    let to = query.to.map_or_else(|| from.checked_add_signed(TimeDelta::days(1)), Some).unwrap_or(from);
    if to <= from || to - from > TimeDelta::days(RANGE_DAYS_MAX) {
        let message = format!("{to} does not come within {RANGE_DAYS_MAX} days after `from`; ask for less");
        return Err(Error::invalid("to", message));
    }
    app.database.read(|connection| {
        let row = find(connection, id)?;
        let surroundings = Surroundings::load(connection, app, HORIZON_DAYS, &[row.terminal_id])?;
        let world = &surroundings.world;
        let terminal = world
            .terminal(TerminalId(row.terminal_id))
            .ok_or_else(|| Error::Conflict(format!("the terminal of appointment {id} is retired")))?;
        let length = row.ends_at.utc() - row.starts_at.utc();
        let question = Question {
            terminal,
            starts_at: from,
            duration_minutes: u32::try_from(length.num_minutes()).unwrap_or(u32::MAX),
            notice_lead_minutes: Some(lead_minutes(app, row.notice_lead_minutes)),
            deadline_at: deadline(connection, id)?,
            moving: Some(id),
        };
        let slot = TimeDelta::minutes(i64::from(world.grid.slot_minutes()));
        let first = floor_to(from, slot);
        let runs = decide(connection, &surroundings, Purpose::Saying(app), first..to + length, |rules| {
            Ok(runs_of(rules, question, first..to, slot))
        })?;
        Ok(StartsView {
            appointment: id,
            starts_at: row.starts_at.utc(),
            time_zone: world.site(terminal).time_zone.name().to_owned(),
            slot_minutes: world.grid.slot_minutes(),
            runs,
        })
    })
}

fn floor_to(instant: DateTime<Utc>, slot: TimeDelta) -> DateTime<Utc> {
    let seconds = slot.num_seconds().max(1);
    let floored = instant.timestamp().div_euclid(seconds) * seconds;
    DateTime::from_timestamp(floored, 0).unwrap_or(instant)
}

fn runs_of(
    rules: &mut Rules<'_>,
    question: Question<'_>,
    range: std::ops::Range<DateTime<Utc>>,
    slot: TimeDelta,
) -> Vec<StartRun> {
    let mut starts = Vec::new();
    let mut start = range.start;
    while start < range.end {
        starts.push(start);
        start += slot;
    }
    let mut runs: Vec<(Vec<String>, StartRun)> = Vec::new();
    for (start, broken) in starts.iter().zip(rules.broken_at(question, &starts)) {
        let key: Vec<String> = broken.iter().map(key_of).collect();
        match runs.last_mut() {
            Some((known, run)) if *known == key => run.to = *start + slot,
            _ => {
                let legal = broken.is_empty();
                let said = |Broken { rule, message, said }| {
                    let rule = rule.as_str().to_owned();
                    RuleSaid { rule, message, said: Some(said) }
                };
                let rules = broken.into_iter().map(said).collect();
                runs.push((key, StartRun { from: *start, to: *start + slot, legal, rules }));
            }
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

/// What makes two slots' answers the same: the rule, and of a budget or a blackout which one; not the time in it.
fn key_of(broken: &Broken) -> String {
    let which = ["group", "name", "appointment"].iter().find_map(|fact| broken.said.facts.get(*fact));
    format!("{} {} {which:?}", broken.rule.as_str(), broken.said.code)
}
