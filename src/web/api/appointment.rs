//! Appointments and ad-hoc maintenance.

use axum::extract::State;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::appointment::{
    AppointmentQuery, AppointmentView, BatchRequest, BatchResult, Maintenance, MaintenanceResult,
    MoveRequest, OutcomeReport, StartsQuery, StartsView,
};
use crate::api::problem::Problem;
use crate::api::{Because, Page};
use crate::domain::access::Role;
use crate::domain::ids::AppointmentId;
use crate::service::{appointment, approval, part};
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .parts(Role::Operator, routes!(arrange))
        .parts(Role::Viewer, routes!(appointments))
        .parts(Role::Viewer, routes!(show))
        .parts(Role::Viewer, routes!(starts))
        .parts(Role::Operator, routes!(move_to))
        .parts(Role::Operator, routes!(cancel))
        .parts(Role::Operator, routes!(pin))
        .parts(Role::Operator, routes!(unpin))
        .parts(Role::Operator, routes!(batch))
        .parts(Role::Operator, routes!(start))
        .parts(Role::Operator, routes!(outcome))
}

/// Ad-hoc maintenance, by the same rules as the planner's.
#[utoipa::path(post, path = "/maintenance", tag = "appointments",
    request_body = Maintenance,
    responses((status = 200, description = "Ad-hoc maintenance, by the same rules as the planner's", body = MaintenanceResult),
        (status = 202, description = "A second person has to approve the emergency", body = Problem)))]
async fn arrange(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(request): Body<Maintenance>,
) -> Result<Json<MaintenanceResult>, ApiError> {
    let result = state
        .run(move |app| {
            part::check_terminals(app, &who, &request.serials)?;
            approval::arrange(app, &who, &request)
        })
        .await?;
    state.workers().wake();
    Ok(Json(result))
}

/// Appointments, by start.
#[utoipa::path(get, path = "/appointments", tag = "appointments",
    params(AppointmentQuery),
    responses((status = 200, description = "Appointments, by start", body = Page<AppointmentView>)))]
async fn appointments(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<AppointmentQuery>,
) -> Result<Json<Page<AppointmentView>>, ApiError> {
    let result = state.run(move |app| part::appointments(app, &who, &query)).await?;
    Ok(Json(result))
}

/// One appointment.
#[utoipa::path(get, path = "/appointments/{id}", tag = "appointments",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "One appointment", body = AppointmentView)))]
async fn show(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    Ok(Tagged(
        state
            .run(move |app| {
                part::check_appointment(app, &who, id)?;
                appointment::show(app, id)
            })
            .await?,
    ))
}

/// When it may start: for each slot of a range, whether the rules allow it there, or which forbid it.
#[utoipa::path(get, path = "/appointments/{id}/starts", tag = "appointments",
    params(("id" = i64, Path, description = "Its number"), StartsQuery),
    responses((status = 200, description = "The slots, those with the same answer together", body = StartsView)))]
async fn starts(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    Query(query): Query<StartsQuery>,
) -> Result<Json<StartsView>, ApiError> {
    Ok(Json(
        state
            .run(move |app| {
                part::check_appointment(app, &who, id)?;
                appointment::starts(app, id, &query)
            })
            .await?,
    ))
}

/// Moves it, if the rules allow it; its merchant is told.
#[utoipa::path(post, path = "/appointments/{id}/move", tag = "appointments",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = MoveRequest,
    responses((status = 200, description = "Moves it, if the rules allow it; its merchant is told", body = AppointmentView)))]
async fn move_to(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    IfMatch(expected): IfMatch,
    Body(request): Body<MoveRequest>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    let result = state
        .run(move |app| {
            part::check_appointment(app, &who, id)?;
            appointment::move_to(app, &who, id, &expected, &request)
        })
        .await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// Calls it off; its merchant is told.
#[utoipa::path(post, path = "/appointments/{id}/cancel", tag = "appointments",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "Calls it off; its merchant is told", body = AppointmentView)))]
async fn cancel(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    let reason = because.reason;
    let cancel = move |app: &_| {
        part::check_appointment(app, &who, id)?;
        appointment::cancel(app, &who, id, &expected, reason.as_deref())
    };
    let result = state.run(cancel).await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// Plans leave it where it is from now on; whoever moves it by hand may.
#[utoipa::path(post, path = "/appointments/{id}/pin", tag = "appointments",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "The appointment, pinned", body = AppointmentView)))]
async fn pin(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    let reason = because.reason;
    let pin = move |app: &_| {
        part::check_appointment(app, &who, id)?;
        appointment::set_pinned(app, &who, id, &expected, true, reason.as_deref())
    };
    Ok(Tagged(state.run(pin).await?))
}

/// Plans may move it again.
#[utoipa::path(post, path = "/appointments/{id}/unpin", tag = "appointments",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "The appointment, no longer pinned", body = AppointmentView)))]
async fn unpin(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    let reason = because.reason;
    let unpin = move |app: &_| {
        part::check_appointment(app, &who, id)?;
        appointment::set_pinned(app, &who, id, &expected, false, reason.as_deref())
    };
    Ok(Tagged(state.run(unpin).await?))
}

/// Moves, cancels or pins several appointments: all of them, or none.
#[utoipa::path(post, path = "/appointments/batch", tag = "appointments",
    request_body = BatchRequest,
    responses((status = 200, description = "The appointments as they are now", body = BatchResult)))]
async fn batch(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(request): Body<BatchRequest>,
) -> Result<Json<BatchResult>, ApiError> {
    let batch = move |app: &_| {
        part::check_appointments(app, &who, request.items.iter().map(|item| item.id))?;
        appointment::batch(app, &who, &request)
    };
    let result = state.run(batch).await?;
    state.workers().wake();
    Ok(Json(result))
}

/// The terminal is down for the work.
#[utoipa::path(post, path = "/appointments/{id}/start", tag = "appointments",
    params(("id" = i64, Path, description = "Its number")),
    request_body = Because,
    responses((status = 200, description = "The terminal is down for the work", body = AppointmentView)))]
async fn start(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    Body(because): Body<Because>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    let result = state
        .run(move |app| {
            part::check_appointment(app, &who, id)?;
            appointment::start(app, &who, id, because.reason.as_deref())
        })
        .await?;
    Ok(Tagged(result))
}

/// What became of it; a failure opens a lock.
#[utoipa::path(post, path = "/appointments/{id}/outcome", tag = "appointments",
    params(("id" = i64, Path, description = "Its number")),
    request_body = OutcomeReport,
    responses((status = 200, description = "What became of it; a failure opens a lock", body = AppointmentView)))]
async fn outcome(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<AppointmentId>,
    Body(report): Body<OutcomeReport>,
) -> Result<Tagged<AppointmentView>, ApiError> {
    let result = state
        .run(move |app| {
            part::check_appointment(app, &who, id)?;
            appointment::outcome(app, &who, id, &report)
        })
        .await?;
    Ok(Tagged(result))
}
