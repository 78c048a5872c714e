//! The templates of mails: which there are, and what they say with made-up facts.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::routes;

use crate::api::notice::Message;
use crate::api::template::{TemplateQuery, TemplateView};
use crate::domain::access::Role;
use crate::domain::notice::NoticeKind;
use crate::service::template;
use crate::web::extract::{Query, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(templates))
        .whole(Role::Viewer, routes!(preview))
        .whole(Role::Viewer, routes!(raw))
}

/// Every notice in every language, and which of its files are not the built-in ones.
#[utoipa::path(get, path = "/notice-templates", tag = "notices",
    responses((status = 200, description = "The templates", body = Vec<TemplateView>)))]
async fn templates(State(state): State<AppState>) -> Result<Json<Vec<TemplateView>>, ApiError> {
    Ok(Json(state.run(|app| Ok(template::list(app))).await?))
}

/// A notice with made-up facts: subject, text and HTML as a merchant would read them.
#[utoipa::path(get, path = "/notice-templates/{kind}", tag = "notices",
    params(("kind" = String, Path, description = "The kind of notice"), TemplateQuery),
    responses((status = 200, description = "The mail", body = Message)))]
async fn preview(
    State(state): State<AppState>,
    Segment(kind): Segment<NoticeKind>,
    Query(query): Query<TemplateQuery>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(state.run(move |app| template::preview(app, kind, &query)).await?))
}

/// The same as it would go over the wire.
#[utoipa::path(get, path = "/notice-templates/{kind}/raw", tag = "notices",
    params(("kind" = String, Path, description = "The kind of notice"), TemplateQuery),
    responses((status = 200, description = "The message", content_type = "message/rfc822", body = Vec<u8>)))]
async fn raw(
    State(state): State<AppState>,
    Segment(kind): Segment<NoticeKind>,
    Query(query): Query<TemplateQuery>,
) -> Result<Response, ApiError> {
    let bytes = state.run(move |app| template::preview_bytes(app, kind, &query)).await?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], bytes).into_response())
}
