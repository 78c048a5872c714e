//! `offpeak plan diff`.

use crate::api::plan::PlanDiff;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show what a plan would change of what stands now
///
/// Shows what publishing a plan would change of what stands now: `+` added, `~` moved, `!` without a
/// place.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan diff 3")]
pub struct DiffArgs {
    /// The plan
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &DiffArgs, context: &Context) -> Result<(), CliError> {
    let diff: PlanDiff = context.client()?.get(&format!("/plans/{}/diff", args.id))?;
    context.output.show(&diff, |screen| render::plan::diff(screen, &diff))
}
