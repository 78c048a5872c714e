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
pub mod fleet;
pub mod legality;
pub mod lock;
pub mod maintenance;
pub mod merchant;
pub mod notice;
pub mod overview;
pub mod plan;
pub mod programme;
pub mod schedule;
pub mod schema;
pub mod transfer;
pub mod world;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Database;
pub use crate::db::{DatabaseError, Outage};

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
    /// Loads that have been drawn.
    pub loads: Arc<plan::KeptLoads>,
    /// Searches that run in this process.
    pub searches: Arc<plan::Searches>,
}

/// Who asks: it goes onto the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// The system user who runs the command on the local database.
    pub fn local() -> Self {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
        let user = crate::domain::fleet::clean_text(&user);
        Actor(format!("local:{}", if user.is_empty() { "unknown" } else { &user }))
    }

    /// Somebody who showed the API token.
    pub fn token() -> Self {
        Actor("token".to_owned())
    }

    /// Somebody on this machine who needed no token.
    pub fn loopback() -> Self {
        Actor("loopback".to_owned())
    }

    /// A merchant who followed a link.
    pub fn merchant(number: &str) -> Self {
        Actor(format!("merchant:{number}"))
    }

    /// A background loop.
    pub fn worker(name: &str) -> Self {
        Actor(format!("worker:{name}"))
    }

    /// As the trail shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
