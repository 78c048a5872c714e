//! `offpeak budget list`.

use crate::api::budget::BudgetView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List the budgets
///
/// Lists the disruption budgets. All of them hold at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak budget list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No budget yet: nothing limits how many terminals are down at once. Add one: offpeak budget add fleet --percent 5";
    context.show_list::<BudgetView>("/budgets", &(), &args.paging, empty, render::calendar::budgets)
}
