//! `offpeak webhook ping`.

use crate::api::webhook::DeliveryView;
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::render;

/// Send a test message
///
/// Sends a test message at once, and says what the other side answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak webhook ping 3")]
pub struct PingArgs {
    /// Its number, as `offpeak webhook list` prints it
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &PingArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/webhooks/{}/ping", args.id);
    let delivery: DeliveryView = context.client()?.post(&path, &serde_json::json!({}))?;
    context.output.show(&delivery, |screen| {
        render::webhook::deliveries(screen, std::slice::from_ref(&delivery));
    })?;
    match &delivery.last_error {
        Some(error) if delivery.state != "delivered" => {
            Err(CliError::new(ErrorKind::Refused, format!("the test message did not arrive: {error}")))
        }
        _ => Ok(()),
    }
}
