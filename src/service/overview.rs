//! Figures about the whole, for health checks and metrics.

use crate::db;
use crate::service::{App, Error};

/// A gauge: its name, a label if it has one, its value.
pub type Gauge = (&'static str, Option<(&'static str, String)>, i64);

/// What is worth watching from outside.
pub fn gauges(app: &App) -> Result<Vec<Gauge>, Error> {
    app.database.read(|connection| {
        let mut gauges: Vec<Gauge> = Vec::new();
        let [merchants, sites, terminals, retired] = db::fleet::counts(connection)?;
        gauges.push(("offpeak_merchants", None, merchants));
        gauges.push(("offpeak_sites", None, sites));
        gauges.push(("offpeak_terminals", Some(("state", "active".to_owned())), terminals));
        gauges.push(("offpeak_terminals", Some(("state", "retired".to_owned())), retired));
        for (state, count) in db::notice::counts(connection)? {
            gauges.push(("offpeak_notices", Some(("state", state)), count));
        }
        for (state, count) in db::appointment::counts(connection)? {
            gauges.push(("offpeak_appointments", Some(("state", state)), count));
        }
        let locked = db::lock::locked_terminals(connection)?.len();
        gauges.push(("offpeak_terminals_locked", None, i64::try_from(locked).unwrap_or(i64::MAX)));
        Ok(gauges)
    })
}
