//! `offpeak window list`.

use crate::api::calendar::WindowView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// List the maintenance windows
///
/// Lists the maintenance windows. The narrowest scope that has a window wins: site, merchant, region,
/// fleet.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak window list")]
pub struct ListArgs {}

/// Runs it.
pub(super) fn run(_args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty =
        "No maintenance window yet: nothing can be planned. Add one: offpeak window add '0 1 * * *' --for 5h";
    context.show_all::<WindowView>("/windows", empty, render::calendar::windows)
}
