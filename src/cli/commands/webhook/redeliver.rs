//! `offpeak webhook redeliver`.

use crate::api::webhook::DeliveryView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Send a message again
///
/// Sends a message again that has arrived or was given up, under the same id.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak webhook redeliver 3 4711")]
pub struct RedeliverArgs {
    /// The webhook's number
    #[arg(value_name = "ID")]
    pub id: i64,
    /// The message's number, as `offpeak webhook deliveries` prints it
    #[arg(value_name = "DELIVERY")]
    pub delivery: i64,
}

/// Runs it.
pub(super) fn run(args: &RedeliverArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/webhooks/{}/deliveries/{}/redeliver", args.id, args.delivery);
    let delivery: DeliveryView = context.client()?.post(&path, &serde_json::json!({}))?;
    context.output.show(&delivery, |screen| {
        render::webhook::deliveries(screen, std::slice::from_ref(&delivery));
    })
}
