//! Plans, the problem as a file, the load, tonight.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa_axum::routes;

use crate::api::plan::{Load, NewPlan, PlanDiff, PlanItem, PlanView, Tonight};
use crate::api::problem::Problem;
use crate::api::{Because, ListQuery, Page};
use crate::domain::access::Role;
use crate::domain::ids::PlanId;
use crate::service::{approval, plan};
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(plans))
        .whole(Role::Operator, routes!(create))
        .whole(Role::Viewer, routes!(show))
        .whole(Role::Viewer, routes!(items))
        .whole(Role::Viewer, routes!(diff))
        .whole(Role::Viewer, routes!(plan_load))
        .whole(Role::Operator, routes!(publish))
        .whole(Role::Operator, routes!(cancel))
        .whole(Role::Operator, routes!(discard))
        .whole(Role::Viewer, routes!(problem))
        .whole(Role::Viewer, routes!(current_load))
        .whole(Role::Viewer, routes!(tonight))
}

/// Which items.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ItemQuery {
    /// Only those without a place.
    #[serde(default)]
    unplaced: bool,
    /// Rows on the page, 1 to 1000; 100 unless told.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// How far to look.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct LoadQuery {
    /// Days ahead, 1 to 366; 14 unless told.
    days: Option<u32>,
}

/// Plans, the latest first.
#[utoipa::path(get, path = "/plans", tag = "plans", params(ListQuery),
    responses((status = 200, description = "Plans", body = Page<PlanView>)))]
async fn plans(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PlanView>>, ApiError> {
    Ok(Json(state.run(move |app| plan::list(app, &query)).await?))
}

/// Asks for a plan. The answer comes at once; the plan is `solving` until its search has ended.
#[utoipa::path(post, path = "/plans", tag = "plans", request_body = NewPlan,
    responses((status = 202, description = "The plan, being solved", body = PlanView)))]
async fn create(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(request): Body<NewPlan>,
) -> Result<(StatusCode, Tagged<PlanView>), ApiError> {
    let actor = who.clone();
    let asked = request.clone();
    let view = state.run(move |app| plan::create(app, &actor, &asked)).await?;
    let (app, id) = (state.app().clone(), PlanId(view.id));
    // A thread of its own: a search may take minutes, and must not hold one of the server's.
    std::thread::spawn(move || {
        if let Err(error) = plan::solve(&app, &who, id, &request) {
            tracing::warn!(plan = %id, %error, "the plan could not be made");
        }
    });
    Ok((StatusCode::ACCEPTED, Tagged(view)))
}

/// One plan.
#[utoipa::path(get, path = "/plans/{id}", tag = "plans",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The plan", body = PlanView)))]
async fn show(
    State(state): State<AppState>,
    Segment(id): Segment<PlanId>,
) -> Result<Tagged<PlanView>, ApiError> {
    Ok(Tagged(state.run(move |app| plan::show(app, id)).await?))
}

/// Its tasks, placed or not.
#[utoipa::path(get, path = "/plans/{id}/items", tag = "plans",
    params(("id" = i64, Path, description = "Its number"), ItemQuery),
    responses((status = 200, description = "Items", body = Page<PlanItem>)))]
async fn items(
    State(state): State<AppState>,
    Segment(id): Segment<PlanId>,
    Query(query): Query<ItemQuery>,
) -> Result<Json<Page<PlanItem>>, ApiError> {
    let page = move |app: &_| plan::items(app, id, query.unplaced, query.limit, query.after.as_deref());
    Ok(Json(state.run(page).await?))
}

/// What it would change of what stands now.
#[utoipa::path(get, path = "/plans/{id}/diff", tag = "plans",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The difference", body = PlanDiff)))]
async fn diff(
    State(state): State<AppState>,
    Segment(id): Segment<PlanId>,
) -> Result<Json<PlanDiff>, ApiError> {
    Ok(Json(state.run(move |app| plan::diff(app, id)).await?))
}

/// The load against the budgets if it were published now.
#[utoipa::path(get, path = "/plans/{id}/load", tag = "plans",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The load", body = Load)))]
async fn plan_load(
    State(state): State<AppState>,
    Segment(id): Segment<PlanId>,
) -> Result<Json<Load>, ApiError> {
    Ok(Json(state.run(move |app| plan::plan_load(app, id)).await?))
}

/// Verifies it once more and publishes it: appointments and notices in one step, or nothing.
#[utoipa::path(post, path = "/plans/{id}/publish", tag = "plans", request_body = Because,
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 200, description = "The published plan", body = PlanView),
        (status = 202, description = "A second person has to approve it", body = Problem)))]
async fn publish(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<PlanId>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<PlanView>, ApiError> {
    let view =
        state.run(move |app| approval::publish(app, &who, id, &expected, because.reason.as_deref())).await?;
    state.workers().wake();
    Ok(Tagged(view))
}

/// Ends its search with the best plan so far, which becomes a draft that is marked as cut short. A search that
/// has not begun to place anything leaves nothing: its plan is discarded.
#[utoipa::path(post, path = "/plans/{id}/cancel", tag = "plans", request_body = Because,
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 200, description = "The plan, its search about to end", body = PlanView)))]
async fn cancel(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<PlanId>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<PlanView>, ApiError> {
    Ok(Tagged(state.run(move |app| plan::cancel(app, &who, id, &expected, because.reason.as_deref())).await?))
}

/// Throws it away; a search that still runs for it ends.
#[utoipa::path(post, path = "/plans/{id}/discard", tag = "plans", request_body = Because,
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 200, description = "The discarded plan", body = PlanView)))]
async fn discard(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<PlanId>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<PlanView>, ApiError> {
    Ok(Tagged(
        state.run(move |app| plan::discard(app, &who, id, &expected, because.reason.as_deref())).await?,
    ))
}

/// The planning problem as things stand, as an offpeak.problem/1 file.
#[utoipa::path(post, path = "/problem", tag = "plans", request_body = NewPlan,
    responses((status = 200, description = "The file", content_type = "application/json", body = serde_json::Value)))]
async fn problem(State(state): State<AppState>, Body(request): Body<NewPlan>) -> Result<Response, ApiError> {
    let bytes = state.run(move |app| plan::export_problem(app, &request)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// The load of what stands against the budgets.
#[utoipa::path(get, path = "/load", tag = "plans", params(LoadQuery),
    responses((status = 200, description = "The load", body = Load)))]
async fn current_load(
    State(state): State<AppState>,
    Query(query): Query<LoadQuery>,
) -> Result<Json<Load>, ApiError> {
    Ok(Json(state.run(move |app| plan::current_load(app, query.days.unwrap_or(14))).await?))
}

/// What an operator sees first.
#[utoipa::path(get, path = "/tonight", tag = "plans",
    responses((status = 200, description = "Tonight and the next nights", body = Tonight)))]
async fn tonight(State(state): State<AppState>) -> Result<Json<Tonight>, ApiError> {
    Ok(Json(state.run(plan::tonight).await?))
}
