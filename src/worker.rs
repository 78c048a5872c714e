//! The background loops: raise (programmes), watch (dead searches, overdue appointments), notify (mail), dispatch
//! (windows) and deliver (webhooks). Each is idempotent and takes no input; it runs on a timer and on a wake-up
//! through one code path, and can be run once by hand. Raise and watch run on one replica at a time, under a lease.

mod deliver;
mod events;
mod inbox;
mod lead;
mod notify;
mod post;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, broadcast, watch};

use crate::api::WorkerRun;
use crate::api::event::Event;
use crate::mail::transport::{Reached, Transport};
use crate::service::lease::Leader;
use crate::service::{Actor, App, Error, campaign, dispatch, idempotency, overdue, plan, programme, webhook};

/// The loops that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// Programmes raise campaigns; campaigns that are over are completed.
    Raise,
    /// Dead searches are failed; appointments that nobody reports on are closed; gates are asked.
    Watch,
    /// Notices that are due are sent.
    Notify,
    /// Appointments open.
    Dispatch,
    /// Messages go to other systems.
    Deliver,
}

impl Loop {
    /// Every loop.
    pub const ALL: [Loop; 5] = [Loop::Raise, Loop::Watch, Loop::Notify, Loop::Dispatch, Loop::Deliver];

    /// Its name in the API, in logs and on the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Loop::Raise => "raise",
            Loop::Watch => "watch",
            Loop::Notify => "notify",
            Loop::Dispatch => "dispatch",
            Loop::Deliver => "deliver",
        }
    }

    const fn every(self) -> Duration {
        match self {
            Loop::Raise => Duration::from_secs(60),
            Loop::Watch | Loop::Dispatch => Duration::from_secs(15),
            Loop::Notify | Loop::Deliver => Duration::from_secs(5),
        }
    }
}

/// What the loops need.
#[derive(Clone, Debug)]
pub struct Workers {
    app: App,
    transport: Arc<Transport>,
    /// One a loop: a wake-up that comes during a pass is kept for its end.
    bells: Arc<[Notify; Loop::ALL.len()]>,
    /// What happens, for whoever listens.
    events: broadcast::Sender<Event>,
    /// Whoever listens is to go home.
    closing: Arc<watch::Sender<bool>>,
    /// The run of the loops that this belongs to ends: nothing new is begun.
    stopping: Arc<AtomicBool>,
    /// The loops run in this process.
    running: Arc<AtomicBool>,
    /// One pass at a time of a loop that leads.
    passes: Arc<[Mutex<()>; Loop::ALL.len()]>,
    /// What is on its way by mail, and what was heard of domains.
    traffic: notify::MailTraffic,
    mail: notify::MailThread,
}

impl Workers {
    /// Loops over `app` that send mail through `transport`. Nothing runs yet.
    pub fn new(app: App, transport: Transport) -> Self {
        Workers {
            traffic: notify::MailTraffic::new(&app),
            app,
            transport: Arc::new(transport),
            bells: Arc::default(),
            events: broadcast::Sender::new(events::BEHIND_MAX),
            closing: Arc::new(watch::Sender::new(false)),
            stopping: Arc::default(),
            running: Arc::default(),
            passes: Arc::default(),
            mail: notify::MailThread::default(),
        }
    }

    /// Something has changed that a loop may want to act on at once.
    pub fn wake(&self) {
        for bell in self.bells.iter() {
            bell.notify_one();
        }
    }

    /// Whether mail could go, without sending any.
    pub async fn probe_mail(&self) -> Result<Reached, String> {
        self.transport.probe().await
    }

    fn bell(&self, which: Loop) -> &Notify {
        &self.bells[which as usize]
    }

    /// One pass of a loop, now. Where another replica leads, it is refused: that one does the work.
    pub async fn run_once(&self, which: Loop) -> Result<WorkerRun, Error> {
        match which {
            Loop::Notify | Loop::Dispatch | Loop::Deliver => self.pass(which).await,
            Loop::Raise | Loop::Watch => self.pass_led_by_hand(which).await,
        }
    }

