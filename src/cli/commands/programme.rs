//! Programmes: inspections that keep raising themselves.

mod change;
mod create;
mod list;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak programme` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak programme create half-yearly --every 180d --for 20m")]
pub enum ProgrammeCommand {
    Create(create::CreateArgs),
    List(list::ListArgs),
    /// Let a programme raise nothing for the time being
    #[command(
        after_help = "Example:\n  offpeak programme pause half-yearly --reason 'no technicians in August'"
    )]
    Pause(change::ChangeArgs),
    /// Let it raise work again
    #[command(after_help = "Example:\n  offpeak programme resume half-yearly")]
    Resume(change::ChangeArgs),
}

impl ProgrammeCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            ProgrammeCommand::Create(args) => create::run(args, context),
            ProgrammeCommand::List(args) => list::run(args, context),
            ProgrammeCommand::Pause(args) => change::run("pause", args, context),
            ProgrammeCommand::Resume(args) => change::run("resume", args, context),
        }
    }
}
