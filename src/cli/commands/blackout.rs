//! Blackouts: when sites may not be touched.

mod add;
mod list;
mod remove;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak blackout` can do.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak blackout add Christmas --from 2026-12-24 --to 2026-12-26 --yearly"
)]
pub enum BlackoutCommand {
    List(list::ListArgs),
    Add(add::AddArgs),
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
