//! `offpeak window preview`.

use chrono::{DateTime, Utc};

use crate::api::calendar::{Preview, PreviewRequest};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::{render, values};

/// Print the next openings, in local time and UTC
///
/// Prints the next openings of a site (all that applies to it, blackouts taken off), or of a crontab line
/// that is not saved yet. Local time and UTC stand side by side; nights on which the clocks change say so.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak window preview --site S000017-003\n  \
                        offpeak window preview --cron '0 2 * * *' --for 2h --zone Europe/London --from 2027-03-26")]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["site", "cron"]))]
pub struct PreviewArgs {
    /// The site, by its code
    #[arg(long, value_name = "CODE")]
    pub site: Option<String>,
    /// A five-field crontab line to try
    #[arg(long, value_name = "CRON")]
    pub cron: Option<String>,
    /// How long the line's window stays open [default: 2h]
    #[arg(long = "for", value_name = "DURATION", value_parser = values::minutes, conflicts_with = "site")]
    pub duration_minutes: Option<u32>,
    /// Nothing starts in its last minutes
    #[arg(long = "cutoff", value_name = "DURATION", value_parser = values::minutes, conflicts_with = "site")]
    pub cutoff_minutes: Option<u32>,
    /// IANA zone of the line [default: UTC]
    #[arg(long = "zone", value_name = "ZONE", conflicts_with = "site")]
    pub time_zone: Option<String>,
    /// From when [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::instant)]
    pub from: Option<DateTime<Utc>>,
    /// How many openings
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub count: usize,
}

/// Runs it.
pub(super) fn run(args: &PreviewArgs, context: &Context) -> Result<(), CliError> {
    let request = PreviewRequest {
        site: args.site.clone(),
        cron: args.cron.clone(),
        scope: None,
        duration_minutes: args.duration_minutes,
        cutoff_minutes: args.cutoff_minutes,
        time_zone: args.time_zone.clone(),
        from: args.from,
        count: Some(args.count),
    };
    let preview: Preview = context.client()?.post("/windows/preview", &request)?;
    context.output.show(&preview, |screen| render::calendar::preview(screen, &preview))
}
