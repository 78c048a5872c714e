//! The page that stands in for one that cannot be shown: what is wrong, and what to do about it.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use serde::Serialize;

use super::render::{PageContext, RenderError, render};
use super::words::messages;
use crate::api::problem::Problem;
use crate::domain::fleet::Locale;

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    /// What it is called in the reader's language.
    heading: &'a str,
}

/// Puts an error into HTML.
pub fn render_page(page_context: &PageContext, problem: &Problem) -> Result<String, RenderError> {
    let known = messages(page_context.locale).get(&format!("problem.js_{}", problem.code));
    let heading = known.filter(|_| page_context.locale != Locale::En).unwrap_or(&problem.title);
    render("problem.html", page_context, &View { problem, heading })
}

/// The answer to a request whose page cannot be shown.
pub(in crate::web) fn respond(page_context: &PageContext, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(code = problem.code, detail = problem.detail, "a page cannot be shown");
    }
    match render_page(page_context, problem) {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().extend(crate::web::error::retry_after(problem));
            response
        }
        Err(error) => broken(&error),
    }
}

/// The answer when a template itself is broken.
pub(super) fn broken(error: &RenderError) -> Response {
    tracing::error!(?error, "a page cannot be rendered");
    (StatusCode::INTERNAL_SERVER_ERROR, "this page is broken; the server's log says where\n").into_response()
}
