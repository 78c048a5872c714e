//! `offpeak terminal show`.

use crate::api::fleet::TerminalHistory;
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show one terminal with all that happened to it
///
/// Shows a terminal, its site and merchant, its appointments and locks, and when it can be touched next.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak terminal show 0820000042")]
pub struct ShowArgs {
    /// Serial number
    #[arg(value_name = "SERIAL")]
    pub serial: String,
}

/// Runs it.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let history: TerminalHistory =
        context.client()?.get(&format!("/terminals/{}", path_segment(&args.serial)))?;
    context.output.show(&history, |screen| render::fleet::history(screen, &history))
}
