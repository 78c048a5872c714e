//! `offpeak campaign show`.

use crate::api::campaign::CampaignView;
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show one campaign and how far it is
///
/// Shows what a campaign does, to whom, until when, and its appointments by state.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak campaign show fw-3.2.0")]
pub struct ShowArgs {
    /// The campaign
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Runs it.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let campaign: CampaignView =
        context.client()?.get(&format!("/campaigns/{}", path_segment(&args.name)))?;
    context.output.show(&campaign, |screen| render::campaign::one(screen, &campaign))
}
