//! Webhooks: other systems that want to hear what happens.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::Page;
use crate::api::webhook::{DeliveryQuery, DeliveryView, NewWebhook, WebhookView, WebhookWithSecret};
use crate::domain::access::Role;
use crate::service::webhook;
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Admin, routes!(webhooks))
        .whole(Role::Admin, routes!(add))
        .whole(Role::Admin, routes!(show))
        .whole(Role::Admin, routes!(change))
        .whole(Role::Admin, routes!(remove))
        .whole(Role::Admin, routes!(rotate))
        .whole(Role::Admin, routes!(ping))
        .whole(Role::Admin, routes!(deliveries))
        .whole(Role::Admin, routes!(redeliver))
}

/// Every webhook.
#[utoipa::path(get, path = "/webhooks", tag = "webhooks",
    responses((status = 200, description = "Every webhook", body = Vec<WebhookView>)))]
async fn webhooks(State(state): State<AppState>) -> Result<Json<Vec<WebhookView>>, ApiError> {
    Ok(Json(state.run(webhook::list).await?))
}

/// Adds a webhook. Its secret is in this answer and in no other.
#[utoipa::path(post, path = "/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 201, description = "The webhook and its secret", body = WebhookWithSecret)))]
async fn add(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewWebhook>,
) -> Result<(StatusCode, Json<WebhookWithSecret>), ApiError> {
    let added = state.run(move |app| webhook::add(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// One webhook.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The webhook", body = WebhookView)))]
async fn show(
    State(state): State<AppState>,
    Segment(id): Segment<i64>,
) -> Result<Tagged<WebhookView>, ApiError> {
    Ok(Tagged(state.run(move |app| webhook::show(app, id)).await?))
}

/// Gives a webhook other terms. One that was disabled begins afresh when it is enabled.
#[utoipa::path(put, path = "/webhooks/{id}", tag = "webhooks", request_body = NewWebhook,
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 200, description = "As it is now", body = WebhookView)))]
async fn change(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    IfMatch(expected): IfMatch,
    Body(new): Body<NewWebhook>,
) -> Result<Tagged<WebhookView>, ApiError> {
    Ok(Tagged(state.run(move |app| webhook::change(app, &who, id, &expected, &new)).await?))
}

/// Removes a webhook, and the messages to it.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "webhooks",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 204, description = "Done")))]
async fn remove(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| webhook::remove(app, &who, id, &expected)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new secret. The one before signs beside it for a day, so that the receiver can be told meanwhile.
#[utoipa::path(post, path = "/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 200, description = "The webhook and its new secret", body = WebhookWithSecret)))]
async fn rotate(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    IfMatch(expected): IfMatch,
) -> Result<Json<WebhookWithSecret>, ApiError> {
    Ok(Json(state.run(move |app| webhook::rotate(app, &who, id, &expected)).await?))
}

/// Sends a test message at once, and says what became of it.
#[utoipa::path(post, path = "/webhooks/{id}/ping", tag = "webhooks",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The message, sent", body = DeliveryView)))]
async fn ping(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
) -> Result<Json<DeliveryView>, ApiError> {
    let delivery = state.run(move |app| webhook::ping(app, &who, id)).await?;
    Ok(Json(state.workers().deliver_now(delivery).await?))
}

/// Messages to a webhook, the latest first. `state=dead` are those that were given up.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = i64, Path, description = "Its number"), DeliveryQuery),
    responses((status = 200, description = "Messages", body = Page<DeliveryView>)))]
async fn deliveries(
    State(state): State<AppState>,
    Segment(id): Segment<i64>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Page<DeliveryView>>, ApiError> {
    Ok(Json(state.run(move |app| webhook::deliveries(app, id, &query)).await?))
}

/// Sends a message again that has arrived or was given up, under the same id.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery}/redeliver", tag = "webhooks",
    params(("id" = i64, Path, description = "The webhook's number"),
        ("delivery" = i64, Path, description = "The message's number")),
    responses((status = 200, description = "The message, to be sent", body = DeliveryView)))]
async fn redeliver(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment((id, delivery)): Segment<(i64, i64)>,
) -> Result<Json<DeliveryView>, ApiError> {
    let view = state.run(move |app| webhook::redeliver(app, &who, id, delivery)).await?;
    state.workers().wake();
    Ok(Json(view))
}
