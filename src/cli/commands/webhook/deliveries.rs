//! `offpeak webhook deliveries`.

use crate::api::webhook::{DeliveryQuery, DeliveryView};
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List the messages to a webhook
///
/// Lists the messages to a webhook, the latest first. Those that were given up are `dead`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak webhook deliveries 3 --state dead")]
pub struct DeliveriesArgs {
    /// Its number, as `offpeak webhook list` prints it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Only in this state: pending, delivered, dead
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &DeliveriesArgs, context: &Context) -> Result<(), CliError> {
    let query = DeliveryQuery { state: args.state.clone(), ..DeliveryQuery::default() };
    let path = format!("/webhooks/{}/deliveries", args.id);
    let empty = "No message here. Send one: offpeak webhook ping ID";
    context.show_list::<DeliveryView>(&path, &query, &args.paging, empty, render::webhook::deliveries)
}
