//! Passwords tried in vain: counted by name and by address before they are looked at, so that a hundred at once are
//! a hundred, and in the database, so that they are over all replicas.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::sign_in_failure::{self, SignInFailureRow};
use crate::db::{Connection, Instant};
use crate::service::audit::{Change, record};
use crate::service::{Actor, App, Error};

/// How many are free, how long the first wait is, and the longest; each wait is twice the one before.
#[derive(Clone, Copy)]
struct Patience {
    free: i32,
    first: TimeDelta,
    longest: TimeDelta,
}

/// For one name: some hundred guesses a day at most.
const FOR_A_NAME: Patience =
    Patience { free: 5, first: TimeDelta::seconds(30), longest: TimeDelta::minutes(15) };

/// For one address, behind which a whole office may sit.
const FOR_AN_ADDRESS: Patience =
    Patience { free: 30, first: TimeDelta::minutes(1), longest: TimeDelta::hours(1) };

/// What was tried so long ago counts no more.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

impl Patience {
    /// Until when nothing more is looked at after so many failures.
    fn blocked_until(self, failures: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let over = u32::try_from(failures - self.free).ok()?;
        let wait = self.first * 2_i32.saturating_pow(over.min(16));
        Some(now + wait.min(self.longest))
    }
}

/// The two subjects of an attempt, always in this order: who locks them in the same order waits for nobody in a ring.
fn subjects(name: &str, origin: Option<&str>) -> Vec<(String, Patience)> {
    let mut subjects = Vec::new();
    if let Some(origin) = origin {
        subjects.push((format!("address {}", network_of(origin)), FOR_AN_ADDRESS));
    }
    subjects.push((format!("name {name}"), FOR_A_NAME));
    subjects
}

/// An IPv6 customer has 2^64 addresses: they count as one.
fn network_of(origin: &str) -> String {
    match origin.parse() {
        Ok(std::net::IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
        _ => origin.to_owned(),
    }
}

/// Counts an attempt as one in vain until it is known to be none; or says until when none is looked at.
pub(in crate::service) fn count(
    connection: &mut Connection,
    app: &App,
    name: &str,
    origin: Option<&str>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let now = app.clock.now();
    sign_in_failure::sweep(connection, Instant::from(now - FORGOTTEN_AFTER), Instant::from(now))?;
    let mut rows = Vec::new();
    for (subject, patience) in subjects(name, origin) {
        let row = sign_in_failure::look(connection, &subject, Instant::from(now))?;
        if let Some(until) = row.blocked_until.map(Instant::utc).filter(|until| *until > now) {
            return Ok(Some(until));
        }
        rows.push((row, patience));
    }
    for (row, patience) in rows {
        let failures = row.failures.saturating_add(1);
        let blocked_until = patience.blocked_until(failures, now).map(Instant::from);
        let row = SignInFailureRow { failures, last_at: Instant::from(now), blocked_until, ..row };
        sign_in_failure::keep(connection, &row)?;
    }
    Ok(None)
}

/// Writes down that a name or an address has to wait, if it came to that.
pub(in crate::service) fn tell(
    connection: &mut Connection,
    app: &App,
    name: &str,
    origin: Option<&str>,
) -> Result<(), Error> {
    let now = app.clock.now();
    for (subject, _) in subjects(name, origin) {
        let row = sign_in_failure::look(connection, &subject, Instant::from(now))?;
        let Some(until) = row.blocked_until.map(Instant::utc).filter(|until| *until > now) else { continue };
        let change = Change::new("session.block", subject)
            .after(&serde_json::json!({ "failures": row.failures, "until": until }));
        let actor = Actor::system().from_address(origin.map(str::to_owned));
        record(connection, app, &actor, change)?;
    }
    Ok(())
}

/// The attempt was none in vain: the name begins anew, the address gets this one back.
pub(in crate::service) fn forgive(
    connection: &mut Connection,
    app: &App,
    name: &str,
    origin: Option<&str>,
) -> Result<(), Error> {
    let now = app.clock.now();
    for (subject, patience) in subjects(name, origin) {
        if patience.free == FOR_A_NAME.free {
            sign_in_failure::forget(connection, &subject)?;
            continue;
        }
        let row = sign_in_failure::look(connection, &subject, Instant::from(now))?;
        let row = SignInFailureRow { failures: (row.failures - 1).max(0), blocked_until: None, ..row };
        sign_in_failure::keep(connection, &row)?;
    }
    Ok(())
}

/// Lets a name try again at once.
pub(in crate::service) fn forget_name(connection: &mut Connection, name: &str) -> Result<(), Error> {
    Ok(sign_in_failure::forget(connection, &format!("name {name}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let now = DateTime::UNIX_EPOCH;
        let wait =
            |failures| FOR_A_NAME.blocked_until(failures, now).map(|until| (until - now).num_seconds());
        assert_eq!(wait(4), None);
        assert_eq!((wait(5), wait(6), wait(7)), (Some(30), Some(60), Some(120)));
        assert_eq!((wait(10), wait(i32::MAX)), (Some(900), Some(900)));
    }

    #[test]
    fn a_network_counts_as_one_address() {
        assert_eq!(network_of("192.0.2.7"), "192.0.2.7");
        assert_eq!(network_of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network_of("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
    }
}
