//! `offpeak plan list`.

use crate::api::plan::PlanView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List plans, the latest first
///
/// Lists the plans, the latest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No plan yet. Make one: offpeak plan create";
    context.show_list::<PlanView>("/plans", &(), &args.paging, empty, render::plan::list)
}
