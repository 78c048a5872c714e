//! Webhooks and the messages to them.

use crate::api::webhook::{DeliveryView, WebhookView};
use crate::cli::output::{Screen, Table};
use crate::cli::render::{instant, optional};

/// Webhooks.
pub fn webhooks(screen: &mut Screen, webhooks: &[WebhookView]) {
    let mut table = Table::new(["id", "url", "hears of", "how it does", "waiting", "given up"]);
    for webhook in webhooks {
        let state = match (&webhook.disabled_why, webhook.failing_since) {
            (Some(why), _) => format!("disabled: {why}"),
            (None, _) if !webhook.enabled => "disabled".to_owned(),
            (None, Some(since)) => format!("failing since {}", instant(since)),
            (None, None) => "well".to_owned(),
        };
        table.row([
            webhook.id.to_string(),
            webhook.url.clone(),
            webhook.kinds.join(", "),
            state,
            webhook.pending.to_string(),
            webhook.dead.to_string(),
        ]);
    }
    screen.table(table);
}

/// Messages to a webhook.
pub fn deliveries(screen: &mut Screen, deliveries: &[DeliveryView]) {
    let mut table = Table::new(["id", "message", "of", "state", "attempts", "queued", "why not"]);
    for delivery in deliveries {
        table.row([
            delivery.id.to_string(),
            delivery.message_id.clone(),
            delivery.kind.clone(),
            delivery.state.clone(),
            delivery.attempts.to_string(),
            instant(delivery.queued_at),
            optional(delivery.last_error.as_ref()),
        ]);
    }
    screen.table(table);
}
