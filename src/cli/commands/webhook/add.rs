//! `offpeak webhook add`.

use crate::api::webhook::{NewWebhook, WebhookWithSecret};
use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Add a webhook
///
/// Has a system told what happens, by signed messages. The secret that they are signed with is shown this once.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak webhook add https://hooks.example/offpeak --kind appointment,lock --description 'help desk'"
)]
pub struct AddArgs {
    /// Where messages go
    #[arg(value_name = "URL")]
    pub url: String,
    /// What it hears of, separated by commas: appointment, campaign, gate, lock, notice, plan, programme [default: all]
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub description: String,
}

/// Runs it.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let new = NewWebhook {
        url: args.url.clone(),
        description: args.description.clone(),
        kinds: args.kinds.clone(),
        enabled: true,
    };
    let added: WebhookWithSecret = context.client()?.post("/webhooks", &new)?;
    context.output.show(&added, |screen| super::rotate::secret(screen, &added))?;
    context.output.hint(&format!("Next: offpeak webhook ping {}", added.webhook.id));
    Ok(())
}
