//! The use cases: load, decide, store, enqueue. This room owns the transactions and the audit trail. It knows
//! nothing of HTTP and of the command line.

pub mod account;
mod actor;
pub mod appointment;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod budget;
pub mod calendar;
pub mod campaign;
pub mod dispatch;
pub mod doctor;
pub mod error;
pub mod events;
mod figures;
pub mod fleet;
pub mod idempotency;
pub mod inbox;
pub mod lease;
pub mod legality;
pub mod lock;
pub mod maintenance;
pub mod merchant;
pub mod notice;
pub mod overdue;
pub mod overview;
pub mod part;
pub mod plan;
pub mod programme;
pub mod schedule;
pub mod schema;
pub mod secret;
pub mod session;
pub mod template;
pub mod timeline;
pub mod token;
pub mod transfer;
pub mod version;
pub mod webhook;
pub mod world;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Database;
pub use crate::db::{DatabaseError, Outage};
use crate::mail::{DkimKey, Templates};

pub use actor::Actor;
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
    /// Figures that take long to count.
    pub figures: Arc<figures::KeptFigures>,
    /// How large groups are.
    pub group_sizes: Arc<world::KeptSizes>,
    /// Which groups each terminal is in.
    pub places: Arc<world::KeptPlaces>,
    /// Loads that have been drawn.
    pub loads: Arc<plan::KeptLoads>,
    /// What is down in each night.
    pub nights: Arc<world::KeptNights>,
    /// Searches that run in this process.
    pub searches: Arc<plan::Searches>,
    /// What this process is called among those on the same database.
    pub replica: Arc<str>,
}
