//! From settings to a running whole: opens the database, brings its schema up to date, prepares the mail
//! transport. Used by the command line, by `serve` and by tests.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Settings;
use crate::db::{Database, migrations};
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
    let database = Database::open(&settings.database_url)?.giving_up_after(settings.stall_seconds);
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
