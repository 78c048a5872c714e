//! `/locks`: terminals that cannot take payments, and since when; of the whole fleet, or of the reader's part of it.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::lock::LockView;
use crate::api::{Page, PageQuery};
use crate::domain::access::Role;
use crate::service::{self, App};
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

/// What the address asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LocksQuery {
    /// Anything: those that have ended as well.
    pub all: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct LocksPage {
    /// Locks, the latest first.
    pub locks: Page<LockView>,
    /// What was asked for.
    pub query: LocksQuery,
}

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().parts(Role::Viewer, "/locks", get(show))
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &LocksPage) -> Result<String, RenderError> {
    render("locks.html", page_context, page)
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(query): Query<LocksQuery>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let q = given(&query.all).map(|_| "all".to_owned());
        let wanted = PageQuery { q, after: given(&query.after).map(str::to_owned), ..PageQuery::default() };
        Ok(LocksPage { locks: service::part::locks(app, &who, &wanted)?, query })
    };
    page(state, page_context, ask, render_page).await
}
