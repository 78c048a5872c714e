//! `offpeak appointment show`.

use crate::api::appointment::AppointmentView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show one appointment
///
/// Shows one appointment: when, where, what for, and whether its merchant was told.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak appointment show 17")]
pub struct ShowArgs {
    /// The appointment
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let appointment: AppointmentView = context.client()?.get(&format!("/appointments/{}", args.id))?;
    context.output.show(&appointment, |screen| render::appointment::one(screen, &appointment))
}
