//! Webhooks: other systems that want to hear what happens. A message is written in the transaction of what it tells
//! of, one for each endpoint that listens, so nothing is lost; it is sent beside (see `webhook/sending.rs`).

mod sending;

use chrono::TimeDelta;
use rand::Rng;
use serde_json::json;

use crate::api::Page;
use crate::api::webhook::{DeliveryQuery, DeliveryView, NewWebhook, WebhookView, WebhookWithSecret};
use crate::db::audit::AuditRow;
use crate::db::webhook::{self, DeliveryRow, WebhookRow, WebhookSecretRow};
use crate::db::{Connection, Instant};
use crate::domain::fleet::clean_text;
use crate::domain::webhook::{KINDS, secret_text};
pub use crate::domain::webhook::{check_url, is_public};
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::calendar::not_found;
use crate::service::events::event_of;
use crate::service::version::{Expected, Versioned};
use crate::service::{Actor, App, Error};

pub use sending::{Outcome, Parcel, claim, claim_one, forget_old, give_back, settle};

/// Endpoints that there may be: each costs a message for everything that happens.
const WEBHOOKS_MAX: usize = 20;

/// How long a secret that was replaced signs beside the new one.
const OLD_SECRET_SIGNS: TimeDelta = TimeDelta::hours(24);

/// Every webhook.
pub fn list(app: &App) -> Result<Vec<WebhookView>, Error> {
    app.database.read(|connection| {
        let rows = webhook::all(connection)?;
        rows.into_iter().map(|row| view(connection, row)).collect()
    })
}

/// One webhook.
pub fn show(app: &App, id: i64) -> Result<WebhookView, Error> {
    app.database.read(|connection| {
        let row = find(connection, id)?;
        view(connection, row)
    })
}

/// Adds a webhook; its secret is shown this once.
pub fn add(app: &App, actor: &Actor, new: &NewWebhook) -> Result<WebhookWithSecret, Error> {
    let kinds = check(app, new)?;
    let now = Instant::from(app.clock.now());
    let secret = fresh_secret();
    app.database.write(|connection| {
        if webhook::all(connection)?.len() >= WEBHOOKS_MAX {
            return Err(Error::Conflict(format!(
                "there are {WEBHOOKS_MAX} webhooks already; remove one first"
            )));
        }
        let row = WebhookRow {
            id: 0,
            url: new.url.clone(),
            description: clean_text(&new.description),
            kinds: kinds.clone(),
            enabled: new.enabled,
            disabled_why: None,
            created_at: now,
            failures: 0,
            failing_since: None,
            next_try_at: now,
        };
        let row = webhook::insert(connection, row, secret.clone())?;
        let webhook = view(connection, row)?;
        let change = Change::new("webhook.add", format!("webhook {}", webhook.id)).after(&webhook);
        record(connection, app, actor, change)?;
        Ok(WebhookWithSecret { webhook, secret: Some(secret_text(&secret)), previous_until: None })
    })
}

/// Gives a webhook other terms; one that is enabled again begins afresh.
pub fn change(
    app: &App,
    actor: &Actor,
    id: i64,
    expected: &Expected,
    new: &NewWebhook,
) -> Result<WebhookView, Error> {
    let kinds = check(app, new)?;
    let now = Instant::from(app.clock.now());
    app.database.write(|connection| {
        let mut row = find(connection, id)?;
        let before = view(connection, row.clone())?;
        expected.check(&before)?;
        row.url.clone_from(&new.url);
        row.description = clean_text(&new.description);
        row.kinds.clone_from(&kinds);
        if new.enabled && !row.enabled {
            (row.failures, row.failing_since, row.next_try_at) = (0, None, now);
        }
        if !new.enabled && row.enabled {
            webhook::give_up(connection, id, "the webhook was disabled", now)?;
        }
        row.enabled = new.enabled;
        row.disabled_why = None;
        webhook::change(connection, &row)?;
        let after = view(connection, row)?;
        let change = Change::new("webhook.change", format!("webhook {id}")).before(&before).after(&after);
        record(connection, app, actor, change)?;
        Ok(after)
    })
}

/// Removes a webhook, and the messages to it.
pub fn remove(app: &App, actor: &Actor, id: i64, expected: &Expected) -> Result<(), Error> {
    app.database.write(|connection| {
        let row = find(connection, id)?;
        let before = view(connection, row)?;
        expected.check(&before)?;
        webhook::delete(connection, id)?;
        let change = Change::new("webhook.remove", format!("webhook {id}")).before(&before);
        record(connection, app, actor, change)?;
        Ok(())
    })
}

