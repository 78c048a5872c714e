//! What happens, as it happens: server-sent events.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{self, KeepAlive};
use futures_util::stream::{Stream, unfold};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa_axum::routes;

use crate::api::event::Event;
use crate::clock::Stopwatch;
use crate::domain::access::Role;
use crate::service::{Actor, Error, events};
use crate::web::access::Admission;
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

/// Events that are told again to somebody who comes back.
const MISSED_MAX: i64 = 1000;

/// A comment so often, so that nobody on the way takes the connection for dead.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// An event may still be told so long after the session has ended.
const ASKED_AGAIN_AFTER_MS: u64 = 1000;

pub(super) fn router() -> Routes {
    Routes::new().whole(Role::Viewer, routes!(listen))
}

/// What happens, as it happens, wherever it was asked for: server-sent events, each an `Event` as JSON, named by its
/// kind, numbered by its entry on the audit trail. With `Last-Event-ID` what was missed comes first, or a `resync`
/// where that is too much. A comment comes every 15 seconds. It ends when what has let the listener in ends.
#[utoipa::path(get, path = "/events", tag = "events",
    params(("Last-Event-ID" = Option<i64>, Header, description = "The number of the last event that was read")),
    responses((status = 200, description = "Events, without an end", content_type = "text/event-stream",
        body = Event)))]
async fn listen(
    State(state): State<AppState>,
    Extension(who): Who,
    admission: Option<Extension<Admission>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, ApiError> {
    let mut heard = Heard {
        ready: VecDeque::new(),
        told: BTreeSet::new(),
        // First, so that nothing falls between what was missed and what comes.
        coming: state.workers().listen(),
        closing: state.workers().closing(),
        admission: admission.map(|Extension(admission)| (admission, who)),
        asked: Stopwatch::start(),
        state: state.clone(),
    };
    if let Some(last) = headers.get("last-event-id") {
        let last: i64 = last.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Error::invalid("Last-Event-ID", "it is not a number; give the id of the last event as it was")
        })?;
        match state.run(move |app| events::since(app, last, MISSED_MAX)).await? {
            Some(missed) => {
                heard.told = missed.iter().filter_map(|event| event.number).collect();
                heard.ready = missed.into();
            }
            None => heard.ready.push_back(events::resync(state.app())),
        }
    }
    let stream = unfold(heard, |mut heard| async move { Some((Ok(heard.next().await?), heard)) });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT_EVERY)))
}

/// One listener.
struct Heard {
    ready: VecDeque<Event>,
    /// Numbers that were told as missed and may come once more.
    told: BTreeSet<i64>,
    coming: broadcast::Receiver<Event>,
    closing: watch::Receiver<bool>,
    /// What has let the listener in, and whom.
    admission: Option<(Admission, Actor)>,
    /// Since it was asked whether that still holds.
    asked: Stopwatch,
    state: AppState,
}

impl Heard {
    /// The next event; none when the server stops, or when the listener would not be let in any more.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return self.may_go_on().await.then(|| written(&event));
            }
            let event = tokio::select! {
                event = self.coming.recv() => Some(event),
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep(HEARTBEAT_EVERY) => None,
            };
            let Some(event) = event else {
                if self.may_go_on().await {
                    continue;
                }
                return None;
            };
            match event {
                Ok(event) if event.number.is_some_and(|number| self.told.remove(&number)) => {}
                Ok(event) => self.ready.push_back(event),
                Err(RecvError::Lagged(_)) => self.ready.push_back(events::resync(self.state.app())),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Heard {
    async fn may_go_on(&mut self) -> bool {
        let Some((admission, who)) = &self.admission else { return true };
        if self.asked.elapsed_ms() < ASKED_AGAIN_AFTER_MS {
            return true;
        }
        self.asked = Stopwatch::start();
        admission.holds(&self.state, who).await
    }
}

fn written(event: &Event) -> sse::Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    let written = sse::Event::default().event(&event.kind).data(data);
    match event.number {
        Some(number) => written.id(number.to_string()),
        None => written,
    }
}
