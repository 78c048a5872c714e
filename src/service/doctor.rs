//! Is the installation well? A list of checks; each says what was found and what to do. They only read, and none
//! keeps another from being made.

mod database;
mod mail;
mod settings;
mod work;
mod zones;

use chrono::TimeDelta;

use crate::api::doctor::{Check, Diagnosis};
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Database;
use crate::mail::transport::Reached;

pub use zones::system_version as system_zones;

/// What is looked at.
#[derive(Debug)]
pub struct Patient<'a> {
    /// Its settings.
    pub settings: &'a Settings,
    /// Names in the environment that look like settings and are none.
    pub strangers: Vec<String>,
    /// Its database, or why there is none.
    pub database: Result<Database, String>,
    /// Its time.
    pub clock: Clock,
    /// What came of speaking with its mail server.
    pub mail: Result<Reached, String>,
    /// The version of the system's time zone data, if it has any.
    pub system_zones: Option<String>,
    /// Processors that it may use.
    pub cores: usize,
}

/// Makes every check, in the order in which one depends on another.
pub fn examine(patient: &Patient<'_>) -> Diagnosis {
    let now = patient.clock.now();
    let mut checks = settings::checks(patient);
    checks.extend(mail::checks(patient.settings, &patient.mail));
    checks.push(zones::check(chrono_tz::IANA_TZDB_VERSION, patient.system_zones.as_deref(), now));
    match &patient.database {
        Ok(database) => {
            let found = database::checks(patient.settings, database, &patient.clock);
            let usable = found.usable;
            checks.extend(found.checks);
            if usable {
                let silence = TimeDelta::seconds(i64::from(patient.settings.search_silence_seconds));
                checks.extend(work::checks(database, silence, now));
            }
        }
        Err(reason) => checks.push(unreachable(reason)),
    }
    checks.into()
}

/// What is left of the examination of settings that cannot be read.
pub fn unreadable_settings(reason: &str) -> Diagnosis {
    let remedy = "correct it; `offpeak config reference` lists every setting";
    vec![Check::problem("configuration", reason, remedy)].into()
}

/// Processors that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn unreachable(reason: &str) -> Check {
    let remedy = "check that the server runs, and the setting database_url: host, port, user, database";
    Check::problem("database", reason, remedy)
}
