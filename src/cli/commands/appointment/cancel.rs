//! `offpeak appointment cancel`.

use crate::api::Because;
use crate::api::appointment::AppointmentView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Call an appointment off; its merchant is told
///
/// Calls an appointment off. An announced merchant is told; the campaign's work goes back to the planner.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak appointment cancel 17 --reason 'the shop is being rebuilt'")]
pub struct CancelArgs {
    /// The appointment
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Why; the merchant reads it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Runs it.
pub(super) fn run(args: &CancelArgs, context: &Context) -> Result<(), CliError> {
    let because = Because { reason: Some(args.reason.clone()) };
    let cancelled: AppointmentView =
        context.client()?.post(&format!("/appointments/{}/cancel", args.id), &because)?;
    context.output.show(&cancelled, |screen| render::appointment::one(screen, &cancelled))
}
