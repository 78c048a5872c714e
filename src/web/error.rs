//! Errors as RFC 9457 problem documents: here, and only here, a status is picked.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::problem::{FieldProblem, ItemProblem, Problem};
use crate::service::{DatabaseError, Error, Outage};
use crate::web::routes::Refused;

/// An answer that is an error.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

impl ApiError {
    /// The document.
    pub fn problem(&self) -> &Problem {
        &self.0
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::error!(code = self.0.code, detail = self.0.detail, "request failed");
        }
        let retry_after = retry_after(&self.0);
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        // That something waits for a second person is an answer, and no error.
        let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if status == StatusCode::UNAUTHORIZED {
            // No Basic: a browser would ask for a password of its own in the middle of a page.
            let challenge = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        headers.extend(retry_after);
        response
    }
}

/// When to ask again, where that is the thing to do: never blindly after an outcome that nobody knows.
pub(super) fn retry_after(problem: &Problem) -> Option<(HeaderName, HeaderValue)> {
    let passes = problem.status == StatusCode::SERVICE_UNAVAILABLE.as_u16()
        && problem.code != Outage::OutcomeUnknown.code();
    passes.then(|| (header::RETRY_AFTER, HeaderValue::from_static("5")))
}

/// A problem without further members.
pub(super) fn plain_problem(status: StatusCode, code: &str, title: &str, detail: &str) -> ApiError {
    ApiError(Box::new(Problem {
        kind: format!("/problems/{code}"),
        title: title.to_owned(),
        status: status.as_u16(),
        detail: detail.to_owned(),
        code: code.to_owned(),
        ..Problem::default()
    }))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        if error.is_collision() {
            let detail = "somebody did the same at the same moment; look again";
            return plain_problem(StatusCode::CONFLICT, "conflict", "Not possible as things stand", detail);
        }
        let detail = error.to_string();
        let problem = |status, code, title| plain_problem(status, code, title, &detail);
        match error {
            Error::NotFound { .. } => problem(StatusCode::NOT_FOUND, "not_found", "Not found"),
            Error::Link(_) => problem(StatusCode::NOT_FOUND, "link", "This link is not good"),
            Error::Invalid { field, message } => {
                let mut answer = problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid value");
                answer.0.errors = vec![FieldProblem { field: field.to_owned(), message }];
                answer
            }
            Error::Fields(errors) => {
                let mut answer = problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid values");
                answer.0.errors = errors;
                answer
            }
            Error::ApprovalNeeded(approval) => {
                let mut answer =
                    problem(StatusCode::ACCEPTED, "approval_needed", "A second person has to approve");
                answer.0.approval = Some(approval);
                answer
            }
            Error::OutOfScope(_) => {
                problem(StatusCode::FORBIDDEN, "out_of_scope", "Not your part of the fleet")
            }
            Error::Forbidden(_) => problem(StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Error::Conflict(_) | Error::Fenced { .. } => {
                problem(StatusCode::CONFLICT, "conflict", "Not possible as things stand")
            }
            Error::Changed { etag, current, .. } => {
                let status = StatusCode::PRECONDITION_FAILED;
                let mut answer = problem(status, "precondition_failed", "Changed meanwhile");
                answer.0.etag = Some(etag);
                answer.0.current = Some(*current);
                answer
            }
            Error::Refused(refusals) => {
                let mut answer = problem(StatusCode::CONFLICT, "refused", "The rules forbid it");
                answer.0.refusals = refusals;
                answer
            }
            Error::Batch(refusals) => {
                let mut answer = problem(StatusCode::CONFLICT, "batch_refused", "Not all of it is possible");
                answer.0.items = refusals.into_iter().map(|(id, error)| item_problem(id, error)).collect();
                answer
            }
            Error::BadRows { rows, .. } => {
                let mut answer = problem(StatusCode::UNPROCESSABLE_ENTITY, "bad_rows", "Bad rows");
                answer.0.rows = rows;
                answer
            }
            Error::Unverified(findings) => {
                let mut answer = problem(StatusCode::CONFLICT, "unverified", "The checker refuses the plan");
                answer.0.findings = findings;
                answer
            }
            Error::Database(DatabaseError::Unavailable { outage, .. }) => {
                problem(StatusCode::SERVICE_UNAVAILABLE, outage.code(), "Not available for now")
            }
            Error::Database(DatabaseError::Query(_)) | Error::Query(_) | Error::Corrupt(_) => {
                problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error")
            }
            Error::Database(
                DatabaseError::UnknownScheme(_) | DatabaseError::NoTls(_) | DatabaseError::Migration(_),
            ) => problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available for now"),
        }
    }
}

/// One refusal of several.
fn item_problem(id: i64, error: Error) -> ItemProblem {
    let Problem { code, detail, refusals, current, etag, .. } = *ApiError::from(error).0;
    ItemProblem { id, code, detail, refusals, current, etag }
}

/// No route of that path.
pub(super) async fn no_route(uri: axum::http::Uri) -> Response {
    let detail = format!("there is nothing at {}; the API is described at /api/v1/openapi.json", uri.path());
    Refused::answer(plain_problem(StatusCode::NOT_FOUND, "no_route", "No such page", &detail))
}

/// A route of that path, but not for that method.
pub(super) async fn wrong_method(method: axum::http::Method, uri: axum::http::Uri) -> Response {
    let detail = format!("{} does not take {method}; see /api/v1/openapi.json", uri.path());
    let problem =
        plain_problem(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "Method not allowed", &detail);
    Refused::answer(problem)
}

/// A handler panicked: the request fails, the server lives on.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let detail = "the server stumbled over this request; its log says where";
    plain_problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail).into_response()
}
