//! `offpeak fleet import`: files in, all or nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::api::fleet::ImportReport;
use crate::cli::client::UploadFile;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Import merchants, sites and terminals, all or nothing
///
/// Reads merchants.csv, sites.csv and terminals.csv (UTF-8, with or without BOM) or JSON Lines, in any
/// order. The kind of a file is known by its name. Rows are matched by merchant number, site code and
/// serial number: new ones are created, different ones are updated. Either every file goes in or nothing
/// does; every bad row is reported with file, line, column, value and remedy. Importing the same files
/// again changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak fleet import merchants.csv sites.csv terminals.csv\n  \
                        offpeak fleet import fleet/*.csv --dry-run")]
pub struct ImportArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only say what would happen
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct Query {
    dry_run: bool,
}

/// Runs it.
pub(super) fn run(args: &ImportArgs, context: &Context) -> Result<(), CliError> {
    let files = args.files.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, _>>()?;
    let report = send_files(context, files, args.dry_run)?;
    context.output.show(&report, |screen| render::fleet::import(screen, &report))?;
    if !report.dry_run {
        context.output.hint("Next: offpeak fleet summary, then offpeak window add");
    }
    Ok(())
}

/// Sends the files.
pub(crate) fn send_files(
    context: &Context,
    files: Vec<UploadFile>,
    dry_run: bool,
) -> Result<ImportReport, CliError> {
    context.client()?.upload("/fleet/import", &Query { dry_run }, files)
}

/// Reads a file for sending; reports call it by the name that was given.
pub(crate) fn read_file(path: &Path) -> Result<UploadFile, CliError> {
    let content = std::fs::read(path).map_err(|error| CliError::file("read", path, &error))?;
    Ok(UploadFile { name: path.display().to_string(), content })
}
