//! A whole database, as one thing. Works without a server.

mod copy;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak database` can do.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak database copy --from sqlite:offpeak.db --to postgres://offpeak@db.example/offpeak"
)]
pub enum DatabaseCommand {
    Copy(copy::CopyArgs),
}

impl DatabaseCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            DatabaseCommand::Copy(args) => copy::run(args, context),
        }
    }
}
