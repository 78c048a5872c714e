//! Mail that comes in: taken from a mail server's pipe, and what waits for an operator.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::Page;
use crate::api::inbound::{InboundEnvelope, InboundQuery, InboundView, Ingested};
use crate::domain::access::Role;
use crate::service::inbox;
use crate::web::extract::{Query, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Operator, routes!(ingest))
        // One that is a little too large is told so in words; more is not even read.
        .map(|routes| routes.layer(DefaultBodyLimit::max(inbox::MESSAGE_BYTES_MAX * 2)))
        .whole(Role::Viewer, routes!(list))
        .whole(Role::Operator, routes!(done))
}

/// Takes in one message: a bounce, a complaint, an answer from a calendar. The same message again changes nothing.
#[utoipa::path(post, path = "/inbound-mail", tag = "notices", params(InboundEnvelope),
    request_body(content = Vec<u8>, content_type = "message/rfc822", description = "The message, of 1 MiB at most"),
    responses((status = 200, description = "What was made of it", body = Ingested)))]
async fn ingest(
    State(state): State<AppState>,
    Query(envelope): Query<InboundEnvelope>,
    bytes: Bytes,
) -> Result<Json<Ingested>, ApiError> {
    let taken = state.run(move |app| inbox::ingest(app, &envelope, &bytes)).await?;
    Ok(Json(taken))
}

/// Mail that came in and that nobody could be found for, the latest first.
#[utoipa::path(get, path = "/inbound-mail", tag = "notices", params(InboundQuery),
    responses((status = 200, description = "Mail that came in", body = Page<InboundView>)))]
async fn list(
    State(state): State<AppState>,
    Query(query): Query<InboundQuery>,
) -> Result<Json<Page<InboundView>>, ApiError> {
    Ok(Json(state.run(move |app| inbox::list(app, &query)).await?))
}

/// Somebody has seen to a mail: its text is forgotten.
#[utoipa::path(post, path = "/inbound-mail/{id}/done", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The mail", body = InboundView)))]
async fn done(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
) -> Result<Json<InboundView>, ApiError> {
    Ok(Json(state.run(move |app| inbox::close(app, &who, id)).await?))
}
