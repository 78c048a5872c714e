//! `offpeak plan cancel`.

use crate::api::Because;
use crate::api::plan::PlanView;
use crate::cli::context::Context;
use crate::cli::error::CliError;

/// End a search with the best plan so far
///
/// The search ends soon, and what it has found becomes a draft that is marked as cut short. A search that has not
/// placed anything yet leaves nothing: its plan is put away.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan cancel 3 --reason 'good enough'")]
pub struct CancelArgs {
    /// The plan
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &CancelArgs, context: &Context) -> Result<(), CliError> {
    let plan: PlanView = context
        .client()?
        .post(&format!("/plans/{}/cancel", args.id), &Because { reason: args.reason.clone() })?;
    context.output.show(&plan, |screen| {
        screen.line(format!("The search for plan {} ends with the best so far.", plan.id));
    })?;
    context.output.hint(&format!("See what it has found: offpeak plan show {}", plan.id));
    Ok(())
}
