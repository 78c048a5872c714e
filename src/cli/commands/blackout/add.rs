//! `offpeak blackout add`.

use crate::api::calendar::{BlackoutView, NewBlackout};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Add a blackout
///
/// Adds a span in which a scope is not touched, once or every year.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak blackout add Christmas --from 2026-12-24 --to 2026-12-26 --yearly\n  \
                        offpeak blackout add 'Singles Day' --from 2026-11-10T18:00 --to 2026-11-12 --scope region:east"
)]
pub struct AddArgs {
    /// What people call it
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Local date, or date and time: 2026-12-24 or 2026-12-24T18:00
    #[arg(long, value_name = "LOCAL")]
    pub from: String,
    /// Local date (that day included), or date and time (not included)
    #[arg(long, value_name = "LOCAL")]
    pub to: String,
    /// Where it applies: fleet, or a group as region:north, merchant:M1, site:S1, host:h1, model:A920, tag:floor:2
    #[arg(long, value_name = "SCOPE", default_value = "fleet")]
    pub scope: String,
    /// Every year on these dates
    #[arg(long)]
    pub yearly: bool,
    /// IANA zone of the times [default: each site's own]
    #[arg(long = "zone", value_name = "ZONE")]
    pub time_zone: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let blackout = NewBlackout {
        name: args.name.clone(),
        scope: args.scope.clone(),
        // A blank between date and time is what people type; the API takes the `T`.
        from: args.from.trim().replace(' ', "T"),
        to: args.to.trim().replace(' ', "T"),
        yearly: args.yearly,
        time_zone: args.time_zone.clone(),
    };
    let added: BlackoutView = context.client()?.post("/blackouts", &blackout)?;
    context.output.show(&added, |screen| render::calendar::blackouts(screen, std::slice::from_ref(&added)))
}
