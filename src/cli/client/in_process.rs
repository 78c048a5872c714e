//! The API without a network: the very router that `offpeak serve` serves, called in this process.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use ureq::http::{Request, Response};

use super::Transport;
use crate::cli::error::CliError;
use crate::service::Actor;

/// A router, and the runtime that its work runs on.
pub struct InProcess {
    runtime: Arc<Runtime>,
    router: Router,
    actor: Option<Actor>,
}

impl InProcess {
    /// Calls `router` on `runtime`. What the router starts in the background (a planner's search) goes on
    /// between calls.
    pub fn new(runtime: Arc<Runtime>, router: Router) -> Self {
        InProcess { runtime, router, actor: None }
    }

    /// Makes every request in the name of `actor`: the router trusts what this process says.
    #[must_use]
    pub fn acting_as(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, CliError> {
        let mut request = request.map(Body::from);
        if let Some(actor) = &self.actor {
            request.extensions_mut().insert(actor.clone());
        }
        self.runtime.block_on(async {
            let answer = match self.router.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let (parts, body) = answer.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX)
                .await
                .map_err(|error| CliError::internal(format!("an answer broke off: {error}")))?;
            Ok(Response::from_parts(parts, bytes.into()))
        })
    }
}
