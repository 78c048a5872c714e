//! Maintenance windows: when sites may be touched.

mod add;
mod list;
mod preview;
mod remove;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak window` can do.
#[derive(Debug, clap::Subcommand)]
pub enum WindowCommand {
    /// List the maintenance windows
    List(list::ListArgs),
    /// Add a maintenance window
    Add(add::AddArgs),
    /// Remove a maintenance window
    Remove(remove::RemoveArgs),
    /// Print the next openings, in local time and UTC
    Preview(preview::PreviewArgs),
}

impl WindowCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            WindowCommand::List(args) => list::run(args, context),
            WindowCommand::Add(args) => add::run(args, context),
            WindowCommand::Remove(args) => remove::run(args, context),
            WindowCommand::Preview(args) => preview::run(args, context),
        }
    }
}
