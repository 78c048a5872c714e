//! `offpeak fleet summary`: the fleet in numbers.

use crate::api::fleet::FleetSummary;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Count the fleet
///
/// Counts merchants, sites and terminals, by region, model and firmware.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak fleet summary")]
pub struct SummaryArgs {}

/// Runs it.
pub(super) fn run(_args: &SummaryArgs, context: &Context) -> Result<(), CliError> {
    let summary: FleetSummary = context.client()?.get("/fleet")?;
    context.output.show(&summary, |screen| render::fleet::summary(screen, &summary))?;
    if summary.terminals == 0 {
        context.output.hint(
            "Import one: offpeak fleet import merchants.csv sites.csv terminals.csv\n\
             Or make one up: offpeak fleet generate --terminals 500 --out fleet",
        );
    }
    Ok(())
}
