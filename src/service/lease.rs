//! What one replica alone may do: it leads under a lease, and shows the lease's token in every transaction in which
//! it writes. Whoever was fenced off meanwhile, however long it was stopped, writes nothing.

use crate::api::replica::{LeaseView, ReplicasView};
use crate::db::{self, Connection};
use crate::service::{Actor, App, Error};

/// A lease that this replica held when it was last asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    lease: &'static str,
    token: i64,
    actor: Actor,
}

impl Leader {
    /// As whom the leader writes: its entries on the audit trail carry the token.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The lease's token; it rises with every change of the holder.
    pub fn token(&self) -> i64 {
        self.token
    }

    /// Runs `work` in a transaction that writes, if this replica still leads; nobody takes the lease over before the
    /// transaction's end. [`Error::Fenced`] if another one leads by now.
    pub fn write<T>(
        &self,
        app: &App,
        mut work: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        app.database.write(|connection| {
            if !db::lease::guard(connection, self.lease, self.token)? {
                return Err(Error::Fenced { lease: self.lease, token: self.token });
            }
            work(connection)
        })
    }
}

/// Takes the lease `name` for this replica, or renews it. Nothing if another replica holds it.
pub fn lead(app: &App, name: &'static str) -> Result<Option<Leader>, Error> {
    let length_micros = i64::from(app.settings.lease_seconds) * 1_000_000;
    let token: Option<i64> = app.database.write(|connection| {
        Ok::<_, Error>(db::lease::take(connection, name, &app.replica, length_micros)?)
    })?;
    Ok(token.map(|token| Leader { lease: name, token, actor: Actor::leader(name, token) }))
}

/// Gives a lease up, so that another replica need not wait for its end.
pub fn release(app: &App, leader: &Leader) -> Result<(), Error> {
    app.database.write(|connection| Ok(db::lease::release(connection, leader.lease, leader.token)?))
}

/// Who leads, and who is asked.
pub fn replicas(app: &App) -> Result<ReplicasView, Error> {
    let (rows, now) = app
        .database
        .read(|connection| Ok::<_, Error>((db::lease::all(connection)?, db::lease::now(connection)?)))?;
    let leases = rows
        .into_iter()
        .map(|row| LeaseView {
            held: row.until > now,
            name: row.name,
            holder: row.holder,
            token: row.token,
            since: row.since.utc(),
            until: row.until.utc(),
        })
        .collect();
    Ok(ReplicasView {
        replica: app.replica.to_string(),
        clock: app.clock.now(),
        database_clock: now.utc(),
        leases,
    })
}
