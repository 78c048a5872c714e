//! Locks: terminals that cannot take payments.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::lock::{LockChange, LockView, NewLock};
use crate::api::{Page, PageQuery};
use crate::domain::access::Role;
use crate::domain::ids::LockId;
use crate::service::{lock, part};
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .parts(Role::Viewer, routes!(locks))
        .parts(Role::Operator, routes!(report))
        .parts(Role::Operator, routes!(advance))
}

/// Locks, the latest first; those that have ended too with q=all.
#[utoipa::path(get, path = "/locks", tag = "locks",
    params(PageQuery),
    responses((status = 200, description = "Locks, the latest first; those that have ended too with q=all", body = Page<LockView>)))]
async fn locks(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<LockView>>, ApiError> {
    let result = state.run(move |app| part::locks(app, &who, &query)).await?;
    Ok(Json(result))
}

/// A terminal does not take payments.
#[utoipa::path(post, path = "/locks", tag = "locks",
    request_body = NewLock,
    responses((status = 201, description = "A terminal does not take payments", body = LockView)))]
async fn report(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewLock>,
) -> Result<(StatusCode, Json<LockView>), ApiError> {
    let result = state
        .run(move |app| {
            part::check_terminals(app, &who, std::slice::from_ref(&new.serial))?;
            lock::report(app, &who, &new)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(result)))
}

/// The next step of its life.
#[utoipa::path(post, path = "/locks/{id}/state", tag = "locks",
    params(("id" = i64, Path, description = "Its number")),
    request_body = LockChange,
    responses((status = 200, description = "The next step of its life", body = LockView)))]
async fn advance(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<LockId>,
    Body(change): Body<LockChange>,
) -> Result<Json<LockView>, ApiError> {
    let result = state
        .run(move |app| {
            part::check_lock(app, &who, id)?;
            lock::advance(app, &who, id, &change)
        })
        .await?;
    Ok(Json(result))
}
