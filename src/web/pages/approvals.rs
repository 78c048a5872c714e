//! `/approvals`: what waits for a second person, and what was said to it.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::Page;
use crate::api::approval::{ApprovalQuery, ApprovalView};
use crate::domain::access::Role;
use crate::domain::approval::ApprovalState;
use crate::service::approval;
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().whole(Role::Viewer, "/approvals", get(show))
}

/// What the address asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ApprovalsQuery {
    /// A state.
    pub state: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalsPage {
    /// Requests, the latest first.
    pub approvals: Page<ApprovalView>,
    /// What was asked for.
    pub query: ApprovalsQuery,
    /// Who looks.
    pub person: String,
    /// Whether he may answer what somebody else has asked for.
    pub may_answer: bool,
}

#[derive(Serialize)]
struct View<'a> {
    data: &'a ApprovalsPage,
    states: Vec<&'static str>,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &ApprovalsPage) -> Result<String, RenderError> {
    let states = ApprovalState::ALL.iter().map(|state| state.as_str()).collect();
    render("approvals.html", page_context, &View { data: page, states })
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(query): Query<ApprovalsQuery>,
) -> Response {
    let ask = move |app: &_, _: &_| {
        let wanted = ApprovalQuery {
            state: given(&query.state).map(str::to_owned),
            after: given(&query.after).map(str::to_owned),
            limit: None,
        };
        Ok(ApprovalsPage {
            approvals: approval::list(app, &wanted)?,
            query,
            person: who.person().to_owned(),
            may_answer: who.role() >= Role::Approver,
        })
    };
    page(state, page_context, ask, render_page).await
}
