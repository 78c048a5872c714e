//! `offpeak problem`: the planner's problem as a file.

mod export;
mod generate;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cli::commands::solve::names_gzip;
use crate::cli::context::Context;
use crate::cli::error::CliError;

pub use generate::ShapeArg;

/// What `offpeak problem` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak problem export -o problem.json")]
pub enum ProblemCommand {
    Export(export::ExportArgs),
    Generate(generate::GenerateArgs),
}

impl ProblemCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            ProblemCommand::Export(args) => export::run(args, context),
            ProblemCommand::Generate(args) => generate::run(args, context),
        }
    }
}

/// Writes a problem file, gzipped if its name says so.
fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let written = File::create(path).and_then(|mut file| {
        if !names_gzip(path) {
            return write(&mut file);
        }
        let mut packed = GzEncoder::new(file, Compression::default());
        write(&mut packed)?;
        packed.finish()?.flush()
    });
    written.map_err(|error| CliError::file("write", path, &error))
}
