//! The database: reached how, up to date, writable, at the same time as we are, and with room to grow.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::doctor::Check;
use crate::api::schema::VersionState;
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::health::{self, Nature};
use crate::db::{Database, DatabaseError, Outage};
use crate::service::doctor::unreachable;
use crate::service::schema;

const SKEW_WARNING: TimeDelta = TimeDelta::seconds(2);
const SKEW_PROBLEM: TimeDelta = TimeDelta::seconds(30);

/// Free space on SQLite's disk below which writes are about to fail.
const FREE_BYTES_PROBLEM: u64 = 100 << 20;

/// Free space that should be left for the log and for a backup beside it.
const FREE_BYTES_WARNING: u64 = 1 << 30;

/// A log of this size is not being written back: somebody reads for hours, or holds a transaction open.
const LOG_BYTES_WARNING: u64 = 256 << 20;

/// What was found, and whether its tables can be asked.
pub(super) struct Found {
    pub(super) checks: Vec<Check>,
    pub(super) usable: bool,
}

pub(super) fn checks(settings: &Settings, database: &Database, clock: &Clock) -> Found {
    let before = clock.now();
    let asked: Result<Nature, DatabaseError> = database.read(|connection| Ok(health::nature(connection)?));
    let after = clock.now();
    let nature = match asked {
        Ok(nature) => nature,
        Err(error @ DatabaseError::Unavailable { outage: Outage::ReadOnly, .. }) => {
            let remedy = "let database_url name the primary, or all servers; see docs/postgresql.md";
            let check = Check::problem("writable", error.to_string(), remedy);
            return Found { checks: vec![check], usable: false };
        }
        Err(error) => return Found { checks: vec![unreachable(&error.to_string())], usable: false },
    };
    let (schema_check, usable) = schema(database, settings.migrate_at_start);
    let url = &settings.database_url;
    let mut checks = Vec::new();
    match url.strip_prefix("sqlite:").map(Path::new) {
        Some(path) => {
            checks.push(Check::ok("database", format!("SQLite {}, {}", nature.version, path.display())));
            checks.extend([writable_file(path), schema_check, integrity(database)]);
            checks.extend(storage(path));
        }
        None => {
            checks.push(Check::ok("database", format!("PostgreSQL {}", nature.version)));
            checks.extend([encryption(url, nature.encrypted), writable(&nature), schema_check]);
            checks.push(skew(nature.now_micros, before, after));
        }
    }
    Found { checks, usable }
}

fn schema(database: &Database, migrate_at_start: bool) -> (Check, bool) {
    let status = match schema::status(database) {
        Ok(status) => status,
        Err(error) => {
            let remedy = "check the rights of the database's user";
            return (Check::problem("schema", error.to_string(), remedy), false);
        }
    };
    let count = |state| status.count(state);
    let [pending, unknown, too_new] =
        [VersionState::Pending, VersionState::Unknown, VersionState::TooNew].map(count);
    let check = if too_new > 0 {
        let found = "a newer release took away what this one needs";
        Check::problem("schema", found, "start the newer release; `offpeak migrate status` says more")
    } else if pending > 0 && migrate_at_start {
        let remedy = "back the database up; the next start, or `offpeak migrate up`, applies them";
        Check::warning("schema", format!("{pending} versions are pending"), remedy)
    } else if pending > 0 {
        let remedy = "back the database up, then `offpeak migrate up`: without it nothing starts";
        Check::problem("schema", format!("{pending} versions are pending"), remedy)
    } else if unknown > 0 {
        let found = format!("{unknown} versions of a newer release, which only add something");
        Check::warning("schema", found, "replace this binary by the newer release")
    } else {
        Check::ok("schema", format!("{} versions, none pending", status.versions.len()))
    };
    (check, pending == 0 && too_new == 0)
}

fn writable(nature: &Nature) -> Check {
    if nature.standby {
        return Check::problem(
            "writable",
            "the server is a standby: it takes no writes",
            "lead database_url to the primary: several hosts with target_session_attrs=read-write, or HAProxy",
        );
    }
    if nature.read_only {
        return Check::problem(
            "writable",
            "default_transaction_read_only is on: the database takes no writes",
            "turn it off for this user or database, or lead database_url to the primary",
        );
    }
    Check::ok("writable", "takes writes")
}

fn writable_file(path: &Path) -> Check {
    match std::fs::File::options().append(true).open(path) {
        Ok(_) => Check::ok("writable", "takes writes"),
        Err(error) => Check::problem(
            "writable",
            format!("{} cannot be written: {error}", path.display()),
            "give the file and its folder to the user that runs the service",
        ),
    }
}

fn integrity(database: &Database) -> Check {
    let remedy = "stop the service, keep the file, restore the last backup: `offpeak restore`";
    let asked: Result<_, DatabaseError> = database.read(|connection| Ok(health::damage(connection)?));
    match asked {
        Ok(None) => Check::ok("integrity", "no damage found"),
        Ok(Some(damage)) => Check::problem("integrity", format!("the file is damaged: {damage}"), remedy),
        Err(error) => Check::problem("integrity", format!("the file is damaged: {error}"), remedy),
    }
}

/// A host that is not this machine must be reached over TLS, and be the one that it says it is.
fn encryption(url: &str, encrypted: bool) -> Check {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let parameter = |wanted: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let hosts = decoded(parameter("host").unwrap_or(authority));
    let elsewhere: Vec<&str> = hosts.split(',').filter(|host| !is_here(host)).collect();
    if elsewhere.is_empty() {
        return Check::ok("database_encryption", "the server is on this machine");
    }
    let host = elsewhere.join(", ");
    let remedy = "add sslmode=verify-full&sslrootcert=PATH to database_url (a build with postgres-tls can)";
    if !encrypted {
        let found = format!("the connection to {host} is not encrypted: addresses and passwords can be read");
        return Check::problem("database_encryption", found, remedy);
    }
    if parameter("sslmode") != Some("verify-full") {
        let found = format!("encrypted, but anybody may pass for {host}: its certificate is not verified");
        return Check::warning("database_encryption", found, remedy);
    }
    Check::ok("database_encryption", format!("encrypted, {host} verified"))
}