/// Puts a new secret in the place of the one that signs, which signs beside it for a day.
pub fn rotate(app: &App, actor: &Actor, id: i64, expected: &Expected) -> Result<WebhookWithSecret, Error> {
    let now = app.clock.now();
    let secret = fresh_secret();
    app.database.write(|connection| {
        let row = find(connection, id)?;
        let webhook = view(connection, row)?;
        expected.check(&webhook)?;
        let number = webhook::secrets(connection, id)?.first().map_or(1, |latest| latest.number + 1);
        let until = now + OLD_SECRET_SIGNS;
        webhook::expire_secrets(connection, id, Instant::from(until), Instant::from(now))?;
        let row = WebhookSecretRow { webhook_id: id, number, secret: secret.clone(), expires_at: None };
        webhook::insert_secret(connection, row)?;
        record(connection, app, actor, Change::new("webhook.rotate", format!("webhook {id}")))?;
        Ok(WebhookWithSecret { webhook, secret: Some(secret_text(&secret)), previous_until: Some(until) })
    })
}

/// Writes a test message to a webhook; gives its number.
pub fn ping(app: &App, actor: &Actor, id: i64) -> Result<i64, Error> {
    app.database.write(|connection| {
        let row = find(connection, id)?;
        if !row.enabled {
            return Err(Error::Conflict(format!("webhook {id} is disabled; enable it first")));
        }
        record(connection, app, actor, Change::new("webhook.ping", format!("webhook {id}")))?;
        let now = Instant::from(app.clock.now());
        let data = json!({"webhook": id, "actor": actor.as_str()});
        let message = message_of("ping", now, data);
        Ok(webhook::queue(connection, delivery_row(id, "ping", &fresh_message_id(), message, now))?)
    })
}

/// Messages to a webhook, the latest first.
pub fn deliveries(app: &App, id: i64, query: &DeliveryQuery) -> Result<Page<DeliveryView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    if let Some(state) =
        query.state.as_deref().filter(|state| !["pending", "delivered", "dead"].contains(state))
    {
        return Err(Error::invalid("state", format!("`{state}` is unknown; use pending, delivered or dead")));
    }
    app.database.read(|connection| {
        find(connection, id)?;
        let rows = webhook::deliveries(connection, id, query.state.as_deref(), before, limit + 1)?;
        let items = rows.into_iter().map(delivery_view).collect();
        Ok(page_of(items, limit, |view: &DeliveryView| view.id.to_string()))
    })
}

/// One message.
pub fn delivery(app: &App, id: i64) -> Result<DeliveryView, Error> {
    app.database.read(|connection| {
        let row = webhook::delivery(connection, id)?;
        row.map(delivery_view).ok_or_else(|| not_found("delivery", id, "see `offpeak webhook deliveries`"))
    })
}

/// Sends a message again that has arrived or was given up, under the same id.
pub fn redeliver(app: &App, actor: &Actor, webhook_id: i64, id: i64) -> Result<DeliveryView, Error> {
    app.database.write(|connection| {
        let hook = find(connection, webhook_id)?;
        let row = webhook::delivery(connection, id)?.filter(|row| row.webhook_id == webhook_id);
        let row = row.ok_or_else(|| not_found("delivery", id, "see `offpeak webhook deliveries`"))?;
        if row.state == "pending" {
            return Err(Error::Conflict(format!(
                "delivery {id} has not been given up; it is sent by itself"
            )));
        }
        if !hook.enabled {
            return Err(Error::Conflict(format!("webhook {webhook_id} is disabled; enable it first")));
        }
        webhook::queue_again(connection, id, Instant::from(app.clock.now()))?;
        let change = Change::new("webhook.redeliver", format!("webhook {webhook_id}")).after(&id);
        record(connection, app, actor, change)?;
        let row = webhook::delivery(connection, id)?;
        row.map(delivery_view).ok_or_else(|| not_found("delivery", id, "see `offpeak webhook deliveries`"))
    })
}

/// Writes the messages that tell of an entry on the audit trail, within the caller's transaction.
pub(super) fn tell(connection: &mut Connection, entry: &AuditRow) -> diesel::QueryResult<()> {
    let subject = entry.subject.split(' ').next().unwrap_or_default();
    let action = entry.action.split('.').next().unwrap_or_default();
    let Some(kind) =
        KINDS.iter().find(|kind| **kind == action).or(KINDS.iter().find(|kind| **kind == subject))
    else {
        return Ok(());
    };
    let wanting = wanting(connection, kind)?;
    if wanting.is_empty() {
        return Ok(());
    }
    let event = event_of(entry.clone());
    let parse = |text: &Option<String>| {
        text.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
    };
    let data = json!({"kind": event.kind, "id": event.id, "action": event.action, "state": event.state,
        "actor": entry.actor, "reason": entry.reason, "before": parse(&entry.before), "after": parse(&entry.after)});
    queue(connection, &wanting, &entry.action, entry.at, data)
}

