//! `/notices/sending`: how sending goes: what waits and for how long, who will not have mail from us, which domains and
//! servers are left alone.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::notice::NoticeStats;
use crate::domain::access::Role;
use crate::domain::notice::NoticeState;
use crate::service;
use crate::web::AppState;
use crate::web::routes::PageRoutes;

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().whole(Role::Viewer, "/notices/sending", get(show))
}

#[derive(Serialize)]
struct View<'a> {
    stats: &'a NoticeStats,
    states: Vec<&'static str>,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, stats: &NoticeStats) -> Result<String, RenderError> {
    // States in which no notice is at all are no columns.
    let some = |state: &&str| stats.by_state.contains_key(*state);
    let states = NoticeState::ALL.iter().map(|state| state.as_str()).filter(some).collect();
    render("notice_sending.html", page_context, &View { stats, states })
}

async fn show(State(state): State<AppState>, page_context: PageContext) -> Response {
    let workers = state.workers().clone();
    let ask = move |app: &_, _: &_| {
        let mut stats = service::notice::stats(app)?;
        (stats.paused_domains, stats.relays) = (workers.paused_domains(), workers.relays());
        Ok(stats)
    };
    page(state, page_context, ask, render_page).await
}
