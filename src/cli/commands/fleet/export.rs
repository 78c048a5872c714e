//! `offpeak fleet export`: the files that import reads.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Write the files that import reads
///
/// Writes merchants, sites and terminals as files that `offpeak fleet import` reads back without a change.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak fleet export --out backup --format jsonl")]
pub struct ExportArgs {
    /// Folder to write into; it is made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Format of the files
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub format: Format,
}

/// Format of fleet files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

#[derive(Serialize)]
struct Query {
    format: Format,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    files: Vec<PathBuf>,
}

/// Runs it.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let extension = match args.format {
        Format::Csv => "csv",
        Format::Jsonl => "jsonl",
    };
    std::fs::create_dir_all(&args.out).map_err(|error| CliError::file("make", &args.out, &error))?;
    let mut written = Written { files: Vec::new() };
    for kind in ["merchants", "sites", "terminals"] {
        let content =
            context.client()?.download(&format!("/fleet/export/{kind}"), &Query { format: args.format })?;
        let path = args.out.join(format!("{kind}.{extension}"));
        std::fs::write(&path, content).map_err(|error| CliError::file("write", &path, &error))?;
        written.files.push(path);
    }
    context.output.show(&written, |screen| {
        for path in &written.files {
            screen.line(format!("wrote {}", path.display()));
        }
    })
}