/// Whether a host of a URL, perhaps with a port, is this machine: a socket, or a loopback address.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.is_empty()
        || name.starts_with('/')
        || name == "localhost"
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The database's clock beside ours, asked between `before` and `after`.
fn skew(database_micros: i64, before: DateTime<Utc>, after: DateTime<Utc>) -> Check {
    let theirs = DateTime::from_timestamp_micros(database_micros).unwrap_or_default();
    let apart = if theirs < before {
        before - theirs
    } else if theirs > after {
        theirs - after
    } else {
        TimeDelta::zero()
    };
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    let found =
        format!("this machine and the database are {:.1} s apart", apart.num_milliseconds() as f64 / 1000.0);
    let remedy = "let chrony or systemd-timesyncd set the clock of both machines";
    match apart {
        apart if apart > SKEW_PROBLEM => Check::problem("clock_skew", found, remedy),
        apart if apart > SKEW_WARNING => Check::warning("clock_skew", found, remedy),
        _ => Check::ok("clock_skew", found),
    }
}

fn storage(path: &Path) -> Vec<Check> {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free = rustix::fs::statvfs(folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let mut checks = Vec::new();
    if let Ok(free) = free {
        checks.push(space(free, length(path)));
    }
    checks.push(log_size(length(Path::new(&log))));
    checks
}

fn space(free: u64, database: u64) -> Check {
    let found = format!("{} MB free, the database has {} MB", free >> 20, database >> 20);
    let remedy = "make room on the disk: without any, nothing can be written";
    if free < FREE_BYTES_PROBLEM {
        return Check::problem("disk", found, remedy);
    }
    if free < FREE_BYTES_WARNING.max(database) {
        return Check::warning("disk", found, remedy);
    }
    Check::ok("disk", found)
}

fn log_size(bytes: u64) -> Check {
    let found = format!("the database's log has {} MB", bytes >> 20);
    if bytes > LOG_BYTES_WARNING {
        let remedy =
            "see who reads for so long (a backup by other means, an SQL shell); a restart writes it back";
        return Check::warning("log", found, remedy);
    }
    Check::ok("log", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::doctor::Health;

    #[test]
    fn a_remote_database_is_reached_encrypted_and_verified() {
        let health = |url, encrypted| encryption(url, encrypted).health;
        assert_eq!(health("postgres://u@%2Frun%2Fpostgresql/x", false), Health::Ok);
        assert_eq!(health("postgres:///x?host=/run/postgresql", false), Health::Ok);
        assert_eq!(health("postgres://u@localhost/x", false), Health::Ok);
        assert_eq!(health("postgres://u@127.0.0.1:6432/x", false), Health::Ok);
        assert_eq!(health("postgres://u@[::1]/x", false), Health::Ok);
        assert_eq!(health("postgres://u@db.example/x", false), Health::Problem);
        assert_eq!(health("postgres:///x?host=db.example", false), Health::Problem);
        assert_eq!(health("postgres://u:p@localhost:5432,db2:5432/x", false), Health::Problem);
        assert_eq!(health("postgres://u@db.example/x", true), Health::Warning);
        assert_eq!(health("postgres://u@db.example/x?sslmode=require", true), Health::Warning);
        assert_eq!(health("postgres://u@db.example/x?sslmode=verify-full", true), Health::Ok);
    }

    #[test]
    fn clocks_may_differ_by_what_asking_takes_and_little_more() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("RFC 3339");
        let (before, after) = (at("2026-12-01T09:00:00Z"), at("2026-12-01T09:00:05Z"));
        let theirs = |text: &str| skew(at(text).timestamp_micros(), before, after).health;
        assert_eq!(theirs("2026-12-01T09:00:04Z"), Health::Ok);
        assert_eq!(theirs("2026-12-01T09:00:06Z"), Health::Ok);
        assert_eq!(theirs("2026-12-01T09:00:08Z"), Health::Warning);
        assert_eq!(theirs("2026-12-01T08:59:57Z"), Health::Warning);
        assert_eq!(theirs("2026-12-01T09:00:36Z"), Health::Problem);
        assert_eq!(theirs("2026-12-01T08:59:29Z"), Health::Problem);
    }

    #[test]
    fn a_disk_runs_full_with_warning() {
        let gigabyte = 1 << 30;
        assert_eq!(space(10 * gigabyte, gigabyte).health, Health::Ok);
        assert_eq!(space(10 * gigabyte, 11 * gigabyte).health, Health::Warning);
        assert_eq!(space(gigabyte / 2, 0).health, Health::Warning);
        assert_eq!(space(50 << 20, 0).health, Health::Problem);
        assert_eq!((log_size(4 << 20).health, log_size(300 << 20).health), (Health::Ok, Health::Warning));
    }

    #[test]
    fn a_server_that_takes_no_writes_is_noticed() {
        let nature = Nature {
            version: "15.14".to_owned(),
            standby: false,
            read_only: false,
            encrypted: false,
            now_micros: 0,
        };
        assert_eq!(writable(&nature).health, Health::Ok);
        assert_eq!(writable(&Nature { standby: true, ..nature.clone() }).health, Health::Problem);
        assert_eq!(writable(&Nature { read_only: true, ..nature }).health, Health::Problem);
    }
}