/// Writes the messages that tell what became of notices (ids and kinds), within the caller's transaction.
pub(super) fn tell_of_notices(
    connection: &mut Connection,
    notices: &[(i64, String)],
    state: &str,
    at: Instant,
    error: Option<&str>,
) -> diesel::QueryResult<()> {
    // Who listens is asked once, however many there are.
    let wanting = if notices.is_empty() { Vec::new() } else { wanting(connection, "notice")? };
    if wanting.is_empty() {
        return Ok(());
    }
    for (id, kind) in notices {
        let data = json!({"kind": "notice", "id": id.to_string(), "action": "notice.state", "state": state,
            "notice": kind, "error": error});
        queue(connection, &wanting, "notice.state", at, data)?;
    }
    Ok(())
}

/// The endpoints that want to hear of a kind.
fn wanting(connection: &mut Connection, kind: &str) -> diesel::QueryResult<Vec<i64>> {
    let listening = webhook::listening(connection)?;
    let wants = |kinds: &str| kinds_of(kinds).iter().any(|known| known == kind);
    Ok(listening.into_iter().filter(|(_, kinds)| wants(kinds)).map(|(id, _)| id).collect())
}

fn queue(
    connection: &mut Connection,
    webhooks: &[i64],
    kind: &str,
    at: Instant,
    data: serde_json::Value,
) -> diesel::QueryResult<()> {
    let (message_id, body) = (fresh_message_id(), message_of(kind, at, data));
    for id in webhooks {
        webhook::queue(connection, delivery_row(*id, kind, &message_id, body.clone(), at))?;
    }
    Ok(())
}

fn message_of(kind: &str, at: Instant, data: serde_json::Value) -> String {
    let timestamp = at.utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    json!({"type": kind, "timestamp": timestamp, "data": data}).to_string()
}

fn delivery_row(webhook_id: i64, kind: &str, message_id: &str, body: String, at: Instant) -> DeliveryRow {
    DeliveryRow {
        id: 0,
        webhook_id,
        message_id: message_id.to_owned(),
        kind: kind.to_owned(),
        body,
        state: "pending".to_owned(),
        attempts: 0,
        queued_at: at,
        next_attempt_at: at,
        lease_until: None,
        last_status: None,
        last_error: None,
        ended_at: None,
    }
}

fn fresh_secret() -> Vec<u8> {
    let mut secret = vec![0; 32];
    rand::rng().fill_bytes(&mut secret);
    secret
}

fn fresh_message_id() -> String {
    let mut random = [0; 16];
    rand::rng().fill_bytes(&mut random);
    format!("msg_{}", hex::encode(random))
}

/// Checks the terms of a webhook; gives its kinds as they are kept.
fn check(app: &App, new: &NewWebhook) -> Result<String, Error> {
    let (plain, private) = (app.settings.webhook_plain_http, app.settings.webhook_private_targets);
    check_url(&new.url, plain, private).map_err(|error| Error::invalid("url", error))?;
    if let Some(unknown) = new.kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let message = format!("`{unknown}` is unknown; use some of {}", KINDS.join(", "));
        return Err(Error::invalid("kinds", message));
    }
    let wanted: Vec<&str> = KINDS
        .into_iter()
        .filter(|kind| new.kinds.is_empty() || new.kinds.iter().any(|wanted| wanted == kind))
        .collect();
    super::campaign::to_json(&wanted)
}

fn kinds_of(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn find(connection: &mut Connection, id: i64) -> Result<WebhookRow, Error> {
    webhook::find(connection, id)?.ok_or_else(|| not_found("webhook", id, "see `offpeak webhook list`"))
}

fn view(connection: &mut Connection, row: WebhookRow) -> Result<WebhookView, Error> {
    let pending = webhook::count(connection, row.id, "pending")?;
    let dead = webhook::count(connection, row.id, "dead")?;
    let WebhookRow { id, url, description, kinds, enabled, disabled_why, created_at, failing_since, .. } =
        row;
    Ok(WebhookView {
        id,
        url,
        description,
        kinds: kinds_of(&kinds),
        enabled,
        disabled_why,
        created_at: created_at.utc(),
        failing_since: failing_since.map(Instant::utc),
        pending,
        dead,
        etag: String::new(),
    }
    .with_version())
}

fn delivery_view(row: DeliveryRow) -> DeliveryView {
    let waits = row.state == "pending";
    DeliveryView {
        id: row.id,
        message_id: row.message_id,
        kind: row.kind,
        state: row.state,
        attempts: row.attempts,
        queued_at: row.queued_at.utc(),
        next_attempt_at: waits.then(|| row.next_attempt_at.utc()),
        last_status: row.last_status,
        last_error: row.last_error,
        ended_at: row.ended_at.map(Instant::utc),
        body: serde_json::from_str(&row.body).unwrap_or_default(),
    }
}
