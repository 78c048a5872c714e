//! Disruption budgets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::budget::{BudgetView, NewBudget};
use crate::domain::access::Role;
use crate::domain::ids::BudgetId;
use crate::service::budget;
use crate::web::extract::{Body, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(budgets))
        .whole(Role::Approver, routes!(add))
        .whole(Role::Approver, routes!(remove))
}

/// Every disruption budget.
#[utoipa::path(get, path = "/budgets", tag = "budgets",
    responses((status = 200, description = "Every disruption budget", body = Vec<BudgetView>)))]
async fn budgets(State(state): State<AppState>) -> Result<Json<Vec<BudgetView>>, ApiError> {
    let result = state.run(budget::list).await?;
    Ok(Json(result))
}

/// Adds a disruption budget.
#[utoipa::path(post, path = "/budgets", tag = "budgets",
    request_body = NewBudget,
    responses((status = 201, description = "Adds a disruption budget", body = BudgetView)))]
async fn add(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewBudget>,
) -> Result<(StatusCode, Json<BudgetView>), ApiError> {
    let result = state.run(move |app| budget::add(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Json(result)))
}

/// Removes a disruption budget.
#[utoipa::path(delete, path = "/budgets/{id}", tag = "budgets",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 204, description = "Done")))]
async fn remove(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(id): Segment<BudgetId>,
) -> Result<StatusCode, ApiError> {
    state.run(move |app| budget::remove(app, &who, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
