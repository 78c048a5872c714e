//! The use cases: load, decide, store, enqueue. This room owns the transactions and the audit trail. It knows
//! nothing of HTTP and of the command line.

pub mod appointment;
pub mod audit;
pub mod backup;
pub mod budget;
pub mod calendar;
pub mod campaign;
pub mod dispatch;
pub mod doctor;
pub mod error;
pub mod events;
pub mod fleet;
pub mod lease;
pub mod legality;
pub mod lock;
pub mod maintenance;
pub mod merchant;
pub mod notice;
pub mod overdue;
pub mod overview;
pub mod plan;
pub mod programme;
pub mod schedule;
pub mod schema;
pub mod template;
pub mod transfer;
pub mod version;
pub mod world;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Database;
pub use crate::db::{DatabaseError, Outage};
use crate::mail::{DkimKey, Templates};

pub use error::Error;

/// What every use case needs: the database, the time, the settings.
#[derive(Clone, Debug)]
pub struct App {
    /// The pool.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// The settings.
    pub settings: Arc<Settings>,
    /// What mails are signed with, if anything.
    pub dkim: Option<Arc<DkimKey>>,
    /// What mails are put into words with.
    pub templates: Templates,
    /// Loads that have been drawn.
    pub loads: Arc<plan::KeptLoads>,
    /// Searches that run in this process.
    pub searches: Arc<plan::Searches>,
    /// What this process is called among those on the same database.
    pub replica: Arc<str>,
}

/// Who asks: it goes onto the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    /// The token of the lease under which it acts.
    fence: Option<i64>,
}

impl Actor {
    fn named(name: impl Into<String>) -> Self {
        Actor { name: name.into(), fence: None }
    }

    /// The system user who runs the command on the local database.
    pub fn local() -> Self {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
        let user = crate::domain::fleet::clean_text(&user);
        Actor::named(format!("local:{}", if user.is_empty() { "unknown" } else { &user }))
    }

    /// Somebody who showed the API token.
    pub fn token() -> Self {
        Actor::named("token")
    }

    /// Somebody on this machine who needed no token.
    pub fn loopback() -> Self {
        Actor::named("loopback")
    }

    /// Nobody in particular: whoever looked at that moment.
    pub fn system() -> Self {
        Actor::named("system")
    }

    /// A merchant who followed a link.
    pub fn merchant(number: &str) -> Self {
        Actor::named(format!("merchant:{number}"))
    }

    /// A background loop.
    pub fn worker(name: &str) -> Self {
        Actor::named(format!("worker:{name}"))
    }

    /// A background loop that leads under the lease of its name, with the lease's token.
    pub fn leader(name: &str, token: i64) -> Self {
        Actor { fence: Some(token), ..Actor::worker(name) }
    }

    /// As the trail shows it.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The token of the lease under which it acts.
    pub fn fence(&self) -> Option<i64> {
        self.fence
    }
}
