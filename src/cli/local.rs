//! Offpeak in this process: the settings, the database, the router, the runtime that its work runs on.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::api::doctor::Diagnosis;
use crate::boot::{self, BootError, Database, DatabaseError};
use crate::cli::Globals;
use crate::cli::client::{Client, InProcess};
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::Output;
use crate::config::{Origin, SETTINGS, Settings};

use crate::service::Actor;
use crate::service::account::set_up;
use crate::service::doctor::unreadable_settings;
use crate::web::{self, AppState, ServeError};

/// Offpeak on a database of this machine, or on one that this machine reaches.
pub(crate) struct Local {
    runtime: Arc<Runtime>,
    state: AppState,
}

/// The settings that the command line names.
pub(crate) fn settings(globals: &Globals) -> Result<Settings, CliError> {
    settings_with_origins(globals).map(|(settings, _)| settings)
}

/// The same, and where each comes from.
pub(crate) fn settings_with_origins(globals: &Globals) -> Result<(Settings, Vec<Origin>), CliError> {
    if let Some(path) = globals.config.as_deref().filter(|path| !path.exists()) {
        return Err(CliError::new(
            ErrorKind::NotFound,
            format!("the configuration file {} is not there", path.display()),
        ));
    }
    let (mut settings, mut origins) = Settings::load_with_origins(globals.config.as_deref())
        .map_err(|error| CliError::usage(error.to_string()))?;
    if let Some(database) = &globals.database {
        settings.database_url.clone_from(database);
        let place = SETTINGS.iter().position(|setting| setting.name == "database_url");
        if let Some(origin) = place.and_then(|place| origins.get_mut(place)) {
            *origin = Origin::Flag("--database");
        }
    }
    Ok((settings, origins))
}

impl Local {
    /// Opens the database and brings its schema up to date. No background loop runs.
    pub(crate) fn open(settings: Settings) -> Result<Self, CliError> {
        let runtime = runtime()?;
        let state = boot::start(settings).map_err(not_started)?;
        Ok(Local { runtime: Arc::new(runtime), state })
    }

    /// A client of the very router that [`Local::serve`] serves; what it does is done by the system's user.
    pub(crate) fn client(&self) -> Client {
        let router = web::router(self.state.clone());
        Client::new(InProcess::new(Arc::clone(&self.runtime), router).acting_as(Actor::local()))
    }

    /// Serves the page and the API, and runs the loops, until Ctrl-C or SIGTERM. Says where as soon as it listens.
    pub(crate) fn serve(&self, listen: &str, output: &Output) -> Result<(), CliError> {
        let mut told = Ok(());
        let app = self.state.app();
        let link = set_up::first(app).map_err(|error| from_service(&error))?;
        let served =
            self.runtime.block_on(web::serve(self.state.clone(), listen, stop_signal(), |address| {
                let url = format!("http://{address}");
                told = output.show(&serde_json::json!({ "url": url }), |screen| {
                    screen.blank();
                    screen.line(format!("Offpeak is at {}", console::style(&url).bold().underlined()));
                });
                if let Some(link) = &link {
                    // Not into the log, which others read: whoever started the server sees it.
                    output.urgent(&format!(
                        "Nobody can sign in yet. Set up the first administrator, once, until {}:\n{}",
                        link.expires_at.format("%Y-%m-%d %H:%M UTC"),
                        link.address(app, Some(&address.to_string()))
                    ));
                }
                output.hint("Ctrl-C stops it; what is under way is finished first.");
            }));
        served.map_err(|error| match error {
            ServeError::Address(_) | ServeError::Open(_) | ServeError::MailFromAnywhere(_) => {
                CliError::usage(error.to_string())
            }
            ServeError::Listen { .. } => CliError::new(ErrorKind::Unavailable, error.to_string())
                .hint("Another port: --listen 127.0.0.1:8081"),
            ServeError::Broken(_) => CliError::internal(error.to_string()),
        })?;
        told
    }
}

async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// The database that the command line names, as it is: for commands that work without a server.
pub(crate) fn database(globals: &Globals) -> Result<Database, CliError> {
    without_server(globals)?;
    let settings = settings(globals)?;
    boot::database(&settings.database_url, &settings).map_err(not_started)
}

/// Examines what the command line names.
pub(crate) fn examine(globals: &Globals) -> Result<Diagnosis, CliError> {
    match settings(globals) {
        Ok(settings) => Ok(runtime()?.block_on(boot::examine(settings))),
        Err(error) => Ok(unreadable_settings(&error.detail)),
    }
}

fn runtime() -> Result<Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::internal(format!("no thread can be started: {error}")))
}

/// The SQLite file that the command line names, for commands that work on the file itself.
pub(crate) fn sqlite_file(globals: &Globals, must_exist: bool) -> Result<PathBuf, CliError> {
    without_server(globals)?;
    let url = settings(globals)?.database_url;
    let Some(path) = url.strip_prefix("sqlite:") else {
        return Err(CliError::usage(
            "this command works on a SQLite file; a PostgreSQL database has its own tools",
        )
        .hint("pg_dump and pg_restore, or pg_basebackup: see docs/backup.md."));
    };
    let path = PathBuf::from(path);
    if must_exist && !path.exists() {
        return Err(not_started(BootError::NoFile(path)));
    }
    Ok(path)
}

/// Refuses `--server` where it means nothing.
pub(crate) fn without_server(globals: &Globals) -> Result<(), CliError> {
    if globals.server.is_none() {
        return Ok(());
    }
    Err(CliError::usage("this command works on a database, not on a server")
        .hint("Leave out --server, and unset OFFPEAK_SERVER."))
}

/// What a failure to start means here.
pub(crate) fn not_started(error: BootError) -> CliError {
    let kind = match &error {
        BootError::Schema(error) => return from_service(error),
        BootError::NoFile(_) => ErrorKind::NotFound,
        BootError::Database(DatabaseError::UnknownScheme(_) | DatabaseError::NoTls(_))
        | BootError::MailUrl(_)
        | BootError::MailSetup(_)
        | BootError::Dkim(_)
        | BootError::Templates(_) => ErrorKind::Usage,
        BootError::BuiltInTemplate(_) => ErrorKind::Internal,
        BootError::Database(_) => ErrorKind::Unavailable,
    };
    CliError::new(kind, error.to_string())
}

/// What a use case's failure means where it was asked without the API in between.
pub(crate) fn from_service(error: &crate::service::Error) -> CliError {
    use crate::service::Error;
    let kind = match error {
        Error::NotFound { .. } | Error::Link(_) => ErrorKind::NotFound,
        Error::Invalid { .. } | Error::Fields(_) => ErrorKind::Usage,
        Error::Conflict(_) | Error::Fenced { .. } | Error::Changed { .. } => ErrorKind::Conflict,
        Error::ApprovalNeeded(_) => ErrorKind::Waiting,
        Error::Forbidden(_)
        | Error::OutOfScope(_)
        | Error::Refused(_)
        | Error::Batch(_)
        | Error::BadRows { .. }
        | Error::Unverified(_) => ErrorKind::Refused,
        Error::Database(_) => ErrorKind::Unavailable,
        Error::Query(_) | Error::Corrupt(_) => ErrorKind::Internal,
    };
    CliError::new(kind, error.to_string())
}
