//! Disruption budgets: how many terminals of a group may be down at once.

mod add;
mod list;
mod remove;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak budget` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak budget add region --percent 5")]
pub enum BudgetCommand {
    List(list::ListArgs),
    Add(add::AddArgs),
    Remove(remove::RemoveArgs),
}

impl BudgetCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            BudgetCommand::List(args) => list::run(args, context),
            BudgetCommand::Add(args) => add::run(args, context),
            BudgetCommand::Remove(args) => remove::run(args, context),
        }
    }
}
