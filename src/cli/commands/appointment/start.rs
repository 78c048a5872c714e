//! `offpeak appointment start`.

use crate::api::Because;
use crate::api::appointment::AppointmentView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Report that the work has begun
///
/// Reports that the work of an open appointment has begun: its terminal is down now.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak appointment start 17")]
pub struct StartArgs {
    /// The appointment
    #[arg(value_name = "ID")]
    pub id: i64,
    /// A remark for the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &StartArgs, context: &Context) -> Result<(), CliError> {
    let because = Because { reason: args.reason.clone() };
    let started: AppointmentView =
        context.client()?.post(&format!("/appointments/{}/start", args.id), &because)?;
    context.output.show(&started, |screen| render::appointment::one(screen, &started))
}
