//! Bodies, queries and paths: parsed once, with errors that name the field, as problem documents.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::web::ApiError;
use crate::web::error::plain_problem;

fn invalid(detail: &str) -> ApiError {
    plain_problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid value", detail)
}

/// A JSON body. An empty one is read as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = axum::body::Bytes::from_request(request, state).await.map_err(|error| {
            plain_problem(error.status(), "invalid", "The body cannot be read", &error.body_text())
        })?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        let body = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
            let path = error.path().to_string();
            invalid(&format!("body field {path}: {}", error.inner()))
        })?;
        parser.end().map_err(|error| invalid(&format!("body: {error}")))?;
        let value = serde_json::from_slice(bytes).map_err(|error| invalid(&format!("body: {error}")))?;
        check_texts(&value, "").map_err(|problem| invalid(&format!("body field {problem}")))?;
        Ok(Body(body))
    }
}

/// Longest text that a body may carry, in characters: selectors are the longest of them.
const TEXT_CHARS_MAX: usize = 4000;

/// No text of a body is endless, and none holds a NUL, which PostgreSQL cannot keep.
fn check_texts(value: &serde_json::Value, path: &str) -> Result<(), String> {
    use serde_json::Value;
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(format!("{path}: it holds a NUL character; remove it"))
        }
        Value::String(text) if text.chars().count() > TEXT_CHARS_MAX => Err(format!(
            "{path}: it is {} characters long; use at most {TEXT_CHARS_MAX}",
            text.chars().count()
        )),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_texts(item, &format!("{path}[{index}]"))),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            let dot = if path.is_empty() { "" } else { "." };
            check_texts(field, &format!("{path}{dot}{name}"))
        }),
        _ => Ok(()),
    }
}

/// No address names anything with a NUL in it.
pub(super) fn check_uri(uri: &axum::http::Uri) -> Result<(), ApiError> {
    if uri.path_and_query().is_some_and(|text| text.as_str().contains("%00")) {
        return Err(invalid("the address holds a NUL character; remove it"));
    }
    Ok(())
}

/// A form of files.
pub(crate) struct Form(pub(crate) axum::extract::Multipart);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let form = axum::extract::Multipart::from_request(request, state).await;
        form.map(Form).map_err(|error| {
            let detail = format!("{}; send the files as multipart/form-data", error.body_text());
            plain_problem(error.status(), "invalid", "Not a form of files", &detail)
        })
    }
}

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Query(value))
            .map_err(|error| invalid(&format!("query: {}", error.body_text())))
    }
}

/// One segment of the path.
pub(crate) struct Segment<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segment<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Segment(value))
            .map_err(|error| invalid(&format!("path: {}", error.body_text())))
    }
}
