//! From settings to a running whole: opens the database, brings its schema up to date, prepares the mail
//! transport. Used by the command line, by `serve` and by tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{Pooler, Settings};
use crate::mail::transport::{SmtpSetupError, SmtpTransport, SmtpUrlError, Transport};
use crate::service::{App, Error, schema};
use crate::web::AppState;
use crate::worker::Workers;

pub use crate::db::{Database, DatabaseError, PoolOptions};

/// Why nothing could be started.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The SQLite file is not there.
    #[error("there is no database at {}", .0.display())]
    NoFile(PathBuf),
    /// The database's schema, and this binary.
    #[error(transparent)]
    Schema(#[from] Error),
    /// The mail server's URL.
    #[error("setting mail_url: {0}; or use folder:PATH")]
    MailUrl(#[from] SmtpUrlError),
    /// TLS towards the mail server.
    #[error("setting mail_url: {0}")]
    MailSetup(#[from] SmtpSetupError),
}

/// The database alone, as it is: for what must work without a server. A SQLite file that is not there is not made.
pub fn database(url: &str, options: PoolOptions) -> Result<Database, BootError> {
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.starts_with(':'))
        && !Path::new(path).exists()
    {
        return Err(BootError::NoFile(PathBuf::from(path)));
    }
    Ok(Database::open_with(url, options)?)
}

/// How the settings want the database's connections kept.
pub fn pool_options(settings: &Settings) -> PoolOptions {
    PoolOptions {
        connections_max: settings.database_connections_max,
        pooled_by_transaction: settings.database_pooler == Pooler::Transaction,
        patience: Duration::from_secs(u64::from(settings.database_patience_seconds)),
        ..PoolOptions::default()
    }
}

/// Everything over `settings`, with migrations applied unless the settings say otherwise. No loop runs yet.
pub fn start(settings: Settings) -> Result<AppState, BootError> {
    let clock = settings.clock.map_or_else(Clock::system, Clock::standing_at);
    let transport = transport_of(&settings.mail_url)?;
    start_with(settings, clock, transport)
}

/// The same with a clock and a transport of the caller's.
pub fn start_with(settings: Settings, clock: Clock, transport: Transport) -> Result<AppState, BootError> {
    let database = Database::open_with(&settings.database_url, pool_options(&settings))?;
    if settings.migrate_at_start {
        let applied = schema::up(&database)?;
        if !applied.is_empty() {
            tracing::info!(?applied, "migrations applied");
        }
    }
    let unknown = schema::fits(&database)?;
    if !unknown.is_empty() {
        tracing::warn!(
            ?unknown,
            "the database's schema is a newer release's; it only adds to what is known here"
        );
    }
    let app = App {
        database,
        clock,
        settings: Arc::new(settings),
        loads: Arc::default(),
        searches: Arc::default(),
        replica: replica_name().into(),
    };
    let workers = Workers::new(app.clone(), transport);
    Ok(AppState::new(app, workers))
}

/// What this process is called among those on the same database: host, process and a random part, since another
/// container may have the same host and the same process number.
fn replica_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "host" } else { host };
    format!("{host}-{}-{:06x}", std::process::id(), rand::random_range(0..0x0100_0000))
}

fn transport_of(url: &str) -> Result<Transport, BootError> {
    if let Some(folder) = url.strip_prefix("folder:") {
        return Ok(Transport::Folder(PathBuf::from(folder)));
    }
    let smtp = SmtpTransport::new(url.parse()?, crate::mail::transport::SmtpTimeouts::default())?;
    Ok(Transport::Smtp(Box::new(smtp)))
}
