//! From settings to a running whole: opens the database, brings its schema up to date, prepares the mail
//! transport. Used by the command line, by `serve` and by tests.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Pooler, Settings};
use crate::db::{Database, PoolOptions, migrations};
use crate::mail::transport::{SmtpSetupError, SmtpTransport, SmtpUrlError, Transport};
use crate::service::App;
use crate::web::AppState;
use crate::worker::Workers;

pub use crate::db::DatabaseError;

/// Why nothing could be started.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The mail server's URL.
    #[error("setting mail_url: {0}; or use folder:PATH")]
    MailUrl(#[from] SmtpUrlError),
    /// TLS towards the mail server.
    #[error("setting mail_url: {0}")]
    MailSetup(#[from] SmtpSetupError),
}

/// Everything over `settings`, with migrations applied. No loop runs yet.
pub fn start(settings: Settings) -> Result<AppState, BootError> {
    let clock = settings.clock.map_or_else(Clock::system, Clock::standing_at);
    let transport = transport_of(&settings.mail_url)?;
    start_with(settings, clock, transport)
}

/// The same with a clock and a transport of the caller's.
pub fn start_with(settings: Settings, clock: Clock, transport: Transport) -> Result<AppState, BootError> {
    let options = PoolOptions {
        connections_max: settings.database_connections_max,
        pooled_by_transaction: settings.database_pooler == Pooler::Transaction,
        ..PoolOptions::default()
    };
    let database = Database::open_with(&settings.database_url, options)?;
    let applied = migrations::up(&database)?;
    if !applied.is_empty() {
        tracing::info!(?applied, "migrations applied");
    }
    let app = App {
        database,
        clock,
        settings: Arc::new(settings),
        loads: Arc::default(),
        searches: Arc::default(),
    };
    let workers = Workers::new(app.clone(), transport);
    Ok(AppState::new(app, workers))
}

fn transport_of(url: &str) -> Result<Transport, BootError> {
    if let Some(folder) = url.strip_prefix("folder:") {
        return Ok(Transport::Folder(PathBuf::from(folder)));
    }
    let smtp = SmtpTransport::new(url.parse()?, crate::mail::transport::SmtpTimeouts::default())?;
    Ok(Transport::Smtp(Box::new(smtp)))
}
