//! Blackouts: when sites may not be touched.

mod add;
mod list;
mod remove;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak blackout` can do.
#[derive(Debug, clap::Subcommand)]
pub enum BlackoutCommand {
    /// List the blackouts
    List(list::ListArgs),
    /// Add a blackout
    Add(add::AddArgs),
    /// Remove a blackout
    Remove(remove::RemoveArgs),
}

impl BlackoutCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            BlackoutCommand::List(args) => list::run(args, context),
            BlackoutCommand::Add(args) => add::run(args, context),
            BlackoutCommand::Remove(args) => remove::run(args, context),
        }
    }
}
