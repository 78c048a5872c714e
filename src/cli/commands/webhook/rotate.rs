//! `offpeak webhook rotate`.

use crate::api::webhook::WebhookWithSecret;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Screen;

/// Give a webhook a new secret
///
/// Messages are signed with the new secret and, for a day, with the one before as well.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak webhook rotate 3")]
pub struct RotateArgs {
    /// Its number, as `offpeak webhook list` prints it
    #[arg(value_name = "ID")]
    pub id: i64,
}

/// Runs it.
pub(super) fn run(args: &RotateArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/webhooks/{}/rotate", args.id);
    let rotated: WebhookWithSecret = context.client()?.post(&path, &serde_json::json!({}))?;
    context.output.show(&rotated, |screen| secret(screen, &rotated))
}

/// Shows a secret, this once.
pub(super) fn secret(screen: &mut Screen, shown: &WebhookWithSecret) {
    screen.line(format!("Webhook {} to {}", shown.webhook.id, shown.webhook.url));
    screen.line(format!("Hears of: {}", shown.webhook.kinds.join(", ")));
    screen.line(format!("Secret:   {}", shown.secret.as_deref().unwrap_or("(shown before)")));
    if let Some(until) = shown.previous_until {
        screen.line(format!("The one before signs as well until {}.", until.format("%Y-%m-%d %H:%MZ")));
    }
    screen.line("It is not shown again: keep it where the receiver finds it.");
}
