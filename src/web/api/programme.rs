//! Programmes: recurring inspections.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::campaign::{NewProgramme, ProgrammePreview, ProgrammeView};
use crate::api::{Because, ListQuery, Page};
use crate::domain::access::Role;
use crate::service::programme;
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(programmes))
        .whole(Role::Operator, routes!(create))
        .whole(Role::Viewer, routes!(preview))
        .whole(Role::Viewer, routes!(show))
        .whole(Role::Operator, routes!(change))
        .whole(Role::Operator, routes!(remove))
        .whole(Role::Operator, routes!(pause))
        .whole(Role::Operator, routes!(resume))
}

/// Programmes, by name.
#[utoipa::path(get, path = "/programmes", tag = "programmes", params(ListQuery),
    responses((status = 200, description = "Programmes, by name", body = Page<ProgrammeView>)))]
async fn programmes(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ProgrammeView>>, ApiError> {
    Ok(Json(state.run(move |app| programme::list(app, &query)).await?))
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

/// Gives a programme other terms. What stands, stays.
#[utoipa::path(put, path = "/programmes/{name}", tag = "programmes",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = NewProgramme,
    responses((status = 200, description = "As it is now", body = ProgrammeView)))]
async fn change(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(new): Body<NewProgramme>,
) -> Result<Tagged<ProgrammeView>, ApiError> {
    let change = move |app: &_| programme::change(app, &who, &name, &expected, &new);
    Ok(Tagged(state.run(change).await?))
}

/// Removes a programme; one that counts days takes its campaign and its appointments with it.
#[utoipa::path(delete, path = "/programmes/{name}", tag = "programmes",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    responses((status = 204, description = "Done")))]
async fn remove(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| programme::remove(app, &who, &name, &expected)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a programme that is not saved would come to.
#[utoipa::path(post, path = "/programmes/preview", tag = "programmes",
    request_body = NewProgramme,
    responses((status = 200, description = "How many terminals it picks, and when it raises work", body = ProgrammePreview)))]
async fn preview(
    State(state): State<AppState>,
    Body(new): Body<NewProgramme>,
) -> Result<Json<ProgrammePreview>, ApiError> {
    Ok(Json(state.run(move |app| programme::preview(app, &new)).await?))
}

/// It raises nothing for the time being.
#[utoipa::path(post, path = "/programmes/{name}/pause", tag = "programmes",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
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
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
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
