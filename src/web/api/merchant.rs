//! What merchants have answered.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Page;
use crate::api::merchant::{AnswerQuery, AnswerView};
use crate::service::merchant;
use crate::web::extract::Query;
use crate::web::{ApiError, AppState};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(answers))
}

/// Merchants' answers about visits, the latest first.
#[utoipa::path(get, path = "/answers", tag = "notices",
    params(AnswerQuery),
    responses((status = 200, description = "Merchants' answers about visits, the latest first", body = Page<AnswerView>)))]
async fn answers(
    State(state): State<AppState>,
    Query(query): Query<AnswerQuery>,
) -> Result<Json<Page<AnswerView>>, ApiError> {
    Ok(Json(state.run(move |app| merchant::answers::list(app, &query)).await?))
}
