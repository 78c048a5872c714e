//! The one way to the database: a closure in a transaction, run again when it failed through no fault of its own
//! and nothing of it can have been committed.

use std::time::Duration;

use diesel::r2d2::PooledConnection;

use super::connection::{AnyConnection, Purpose};
use super::outage::{DatabaseError, Outage};
use super::pool::{Database, Manager, Slot};

/// How often work is begun again.
const RETRIES_MAX: u32 = 4;

/// The first wait before it is; each is four times the one before, and drawn anew between half and the whole.
const WAIT_MIN: Duration = Duration::from_millis(25);

/// What a transaction's closure fails with: it carries the database's errors, and says when it does.
pub trait Failure: From<diesel::result::Error> + From<DatabaseError> {
    /// The query that failed, if that is what happened.
    fn query_error(&self) -> Option<&diesel::result::Error>;
}

impl Failure for DatabaseError {
    fn query_error(&self) -> Option<&diesel::result::Error> {
        match self {
            DatabaseError::Query(error) => Some(error),
            _ => None,
        }
    }
}

impl Database {
    /// Runs `work` on one consistent snapshot; it writes nothing. It may run several times, as in [`Self::write`].
    pub fn read<T, E: Failure>(&self, work: impl FnMut(&mut AnyConnection) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Read, work)
    }

    /// Runs `work` in a transaction that commits on `Ok` and rolls back on `Err`. When the connection is lost, or
    /// somebody else was in the way, and nothing can have been committed, `work` runs again from its beginning: it
    /// keeps nothing outside from one run to the next. A connection that is lost during the commit is
    /// [`Outage::OutcomeUnknown`], and nothing is tried again.
    ///
    /// Never within another `read` or `write`: that would take a second connection. Pass the first one on.
    pub fn write<T, E: Failure>(&self, work: impl FnMut(&mut AnyConnection) -> Result<T, E>) -> Result<T, E> {
        self.run(Purpose::Write, work)
    }

    /// As [`Self::write`], for work that cannot run twice since it uses up what it is given: once it has begun, it
    /// is not begun again.
    pub fn write_once<T, E: Failure>(
        &self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut slot = self.begin(Purpose::Write)?;
        let result = work(&mut slot.connection);
        let ended = slot.end(Purpose::Write, result);
        drop(slot);
        ended.map_err(|failed| match failed {
            Failed::Passing(error) => E::from(error),
            Failed::Held(error) => {
                self.cut_off_stopped();
                E::from(error)
            }
            Failed::Lasting(error) => error,
        })
    }

    fn run<T, E: Failure>(
        &self,
        purpose: Purpose,
        mut work: impl FnMut(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut waits = Waits::default();
        loop {
            let mut slot = self.begin(purpose)?;
            let result = work(&mut slot.connection);
            let ended = slot.end(purpose, result);
            // Back into the pool, or closed, before anybody waits.
            drop(slot);
            match ended {
                Ok(value) => return Ok(value),
                Err(Failed::Passing(error)) if waits.wait() => {
                    tracing::warn!(%error, "a transaction is run again");
                }
                Err(Failed::Passing(error)) => return Err(error.into()),
                Err(Failed::Held(error)) if self.cut_off_stopped() => {
                    tracing::warn!(%error, "a transaction is run again");
                }
                Err(Failed::Held(error)) => return Err(error.into()),
                Err(Failed::Lasting(error)) => return Err(error),
            }
        }
    }

    /// Whether somebody who held a lock, and whose process has been stopped, holds it no more.
    fn cut_off_stopped(&self) -> bool {
        // To read is enough for that, and waits for nobody.
        let ended = self.begin(Purpose::Read).and_then(|mut slot| {
            let ended = slot.connection.cut_off_stopped(self.patience).map_err(DatabaseError::from);
            match slot.end(Purpose::Read, ended) {
                Ok(ended) => Ok(ended),
                Err(Failed::Passing(error) | Failed::Held(error) | Failed::Lasting(error)) => Err(error),
            }
        });
        match ended {
            Ok(0) => false,
            Ok(processes) => {
                tracing::warn!(processes, "cut off who had been stopped in the middle of a change");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "who holds the lock cannot be found out");
                false
            }
        }
    }

    /// A connection at the beginning of a transaction. Connections that the pool has kept may have died
    /// meanwhile, all of them.
    fn begin(&self, purpose: Purpose) -> Result<PooledConnection<Manager>, DatabaseError> {
        let mut waits = Waits::default();
        let mut dead = 0;
        loop {
            let mut slot = self.get()?;
            let Err(error) = slot.connection.begin(purpose, &self.beginnings) else { return Ok(slot) };
            slot.broken = true;
            drop(slot);
            let Some(outage) = Outage::of(&error) else { return Err(error.into()) };
            dead += 1;
            let kept_too_long = outage == Outage::Unreachable && dead <= self.connections_max();
            if !kept_too_long && !(outage.passes() && waits.wait()) {
                return Err(outage.because(error));
            }
        }
    }
}

