//! `offpeak migrate up`.

use crate::boot;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::local::{from_service, not_started, settings, without_server};
use crate::service::schema;

/// Bring the schema up to date
///
/// Applies the versions that are pending, all of them or none. `offpeak serve` does the same when it starts, unless
/// the setting migrate_at_start is false. A database that is not there yet is made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak migrate up --database postgres://offpeak@db.example/offpeak")]
pub struct UpArgs {}

/// Runs it.
pub(super) fn run(context: &Context) -> Result<(), CliError> {
    without_server(&context.globals)?;
    let settings = settings(&context.globals)?;
    let database =
        boot::open(&settings.database_url, &settings).map_err(|error| not_started(error.into()))?;
    let applied = schema::up(&database).map_err(|error| from_service(&error))?;
    context.output.show(&serde_json::json!({ "applied": applied }), |screen| {
        if applied.is_empty() {
            screen.line("Nothing to do: the schema is up to date.");
        }
        for version in &applied {
            screen.line(format!("applied  {version}"));
        }
    })
}
