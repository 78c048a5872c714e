//! `/inbox`: what came back by mail, and who asks for something that only a person can give.

use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::Page;
use crate::api::inbound::{InboundOutcome, InboundQuery, InboundView};
use crate::api::merchant::{AnswerQuery, AnswerView};
use crate::domain::access::Role;
use crate::service::{inbox, merchant};
use crate::web::AppState;
use crate::web::routes::PageRoutes;

/// What is written down of mail that came in, what waits for somebody first; the rest is not kept.
const OUTCOMES: [InboundOutcome; 5] = [
    InboundOutcome::Kept,
    InboundOutcome::Bounced,
    InboundOutcome::Complaint,
    InboundOutcome::Answered,
    InboundOutcome::Noted,
];

/// Answers that are looked through for those that still matter.
const ANSWERS_MAX: i64 = 1000;

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().whole(Role::Viewer, "/inbox", get(show))
}

/// What the address asks for; a form sends an empty word for what was left open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InboxPageQuery {
    /// What was made of the mails; those that wait for somebody unless told.
    pub outcome: Option<String>,
    /// Whether mails that somebody has seen to are shown too.
    pub done: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct InboxPage {
    /// Mails, the latest first.
    pub mails: Page<InboundView>,
    /// Visits to come at a time that does not suit the merchant, the latest answer first; on the first page alone.
    pub wishes: Vec<AnswerView>,
    /// What was asked for.
    pub query: InboxPageQuery,
}

#[derive(Serialize)]
struct View<'a> {
    data: &'a InboxPage,
    outcomes: Vec<&'static str>,
    outcome: &'a str,
    waiting: &'static str,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &InboxPage) -> Result<String, RenderError> {
    let waiting = InboundOutcome::Kept.as_str();
    let view = View {
        data: page,
        outcomes: OUTCOMES.iter().map(|outcome| outcome.as_str()).collect(),
        outcome: given(&page.query.outcome).unwrap_or(waiting),
        waiting,
    };
    render("inbox.html", page_context, &view)
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<InboxPageQuery>,
) -> Response {
    let ask = move |app: &_, page_context: &PageContext| {
        let word = |field: &Option<String>| given(field).map(str::to_owned);
        let wanted = InboundQuery {
            outcome: word(&query.outcome),
            done: Some(given(&query.done).is_some()),
            limit: None,
            after: word(&query.after),
        };
        let mails = inbox::list(app, &wanted)?;
        let mut wishes = Vec::new();
        if wanted.outcome.is_none() && wanted.after.is_none() {
            let latest = AnswerQuery { limit: Some(ANSWERS_MAX), ..AnswerQuery::default() };
            wishes = merchant::answers::list(app, &latest)?.items;
            // What was moved since, or is over, asks nobody for anything any more.
            wishes.retain(|answer| !answer.outdated && answer.starts_at > page_context.now);
        }
        Ok(InboxPage { mails, wishes, query })
    };
    page(state, page_context, ask, render_page).await
}
