//! The background loops, run once by hand.

use axum::Json;
use axum::extract::State;
use utoipa_axum::routes;

use crate::api::WorkerRun;
use crate::domain::access::Role;
use crate::service::Error;
use crate::web::extract::Segment;
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState};
use crate::worker::Loop;

pub(super) fn router() -> Routes {
    Routes::new().whole(Role::Operator, routes!(run))
}

/// One pass of a loop, now. Refused for raise and watch while another replica leads in them.
#[utoipa::path(post, path = "/workers/{name}", tag = "workers",
    params(("name" = String, Path, description = "raise, watch, notify, dispatch or deliver")),
    responses((status = 200, description = "What it did", body = WorkerRun)))]
async fn run(
    State(state): State<AppState>,
    Segment(name): Segment<String>,
) -> Result<Json<WorkerRun>, ApiError> {
    let which = Loop::ALL.into_iter().find(|which| which.as_str() == name).ok_or(Error::NotFound {
        what: "loop",
        key: name,
        remedy: "use raise, watch, notify, dispatch or deliver",
    })?;
    Ok(Json(state.workers().run_once(which).await?))
}
