//! Figures about the whole, for health checks and metrics.

use crate::db;
use crate::service::{App, Error};

/// A gauge: its name, a label if it has one, its value.
pub type Gauge = (&'static str, Option<(&'static str, String)>, i64);

/// Migrations that the database still lacks.
pub fn pending_migrations(app: &App) -> Result<usize, Error> {
    Ok(db::migrations::pending(&mut *app.database.get()?)?)
}

/// What is worth watching from outside.
pub fn gauges(app: &App) -> Result<Vec<Gauge>, Error> {
    let mut connection = app.database.get()?;
    let mut gauges: Vec<Gauge> = Vec::new();
    let [merchants, sites, terminals, retired] = db::fleet::counts(&mut connection)?;
    gauges.push(("offpeak_merchants", None, merchants));
    gauges.push(("offpeak_sites", None, sites));
    gauges.push(("offpeak_terminals", Some(("state", "active".to_owned())), terminals));
    gauges.push(("offpeak_terminals", Some(("state", "retired".to_owned())), retired));
    for (state, count) in db::notice::counts(&mut connection)? {
        gauges.push(("offpeak_notices", Some(("state", state)), count));
    }
    for (state, count) in db::appointment::counts(&mut connection)? {
        gauges.push(("offpeak_appointments", Some(("state", state)), count));
    }
    let locked = db::lock::locked_terminals(&mut connection)?.len();
    gauges.push(("offpeak_terminals_locked", None, i64::try_from(locked).unwrap_or(i64::MAX)));
    Ok(gauges)
}
