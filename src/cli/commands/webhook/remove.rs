//! `offpeak webhook remove`.

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Remove a webhook
///
/// Removes a webhook, and the messages to it that have not arrived.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak webhook remove 3")]
pub struct RemoveArgs {
    /// Its number, as `offpeak webhook list` prints it
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &RemoveArgs, context: &Context) -> Result<(), CliError> {
    context.client()?.delete(&format!("/webhooks/{}", args.id))?;
    context.output.show(&(), |screen| screen.line(format!("Removed webhook {}.", args.id)))
}
