//! `offpeak budget list`.

use crate::api::budget::BudgetView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// List the budgets
///
/// Lists the disruption budgets. All of them hold at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak budget list")]
pub struct ListArgs {}

/// Runs it.
pub(super) fn run(_args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No budget yet: nothing limits how many terminals are down at once. Add one: offpeak budget add fleet --percent 5";
    context.show_all::<BudgetView>("/budgets", empty, render::calendar::budgets)
}
