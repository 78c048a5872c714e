//! `offpeak lock report`.

use crate::api::lock::{LockView, NewLock};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Report that a terminal cannot take payments
///
/// Reports that a terminal cannot take payments. Until it is fixed it counts as down against every budget.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak lock report 0820000042 --cause 'shows \"tamper\" after a fall'")]
pub struct ReportArgs {
    /// Serial number
    #[arg(value_name = "SERIAL")]
    pub serial: String,
    /// What is known of the cause
    #[arg(long, value_name = "TEXT")]
    pub cause: String,
}

/// Runs it.
pub(super) fn run(args: &ReportArgs, context: &Context) -> Result<(), CliError> {
    let lock = NewLock { serial: args.serial.clone(), cause: args.cause.clone() };
    let reported: LockView = context.client()?.post("/locks", &lock)?;
    context.output.show(&reported, |screen| render::fleet::locks(screen, std::slice::from_ref(&reported)))?;
    context.output.hint(&format!("Next, as it goes on: offpeak lock set {} in_repair", reported.id));
    Ok(())
}