/// Why a transaction came to nothing.
enum Failed<E> {
    /// Nothing was committed, and the same may succeed if it is run again.
    Passing(DatabaseError),
    /// Nothing was committed, since somebody else has long held what was needed.
    Held(DatabaseError),
    /// It would be of no use to run it again, or dangerous.
    Lasting(E),
}

impl Slot {
    /// Commits or rolls back, as `result` says.
    fn end<T, E: Failure>(&mut self, purpose: Purpose, result: Result<T, E>) -> Result<T, Failed<E>> {
        let value = match result {
            Ok(value) => value,
            Err(failure) => {
                // The first error is the one to report; the pool sees it if this fails too.
                let _ = self.connection.roll_back();
                let Some(error) = failure.query_error() else { return Err(Failed::Lasting(failure)) };
                return Err(self.judge(error).unwrap_or(Failed::Lasting(failure)));
            }
        };
        let Err(error) = self.connection.commit() else { return Ok(value) };
        // The server may have said no, and then the connection says where it stands; or nothing any more.
        let lost = self.connection.is_lost()
            || Outage::of(&error)
                .is_some_and(|outage| matches!(outage, Outage::Unreachable | Outage::Restarting));
        if self.connection.is_in_transaction() {
            let _ = self.connection.roll_back();
        }
        self.broken |= lost;
        match purpose {
            // What was read was read.
            Purpose::Read => Ok(value),
            Purpose::Write if lost => {
                tracing::error!(%error, "the connection to the database was lost during a commit");
                Err(Failed::Lasting(Outage::OutcomeUnknown.because(error).into()))
            }
            Purpose::Write => Err(self.judge(&error).unwrap_or(Failed::Lasting(error.into()))),
        }
    }

    /// What an error means that kept the transaction from being committed, if it says something of the database.
    fn judge<E: Failure>(&mut self, error: &diesel::result::Error) -> Option<Failed<E>> {
        let outage = Outage::of(error)?;
        self.broken |= outage.takes_the_connection();
        let unavailable = outage.because(error);
        Some(match outage {
            Outage::Locked => Failed::Held(unavailable),
            _ if outage.passes() => Failed::Passing(unavailable),
            _ => Failed::Lasting(unavailable.into()),
        })
    }
}

/// How often, and how long before it, something is tried again.
#[derive(Default)]
struct Waits {
    done: u32,
}

impl Waits {
    /// Waits; false, at once, if it has waited often enough.
    fn wait(&mut self) -> bool {
        if self.done == RETRIES_MAX {
            return false;
        }
        let whole = WAIT_MIN * 4u32.pow(self.done);
        self.done += 1;
        std::thread::sleep(whole.mul_f64(rand::random_range(0.5..=1.0)));
        true
    }
}
