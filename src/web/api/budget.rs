//! Disruption budgets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::budget::{BudgetPreview, BudgetView, NewBudget};
use crate::api::{ListQuery, Page};
use crate::domain::access::Role;
use crate::domain::ids::BudgetId;
use crate::service::budget;
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(budgets))
        .whole(Role::Approver, routes!(add))
        .whole(Role::Viewer, routes!(preview))
        .whole(Role::Viewer, routes!(show))
        .whole(Role::Approver, routes!(change))
        .whole(Role::Approver, routes!(remove))
}

/// Disruption budgets, by number.
#[utoipa::path(get, path = "/budgets", tag = "budgets", params(ListQuery),
    responses((status = 200, description = "Disruption budgets, by number", body = Page<BudgetView>)))]
async fn budgets(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<BudgetView>>, ApiError> {
    Ok(Json(state.run(move |app| budget::list(app, &query)).await?))
}

/// Adds a disruption budget.
#[utoipa::path(post, path = "/budgets", tag = "budgets",
    request_body = NewBudget,
    responses((status = 201, description = "Adds a disruption budget", body = BudgetView)))]
async fn add(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewBudget>,
) -> Result<(StatusCode, Tagged<BudgetView>), ApiError> {
    let result = state.run(move |app| budget::add(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Tagged(result)))
}

/// What a budget that is not saved would mean for each of its groups.
#[utoipa::path(post, path = "/budgets/preview", tag = "budgets",
    request_body = NewBudget,
    responses((status = 200, description = "Its groups, and how many may be down in each", body = BudgetPreview)))]
async fn preview(
    State(state): State<AppState>,
    Body(new): Body<NewBudget>,
) -> Result<Json<BudgetPreview>, ApiError> {
    Ok(Json(state.run(move |app| budget::preview(app, &new)).await?))
}

/// One disruption budget.
#[utoipa::path(get, path = "/budgets/{id}", tag = "budgets",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "One disruption budget", body = BudgetView)))]
async fn show(
    State(state): State<AppState>,
    Segment(id): Segment<BudgetId>,
) -> Result<Tagged<BudgetView>, ApiError> {
    Ok(Tagged(state.run(move |app| budget::show(app, id)).await?))
}

/// Gives a disruption budget other terms; they hold from the next decision on.
#[utoipa::path(put, path = "/budgets/{id}", tag = "budgets",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    request_body = NewBudget,
    responses((status = 200, description = "As it is now", body = BudgetView)))]
async fn change(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<BudgetId>,
    IfMatch(expected): IfMatch,
    Body(new): Body<NewBudget>,
) -> Result<Tagged<BudgetView>, ApiError> {
    let change = move |app: &_| budget::change(app, &who, id, &expected, &new);
    Ok(Tagged(state.run(change).await?))
}

/// Removes a disruption budget.
#[utoipa::path(delete, path = "/budgets/{id}", tag = "budgets",
    params(("id" = i64, Path, description = "Its number"), IfMatchHeader),
    responses((status = 204, description = "Done")))]
async fn remove(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<BudgetId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| budget::remove(app, &who, id, &expected)).await?;
    Ok(StatusCode::NO_CONTENT)
}
