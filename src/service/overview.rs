//! Figures about the whole, for health checks and metrics.

use std::collections::BTreeMap;

use crate::api::fleet::FleetSummary;
use crate::db;
use crate::service::{App, Error, fleet, notice};

/// A gauge: its name, a label if it has one, its value.
pub type Gauge = (&'static str, Option<(&'static str, String)>, i64);

/// Appointments from which on they are not counted at every look.
const LARGE: i64 = 50_000;

/// What is worth watching from outside; large figures as they were a moment ago.
pub fn gauges(app: &App) -> Result<Vec<Gauge>, Error> {
    app.database.read(|connection| {
        let mut gauges: Vec<Gauge> = Vec::new();
        let FleetSummary { merchants, sites, terminals, retired, .. } = fleet::summary_now(connection, app)?;
        gauges.push(("offpeak_merchants", None, merchants));
        gauges.push(("offpeak_sites", None, sites));
        gauges.push(("offpeak_terminals", Some(("state", "active".to_owned())), terminals));
        gauges.push(("offpeak_terminals", Some(("state", "retired".to_owned())), retired));
        for (state, count) in notice::counts_now(connection, app)? {
            gauges.push(("offpeak_notices", Some(("state", state)), count));
        }
        let is_large = |counts: &BTreeMap<String, i64>| counts.values().sum::<i64>() > LARGE;
        let appointments = app.figures.get(app, connection, "appointments", is_large, |connection| {
            Ok(db::appointment::counts(connection)?)
        })?;
        for (state, count) in appointments {
            gauges.push(("offpeak_appointments", Some(("state", state)), count));
        }
        let locked = db::lock::locked_terminals(connection)?.len();
        gauges.push(("offpeak_terminals_locked", None, i64::try_from(locked).unwrap_or(i64::MAX)));
        Ok(gauges)
    })
}
