//! The fleet: import, export, lists, one terminal's history.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa_axum::routes;

use crate::api::fleet::{
    FleetEdit, FleetHits, FleetSummary, ImportReport, MerchantChange, MerchantView, SearchQuery, SiteChange,
    SiteView, TerminalChange, TerminalHistory, TerminalView,
};
use crate::api::{Page, PageQuery};
use crate::domain::access::Role;
use crate::fleet_files::{FileFormat, FileKind};
use crate::service::{Error, fleet, part};
use crate::web::error::plain_problem;
use crate::web::extract::{Body, Form, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

/// Files of one import may have so many bytes together: some three million terminals.
const IMPORT_BYTES_MAX: usize = 512 * 1024 * 1024;

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Operator, routes!(import))
        .map(|routes| routes.layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)))
        .whole(Role::Viewer, routes!(export))
        .whole(Role::Viewer, routes!(summary))
        .parts(Role::Viewer, routes!(merchants))
        .parts(Role::Viewer, routes!(sites))
        .parts(Role::Viewer, routes!(terminals))
        .whole(Role::Viewer, routes!(search))
        .whole(Role::Viewer, routes!(merchant))
        .whole(Role::Operator, routes!(change_merchant))
        .parts(Role::Viewer, routes!(site))
        .whole(Role::Operator, routes!(change_site))
        .parts(Role::Viewer, routes!(history))
        .whole(Role::Operator, routes!(change_terminal))
}

/// How to import.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
}

/// How to edit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct EditQuery {
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
}

/// How to write an export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// `csv` (unless told) or `jsonl`.
    format: Option<String>,
}

/// The files of an import.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes the form")]
struct ImportForm {
    /// CSV or JSON Lines; any number of parts of this name, each with its file name.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<String>,
}

/// Imports merchants, sites and terminals, all or nothing.
#[utoipa::path(post, path = "/fleet/import", tag = "fleet", params(ImportQuery),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "What changed", body = ImportReport)))]
async fn import(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<ImportQuery>,
    Form(mut form): Form,
) -> Result<Json<ImportReport>, ApiError> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        // A form that cannot be read is a value that cannot be, as any other.
        let status = match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        plain_problem(status, "invalid", "The form cannot be read", &error.body_text())
    };
    let mut files = Vec::new();
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let name = part.file_name().or(part.name()).unwrap_or("file").to_owned();
        files.push((name, part.bytes().await.map_err(broken)?));
    }
    if files.is_empty() {
        let detail = "the form holds no file; send each as a part `file` with its file name";
        return Err(plain_problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "No file", detail));
    }
    drop(form);
    Ok(Json(state.run(move |app| fleet::import(app, &who, files, query.dry_run)).await?))
}

/// A table as the file that import reads.
#[utoipa::path(get, path = "/fleet/export/{table}", tag = "fleet",
    params(("table" = String, Path, description = "merchants, sites or terminals"), ExportQuery),
    responses((status = 200, description = "The file", content_type = "text/csv", body = String)))]
async fn export(
    State(state): State<AppState>,
    Segment(table): Segment<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let kind = match table.as_str() {
        "merchants" => FileKind::Merchants,
        "sites" => FileKind::Sites,
        "terminals" => FileKind::Terminals,
        _ => {
            let remedy = "use merchants, sites or terminals";
            return Err(Error::NotFound { what: "table", key: table, remedy }.into());
        }
    };
    let (format, content_type) = match query.format.as_deref() {
        None | Some("csv") => (FileFormat::Csv, "text/csv; charset=utf-8"),
        Some("jsonl") => (FileFormat::JsonLines, "application/jsonl"),
        Some(other) => {
            return Err(Error::invalid("format", format!("`{other}` is unknown; use csv or jsonl")).into());
        }
    };
    let bytes = state.run(move |app| fleet::export(app, kind, format)).await?;
    Ok(([(header::CONTENT_TYPE, content_type)], bytes).into_response())
}

/// The fleet in numbers.
#[utoipa::path(get, path = "/fleet", tag = "fleet",
    responses((status = 200, description = "The fleet in numbers", body = FleetSummary)))]
async fn summary(State(state): State<AppState>) -> Result<Json<FleetSummary>, ApiError> {
    Ok(Json(state.run(fleet::summary).await?))
}

/// Merchants, by number.
#[utoipa::path(get, path = "/merchants", tag = "fleet", params(PageQuery),
    responses((status = 200, description = "Merchants", body = Page<MerchantView>)))]
async fn merchants(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<MerchantView>>, ApiError> {
    Ok(Json(state.run(move |app| part::merchants(app, &who, &query)).await?))
}

/// Sites, by code.
#[utoipa::path(get, path = "/sites", tag = "fleet", params(PageQuery),
    responses((status = 200, description = "Sites", body = Page<SiteView>)))]
