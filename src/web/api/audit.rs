//! The audit trail.

use axum::Json;
use axum::extract::State;
use utoipa_axum::routes;

use crate::api::{AuditView, Page, PageQuery};
use crate::domain::access::Role;
use crate::service::audit;
use crate::web::extract::Query;
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState};

pub(super) fn router() -> Routes {
    Routes::new().whole(Role::Viewer, routes!(audit_trail))
}

/// Every change, with who, when and why; the latest first.
#[utoipa::path(get, path = "/audit", tag = "audit",
    params(PageQuery),
    responses((status = 200, description = "Every change, with who, when and why; the latest first", body = Page<AuditView>)))]
async fn audit_trail(
    State(state): State<AppState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditView>>, ApiError> {
    let result = state.run(move |app| audit::list(app, &query)).await?;
    Ok(Json(result))
}
