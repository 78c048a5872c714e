//! `offpeak programme create`.

use crate::api::campaign::{NewProgramme, ProgrammeView};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::{render, values};
use crate::domain::campaign::Recurrence;

/// Create a programme
///
/// Creates a recurring inspection: for each terminal so long after its last one, or for the whole
/// selection at the times of a crontab line. What falls due is raised as a campaign, and planned like any
/// other.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    offpeak programme create half-yearly --every 180d --for 20m --selector 'model = \"A920\"'\n  \
    offpeak programme create first-monday --cron '0 9 1-7 * *' --zone Europe/London \\\n    \
    --for 15m --within 14d")]
#[command(group = clap::ArgGroup::new("when").required(true).args(["every_days", "cron"]))]
pub struct CreateArgs {
    /// Unique name: letters, digits, `.`, `_`, `-`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// So many days after a terminal's last inspection of this programme
    #[arg(id = "every_days", long = "every", value_name = "DAYS", value_parser = values::days)]
    pub every_days: Option<u32>,
    /// At the times of this five-field crontab line
    #[arg(long, value_name = "CRON")]
    pub cron: Option<String>,
    /// IANA zone of the line
    #[arg(long, value_name = "ZONE", requires = "cron", default_value = "UTC")]
    pub zone: String,
    /// Which terminals: a selector, or `all`
    #[arg(long, value_name = "SELECTOR", default_value = "all", long_help = values::selector_help())]
    pub selector: String,
    /// How long a terminal is down
    #[arg(long = "for", value_name = "DURATION", value_parser = values::minutes)]
    pub duration_minutes: u32,
    /// How soon after falling due it must be done [default: 30d]
    #[arg(long = "within", value_name = "DAYS", value_parser = values::days)]
    pub term_days: Option<u32>,
    /// Somebody comes to the site
    #[arg(long)]
    pub on_site: bool,
    /// From 1 (whenever) to 9 (before everything else) [default: 3]
    #[arg(long, value_name = "1-9", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub priority: Option<u8>,
    /// Least time between the announcement and the start [default: the setting notice_lead_minutes]
    #[arg(long = "notice-lead", value_name = "DURATION", value_parser = values::minutes)]
    pub notice_lead_minutes: Option<u32>,
}

/// Runs it.
pub(super) fn run(args: &CreateArgs, context: &Context) -> Result<(), CliError> {
    let recurrence = match (args.every_days, &args.cron) {
        (Some(days), _) => Recurrence::EveryDays { days },
        (None, Some(line)) => Recurrence::Cron { line: line.clone(), zone: args.zone.clone() },
        (None, None) => return Err(CliError::usage("a programme needs --every or --cron")),
    };
    let programme = NewProgramme {
        name: args.name.clone(),
        on_site: args.on_site,
        selector: args.selector.clone(),
        recurrence,
        term_days: args.term_days,
        duration_minutes: args.duration_minutes,
        priority: args.priority,
        notice_lead_minutes: args.notice_lead_minutes,
    };
    let created: ProgrammeView = context.client()?.post("/programmes", &programme)?;
    context
        .output
        .show(&created, |screen| render::campaign::programmes(screen, std::slice::from_ref(&created)))?;
    context.output.hint("Next: offpeak worker run raise (serve does it by itself), then offpeak plan create");
    Ok(())
}
