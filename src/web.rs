//! The HTTP edge: the API, the pages, health and metrics. It parses, asks `service`, and answers; it decides
//! nothing.

mod access;
pub mod api;
mod error;
mod extract;
mod idempotency;
mod metrics;
mod openapi;
pub mod pages;
mod routes;
mod serve;
mod tagged;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::service::{Actor, App, Error};
use crate::worker::Workers;

pub use error::ApiError;
pub use openapi::document as openapi_document;
pub use routes::{Asks, page_table};
pub use serve::{ServeError, serve};

/// What every handler needs.
#[derive(Clone, Debug)]
pub struct AppState {
    app: App,
    workers: Workers,
    metrics: Arc<metrics::Metrics>,
}

impl AppState {
    /// State over an app and its loops.
    pub fn new(app: App, workers: Workers) -> Self {
        AppState { app, workers, metrics: Arc::new(metrics::Metrics::install()) }
    }

    /// The use cases' surroundings.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The background loops.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Runs a use case on a thread that may block.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, ApiError> {
        let app = self.app.clone();
        match tokio::task::spawn_blocking(move || work(&app)).await {
            Ok(result) => result.map_err(ApiError::from),
            Err(error) => Err(ApiError::from(Error::Corrupt(format!("a task ended badly: {error}")))),
        }
    }
}

/// The whole server as one router. A request that carries an [`Actor`] extension (only this process can add
/// one) is trusted; every other comes with a session or a token, and each route asks for a role; merchants' pages ask
/// for their link alone.
pub fn router(state: AppState) -> Router {
    let request_id = HeaderName::from_static("x-request-id");
    let (api, _) = openapi::router().split_for_parts();
    Router::new()
        .nest(
            "/api/v1",
            api.layer(from_fn(tagged::conditional))
                .layer(from_fn_with_state(state.clone(), idempotency::once)),
        )
        .route("/api/v1/openapi.json", get(openapi::served))
        .route("/api/v1/docs", get(openapi::reference_page))
        .merge(pages::with_headers(pages::routes().into_router()))
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(from_fn_with_state(state.clone(), access::guard))
        .merge(pages::sign_in::router())
        .merge(pages::merchant::router())
        .merge(pages::preferences::router())
        .route("/assets/{name}", get(pages::assets::serve))
        .route("/health", get(metrics::health))
        .route("/ready", get(metrics::ready))
        .route("/metrics", get(metrics::scrape))
        .layer(from_fn(metrics::observe))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        .layer(TraceLayer::new_for_http())
        .layer(SetRequestIdLayer::new(request_id, MakeRequestUuid))
        .with_state(state)
}

/// Who made the request, as [`access::guard`] found out.
pub(crate) type Who = axum::Extension<Actor>;
