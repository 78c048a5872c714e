//! The fleet: files in, files out, numbers.

mod export;
mod generate;
mod import;
mod summary;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak fleet` can do.
#[derive(Debug, clap::Subcommand)]
pub enum FleetCommand {
    /// Import merchants, sites and terminals, all or nothing
    Import(import::ImportArgs),
    /// Write the files of a made-up, realistic fleet
    Generate(generate::GenerateArgs),
    /// Write the files that import reads
    Export(export::ExportArgs),
    /// Count the fleet
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
