//! Work that lies where it should not: mails that do not go, searches that died.

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::doctor::Check;
use crate::db::health::{self, Outbox};
use crate::db::{Database, DatabaseError, plan};

/// A notice that has been due for longer than this should have gone; the loop runs every few seconds.
const DUE_WARNING: TimeDelta = TimeDelta::minutes(5);

/// So long that merchants are told too late.
const DUE_PROBLEM: TimeDelta = TimeDelta::hours(1);

/// How long a notice that failed is worth a look.
const FAILED_SINCE: TimeDelta = TimeDelta::days(7);

/// A search says every two seconds that it lives.
const SILENT_AFTER: TimeDelta = TimeDelta::minutes(2);

pub(super) fn checks(database: &Database, now: DateTime<Utc>) -> Vec<Check> {
    let asked: Result<_, DatabaseError> = database.read(|connection| {
        let outbox = health::outbox(connection, now.into(), (now - FAILED_SINCE).into())?;
        Ok((outbox, plan::abandoned(connection, (now - SILENT_AFTER).into())?))
    });
    match asked {
        Ok((outbox, silent)) => vec![due(&outbox, now), failed(&outbox), searches(&silent)],
        Err(error) => vec![Check::problem(
            "outbox",
            format!("it cannot be read: {error}"),
            "see the check of the database",
        )],
    }
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
