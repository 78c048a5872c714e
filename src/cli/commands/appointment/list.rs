//! `offpeak appointment list`.

use chrono::{DateTime, Utc};

use crate::api::appointment::{AppointmentQuery, AppointmentView};
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::{render, values};

/// List appointments by start
///
/// Lists appointments by start.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak appointment list --state planned,announced --site S000017-003\n  \
                        offpeak appointment list --from 2026-12-01 --to 2026-12-02"
)]
pub struct ListArgs {
    /// Only in these states: planned, announced, open, running, done, failed, missed, cancelled
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub state: Vec<String>,
    /// Only of this terminal
    #[arg(long = "terminal", value_name = "SERIAL")]
    pub serial: Option<String>,
    /// Only at this site
    #[arg(long, value_name = "CODE")]
    pub site: Option<String>,
    /// Only of this campaign
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// Only ending after
    #[arg(long, value_name = "TIME", value_parser = values::instant)]
    pub from: Option<DateTime<Utc>>,
    /// Only starting before; a date alone includes that day
    #[arg(long, value_name = "TIME", value_parser = values::end_instant)]
    pub to: Option<DateTime<Utc>>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let query = AppointmentQuery {
        state: (!args.state.is_empty()).then(|| args.state.join(",")),
        serial: args.serial.clone(),
        site: args.site.clone(),
        campaign: args.campaign.clone(),
        from: args.from,
        to: args.to,
        ..AppointmentQuery::default()
    };
    let empty = "No appointment here. Plan some: offpeak plan create, then offpeak plan publish ID";
    context.show_list::<AppointmentView>(
        "/appointments",
        &query,
        &args.paging,
        empty,
        render::appointment::list,
    )
}
