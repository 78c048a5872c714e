//! `offpeak migrate status`.

use crate::api::schema::VersionState;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::local::{database, from_service};
use crate::cli::output::{Table, plural};
use crate::service::schema;

/// See which versions of the schema the database has
///
/// Lists the versions of the schema: applied, pending (this binary carries it, the database lacks it), unknown (a
/// newer release added it; this binary works beside it) or too new (a newer release took something away that this
/// binary needs). Reads only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak migrate status --database sqlite:/var/lib/offpeak/offpeak.db")]
pub struct StatusArgs {}

/// Runs it.
pub(super) fn run(context: &Context) -> Result<(), CliError> {
    let database = database(&context.globals)?;
    let status = schema::status(&database).map_err(|error| from_service(&error))?;
    context.output.show(&status, |screen| {
        let mut table = Table::new(["version", "state", "name"]);
        for version in &status.versions {
            let state = match version.state {
                VersionState::Applied => "applied",
                VersionState::Pending => "pending",
                VersionState::Unknown => "unknown",
                VersionState::TooNew => "too new",
            };
            table.row([version.version.clone(), state.to_owned(), version.name.clone().unwrap_or_default()]);
        }
        screen.table(table);
    })?;
    let pending = status.count(VersionState::Pending);
    if status.count(VersionState::TooNew) > 0 {
        context.output.hint("This binary cannot work on this database: start the newer release.");
    } else if pending > 0 {
        context.output.hint(&format!("{} to apply: offpeak migrate up", plural(pending, "version")));
    }
    Ok(())
}
