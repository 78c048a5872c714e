//! The OpenAPI document, gathered from the handlers themselves: a route without a description does not exist.

mod complete;
mod examples;
mod reference;

use std::sync::OnceLock;

use axum::Json;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::api::problem::Problem;
use crate::web::access::SESSION_COOKIE;
use crate::web::{AppState, api};

pub(super) use reference::page as reference_page;

/// Every route of the API with its description, to be nested under `/api/v1`.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(base()).merge(api::router().into_router())
}

/// The document as it is served.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let described = OpenApiRouter::with_openapi(base()).nest("/api/v1", router()).to_openapi();
        let mut document = serde_json::to_value(described).unwrap_or_default();
        complete::complete(&mut document);
        document
    })
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Offpeak")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Maintenance of payment terminals: planned, staggered, announced, followed."))
        .build();
    // What every error is; nothing else refers to it.
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    let cookie = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "Of a browser that has signed in; `__Host-offpeak_session` over TLS. What changes anything also carries \
         X-CSRF-Token.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API token; in its place its maker may be named by Basic, with the token as password.",
        ))
        .build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .security_scheme("token", SecurityScheme::Http(bearer))
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// `GET /api/v1/openapi.json`.
pub(super) async fn served() -> Json<&'static Value> {
    Json(document())
}
