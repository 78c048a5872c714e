//! Locks: terminals that cannot take payments.

mod list;
mod report;
mod set;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak lock` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak lock report 0820000042 --cause 'no answer after a restart'")]
pub enum LockCommand {
    List(list::ListArgs),
    Report(report::ReportArgs),
    Set(set::SetArgs),
}

impl LockCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            LockCommand::List(args) => list::run(args, context),
            LockCommand::Report(args) => report::run(args, context),
            LockCommand::Set(args) => set::run(args, context),
        }
    }
}
