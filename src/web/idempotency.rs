//! `Idempotency-Key` on whatever a POST does: it is done once, however often it is sent.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::service::idempotency::{Begun, KeptAnswer, Keyed, begin, keep, lose, release};
use crate::service::{Actor, Error, Outage};
use crate::web::error::plain_problem;
use crate::web::{ApiError, AppState};

/// Longest key.
const KEY_CHARS_MAX: usize = 255;

/// Largest body of a request with a key: that of an import for a form, else what every other request may have.
const FORM_BYTES_MAX: usize = 512 * 1024 * 1024;
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Headers that are part of an answer.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Says on an answer that it is an earlier one.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Has a request with a key done once.
pub(super) async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let keyed = request.method() == Method::POST && request.headers().contains_key("idempotency-key");
    if !keyed {
        return next.run(request).await;
    }
    // On its own: what has been noted is done and answered, whether or not anybody still waits for it.
    match tokio::spawn(once_keyed(state, request, next)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(_) => crate::web::error::panicked(Box::new(())),
    }
}

async fn once_keyed(state: AppState, request: Request, next: Next) -> Result<Response, ApiError> {
    let key = key_of(&request)?;
    let (parts, body) = request.into_parts();
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary.trim_matches('"').to_owned());
    let limit = if boundary.is_some() { FORM_BYTES_MAX } else { BODY_BYTES_MAX };
    let bytes = axum::body::to_bytes(body, limit).await.map_err(|_| {
        let detail = format!("the body is larger than {limit} bytes, or broke off; send less at once");
        plain_problem(StatusCode::PAYLOAD_TOO_LARGE, "invalid", "The body cannot be read", &detail)
    })?;
    let actor = parts.extensions.get::<Actor>().cloned().unwrap_or_else(Actor::system);
    let keyed = {
        let (uri, bytes) = (parts.uri.clone(), bytes.clone());
        let if_match = parts.headers.get(header::IF_MATCH).map(|tag| tag.as_bytes().to_vec());
        state
            .run(move |_| {
                // A form's boundary is drawn anew each time that it is sent.
                let pieces = pieces_of(&bytes, boundary.as_deref());
                let target = uri.path_and_query().map_or("", |target| target.as_str()).as_bytes();
                let if_match = if_match.as_deref().unwrap_or_default();
                Keyed::new(&actor, &key, [target, if_match].into_iter().chain(pieces))
            })
            .await?
    };
    let noted = keyed.clone();
    match state.run(move |app| begin(app, &noted)).await? {
        Begun::Now => {}
        Begun::Before(answer) => return Ok(replayed(answer)),
        Begun::OtherRequest => {
            let detail =
                "this Idempotency-Key was sent with another request; use a new key for a new request";
            return Err(plain_problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_mismatch",
                "The key was used before",
                detail,
            ));
        }
        Begun::UnderWay => {
            let detail =
                "the first request with this Idempotency-Key is being worked on; ask again in a moment";
            return Err(plain_problem(StatusCode::CONFLICT, "idempotency_in_progress", "Under way", detail));
        }
        Begun::Lost => {
            let detail = "the first request with this Idempotency-Key was cut off, and nobody knows whether it was \
                          done: look, then send it with a new key if it was not";
            return Err(plain_problem(StatusCode::CONFLICT, "idempotency_lost", "Outcome unknown", detail));
        }
    }
    let running = tokio::spawn(next.run(Request::from_parts(parts, Body::from(bytes))));
    let Ok(response) = running.await else {
        settle(&state, move |app| lose(app, &keyed)).await;
        return Ok(crate::web::error::panicked(Box::new(())));
    };
    Ok(settled(&state, keyed, response).await)
}

fn key_of(request: &Request) -> Result<String, ApiError> {
    let mut values = request.headers().get_all("idempotency-key").into_iter();
    let text = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    // The draft has it in quotation marks; most people leave them out.
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let plain = key.chars().all(|c| c.is_ascii_graphic());
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !plain || values.next().is_some() {
        let detail = format!(
            "header idempotency-key: use one key of 1 to {KEY_CHARS_MAX} printable ASCII characters, best a UUID"
        );
        return Err(plain_problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid value", &detail));
    }
    Ok(key.to_owned())
}

/// A body without the boundary between its parts.
fn pieces_of<'a>(bytes: &'a Bytes, boundary: Option<&str>) -> Vec<&'a [u8]> {
    let Some(boundary) = boundary.map(str::as_bytes).filter(|boundary| !boundary.is_empty()) else {
        return vec![bytes];
    };
    let (mut pieces, mut rest) = (Vec::new(), bytes.as_ref());
    while let Some(at) = rest.windows(boundary.len()).position(|window| window == boundary) {
        pieces.push(&rest[..at]);
        rest = &rest[at + boundary.len()..];
    }
    pieces.push(rest);
    pieces
}

fn replayed(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Keeps the answer, or forgets the key where nothing was done and it is worth trying again.
async fn settled(state: &AppState, keyed: Keyed, response: Response) -> Response {
    let status = response.status();
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        settle(state, move |app| lose(app, &keyed)).await;
        return crate::web::error::panicked(Box::new(()));
    };
    if status.is_server_error() {
        let code = serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default()["code"].take();
        let unknown = code == Outage::OutcomeUnknown.code();
        settle(state, move |app| if unknown { lose(app, &keyed) } else { release(app, &keyed) }).await;
    } else {
        let headers = KEPT_HEADERS
            .iter()
            .filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned())));
        let (status, headers) = (status.as_u16(), headers.collect());
        let answer = KeptAnswer { status, headers, body: bytes.to_vec() };
        settle(state, move |app| keep(app, &keyed, &answer)).await;
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// What was done is done, whether or not that can be written down.
async fn settle(
    state: &AppState,
    work: impl FnOnce(&crate::service::App) -> Result<(), Error> + Send + 'static,
) {
    if let Err(error) = state.run(work).await {
        tracing::error!(detail = error.problem().detail, "what became of a request with a key is not kept");
    }
}
