//! `offpeak programme list`.

use crate::api::campaign::ProgrammeView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List programmes
///
/// Lists the programmes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak programme list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No programme yet. Create one: offpeak programme create yearly-look --every 365d --for 15m";
    context.show_list::<ProgrammeView>("/programmes", &(), &args.paging, empty, render::campaign::programmes)
}
