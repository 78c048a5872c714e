//! Programmes: recurring inspections.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::Because;
use crate::api::campaign::{NewProgramme, ProgrammeView};
use crate::domain::access::Role;
use crate::service::programme;
use crate::web::extract::{Body, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(programmes))
        .whole(Role::Operator, routes!(create))
        .whole(Role::Viewer, routes!(show))
        .whole(Role::Operator, routes!(pause))
        .whole(Role::Operator, routes!(resume))
}

/// Every programme.
#[utoipa::path(get, path = "/programmes", tag = "programmes",
    responses((status = 200, description = "Every programme", body = Vec<ProgrammeView>)))]
async fn programmes(State(state): State<AppState>) -> Result<Json<Vec<ProgrammeView>>, ApiError> {
    let result = state.run(programme::list).await?;
    Ok(Json(result))
}

/// Creates a programme.
#[utoipa::path(post, path = "/programmes", tag = "programmes",
    request_body = NewProgramme,
    responses((status = 201, description = "Creates a programme", body = ProgrammeView)))]
async fn create(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewProgramme>,
) -> Result<(StatusCode, Tagged<ProgrammeView>), ApiError> {
    let result = state.run(move |app| programme::create(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Tagged(result)))
}

/// One programme.
#[utoipa::path(get, path = "/programmes/{name}", tag = "programmes",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "One programme", body = ProgrammeView)))]
async fn show(
    State(state): State<AppState>,
    Segment(name): Segment<String>,
) -> Result<Tagged<ProgrammeView>, ApiError> {
    Ok(Tagged(state.run(move |app| programme::show(app, &name)).await?))
}

/// It raises nothing for the time being.
#[utoipa::path(post, path = "/programmes/{name}/pause", tag = "programmes",
    params(("name" = String, Path, description = "Its name")),
    request_body = Because,
    responses((status = 200, description = "It raises nothing for the time being", body = ProgrammeView)))]
async fn pause(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<ProgrammeView>, ApiError> {
    let result = state
        .run(move |app| programme::set_paused(app, &who, &name, true, &expected, because.reason.as_deref()))
        .await?;
    Ok(Tagged(result))
}

/// It goes on.
#[utoipa::path(post, path = "/programmes/{name}/resume", tag = "programmes",
    params(("name" = String, Path, description = "Its name")),
    request_body = Because,
    responses((status = 200, description = "It goes on", body = ProgrammeView)))]
async fn resume(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<ProgrammeView>, ApiError> {
    let result = state
        .run(move |app| programme::set_paused(app, &who, &name, false, &expected, because.reason.as_deref()))
        .await?;
    Ok(Tagged(result))
}
