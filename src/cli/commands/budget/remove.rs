//! `offpeak budget remove`.

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Remove a budget
///
/// Removes a budget. What is already published stays where it stands; the next plan goes by the rules that
/// are left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak budget remove 3")]
pub struct RemoveArgs {
    /// Its number, as `offpeak budget list` prints it
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &RemoveArgs, context: &Context) -> Result<(), CliError> {
    context.client()?.delete(&format!("/budgets/{}", args.id))?;
    context.output.show(&(), |screen| screen.line(format!("Removed budget {}.", args.id)))
}
