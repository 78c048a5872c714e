//! `offpeak window add`.

use crate::api::calendar::{NewWindow, WindowView};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::{render, values};

/// Add a maintenance window
///
/// Adds a maintenance window: a five-field crontab line says when it opens, the duration says for how
/// long. The narrowest scope that has a window wins: site, merchant, region, fleet. A window may cross
/// midnight.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak window add '0 1 * * *' --for 5h --cutoff 30m\n  \
                        offpeak window add '0 22 * * Fri,Sat' --for 8h --scope region:north\n\n\
                        Try a line first:\n  offpeak window preview --cron '0 1 * * *' --for 5h --zone Europe/London")]
pub struct AddArgs {
    /// Five-field crontab line: minute, hour, day of month, month, day of week
    #[arg(value_name = "CRON")]
    pub cron: String,
    /// How long it stays open
    #[arg(long = "for", value_name = "DURATION", value_parser = values::minutes)]
    pub duration_minutes: u32,
    /// Where it applies: fleet, region:NAME, merchant:NUMBER or site:CODE
    #[arg(long, value_name = "SCOPE", default_value = "fleet")]
    pub scope: String,
    /// Nothing starts in its last minutes
    #[arg(long = "cutoff", value_name = "DURATION", value_parser = values::minutes)]
    pub cutoff_minutes: Option<u32>,
    /// IANA zone of the crontab line [default: each site's own]
    #[arg(long = "zone", value_name = "ZONE")]
    pub time_zone: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let window = NewWindow {
        scope: args.scope.clone(),
        cron: args.cron.clone(),
        duration_minutes: args.duration_minutes,
        cutoff_minutes: args.cutoff_minutes.unwrap_or(0),
        time_zone: args.time_zone.clone(),
    };
    let added: WindowView = context.client()?.post("/windows", &window)?;
    context.output.show(&added, |screen| render::calendar::windows(screen, std::slice::from_ref(&added)))?;
    context.output.hint("See what it opens for a site: offpeak window preview --site CODE");
    Ok(())
}
