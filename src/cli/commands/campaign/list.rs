//! `offpeak campaign list`.

use crate::api::campaign::CampaignView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// List campaigns
///
/// Lists the campaigns.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak campaign list")]
pub struct ListArgs {}

/// Runs it.
pub(super) fn run(_args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No campaign yet. Create one: offpeak campaign create firmware --help";
    context.show_all::<CampaignView>("/campaigns", empty, render::campaign::list)
}
