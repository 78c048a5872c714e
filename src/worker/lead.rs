//! Loops that one replica alone runs: it takes the loop's lease, renews it at a third of its length, also beside a
//! pass that takes long, and gives it up when it stops.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Loop, Workers, tell};
use crate::api::WorkerRun;
use crate::service::lease::{self, Leader};
use crate::service::{App, Error};

impl Workers {
    /// Leads in `which` whenever no other replica does, until `stop` says true.
    pub(super) async fn run_led(self, which: Loop, mut stop: watch::Receiver<bool>) {
        let third = Duration::from_secs(u64::from(self.app.settings.lease_seconds)) / 3;
        let (mut renewal, mut due) = (ticks(third), ticks(which.every()));
        let mut leader: Option<Leader> = None;
        while !*stop.borrow() {
            tokio::select! {
                _ = renewal.tick() => {
                    // A pass by hand is under way: its own hold on the lease keeps others off.
                    let Ok(_no_pass) = self.passes[which as usize].try_lock() else { continue };
                    let led = leader.is_some();
                    leader = self.take_again(which, leader).await;
                    if leader.is_some() && !led {
                        due.reset_immediately();
                    }
                    continue;
                }
                _ = due.tick() => {}
                () = self.bell(which).notified() => {}
                changed = stop.changed() => if changed.is_err() { break },
            }
            let Some(now_leading) = leader.clone().filter(|_| !*stop.borrow()) else { continue };
            let _one_at_a_time = self.passes[which as usize].lock().await;
            let pass = self.pass_led(which, now_leading);
            tokio::pin!(pass);
            let result = loop {
                tokio::select! {
                    result = &mut pass => break result,
                    // While the pass writes, its own hold on the lease keeps others off.
                    _ = renewal.tick() => { let _ = self.take(which).await; }
                }
            };
            if matches!(result, Err(Error::Fenced { .. })) {
                leader = None;
            }
            tell(which, result);
        }
        if let Some(leader) = leader
            && let Err(error) = self.release(leader).await
        {
            tracing::warn!(lease = which.as_str(), %error, "not given up; it runs out by itself");
        }
    }

    /// A pass of such a loop by hand: under the lease that the loop in this process holds, or under one for this pass.
    pub(super) async fn pass_led_by_hand(&self, which: Loop) -> Result<WorkerRun, Error> {
        let _one_at_a_time = self.passes[which as usize].lock().await;
        let Some(leader) = self.take(which).await? else {
            let name = which.as_str();
            return Err(Error::Conflict(format!(
                "another replica runs `{name}`, and this one may not as long as it does; see GET /api/v1/replicas"
            )));
        };
        let result = self.pass_led(which, leader.clone()).await;
        if !self.running.load(Ordering::Relaxed) {
            self.release(leader).await?;
        }
        result
    }

    async fn take_again(&self, which: Loop, before: Option<Leader>) -> Option<Leader> {
        let (lease, replica) = (which.as_str(), &self.app.replica);
        let now = match self.take(which).await {
            Ok(now) => now,
            Err(error) => {
                tracing::warn!(lease, %replica, %error, "the lease could not be asked for");
                return None;
            }
        };
        match (&before, &now) {
            (before, Some(now)) if before.as_ref() != Some(now) => {
                tracing::info!(lease, %replica, token = now.token(), "leads");
            }
            (Some(before), None) => {
                tracing::warn!(lease, %replica, token = before.token(), "leads no longer");
            }
            _ => {}
        }
        now
    }

    async fn take(&self, which: Loop) -> Result<Option<Leader>, Error> {
        self.blocking(move |app: &App| lease::lead(app, which.as_str())).await
    }

    async fn release(&self, leader: Leader) -> Result<(), Error> {
        self.blocking(move |app: &App| lease::release(app, &leader)).await
    }
}

/// Ticks, the first at once; one that is late is not made up for.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
