//! The page that stands in for one that cannot be shown: what is wrong, and what to do about it.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::render::{PageContext, RenderError, render};
use crate::api::problem::Problem;
use crate::service;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A use case said no.
    #[error(transparent)]
    Service(#[from] service::Error),
    /// A template is broken.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The thread that made it died.
    #[error("the page was not finished: {0}")]
    Panicked(String),
}

/// Puts an error into HTML.
pub fn render_page(page_context: &PageContext, problem: &Problem) -> Result<String, RenderError> {
    render("problem.html", page_context, problem)
}

/// The answer to a request whose page cannot be shown. What is nobody's business outside is logged, not shown.
pub(super) fn respond(page_context: &PageContext, error: &PageError) -> Response {
    let problem = problem_of(error);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(error = ?error, "a page cannot be shown");
    }
    match render_page(page_context, &problem) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (status, problem.detail).into_response(),
    }
}

fn problem_of(error: &PageError) -> Problem {
    let (status, code, title) = match error {
        PageError::Service(service::Error::NotFound { .. }) => (404, "not_found", "There is no such thing"),
        PageError::Service(service::Error::Invalid { .. }) => {
            (422, "invalid", "The address asks for what cannot be")
        }
        PageError::Service(service::Error::Conflict(_)) => (409, "conflict", "Not as things stand now"),
        _ => (500, "internal", "This page cannot be shown now"),
    };
    let detail = match status {
        500 => "The server’s log says why. The other pages may still work.".to_owned(),
        _ => error.to_string(),
    };
    Problem {
        kind: format!("/problems/{code}"),
        title: title.to_owned(),
        status,
        detail,
        code: code.to_owned(),
        ..Problem::default()
    }
}
