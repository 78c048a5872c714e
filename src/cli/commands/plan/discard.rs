//! `offpeak plan discard`.

use crate::api::Because;
use crate::api::plan::PlanView;
use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Put a draft away
///
/// Puts a draft away; it stays on the list. A search that is still going on is stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan discard 3 --reason 'deadline was wrong'")]
pub struct DiscardArgs {
    /// The plan
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &DiscardArgs, context: &Context) -> Result<(), CliError> {
    let plan: PlanView = context
        .client()?
        .post(&format!("/plans/{}/discard", args.id), &Because { reason: args.reason.clone() })?;
    context.output.show(&plan, |screen| screen.line(format!("Plan {} is put away.", plan.id)))
}
