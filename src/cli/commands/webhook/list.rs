//! `offpeak webhook list`.

use crate::api::webhook::WebhookView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// List the webhooks
///
/// Lists the systems that are told what happens, and how they do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak webhook list")]
pub struct ListArgs {}

/// Runs it.
pub(super) fn run(_args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No webhook yet. Add one: offpeak webhook add https://hooks.example/offpeak";
    context.show_all::<WebhookView>("/webhooks", empty, render::webhook::webhooks)
}