async fn sites(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<SiteView>>, ApiError> {
    Ok(Json(state.run(move |app| part::sites(app, &who, &query)).await?))
}

/// Terminals, by serial number.
#[utoipa::path(get, path = "/terminals", tag = "fleet", params(PageQuery),
    responses((status = 200, description = "Terminals", body = Page<TerminalView>)))]
async fn terminals(
    State(state): State<AppState>,
    Extension(who): Who,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TerminalView>>, ApiError> {
    Ok(Json(state.run(move |app| part::terminals(app, &who, &query)).await?))
}

/// One terminal with all that happened to it.
#[utoipa::path(get, path = "/terminals/{serial}", tag = "fleet",
    params(("serial" = String, Path, description = "Serial number")),
    responses((status = 200, description = "The terminal", body = TerminalHistory)))]
async fn history(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(serial): Segment<String>,
) -> Result<Tagged<TerminalHistory>, ApiError> {
    Ok(Tagged(state.run(move |app| part::history(app, &who, &serial)).await?))
}

/// Merchants, sites and terminals whose number, code, serial number, TID or name begins so.
#[utoipa::path(get, path = "/fleet/search", tag = "fleet", params(SearchQuery),
    responses((status = 200, description = "What begins so", body = FleetHits)))]
async fn search(
    State(state): State<AppState>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<FleetHits>, ApiError> {
    Ok(Json(state.run(move |app| fleet::search(app, &query)).await?))
}

/// One merchant.
#[utoipa::path(get, path = "/merchants/{number}", tag = "fleet",
    params(("number" = String, Path, description = "Merchant number")),
    responses((status = 200, description = "The merchant", body = MerchantView)))]
async fn merchant(
    State(state): State<AppState>,
    Segment(number): Segment<String>,
) -> Result<Tagged<MerchantView>, ApiError> {
    Ok(Tagged(state.run(move |app| fleet::merchant(app, &number)).await?))
}

/// One site.
#[utoipa::path(get, path = "/sites/{code}", tag = "fleet",
    params(("code" = String, Path, description = "Site code")),
    responses((status = 200, description = "The site", body = SiteView)))]
async fn site(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(code): Segment<String>,
) -> Result<Tagged<SiteView>, ApiError> {
    Ok(Tagged(state.run(move |app| part::site(app, &who, &code)).await?))
}

/// Changes what is given of a merchant, by the rules of the import.
#[utoipa::path(patch, path = "/merchants/{number}", tag = "fleet",
    params(("number" = String, Path, description = "Merchant number"), EditQuery, IfMatchHeader),
    request_body = MerchantChange,
    responses((status = 200, description = "What it changed", body = FleetEdit<MerchantView>)))]
async fn change_merchant(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(number): Segment<String>,
    Query(query): Query<EditQuery>,
    IfMatch(expected): IfMatch,
    Body(change): Body<MerchantChange>,
) -> Result<Json<FleetEdit<MerchantView>>, ApiError> {
    let edit = move |app: &_| fleet::change_merchant(app, &who, &number, &expected, &change, query.dry_run);
    let edit = state.run(edit).await?;
    state.workers().wake();
    Ok(Json(edit))
}

/// Changes what is given of a site, by the rules of the import.
#[utoipa::path(patch, path = "/sites/{code}", tag = "fleet",
    params(("code" = String, Path, description = "Site code"), EditQuery, IfMatchHeader),
    request_body = SiteChange,
    responses((status = 200, description = "What it changed", body = FleetEdit<SiteView>)))]
async fn change_site(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(code): Segment<String>,
    Query(query): Query<EditQuery>,
    IfMatch(expected): IfMatch,
    Body(change): Body<SiteChange>,
) -> Result<Json<FleetEdit<SiteView>>, ApiError> {
    let edit = move |app: &_| fleet::change_site(app, &who, &code, &expected, &change, query.dry_run);
    let edit = state.run(edit).await?;
    state.workers().wake();
    Ok(Json(edit))
}

/// Changes what is given of a terminal, by the rules of the import.
#[utoipa::path(patch, path = "/terminals/{serial}", tag = "fleet",
    params(("serial" = String, Path, description = "Serial number"), EditQuery, IfMatchHeader),
    request_body = TerminalChange,
    responses((status = 200, description = "What it changed", body = FleetEdit<TerminalView>)))]
async fn change_terminal(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(serial): Segment<String>,
    Query(query): Query<EditQuery>,
    IfMatch(expected): IfMatch,
    Body(change): Body<TerminalChange>,
) -> Result<Json<FleetEdit<TerminalView>>, ApiError> {
    let edit = move |app: &_| fleet::change_terminal(app, &who, &serial, &expected, &change, query.dry_run);
    let edit = state.run(edit).await?;
    state.workers().wake();
    Ok(Json(edit))
}
