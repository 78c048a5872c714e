//! `offpeak campaign list`.

use crate::api::campaign::CampaignView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List campaigns
///
/// Lists the campaigns.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak campaign list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No campaign yet. Create one: offpeak campaign create firmware --help";
    context.show_list::<CampaignView>("/campaigns", &(), &args.paging, empty, render::campaign::list)
}
