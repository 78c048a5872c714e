//! `offpeak blackout list`.

use crate::api::calendar::BlackoutView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List the blackouts
///
/// Lists the spans in which a scope is not touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak blackout list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty =
        "No blackout yet. Add one: offpeak blackout add Christmas --from 2026-12-24 --to 2026-12-26 --yearly";
    context.show_list::<BlackoutView>("/blackouts", &(), &args.paging, empty, render::calendar::blackouts)
}
