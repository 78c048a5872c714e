//! The background loops: raise (programmes), notify (mail) and dispatch (windows). Each is idempotent and takes
//! no input; it runs on a timer and on a wake-up through one code path, and can be run once by hand.

mod notify;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::api::WorkerRun;
use crate::mail::transport::{Reached, Transport};
use crate::service::{Actor, App, Error, campaign, dispatch, plan, programme};

/// The loops that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// Programmes raise campaigns; campaigns that are over are completed; dead searches are failed.
    Raise,
    /// Notices that are due are sent.
    Notify,
    /// Appointments open and close.
    Dispatch,
}

impl Loop {
    /// Every loop.
    pub const ALL: [Loop; 3] = [Loop::Raise, Loop::Notify, Loop::Dispatch];

    /// Its name in the API, in logs and on the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Loop::Raise => "raise",
            Loop::Notify => "notify",
            Loop::Dispatch => "dispatch",
        }
    }

    const fn every(self) -> Duration {
        match self {
            Loop::Raise => Duration::from_secs(60),
            Loop::Notify => Duration::from_secs(5),
            Loop::Dispatch => Duration::from_secs(15),
        }
    }
}

/// What the loops need.
#[derive(Clone, Debug)]
pub struct Workers {
    app: App,
    transport: Arc<Transport>,
    wake: Arc<Notify>,
}

impl Workers {
    /// Loops over `app` that send mail through `transport`. Nothing runs yet.
    pub fn new(app: App, transport: Transport) -> Self {
        Workers { app, transport: Arc::new(transport), wake: Arc::new(Notify::new()) }
    }

    /// Something has changed that a loop may want to act on at once.
    pub fn wake(&self) {
        self.wake.notify_waiters();
    }

    /// Whether mail could go, without sending any.
    pub async fn probe_mail(&self) -> Result<Reached, String> {
        self.transport.probe().await
    }

    /// One pass of a loop, now.
    pub async fn run_once(&self, which: Loop) -> Result<WorkerRun, Error> {
        let run = match which {
            Loop::Notify => notify::run(&self.app, &self.transport).await?,
            Loop::Raise => WorkerRun { counts: self.blocking(raise).await? },
            Loop::Dispatch => {
                let counts = self.blocking(|app| dispatch::run(app, &Actor::worker("dispatch"))).await?;
                WorkerRun { counts }
            }
        };
        for (what, count) in &run.counts {
            metrics::counter!("offpeak_worker_total", "loop" => which.as_str(), "outcome" => what.clone())
                .increment(*count);
        }
        Ok(run)
    }

    /// Runs every loop until `stop` says true; a pass that has begun is finished.
    pub async fn run_until(self, stop: watch::Receiver<bool>) {
        let loops = Loop::ALL.map(|which| tokio::spawn(self.clone().run_loop(which, stop.clone())));
        for handle in loops {
            if let Err(error) = handle.await {
                tracing::error!(%error, "a background loop ended badly");
            }
        }
    }

    async fn run_loop(self, which: Loop, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.run_once(which).await {
                Ok(run) if run.counts.is_empty() => {}
                Ok(run) => tracing::info!(worker = which.as_str(), counts = ?run.counts, "pass"),
                Err(error) => {
                    tracing::error!(worker = which.as_str(), %error, "pass failed; the next is due soon")
                }
            }
            tokio::select! {
                () = tokio::time::sleep(which.every()) => {}
                () = self.wake.notified() => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let app = self.app.clone();
        tokio::task::spawn_blocking(move || work(&app))
            .await
            .map_err(|error| Error::Corrupt(format!("a worker's task ended badly: {error}")))?
    }
}

fn raise(app: &App) -> Result<std::collections::BTreeMap<String, u64>, Error> {
    let actor = Actor::worker("raise");
    let counts = [
        ("raised", programme::raise_due(app, &actor)?),
        ("completed", campaign::complete_ended(app, &actor)?),
        ("abandoned_plans", plan::fail_abandoned(app)?),
    ];
    Ok(counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| (what.to_owned(), count))
        .collect())
}
