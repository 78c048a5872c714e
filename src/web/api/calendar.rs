//! Maintenance windows and blackouts.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::calendar::{
    BlackoutPreview, BlackoutView, NewBlackout, NewWindow, Preview, PreviewRequest, WindowView,
};
use crate::api::{ListQuery, Page};
use crate::domain::access::Role;
use crate::domain::ids::{BlackoutId, WindowId};
use crate::service::calendar;
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(windows))
        .whole(Role::Operator, routes!(add_window))
        .whole(Role::Viewer, routes!(window))
        .whole(Role::Operator, routes!(change_window))
        .whole(Role::Operator, routes!(remove_window))
        .whole(Role::Viewer, routes!(preview))
        .whole(Role::Viewer, routes!(blackouts))
        .whole(Role::Operator, routes!(add_blackout))
        .whole(Role::Viewer, routes!(preview_blackout))
        .whole(Role::Viewer, routes!(blackout))
        .whole(Role::Operator, routes!(change_blackout))
        .whole(Role::Operator, routes!(remove_blackout))
}

/// Maintenance windows, by number.
#[utoipa::path(get, path = "/windows", tag = "calendar", params(ListQuery),
    responses((status = 200, description = "Maintenance windows, by number", body = Page<WindowView>)))]
async fn windows(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<WindowView>>, ApiError> {
    Ok(Json(state.run(move |app| calendar::windows(app, &query)).await?))
}

/// Adds a maintenance window.
#[utoipa::path(post, path = "/windows", tag = "calendar",
    request_body = NewWindow,
    responses((status = 201, description = "Adds a maintenance window", body = WindowView)))]
async fn add_window(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewWindow>,
) -> Result<(StatusCode, Tagged<WindowView>), ApiError> {
    let result = state.run(move |app| calendar::add_window(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Tagged(result)))
}

/// One maintenance window.
#[utoipa::path(get, path = "/windows/{id}", tag = "calendar",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "One maintenance window", body = WindowView)))]
async fn window(
    State(state): State<AppState>,
    Segment(id): Segment<WindowId>,
) -> Result<Tagged<WindowView>, ApiError> {
    Ok(Tagged(state.run(move |app| calendar::window(app, id)).await?))
}

/// Gives a maintenance window other terms. What stands outside them stays until somebody plans again.
#[utoipa::path(put, path = "/windows/{id}", tag = "calendar",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = NewWindow,
    responses((status = 200, description = "As it is now", body = WindowView)))]
async fn change_window(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<WindowId>,
    IfMatch(expected): IfMatch,
    Body(new): Body<NewWindow>,
) -> Result<Tagged<WindowView>, ApiError> {
    let change = move |app: &_| calendar::change_window(app, &who, id, &expected, &new);
    Ok(Tagged(state.run(change).await?))
}

/// Removes a maintenance window.
#[utoipa::path(delete, path = "/windows/{id}", tag = "calendar",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 204, description = "Done")))]
async fn remove_window(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<WindowId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| calendar::remove_window(app, &who, id, &expected)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The next openings of a site, or of a line that is not saved.
#[utoipa::path(post, path = "/windows/preview", tag = "calendar",
    request_body = PreviewRequest,
    responses((status = 200, description = "The next openings of a site, or of a line that is not saved", body = Preview)))]
async fn preview(
    State(state): State<AppState>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<Preview>, ApiError> {
    let result = state.run(move |app| calendar::preview(app, &request)).await?;
    Ok(Json(result))
}

/// Blackouts, by number.
#[utoipa::path(get, path = "/blackouts", tag = "calendar", params(ListQuery),
    responses((status = 200, description = "Blackouts, by number", body = Page<BlackoutView>)))]
async fn blackouts(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<BlackoutView>>, ApiError> {
    Ok(Json(state.run(move |app| calendar::blackouts(app, &query)).await?))
}

/// Adds a blackout.
#[utoipa::path(post, path = "/blackouts", tag = "calendar",
    request_body = NewBlackout,
    responses((status = 201, description = "Adds a blackout", body = BlackoutView)))]
async fn add_blackout(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewBlackout>,
) -> Result<(StatusCode, Tagged<BlackoutView>), ApiError> {
    let result = state.run(move |app| calendar::add_blackout(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Tagged(result)))
}

/// What a blackout that is not saved would cover.
#[utoipa::path(post, path = "/blackouts/preview", tag = "calendar",
    request_body = NewBlackout,
    responses((status = 200, description = "When, how many terminals, and what stands in it already", body = BlackoutPreview)))]
async fn preview_blackout(
    State(state): State<AppState>,
    Body(new): Body<NewBlackout>,
) -> Result<Json<BlackoutPreview>, ApiError> {
    Ok(Json(state.run(move |app| calendar::preview_blackout(app, &new)).await?))
}

/// One blackout.
#[utoipa::path(get, path = "/blackouts/{id}", tag = "calendar",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "One blackout", body = BlackoutView)))]
async fn blackout(
    State(state): State<AppState>,
    Segment(id): Segment<BlackoutId>,
) -> Result<Tagged<BlackoutView>, ApiError> {
    Ok(Tagged(state.run(move |app| calendar::blackout(app, id)).await?))
}

/// Gives a blackout other terms. What stands outside them stays until somebody plans again.
#[utoipa::path(put, path = "/blackouts/{id}", tag = "calendar",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = NewBlackout,
    responses((status = 200, description = "As it is now", body = BlackoutView)))]
async fn change_blackout(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<BlackoutId>,
    IfMatch(expected): IfMatch,
    Body(new): Body<NewBlackout>,
) -> Result<Tagged<BlackoutView>, ApiError> {
    let change = move |app: &_| calendar::change_blackout(app, &who, id, &expected, &new);
    Ok(Tagged(state.run(change).await?))
}

/// Removes a blackout.
#[utoipa::path(delete, path = "/blackouts/{id}", tag = "calendar",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 204, description = "Done")))]
async fn remove_blackout(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<BlackoutId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| calendar::remove_blackout(app, &who, id, &expected)).await?;
    Ok(StatusCode::NO_CONTENT)
}