    /// A pass of a loop that every replica runs.
    async fn pass(&self, which: Loop) -> Result<WorkerRun, Error> {
        let run = match which {
            Loop::Notify => notify::run(self).await?,
            Loop::Deliver => deliver::run(self).await?,
            _ => {
                let counts = self.blocking(|app| dispatch::run(app, &Actor::worker("dispatch"))).await?;
                WorkerRun { counts }
            }
        };
        Ok(counted(which, run))
    }

    /// A pass of a loop that `leader` alone runs.
    async fn pass_led(&self, which: Loop, leader: Leader) -> Result<WorkerRun, Error> {
        let work = move |app: &App| match which {
            Loop::Raise => raise(app, &leader),
            _ => look_after(app, &leader),
        };
        let counts = self.blocking(work).await?;
        Ok(counted(which, WorkerRun { counts }))
    }

    /// Runs every loop until `stop` says true; a pass that has begun is finished.
    pub async fn run_until(mut self, mut stop: watch::Receiver<bool>) {
        self.running.store(true, Ordering::Relaxed);
        // A flag for this run: passes by hand go on.
        self.stopping = Arc::default();
        // However this ends: the thread that follows would keep the runtime waiting for ever.
        let _stopped_at_last = Raised(Arc::clone(&self.stopping));
        let follower = self.clone();
        let follower = tokio::task::spawn_blocking(move || follower.follow());
        let loops = Loop::ALL.map(|which| {
            let (workers, stop) = (self.clone(), stop.clone());
            match which {
                Loop::Notify | Loop::Dispatch | Loop::Deliver => tokio::spawn(workers.run_loop(which, stop)),
                Loop::Raise | Loop::Watch => tokio::spawn(workers.run_led(which, stop)),
            }
        });
        // Whoever has dropped the sender wants an end as well.
        let _ = stop.wait_for(|stop| *stop).await;
        self.stopping.store(true, Ordering::Relaxed);
        for handle in loops.into_iter().chain([follower]) {
            if let Err(error) = handle.await {
                tracing::error!(%error, "a background loop ended badly");
            }
        }
        self.running.store(false, Ordering::Relaxed);
    }

    async fn run_loop(self, which: Loop, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            tell(which, self.pass(which).await);
            tokio::select! {
                () = tokio::time::sleep(which.every()) => {}
                () = self.bell(which).notified() => {}
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

/// Says true when it goes.
struct Raised(Arc<AtomicBool>);

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn counted(which: Loop, run: WorkerRun) -> WorkerRun {
    for (what, count) in &run.counts {
        metrics::counter!("offpeak_worker_total", "loop" => which.as_str(), "outcome" => what.clone())
            .increment(*count);
    }
    run
}

fn tell(which: Loop, result: Result<WorkerRun, Error>) {
    match result {
        Ok(run) if run.counts.is_empty() => {}
        Ok(run) => tracing::info!(worker = which.as_str(), counts = ?run.counts, "pass"),
        Err(error @ Error::Fenced { .. }) => tracing::warn!(worker = which.as_str(), %error, "fenced off"),
        Err(error) => tracing::error!(worker = which.as_str(), %error, "pass failed; the next is due soon"),
    }
}

fn raise(app: &App, leader: &Leader) -> Result<BTreeMap<String, u64>, Error> {
    let raised = programme::raise_due(app, leader)?;
    let completed = campaign::complete_ended(app, leader)?;
    Ok(above_zero([("raised", raised), ("completed", completed)]))
}

fn look_after(app: &App, leader: &Leader) -> Result<BTreeMap<String, u64>, Error> {
    let abandoned = plan::fail_abandoned(app, leader)?;
    plan::drop_leftovers(app)?;
    let mut counts = overdue::close(app, leader)?;
    // After what nobody reported on is closed: it counts.
    counts.extend(campaign::look_after(app, leader)?);
    let answers = idempotency::forget_old(app, leader)?;
    let messages = webhook::forget_old(app, leader)?;
    let mails = crate::service::inbox::forget(app, leader)?;
    counts.extend(above_zero([
        ("abandoned_plans", abandoned),
        ("forgotten_answers", answers),
        ("forgotten_messages", messages),
        ("forgotten_mails", mails),
    ]));
    Ok(counts)
}

fn above_zero<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| (what.to_owned(), count)).collect()
}
