//! Settings: what holds, and what there is. Needs no database.

mod reference;
mod show;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak config` can do.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak config show\n  offpeak config reference --example > offpeak.toml"
)]
pub enum ConfigCommand {
    Show(show::ShowArgs),
    Reference(reference::ReferenceArgs),
}

impl ConfigCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            ConfigCommand::Show(_) => show::run(context),
            ConfigCommand::Reference(args) => reference::run(args, context),
        }
    }
}
