//! `offpeak plan show`.

use crate::api::plan::PlanView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show a plan's report
///
/// Shows what a plan places, how far it is from the provable optimum, what the checker says, and what has
/// no place.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan show 3")]
pub struct ShowArgs {
    /// The plan
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let plan: PlanView = context.client()?.get(&format!("/plans/{}", args.id))?;
    context.output.show(&plan, |screen| render::plan::one(screen, &plan))
}
