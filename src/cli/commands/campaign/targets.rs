//! `offpeak campaign targets`.

use crate::api::campaign::Targets;
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show which terminals a campaign picks, and which it skips and why
///
/// Counts the terminals that a campaign's selector picks, those that still need an appointment, and those
/// that are skipped, by reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak campaign targets fw-3.2.0 --skipped")]
pub struct TargetsArgs {
    /// The campaign
    #[arg(value_name = "NAME")]
    pub name: String,
    /// List every skipped terminal too
    #[arg(long)]
    pub skipped: bool,
}

/// Runs it.
pub(super) fn run(args: &TargetsArgs, context: &Context) -> Result<(), CliError> {
    let targets: Targets =
        context.client()?.get(&format!("/campaigns/{}/targets", path_segment(&args.name)))?;
    context.output.show(&targets, |screen| {
        render::campaign::targets(screen, &targets);
        if args.skipped {
            render::campaign::skipped_terminals(screen, &targets);
        }
    })
}
