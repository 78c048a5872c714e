//! `offpeak blackout remove`.

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Remove a blackout
///
/// Removes a blackout. What is already published stays where it stands; the next plan goes by the rules
/// that are left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak blackout remove 3")]
pub struct RemoveArgs {
    /// Its number, as `offpeak blackout list` prints it
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &RemoveArgs, context: &Context) -> Result<(), CliError> {
    context.client()?.delete(&format!("/blackouts/{}", args.id))?;
    context.output.show(&(), |screen| screen.line(format!("Removed blackout {}.", args.id)))
}
