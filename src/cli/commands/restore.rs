//! `offpeak restore`.

use std::path::PathBuf;

use crate::cli::confirm::{Confirmation, confirmed};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::local::{from_service, sqlite_file};
use crate::cli::output::{count, plural};
use crate::clock::Clock;
use crate::service::backup;

/// Put a backup in the SQLite database's place
///
/// Looks the backup through first, and does nothing while somebody has the database open: stop `offpeak serve`. The
/// database of before is kept beside the new one, with `before-restore` and the time in its name. Mails that went
/// out after the backup are not known to it, and may go out again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak restore /var/backups/offpeak.db --yes")]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Confirmation
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Runs it.
pub(super) fn run(args: &RestoreArgs, context: &Context) -> Result<(), CliError> {
    let database = sqlite_file(&context.globals, false)?;
    let verified = backup::verify(&args.file).map_err(|error| from_service(&error))?;
    if !backup::is_closed(&database) {
        let detail = format!("somebody has {} open; nothing was changed", database.display());
        return Err(CliError::new(ErrorKind::Conflict, detail).hint("Stop `offpeak serve` first."));
    }
    if database.exists() {
        let what = format!(
            "{} is replaced by {} with {}; the file of before is kept beside it",
            database.display(),
            args.file.display(),
            plural(verified.rows().values().sum::<u64>(), "row")
        );
        confirmed(context, &args.confirmation, &what)?;
    }
    let report =
        backup::restore(&verified, &database, &Clock::system()).map_err(|error| from_service(&error))?;
    context.output.show(&report, |screen| {
        let rows: u64 = report.rows.values().sum();
        screen.line(format!("{} holds {} rows of schema {}", report.database, count(rows), report.schema));
        if let Some(kept) = &report.kept {
            screen.line(format!("before: {kept}"));
        }
    })
}
