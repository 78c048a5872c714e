//! Entity tags: an answer carries one, a question is answered with 304 where nothing has changed, and a change says
//! with `If-Match` which version it was made against.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::service::version::{Expected, Versioned, version_of};
use crate::web::ApiError;
use crate::web::error::plain_problem;

/// A thing with its entity tag: its version, and after a dot a digest of the whole answer, which also changes when
/// the work goes on.
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Versioned> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Ok(bytes) = serde_json::to_vec(&self.0) else { return Json(self.0).into_response() };
        let tag = format!("\"{}.{}\"", version_of(self.0.etag()), digest_of(&bytes));
        let mut response = ([(header::CONTENT_TYPE, "application/json")], bytes).into_response();
        put_tag(response.headers_mut(), &tag);
        response
    }
}

/// How `If-Match` is described.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes the header")]
pub(crate) struct IfMatchHeader {
    /// The version that the change is made against: 412 if somebody else has made another meanwhile.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// `If-Match`: the versions that a change was made against.
pub(crate) struct IfMatch(pub(crate) Expected);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut tags = Vec::new();
        for value in parts.headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| {
                let detail =
                    "header if-match: it holds something else than entity tags; send an ETag as it came";
                plain_problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid value", detail)
            })?;
            tags.extend(text.split(',').map(str::trim).filter(|tag| !tag.is_empty()));
        }
        let anything = tags.is_empty() || tags.contains(&"*");
        Ok(IfMatch(if anything { Expected::ANYTHING } else { Expected::one_of(tags) }))
    }
}

/// Gives answers to questions an entity tag, and answers 304 to whoever has them already.
pub(super) async fn conditional(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = known_tags(request.headers());
    let response = next.run(request).await;
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if response.status() != StatusCode::OK || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        let detail = "the answer broke off; ask again";
        return plain_problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
            .into_response();
    };
    if !parts.headers.contains_key(header::ETAG) {
        put_tag(&mut parts.headers, &format!("\"{}\"", digest_of(&bytes)));
    }
    let tag = parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    if known.iter().any(|known| known == "*" || weak(known) == weak(tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn known_tags(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned()).collect()
}

/// Whether somebody has an answer already is asked without regard to weakness.
fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn put_tag(headers: &mut HeaderMap, tag: &str) {
    if let Ok(value) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, value);
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
}

fn digest_of(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..8])
}
