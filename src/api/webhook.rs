//! Webhooks: other systems that want to hear what happens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A webhook to add, or its terms from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where messages go: an https address.
    pub url: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it wants to hear of: `appointment`, `campaign`, `gate`, `lock`, `notice`, `plan`, `programme`; everything
    /// unless told.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Messages are sent; otherwise they are not even kept for it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A webhook and how it does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookView {
    /// Its number.
    pub id: i64,
    /// Where messages go.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it hears of.
    pub kinds: Vec<String>,
    /// Messages are sent.
    pub enabled: bool,
    /// Why not, where Offpeak has stopped by itself.
    pub disabled_why: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Since when nothing has arrived there.
    pub failing_since: Option<DateTime<Utc>>,
    /// Messages that have not arrived yet.
    pub pending: i64,
    /// Messages that were given up.
    pub dead: i64,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// A webhook with a secret that is shown once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookWithSecret {
    /// The webhook.
    pub webhook: WebhookView,
    /// What its messages are signed with, as `whsec_…`; it is not shown again. Null where this answer is a replay.
    pub secret: Option<String>,
    /// Until when the secret before signs as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<DateTime<Utc>>,
}

/// A message to a webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// Its number.
    pub id: i64,
    /// Its id for the receiver, the same on every attempt: `webhook-id`.
    pub message_id: String,
    /// What it tells of, as `appointment.move`.
    pub kind: String,
    /// `pending`, `delivered` or `dead`.
    pub state: String,
    /// How often it was sent.
    pub attempts: i32,
    /// When it was written, or sent anew by hand.
    pub queued_at: DateTime<Utc>,
    /// When it is sent next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The HTTP status of the last answer.
    pub last_status: Option<i32>,
    /// Why it has not arrived.
    pub last_error: Option<String>,
    /// When it arrived or was given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// The message itself.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
}

/// Which messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Only `pending`, `delivered` or `dead` ones.
    pub state: Option<String>,
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}
