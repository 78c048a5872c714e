//! `offpeak appointment pin|unpin`: what plans leave where it is.

use crate::api::appointment::{BatchAction, BatchItem, BatchRequest, BatchResult};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Which appointments.
#[derive(Debug, clap::Args)]
pub struct PinArgs {
    /// The appointments: all of them, or none
    #[arg(value_name = "ID", required = true, num_args = 1..)]
    pub ids: Vec<i64>,
    /// Why; the audit trail keeps it
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only say whether it is possible
    #[arg(long)]
    pub dry_run: bool,
}

/// Pins them, or lets plans move them again.
pub(super) fn run(args: &PinArgs, action: BatchAction, context: &Context) -> Result<(), CliError> {
    let item = |id: &i64| BatchItem { id: *id, at: None, shift_minutes: None, etag: None };
    let request = BatchRequest {
        action,
        items: args.ids.iter().map(item).collect(),
        reason: args.reason.clone(),
        dry_run: args.dry_run,
    };
    let result: BatchResult = context.client()?.post("/appointments/batch", &request)?;
    context.output.show(&result, |screen| {
        if args.dry_run {
            screen.line("Possible. It was a dry run: nothing was written.");
        }
        render::appointment::list(screen, &result.appointments);
    })
}
