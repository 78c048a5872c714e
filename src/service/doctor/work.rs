//! Work that lies where it should not: mails that do not go, searches that died.

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::doctor::Check;
use crate::db::health::{self, Outbox};
use crate::db::lease::{self, LeaseRow};
use crate::db::{Database, DatabaseError, plan};

/// A notice that has been due for longer than this should have gone; the loop runs every few seconds.
const DUE_WARNING: TimeDelta = TimeDelta::minutes(5);

/// So long that merchants are told too late.
const DUE_PROBLEM: TimeDelta = TimeDelta::hours(1);

/// How long a notice that failed is worth a look.
const FAILED_SINCE: TimeDelta = TimeDelta::days(7);

/// A lease that ran out so long ago was taken by a loop that no release runs any more.
const LEASE_FORGOTTEN: TimeDelta = TimeDelta::days(7);

/// What one replica alone may do, and somebody has to.
const LED: [&str; 2] = ["raise", "watch"];

pub(super) fn checks(database: &Database, silence: TimeDelta, now: DateTime<Utc>) -> Vec<Check> {
    let asked: Result<_, DatabaseError> = database.read(|connection| {
        let outbox = health::outbox(connection, now.into(), (now - FAILED_SINCE).into())?;
        let silent = plan::abandoned(connection, (now - silence).into())?;
        // Leases run by the database's clock.
        Ok((outbox, silent, lease::all(connection)?, lease::now(connection)?))
    });
    match asked {
        Ok((outbox, silent, leases, database_now)) => {
            let leader = leader(&leases, database_now.utc());
            vec![leader, due(&outbox, now), failed(&outbox), searches(&silent)]
        }
        Err(error) => vec![Check::problem(
            "outbox",
            format!("it cannot be read: {error}"),
            "see the check of the database",
        )],
    }
}

/// Whether somebody does what one replica alone may do, and who.
fn leader(leases: &[LeaseRow], now: DateTime<Utc>) -> Check {
    let held = |name: &str| leases.iter().find(|lease| lease.name == name && lease.until.utc() > now);
    let missing: Vec<&str> = LED.into_iter().filter(|name| held(name).is_none()).collect();
    if !missing.is_empty() {
        let remedy =
            "start `offpeak serve`: programmes raise nothing, dead searches and overdue work are not seen";
        return Check::warning("leader", format!("nobody leads: {}", missing.join(", ")), remedy);
    }
    let old: Vec<&str> = leases
        .iter()
        .filter(|lease| now - lease.until.utc() > LEASE_FORGOTTEN)
        .map(|lease| lease.name.as_str())
        .collect();
    if !old.is_empty() {
        let remedy = "if no replica of another release is to come back, they mean nothing: remove the rows of table lease";
        return Check::warning("leader", format!("old leases: {}", old.join(", ")), remedy);
    }
    let holders: Vec<String> = LED
        .iter()
        .filter_map(|name| held(name))
        .map(|lease| format!("{} by {}", lease.name, lease.holder))
        .collect();
    Check::ok("leader", holders.join(", "))
}

fn due(outbox: &Outbox, now: DateTime<Utc>) -> Check {
    let remedy =
        "see that `offpeak serve` runs and what its log says; `offpeak worker run notify` makes one pass";
    if outbox.stuck > 0 {
        let found = format!("{} mails were taken by a worker that was not heard of again", outbox.stuck);
        return Check::warning("outbox", found, remedy);
    }
    let waited = outbox.due_since.map_or(TimeDelta::zero(), |since| now - since.utc());
    let found = format!("{} mails are due, the oldest for {} minutes", outbox.due, waited.num_minutes());
    match waited {
        waited if waited > DUE_PROBLEM => Check::problem("outbox", found, remedy),
        waited if waited > DUE_WARNING => Check::warning("outbox", found, remedy),
        _ => Check::ok("outbox", found),
    }
}

fn failed(outbox: &Outbox) -> Check {
    if outbox.failed == 0 {
        return Check::ok("refused_mails", "none within the last 7 days");
    }
    Check::warning(
        "refused_mails",
        format!("{} were refused for good within the last 7 days", outbox.failed),
        "`offpeak notice list --state failed` shows them; correct the merchants' addresses, or call them",
    )
}

fn searches(silent: &[i64]) -> Check {
    if silent.is_empty() {
        return Check::ok("dead_searches", "none");
    }
    let plans: Vec<String> = silent.iter().map(ToString::to_string).collect();
    Check::warning(
        "dead_searches",
        format!("the search of plan {} died", plans.join(", ")),
        "see that `offpeak serve` runs: it fails them within a minute; then plan again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::doctor::Health;

    #[test]
    fn mails_that_wait_are_noticed_in_time() {
        let now: DateTime<Utc> = "2026-12-01T09:00:00Z".parse().expect("RFC 3339");
        let waited = |minutes| {
            let since = Some((now - TimeDelta::minutes(minutes)).into());
            due(&Outbox { due: 1, due_since: since, stuck: 0, failed: 0 }, now).health
        };
        assert_eq!((waited(1), waited(6), waited(61)), (Health::Ok, Health::Warning, Health::Problem));
        let none = Outbox { due: 0, due_since: None, stuck: 0, failed: 0 };
        assert_eq!(due(&none, now).health, Health::Ok);
        assert_eq!(due(&Outbox { stuck: 1, ..none }, now).health, Health::Warning);
    }
}
