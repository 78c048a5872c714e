//! Hearing of changes that other replicas make: PostgreSQL's LISTEN on a connection of its own. What is told is that
//! there is news, not what it is: that is read from where it stands.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection as _, PgConnection, QueryResult, RunQueryDsl};

use super::outage::{DatabaseError, Outage};
use super::postgres_url::complete;
use crate::db::Connection;

/// What was heard since the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The audit trail has grown.
    pub trail: bool,
    /// Words that replicas said to each other with [`say`].
    pub words: Vec<String>,
}

/// A connection that listens.
pub struct Listener {
    inner: PgConnection,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Listener")
    }
}

impl Listener {
    /// Listens on the server that `url` names. Behind a pooler in transaction mode that seems to work, and nothing is
    /// ever heard.
    pub fn connect(url: &str) -> Result<Self, DatabaseError> {
        let mut inner =
            PgConnection::establish(&complete(url)).map_err(|error| Outage::Unreachable.because(error))?;
        inner.batch_execute("LISTEN offpeak")?;
        Ok(Listener { inner })
    }

    /// What was heard since the last time; waits for nothing.
    pub fn heard(&mut self) -> QueryResult<Heard> {
        let mut heard = Heard::default();
        for notification in self.inner.notifications_iter() {
            match notification?.payload {
                payload if payload.is_empty() => heard.trail = true,
                payload => heard.words.push(payload),
            }
        }
        Ok(heard)
    }

    /// Asks the server for a sign of life.
    pub fn check(&mut self) -> QueryResult<()> {
        self.inner.batch_execute("SELECT 1")
    }
}

/// Says `word` to everybody who listens, once this transaction has committed. SQLite has nobody who listens.
pub fn say(connection: &mut Connection, word: &str) -> QueryResult<()> {
    match connection {
        Connection::Postgres(inner) => diesel::sql_query("SELECT pg_notify('offpeak', $1)")
            .bind::<Text, _>(word)
            .execute(inner)
            .map(drop),
        Connection::Sqlite(_) => Ok(()),
    }
}
