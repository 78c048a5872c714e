//! Health, readiness, and metrics for Prometheus.

use std::sync::OnceLock;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::clock::Stopwatch;
use crate::service::{overview, schema};
use crate::web::{ApiError, AppState};

/// The process's recorder; there is one, however many routers there are.
#[derive(Clone)]
pub(super) struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Metrics")
    }
}

impl Metrics {
    pub(super) fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
            let builder = PrometheusBuilder::new();
            let builder = match builder.set_buckets(&buckets) {
                Ok(builder) => builder,
                Err(_) => PrometheusBuilder::new(),
            };
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Another recorder may be there in a program that embeds us; then that one is filled.
            let _ = metrics::set_global_recorder(recorder);
            handle
        });
        Metrics(handle.clone())
    }
}

/// Counts requests and their time by route and status.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // A label for each word that somebody invents would fill the memory.
    let method = match request.method() {
        known @ (&Method::GET | &Method::HEAD | &Method::POST | &Method::PUT | &Method::DELETE) => {
            known.to_string()
        }
        _ => "other".to_owned(),
    };
    let stopwatch = Stopwatch::start();
    let response = next.run(request).await;
    let labels = [("route", route), ("method", method), ("status", response.status().as_u16().to_string())];
    #[expect(clippy::cast_precision_loss, reason = "a request does not take 285,000 years")]
    let seconds = stopwatch.elapsed_ms() as f64 / 1000.0;
    metrics::histogram!("offpeak_http_request_seconds", &labels).record(seconds);
    response
}

/// The process answers.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// The process can do its work: the database answers, and its schema is one that this process can live with.
pub(super) async fn ready(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    state.run(|app| schema::fits(&app.database)).await?;
    Ok("ready\n")
}

/// Everything that is counted, in Prometheus' text format.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats; counts stay far below 2^52")]
pub(super) async fn scrape(State(state): State<AppState>) -> Result<Response, ApiError> {
    let gauges = state.run(overview::gauges).await?;
    for (name, label, count) in gauges {
        match label {
            Some((key, value)) => metrics::gauge!(name, key => value).set(count as f64),
            None => metrics::gauge!(name).set(count as f64),
        }
    }
    let text = state.metrics.0.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
