//! The database's schema: how it stands, up, and back. Works without a server.

mod down;
mod status;
mod up;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak migrate` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak migrate status\n  offpeak migrate up")]
pub enum MigrateCommand {
    Status(status::StatusArgs),
    Up(up::UpArgs),
    Down(down::DownArgs),
}

impl MigrateCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            MigrateCommand::Status(_) => status::run(context),
            MigrateCommand::Up(_) => up::run(context),
            MigrateCommand::Down(args) => down::run(args, context),
        }
    }
}
