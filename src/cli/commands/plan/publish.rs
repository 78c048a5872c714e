//! `offpeak plan publish`.

use crate::api::Because;
use crate::api::plan::PlanView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{count, plural};

/// Verify a plan and make it stand: appointments and mails in one step
///
/// Verifies a draft with the independent checker and makes it stand: its appointments and the mails that
/// announce them are written in one transaction, or nothing is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan publish 3 --reason 'agreed with the help desk'")]
pub struct PublishArgs {
    /// The plan
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &PublishArgs, context: &Context) -> Result<(), CliError> {
    let plan: PlanView = context
        .client()?
        .post(&format!("/plans/{}/publish", args.id), &Because { reason: args.reason.clone() })?;
    context.output.show(&plan, |screen| screen.line(sentence(&plan)))?;
    if plan.report.as_ref().is_some_and(|report| report.merchants > 0) {
        context
            .output
            .hint("The mails wait in the outbox: offpeak serve sends them, or offpeak worker run notify.");
    }
    Ok(())
}

/// What publishing did.
pub fn sentence(plan: &PlanView) -> String {
    match &plan.report {
        Some(report) => format!(
            "Plan {} is published: {}, {} moved, {} kept; {} will be told.",
            plan.id,
            plural(report.placed, "new appointment"),
            count(report.moved),
            count(report.kept),
            plural(report.merchants, "merchant")
        ),
        None => format!("Plan {} is published.", plan.id),
    }
}
