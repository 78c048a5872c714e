//! The audit trail: read, verified, written to a file.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::unfold;
use serde::Deserialize;
use utoipa_axum::routes;

use crate::api::audit::{AuditQuery, AuditVerdict};
use crate::api::{AuditView, Page};
use crate::domain::access::Role;
use crate::fleet_files::FileFormat;
use crate::service::Error;
use crate::service::audit::{self, chain, export};
use crate::web::extract::Query;
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(audit_trail))
        .whole(Role::Viewer, routes!(verify))
        .whole(Role::Viewer, routes!(export_trail))
}

/// Every change, with who, when, from where and why; the latest first.
#[utoipa::path(get, path = "/audit", tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "Every change, with who, when and why; the latest first", body = Page<AuditView>)))]
async fn audit_trail(
    State(state): State<AppState>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditView>>, ApiError> {
    let result = state.run(move |app| audit::list(app, &query)).await?;
    Ok(Json(result))
}

/// What is known from an earlier verification.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct VerifyQuery {
    /// An entry that an earlier verification named as the last one, as `POSITION:HASH`: it must still be there.
    head: Option<String>,
}

/// Reads the whole trail and says what was changed, removed or put in between.
#[utoipa::path(get, path = "/audit/verify", tag = "audit",
    params(VerifyQuery),
    responses((status = 200, description = "What was found", body = AuditVerdict)))]
async fn verify(
    State(state): State<AppState>,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<AuditVerdict>, ApiError> {
    Ok(Json(state.run(move |app| chain::verify(app, query.head.as_deref())).await?))
}

/// Which file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// `jsonl` (unless told) or `csv`.
    format: Option<String>,
    /// Only by this actor, as the trail shows it.
    actor: Option<String>,
    /// Only this action, or all of a kind.
    action: Option<String>,
    /// Only about this.
    subject: Option<String>,
    /// Only where action, subject, actor or reason contains this.
    q: Option<String>,
    /// Only from then on, in RFC 3339.
    from: Option<chrono::DateTime<chrono::Utc>>,
    /// Only before then, in RFC 3339.
    to: Option<chrono::DateTime<chrono::Utc>>,
}

/// The trail as a file, the earliest entry first. It is sent as it is read, however long it is; a file that breaks off
/// in the middle ends without its last chunk.
#[utoipa::path(get, path = "/audit/export", tag = "audit",
    params(ExportQuery),
    responses((status = 200, description = "The file", content_type = "application/x-ndjson", body = String)))]
async fn export_trail(
    State(state): State<AppState>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let ExportQuery { format, actor, action, subject, q, from, to } = query;
    let (format, content_type) = match format.as_deref() {
        None | Some("jsonl") => (FileFormat::JsonLines, "application/x-ndjson"),
        Some("csv") => (FileFormat::Csv, "text/csv; charset=utf-8"),
        Some(other) => {
            return Err(Error::invalid("format", format!("`{other}` is unknown; use jsonl or csv")).into());
        }
    };
    let query = AuditQuery { actor, action, subject, q, from, to, limit: None, after: None };
    // The first part before the answer begins: what goes wrong in it is still an error.
    let asked = query.clone();
    let first = state.run(move |app| export::part(app, &asked, format, None)).await?;
    let parts = unfold(Some((first, state, query)), move |left| async move {
        let (part, state, query) = left?;
        let bytes = Bytes::from(part.bytes);
        let Some(after) = part.next else { return Some((Ok(bytes), None)) };
        let asked = query.clone();
        match state.run(move |app| export::part(app, &asked, format, Some(after))).await {
            Ok(next) => Some((Ok(bytes), Some((next, state, query)))),
            Err(refusal) => Some((Err(std::io::Error::other(refusal.problem().detail.clone())), None)),
        }
    });
    // Whoever compresses asks once more after the end of an empty file.
    let parts = parts.fuse();
    let mut answer = Body::from_stream(parts).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(answer)
}
