//! What merchants have answered, and the key of the links that they answer through.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::Page;
use crate::api::merchant::{AnswerQuery, AnswerView, LinkKeyView};
use crate::domain::access::Role;
use crate::service::merchant;
use crate::web::extract::Query;
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new().whole(Role::Viewer, routes!(answers)).whole(Role::Admin, routes!(change_link_key))
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

/// Signs merchants' links with a new key from now on. Links under the two keys before stay good.
#[utoipa::path(post, path = "/link-keys", tag = "notices",
    responses((status = 201, description = "The new key", body = LinkKeyView)))]
async fn change_link_key(
    State(state): State<AppState>,
    Extension(who): Who,
) -> Result<(StatusCode, Json<LinkKeyView>), ApiError> {
    let number = state.run(move |app| merchant::links::change_key(app, &who)).await?;
    Ok((StatusCode::CREATED, Json(LinkKeyView { number })))
}
