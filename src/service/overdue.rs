//! What nobody reports back on: an appointment that has not begun by its end and the grace is missed, and its work
//! goes back to the planner; one that had begun and gave no sign is failed, and its terminal counts as locked.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::service::appointment::enter;
use crate::service::lease::Leader;
use crate::service::notice::happened::tell_of_visits;
use crate::service::{App, Error, lock};

/// Appointments that are closed in one transaction: nobody waits for long.
const BATCH: i64 = 1_000;

/// Closes what is over; what happened, counted.
pub fn close(app: &App, leader: &Leader) -> Result<BTreeMap<String, u64>, Error> {
    let mut counts = BTreeMap::new();
    loop {
        // Nobody waits for a writer that has nothing to write.
        let due = app.database.read(|connection| {
            Ok::<_, Error>(!db::appointment::due(connection, &UNFINISHED, true, over(app), 1)?.is_empty())
        })?;
        if !due {
            return Ok(counts);
        }
        let (missed, failed) = leader.write(app, |connection| close_batch(connection, app, leader))?;
        for (what, count) in [("missed", missed), ("failed", failed)] {
            if count > 0 {
                *counts.entry(what.to_owned()).or_insert(0) += count;
            }
        }
    }
}

const WAITING: [AppointmentState; 3] =
    [AppointmentState::Planned, AppointmentState::Announced, AppointmentState::Open];

const UNFINISHED: [AppointmentState; 4] = [
    AppointmentState::Planned,
    AppointmentState::Announced,
    AppointmentState::Open,
    AppointmentState::Running,
];

/// What ended before this gets no report any more.
fn over(app: &App) -> Instant {
    Instant::from(app.clock.now() - TimeDelta::minutes(i64::from(app.settings.outcome_grace_minutes)))
}

fn close_batch(connection: &mut Connection, app: &App, leader: &Leader) -> Result<(u64, u64), Error> {
    connection.serialize_schedule()?;
    let over = over(app);
    let (mut missed, mut failed, mut visit_ids) = (0, 0, Vec::new());
    for row in db::appointment::due(connection, &WAITING, true, over, BATCH)? {
        let note = if row.state == AppointmentState::Open.as_str() {
            "its window passed without a report; campaign work is planned again, ad-hoc work has to be arranged again"
        } else {
            "it never opened; campaign work is planned again, ad-hoc work has to be arranged again"
        };
        enter(connection, app, leader.actor(), row.id, AppointmentState::Missed, Some(note), true)?;
        visit_ids.push(row.visit_id);
        missed += 1;
    }
    for row in db::appointment::due(connection, &[AppointmentState::Running], true, over, BATCH)? {
        let note = "no outcome was reported after the start";
        enter(connection, app, leader.actor(), row.id, AppointmentState::Failed, Some(note), true)?;
        if db::lock::list(connection, Some(row.terminal_id), true, None, 1)?.is_empty() {
            lock::open(connection, app, leader.actor(), row.terminal_id, Some(row.id), note)?;
        }
        visit_ids.push(row.visit_id);
        failed += 1;
    }
    visit_ids.sort_unstable();
    visit_ids.dedup();
    tell_of_visits(connection, app, &visit_ids)?;
    Ok((missed, failed))
}
