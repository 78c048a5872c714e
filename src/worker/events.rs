//! What happens anywhere on the database wakes the loops of this replica and is told to whoever listens here.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use super::Workers;
use crate::api::event::Event;
use crate::service::events::{self, Follower};

/// How often it is asked what has happened; most times nobody else is bothered.
const STEP_EVERY: Duration = Duration::from_millis(100);

/// How long to wait for a database that does not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Events that a listener may be behind.
pub(super) const BEHIND_MAX: usize = 1024;

impl Workers {
    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Says true once whoever listens is to go home.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Sends whoever listens home.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// Follows what happens, on a thread that may block, until the loops stop.
    pub(super) fn follow(&self) {
        let mut follower = None;
        while !self.stopping.load(Ordering::Relaxed) {
            std::thread::sleep(STEP_EVERY);
            let step = match &mut follower {
                Some(follower) => Follower::step(follower, &self.app),
                None => Follower::start(&self.app).map(|started| {
                    follower = Some(started);
                    Vec::new()
                }),
            };
            match step {
                Ok(events) => {
                    if events.iter().any(events::concerns_loops) {
                        self.wake();
                    }
                    events.into_iter().for_each(|event| self.tell(event));
                }
                Err(error) => {
                    tracing::warn!(%error, "what happens elsewhere is not known for now");
                    std::thread::sleep(AGAIN_AFTER);
                }
            }
        }
    }
}
