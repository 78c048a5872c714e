//! Locks: terminals that cannot take payments.

mod list;
mod report;
mod set;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak lock` can do.
#[derive(Debug, clap::Subcommand)]
pub enum LockCommand {
    /// List locks, open ones first
    List(list::ListArgs),
    /// Report that a terminal cannot take payments
    Report(report::ReportArgs),
    /// Say how far a lock is
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
