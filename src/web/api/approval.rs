//! Requests for approval.

use axum::extract::State;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::approval::{ApprovalQuery, ApprovalView};
use crate::api::{Because, Page};
use crate::domain::access::Role;
use crate::service::approval;
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(approvals))
        .whole(Role::Viewer, routes!(show))
        .whole(Role::Approver, routes!(approve))
        .whole(Role::Approver, routes!(refuse))
        .whole(Role::Operator, routes!(withdraw))
        .whole(Role::Operator, routes!(carry_out))
}

/// What was asked for, the latest first.
#[utoipa::path(get, path = "/approvals", tag = "approvals", params(ApprovalQuery),
    responses((status = 200, description = "Requests", body = Page<ApprovalView>)))]
async fn approvals(
    State(state): State<AppState>,
    Query(query): Query<ApprovalQuery>,
) -> Result<Json<Page<ApprovalView>>, ApiError> {
    Ok(Json(state.run(move |app| approval::list(app, &query)).await?))
}

/// One request.
#[utoipa::path(get, path = "/approvals/{id}", tag = "approvals",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The request", body = ApprovalView)))]
async fn show(
    State(state): State<AppState>,
    Segment(id): Segment<i64>,
) -> Result<Json<ApprovalView>, ApiError> {
    Ok(Json(state.run(move |app| approval::show(app, id)).await?))
}

/// Says yes to what somebody else has asked for; it is carried out at once, as it was asked for. Whether that went
/// well is in `state`.
#[utoipa::path(post, path = "/approvals/{id}/approve", tag = "approvals", request_body = Because,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The request, carried out or not", body = ApprovalView)))]
async fn approve(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    Body(because): Body<Because>,
) -> Result<Json<ApprovalView>, ApiError> {
    let view = state.run(move |app| approval::approve(app, &who, id, &because)).await?;
    state.workers().wake();
    Ok(Json(view))
}

/// Says no to what somebody else has asked for.
#[utoipa::path(post, path = "/approvals/{id}/refuse", tag = "approvals", request_body = Because,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The request", body = ApprovalView)))]
async fn refuse(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    Body(because): Body<Because>,
) -> Result<Json<ApprovalView>, ApiError> {
    Ok(Json(state.run(move |app| approval::refuse(app, &who, id, &because)).await?))
}

/// Takes back what one has asked for oneself.
#[utoipa::path(post, path = "/approvals/{id}/withdraw", tag = "approvals", request_body = Because,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The request", body = ApprovalView)))]
async fn withdraw(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
    Body(because): Body<Because>,
) -> Result<Json<ApprovalView>, ApiError> {
    Ok(Json(state.run(move |app| approval::withdraw(app, &who, id, &because)).await?))
}

/// Tries again what was approved and could not be carried out.
#[utoipa::path(post, path = "/approvals/{id}/carry-out", tag = "approvals",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The request, carried out or not", body = ApprovalView)))]
async fn carry_out(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<i64>,
) -> Result<Json<ApprovalView>, ApiError> {
    let view = state.run(move |app| approval::try_again(app, &who, id)).await?;
    state.workers().wake();
    Ok(Json(view))
}
