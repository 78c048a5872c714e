//! The OpenAPI document, gathered from the handlers themselves: a route without a description does not exist.

use axum::Json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::api::problem::Problem;
use crate::web::access::SESSION_COOKIE;
use crate::web::{AppState, api};

/// Every route of the API with its description, to be nested under `/api/v1`.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(base()).merge(api::router().into_router())
}

/// The document as it is served.
pub fn document() -> OpenApi {
    let mut document = OpenApiRouter::with_openapi(base()).nest("/api/v1", router()).to_openapi();
    let problem = ResponseBuilder::new()
        .description("Anything else: an RFC 9457 problem document; `code` names the kind.")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build(),
        )
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.delete, &mut item.put, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), problem.clone().into());
        }
    }
    document
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Offpeak")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Maintenance of payment terminals: planned, staggered, announced, followed."))
        .build();
    // Every operation's default answer; nothing else refers to it.
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
pub(super) async fn served() -> Json<OpenApi> {
    Json(document())
}
