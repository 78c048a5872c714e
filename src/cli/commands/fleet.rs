//! The fleet: files in, files out, numbers.

mod export;
mod generate;
mod import;
mod summary;

use crate::cli::context::Context;
use crate::cli::error::CliError;

pub(crate) use generate::generate_files;
pub(crate) use import::{read_file, send_files};

/// What `offpeak fleet` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak fleet import merchants.csv sites.csv terminals.csv")]
pub enum FleetCommand {
    Import(import::ImportArgs),
    Generate(generate::GenerateArgs),
    Export(export::ExportArgs),
    Summary(summary::SummaryArgs),
}

impl FleetCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            FleetCommand::Import(args) => import::run(args, context),
            FleetCommand::Generate(args) => generate::run(args, context),
            FleetCommand::Export(args) => export::run(args, context),
            FleetCommand::Summary(args) => summary::run(args, context),
        }
    }
}
