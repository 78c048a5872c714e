//! `offpeak window list`.

use crate::api::calendar::WindowView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List the maintenance windows
///
/// Lists the maintenance windows. The narrowest scope that has a window wins: site, merchant, region,
/// fleet.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak window list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty =
        "No maintenance window yet: nothing can be planned. Add one: offpeak window add '0 1 * * *' --for 5h";
    context.show_list::<WindowView>("/windows", &(), &args.paging, empty, render::calendar::windows)
}
