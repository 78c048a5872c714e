//! API tokens: what programs show instead of a password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::access::{MadeToken, NewToken, TokenQuery, TokenView};
use crate::api::{Because, Page};
use crate::domain::access::Role;
use crate::service::token;
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .parts(Role::Viewer, routes!(tokens))
        .parts(Role::Viewer, routes!(make))
        .parts(Role::Viewer, routes!(revoke))
}

/// One's own tokens, the latest first; for an administrator of the whole fleet everybody's.
#[utoipa::path(get, path = "/tokens", tag = "access", params(TokenQuery),
    responses((status = 200, description = "Tokens", body = Page<TokenView>)))]
async fn tokens(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<TokenQuery>,
) -> Result<Json<Page<TokenView>>, ApiError> {
    Ok(Json(state.run(move |app| token::list(app, &who, &query)).await?))
}

/// Makes a token that may do at most what its maker may; a token makes none. What a program shows is in the answer, this once.
#[utoipa::path(post, path = "/tokens", tag = "access", request_body = NewToken,
    responses((status = 201, description = "The token", body = MadeToken)))]
async fn make(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), ApiError> {
    let made = state.run(move |app| token::make(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Ends a token: one's own, or as an administrator of the whole fleet anybody's.
#[utoipa::path(post, path = "/tokens/{id}/revoke", tag = "access", request_body = Because,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The token", body = TokenView)))]
async fn revoke(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    Body(because): Body<Because>,
) -> Result<Json<TokenView>, ApiError> {
    Ok(Json(state.run(move |app| token::revoke(app, &who, id, &because)).await?))
}
