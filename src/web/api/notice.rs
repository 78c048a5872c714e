//! Notices: the outbox, and mails as merchants read them.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Page;
use crate::api::notice::{Message, NoticeQuery, NoticeView, PreviewRequest};
use crate::domain::ids::NoticeId;
use crate::service::notice;
use crate::web::extract::{Body, Query, Segment};
use crate::web::{ApiError, AppState};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(notices))
        .routes(routes!(show))
        .routes(routes!(message))
        .routes(routes!(raw))
        .routes(routes!(preview))
}

/// The outbox, the latest first.
#[utoipa::path(get, path = "/notices", tag = "notices", params(NoticeQuery),
    responses((status = 200, description = "Notices", body = Page<NoticeView>)))]
async fn notices(
    State(state): State<AppState>,
    Query(query): Query<NoticeQuery>,
) -> Result<Json<Page<NoticeView>>, ApiError> {
    Ok(Json(state.run(move |app| notice::list(app, &query)).await?))
}

/// One notice.
#[utoipa::path(get, path = "/notices/{id}", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The notice", body = NoticeView)))]
async fn show(
    State(state): State<AppState>,
    Segment(id): Segment<NoticeId>,
) -> Result<Json<NoticeView>, ApiError> {
    Ok(Json(state.run(move |app| notice::show(app, id)).await?))
}

/// A notice as the merchant reads it: as it was sent, or as it would be put into words now.
#[utoipa::path(get, path = "/notices/{id}/message", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The mail", body = Message)))]
async fn message(
    State(state): State<AppState>,
    Segment(id): Segment<NoticeId>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(state.run(move |app| notice::message(app, id)).await?))
}

/// The stored bytes of a notice, as they went to the mail server.
#[utoipa::path(get, path = "/notices/{id}/raw", tag = "notices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The message", content_type = "message/rfc822", body = Vec<u8>)))]
async fn raw(State(state): State<AppState>, Segment(id): Segment<NoticeId>) -> Result<Response, ApiError> {
    let bytes = state.run(move |app| notice::message_bytes(app, id)).await?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], bytes).into_response())
}

/// A mail that is not queued: about an appointment's visit, or a made-up one.
#[utoipa::path(post, path = "/notices/preview", tag = "notices", request_body = PreviewRequest,
    responses((status = 200, description = "The mail", body = Message)))]
async fn preview(
    State(state): State<AppState>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(state.run(move |app| notice::preview(app, &request)).await?))
}
