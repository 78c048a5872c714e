//! Terminals.

mod list;
mod set;
mod show;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak terminal` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak terminal show 0820000042")]
pub enum TerminalCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Set(Box<set::SetArgs>),
}

impl TerminalCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            TerminalCommand::List(args) => list::run(args, context),
            TerminalCommand::Show(args) => show::run(args, context),
            TerminalCommand::Set(args) => set::run(args, context),
        }
    }
}
