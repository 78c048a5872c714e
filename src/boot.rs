//! From settings to a running whole: opens the database, brings its schema up to date, prepares the mail
//! transport. Used by the command line, by `serve` and by tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::api::doctor::Diagnosis;
use crate::clock::Clock;
use crate::config::{Pooler, Settings};
use crate::db::PoolOptions;
use crate::mail::transport::{Relays, SmtpSetupError, SmtpTransport, SmtpUrl, SmtpUrlError, Transport};
use crate::mail::{DkimKey, DkimKeyError, TemplateError, TemplateFaults, Templates};
use crate::service::audit::chain;
use crate::service::doctor::{self, Patient};
use crate::service::{App, Error, schema};
use crate::web::AppState;
use crate::worker::Workers;

pub use crate::db::{Database, DatabaseError};

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
    /// The key that mails are signed with.
    #[error("setting dkim_key_file: {0}")]
    Dkim(#[from] DkimKeyError),
    /// The templates of mails.
    #[error("setting templates_dir: {0}")]
    Templates(#[from] TemplateFaults),
    /// A built-in template.
    #[error(transparent)]
    BuiltInTemplate(#[from] TemplateError),
    /// TLS towards the mail server.
    #[error("setting mail_url: {0}")]
    MailSetup(#[from] SmtpSetupError),
}

/// A database of these settings, whatever its schema; a SQLite file is made if there is none.
pub fn open(url: &str, settings: &Settings) -> Result<Database, DatabaseError> {
    let options = PoolOptions {
        connections_max: settings.database_connections_max,
        pooled_by_transaction: settings.database_pooler == Pooler::Transaction,
        patience: Duration::from_secs(u64::from(settings.database_patience_seconds)),
        ..PoolOptions::default()
    };
    Database::open_with(url, options)
}

/// The same, for what must work without a server. A SQLite file that is not there is not made.
pub fn database(url: &str, settings: &Settings) -> Result<Database, BootError> {
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.starts_with(':'))
        && !Path::new(path).exists()
    {
        return Err(BootError::NoFile(PathBuf::from(path)));
    }
    Ok(open(url, settings)?)
}

/// Everything over `settings`, with migrations applied unless the settings say otherwise. No loop runs yet.
pub fn start(settings: Settings) -> Result<AppState, BootError> {
    let clock = settings.clock.map_or_else(Clock::system, Clock::standing_at);
    let transport = transport_of(&settings.mail_url)?;
    start_with(settings, clock, transport)
}

/// The same with a clock and a transport of the caller's.
pub fn start_with(settings: Settings, clock: Clock, transport: Transport) -> Result<AppState, BootError> {
    let database = open(&settings.database_url, &settings)?;
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
    let dkim = dkim_of(&settings)?.map(Arc::new);
    let templates = templates_of(&settings)?;
    let app = App {
        database,
        clock,
        dkim,
        templates,
        settings: Arc::new(settings),
        figures: Arc::default(),
        group_sizes: Arc::default(),
        places: Arc::default(),
        loads: Arc::default(),
        nights: Arc::default(),
        searches: Arc::default(),
        replica: replica_name().into(),
    };
    chain::start(&app)?;
    let workers = Workers::new(app.clone(), transport);
    Ok(AppState::new(app, workers))
}

/// Examines what these settings lead to, without starting anything.
pub async fn examine(settings: Settings) -> Diagnosis {
    let mail = match transport_of(&settings.mail_url) {
        Ok(transport) => transport.probe().await,
        Err(error) => Err(error.to_string()),
    };
    let examined = tokio::task::spawn_blocking(move || {
        doctor::examine(&Patient {
            strangers: crate::config::strangers(),
            database: database(&settings.database_url, &settings).map_err(|error| error.to_string()),
            clock: settings.clock.map_or_else(Clock::system, Clock::standing_at),
            mail,
            system_zones: doctor::system_zones(),
            cores: doctor::cores(),
            settings: &settings,
        })
    });
    let ended_badly = |error: tokio::task::JoinError| doctor::unreadable_settings(&error.to_string());
    examined.await.unwrap_or_else(ended_badly)
}

/// What this process is called among those on the same database: host, process and a random part, since another
/// container may have the same host and the same process number.
fn replica_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "host" } else { host };
    format!("{host}-{}-{:06x}", std::process::id(), rand::random_range(0..0x0100_0000))
}

/// The templates that mails are put into words with: the built-in ones, and an operator's in their place.
fn templates_of(settings: &Settings) -> Result<Templates, BootError> {
    Ok(match &settings.templates_dir {
        Some(folder) => Templates::with_folder(Path::new(folder))?,
        None => Templates::built_in()?,
    })
}

/// The key that mails are signed with, for the domain of their sender.
fn dkim_of(settings: &Settings) -> Result<Option<DkimKey>, DkimKeyError> {
    let Some(file) = &settings.dkim_key_file else { return Ok(None) };
    let domain = settings.mail_from.rsplit('@').next().unwrap_or_default();
    DkimKey::read(Path::new(file), &settings.dkim_selector, domain).map(Some)
}

fn transport_of(url: &str) -> Result<Transport, BootError> {
    if let Some(folder) = url.strip_prefix("folder:") {
        return Ok(Transport::Folder(PathBuf::from(folder)));
    }
    let mut servers = Vec::new();
    for url in url.split_whitespace() {
        servers.push(SmtpTransport::new(url.parse()?, crate::mail::transport::SmtpTimeouts::default())?);
    }
    if servers.is_empty() {
        // What a blank means is told as what any other text that is no URL.
        url.parse::<SmtpUrl>()?;
    }
    Ok(Transport::Relays(Box::new(Relays::new(servers))))
}
