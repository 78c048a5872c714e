//! Maintenance windows: when sites may be touched.

mod add;
mod list;
mod preview;
mod remove;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak window` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak window add '0 1 * * *' --for 5h")]
pub enum WindowCommand {
    List(list::ListArgs),
    Add(add::AddArgs),
    Remove(remove::RemoveArgs),
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
