//! Which replica does what.

use axum::Json;
use axum::extract::State;
use utoipa_axum::routes;

use crate::api::replica::ReplicasView;
use crate::domain::access::Role;
use crate::service::lease;
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState};

pub(super) fn router() -> Routes {
    Routes::new().whole(Role::Viewer, routes!(replicas))
}

/// The replica that answers, the two clocks, and who leads in what one replica alone may do.
#[utoipa::path(get, path = "/replicas", tag = "workers",
    responses((status = 200, description = "Replica and leases", body = ReplicasView)))]
async fn replicas(State(state): State<AppState>) -> Result<Json<ReplicasView>, ApiError> {
    Ok(Json(state.run(lease::replicas).await?))
}
