//! `offpeak backup`.

use std::path::PathBuf;

use crate::api::backup::BackupReport;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::local::{from_service, sqlite_file};
use crate::cli::output::{count, plural};
use crate::service::backup;

/// Write a backup of the SQLite database, while the service runs
///
/// Writes the database as it stands at one moment to a file, while the service goes on reading and writing; looks
/// the file through and only then gives it its name. Writers wait for nothing. The file holds merchants' addresses:
/// only its owner may read it. A PostgreSQL database is backed up with its own tools: docs/backup.md says how.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak backup /var/backups/offpeak.db --replace")]
pub struct BackupArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace the file if it is there, once the new one is verified
    #[arg(long)]
    pub replace: bool,
}

/// Runs it.
pub(super) fn run(args: &BackupArgs, context: &Context) -> Result<(), CliError> {
    let database = sqlite_file(&context.globals, true)?;
    let report: BackupReport =
        backup::create(&database, &args.file, args.replace).map_err(|error| from_service(&error))?;
    context.output.show(&report, |screen| {
        screen.line(format!(
            "{}: {} in {}, {} bytes, verified",
            report.file,
            plural(report.rows.values().sum::<u64>(), "row"),
            plural(report.rows.len(), "table"),
            count(report.bytes)
        ));
    })
}
