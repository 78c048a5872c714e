//! `offpeak appointment move`.

use crate::api::appointment::{AppointmentView, MoveRequest};
use crate::cli::context::{Context, shell_quoted};
use crate::cli::error::CliError;
use crate::cli::render;

/// Move an appointment; its merchant is told
///
/// Moves an appointment to a time of your choice, under every rule that plans keep. What a rule refuses is
/// said, with the nearest legal time and the command for it. An announced merchant is told of the move.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak appointment move 17 --at 'Sat 02:00' --reason 'stock-taking on Friday'"
)]
pub struct MoveArgs {
    /// The appointment
    #[arg(value_name = "ID")]
    pub id: i64,
    /// When: `tonight 02:00`, `Sat 02:00`, `2026-12-01 02:00` in the site's zone, or RFC 3339
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// Why; the merchant reads it
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only say whether it is legal
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs it.
pub(super) fn run(args: &MoveArgs, context: &Context) -> Result<(), CliError> {
    let request = MoveRequest { at: args.at.clone(), reason: args.reason.clone(), dry_run: args.dry_run };
    let moved: AppointmentView = context
        .client()?
        .post(&format!("/appointments/{}/move", args.id), &request)
        .map_err(|error| with_way_out(error, args))?;
    context.output.show(&moved, |screen| {
        if args.dry_run {
            screen.line("Legal. It was a dry run: nothing was written.");
        }
        render::appointment::one(screen, &moved);
    })
}

/// Adds a ready-made command for the nearest legal time.
fn with_way_out(error: CliError, args: &MoveArgs) -> CliError {
    let refusals = error.problem.iter().flat_map(|problem| &problem.refusals);
    let Some(nearest) = refusals.filter_map(|refusal| refusal.nearest_legal_at).max() else { return error };
    let at = nearest.format("%Y-%m-%dT%H:%M:%SZ");
    let reason = args.reason.as_deref().map(|reason| format!(" --reason {}", shell_quoted(reason)));
    error.hint(format!(
        "Nearest legal time: offpeak appointment move {} --at {at}{}",
        args.id,
        reason.unwrap_or_default()
    ))
}
