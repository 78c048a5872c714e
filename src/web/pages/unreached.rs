//! `/unreached`: visits to come of which the merchant does not know, with the ways out.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::notice::Unreached;
use crate::domain::access::Role;
use crate::service;
use crate::web::AppState;
use crate::web::routes::PageRoutes;

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct UnreachedPage {
    /// The visits, the earliest first.
    pub rows: Vec<Unreached>,
}

/// The page.
pub(in crate::web) fn router() -> PageRoutes {
    PageRoutes::new().whole(Role::Viewer, "/unreached", get(show))
}

async fn show(State(state): State<AppState>, page_context: PageContext) -> Response {
    let ask = |app: &_, _: &PageContext| Ok(UnreachedPage { rows: service::notice::unreached::list(app)? });
    page(state, page_context, ask, render_page).await
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &UnreachedPage) -> Result<String, RenderError> {
    render("unreached.html", page_context, page)
}
