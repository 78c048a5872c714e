//! Sending: claim, hand over, settle; many mails at a time, so that one slow server does not hold the others, and the
//! next claim, and what became of earlier mails, beside.

mod handing;
mod lanes;
mod thread;
mod traffic;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Workers;
use crate::api::WorkerRun;
use crate::api::notice::{PausedDomain, RelayState};
use crate::clock::Stopwatch;
use crate::mail::transport::Transport;
use crate::service::notice::{
    Claim, MailLimits, Sendable, Settlement, Wanted, claim_wanted, give_back, mail_limits, settle_all,
};
use crate::service::{App, Error, events};
use handing::{Handed, hand_over};
use lanes::Lanes;
pub(super) use thread::MailThread;
use traffic::{Limits, Traffic, Verdict};

/// Notices claimed at once.
const BATCH: i64 = 200;

/// With fewer waiting, more are claimed although every place is taken: the places are not to wait for the claim, and while
/// one goes on more than a hundred leave.
const FEW_WAITING: usize = 300;

/// The same, of one domain, for each mail that may be on its way to it at once.
const FEW_WAITING_FACTOR: usize = 30;

/// Claimed notices that wait for their turn at most.
const WAITING_MAX: usize = 2000;

/// What became of so many mails is not written down yet: no more are sent before it is.
const UNSETTLED_MAX: usize = 1000;

/// What became of so many mails is written down in one transaction, or of as many as there are after
/// [`SETTLE_WITHIN`].
const SETTLED_TOGETHER: usize = 100;

/// What became of a mail waits no longer for others.
const SETTLE_WITHIN: Duration = Duration::from_millis(10);

/// How often it is told that mails were sent.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether what waits may go by now.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often it is looked what has fallen due while mails are on their way.
const CLAIM_AGAIN_EVERY: Duration = Duration::from_secs(1);

/// How long to wait before what became of mails is written down once more.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The shortest wait of a mail for which there is no server.
const NO_SERVER_WAIT: Duration = Duration::from_secs(5);

/// What was heard of domains, kept from pass to pass.
#[derive(Clone, Debug)]
pub(super) struct MailTraffic {
    traffic: Arc<Mutex<Traffic>>,
    since_start: Stopwatch,
}

impl MailTraffic {
    pub(super) fn new(app: &App) -> Self {
        let MailLimits { at_once, domain_at_once, per_minute, domain_per_minute, errors_max, pause } =
            mail_limits(app);
        let limits = Limits { at_once, domain_at_once, per_minute, domain_per_minute, errors_max, pause };
        MailTraffic { traffic: Arc::new(Mutex::new(Traffic::new(limits))), since_start: Stopwatch::start() }
    }

    fn now(&self) -> u64 {
        self.since_start.elapsed_ms()
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        // Figures that a panic left behind are still figures.
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workers {
    /// Domains that this process leaves alone, the one for longest first.
    pub fn paused_domains(&self) -> Vec<PausedDomain> {
        let paused = self.traffic.lock().paused(self.traffic.now());
        let seconds = |ms: u64| ms.div_ceil(1000);
        paused
            .into_iter()
            .map(|paused| PausedDomain {
                domain: paused.domain,
                for_seconds: seconds(paused.for_ms),
                why: paused.why,
            })
            .collect()
    }

    /// The mail servers as this process knows them, in the order in which they are asked.
    pub fn relays(&self) -> Vec<RelayState> {
        self.transport
            .relays()
            .into_iter()
            .map(|relay| RelayState {
                server: relay.server,
                left_alone_for_seconds: relay.rests_for.map(|rest| rest.as_secs().max(1)),
                failure: relay.failure,
            })
            .collect()
    }
}

/// What one task of a pass came to.
enum Done {
    Claimed(Result<(Vec<Sendable>, u64), Error>),
    Handed(Handed),
    Settled(Result<Vec<&'static str>, Error>),
}

/// One pass.
struct Pass<'a> {
    app: &'a App,
    transport: &'a Arc<Transport>,
    heard: &'a MailTraffic,
    lanes: Lanes,
    tasks: JoinSet<Done>,
    /// What became of mails, not written down yet, and what it is counted as.
    unsettled: Vec<(Sendable, Settlement, Option<&'static str>)>,
    under_way: usize,
    claiming: bool,
    settling: bool,
    /// There may be something to claim.
    more: bool,
    /// Domains that the last claim left out.
    not_asked_for: HashSet<String>,
    /// One of them has a place again.
    freed: bool,
}

/// Sends everything that is due and may go, until `stopping` says true; what was claimed by then and is not on its way is
/// given back.
pub(super) async fn run(workers: &Workers) -> Result<WorkerRun, Error> {
    let workers = workers.clone();
    workers.mail.clone().run(async move { pass(&workers).await }).await
}

async fn pass(workers: &Workers) -> Result<WorkerRun, Error> {
    let Workers { app, transport, stopping, traffic, .. } = workers;
    let [mut tell, mut look, mut again, mut settle] =
        [TELL_EVERY, LOOK_EVERY, CLAIM_AGAIN_EVERY, SETTLE_WITHIN].map(|every| {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
    let mut untold = false;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = |what: &str, number: u64| {
        if number > 0 {
            *counts.entry(what.to_owned()).or_default() += number;
        }
    };
    let mut pass = Pass {
        app,
        transport,
        heard: traffic,
        lanes: Lanes::default(),
        tasks: JoinSet::new(),
        unsettled: Vec::new(),
        under_way: 0,
        claiming: false,
        settling: false,
        more: true,
        not_asked_for: HashSet::new(),
        freed: false,
    };
    let mut failed: Option<Error> = None;
    loop {
        let go_on = failed.is_none() && !stopping.load(Ordering::Relaxed);
        if go_on {
            pass.begin_what_may();
            pass.claim();
        }
        if pass.unsettled.len() >= SETTLED_TOGETHER || pass.under_way == 0 {
            pass.settle();
        }
        if pass.tasks.is_empty() && (!go_on || pass.lanes.len() == 0) {
            break;
        }
        let done = tokio::select! {
            done = pass.tasks.join_next(), if !pass.tasks.is_empty() => done,
            _ = settle.tick(), if !pass.settling && !pass.unsettled.is_empty() => {
                pass.settle();
                continue;
            }
            _ = look.tick(), if go_on && pass.lanes.len() > 0 => continue,
            // One mail may be on its way for minutes; others do not wait for it.
            _ = again.tick(), if go_on && pass.under_way > 0 => {
                pass.more = true;
                continue;
            }
            _ = tell.tick(), if untold => {
                untold = false;
                tell_of_notices(workers).await;
                continue;
            }
        };
        let Some(done) = done else { continue };
        match done.map_err(|error| Error::Corrupt(format!("a delivery ended badly: {error}")))? {
            Done::Claimed(Ok((sendable, closed))) => {
                count("closed", closed);
                pass.claimed(sendable, closed > 0);
            }
            Done::Handed(handed) => pass.handed(handed),
            Done::Settled(Ok(states)) => {
                (pass.settling, untold) = (false, true);
                states.into_iter().for_each(|state| count(state, 1));
            }
            // What is on its way is waited for, and nothing new begun.
            Done::Claimed(Err(error)) => (pass.claiming, failed) = (false, Some(error)),
            Done::Settled(Err(error)) => (pass.settling, failed) = (false, Some(error)),
        }
    }
    let claims: Vec<Claim> = pass.lanes.take_all().iter().map(|mail| mail.claim).collect();
    if !claims.is_empty() {
        blocking(app, move |app| give_back(app, &claims)).await?;
    }
    if untold {
        tell_of_notices(workers).await;
    }
    failed.map_or(Ok(WorkerRun { counts }), Err)
}

impl Pass<'_> {
    /// Hands over what may go at this moment.
    fn begin_what_may(&mut self) {
        while self.unsettled.len() < UNSETTLED_MAX {
            let now = self.heard.now();
            let mut traffic = self.heard.lock();
            if !traffic.has_place(now) {
                return;
            }
            let Some(mail) = self.lanes.next(|domain| traffic.may_begin(domain, now)) else { return };
            traffic.begin(&mail.domain, now);
            drop(traffic);
            self.under_way += 1;
            let (app, transport) = (self.app.clone(), Arc::clone(self.transport));
            self.tasks.spawn(async move { Done::Handed(hand_over(app, transport, mail, now).await) });
        }
    }

    /// Claims more, if there is a place that nothing claimed could take.
    fn claim(&mut self) {
        if self.claiming || !(self.more || self.freed) || self.lanes.len() >= WAITING_MAX {
            return;
        }
        let now = self.heard.now();
        let mut traffic = self.heard.lock();
        let few = self.lanes.len() < FEW_WAITING;
        if !traffic.has_place(now) && !few || self.transport.rests_for().is_some() {
            return;
        }
        let room = traffic.room(now);
        drop(traffic);
        // Whoever has many mails waiting gets no more before they have gone.
        let except: Vec<String> = self.lanes.domains_with(self.many()).cloned().collect();
        self.not_asked_for = except.iter().cloned().collect();
        let limit = i64::try_from(room).unwrap_or(BATCH).clamp(1, BATCH);
        (self.claiming, self.more, self.freed) = (true, false, false);
        let app = self.app.clone();
        self.tasks.spawn_blocking(move || {
            let wanted = Wanted { limit, urgent_only: room == 0, except: &except };
            Done::Claimed(claim_wanted(&app, wanted))
        });
    }

    /// So many mails of one domain that wait are many.
    fn many(&self) -> usize {
        FEW_WAITING.min(FEW_WAITING_FACTOR * self.heard.lock().domain_at_once())
    }

    fn claimed(&mut self, mails: Vec<Sendable>, closed: bool) {
        self.claiming = false;
        self.more |= closed || !mails.is_empty();
        let now = self.heard.now();
        for mail in mails {
            let verdict = self.heard.lock().ask(&mail.domain, mail.urgent, now);
            match verdict {
                Verdict::Soon => self.lanes.push(mail),
                Verdict::After(ms) => self.put_off(mail, ms),
            }
        }
    }

    fn put_off(&mut self, mail: Sendable, ms: u64) {
        let wait = chrono::TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 2));
        self.unsettled.push((mail, Settlement::PutOff(wait), Some("put_off")));
    }

    fn handed(&mut self, handed: Handed) {
        self.under_way -= 1;
        let Handed { mail, began, mut settlement, answer, why } = handed;
        let now = self.heard.now();
        // What ended may have kept others waiting that were not asked for.
        self.freed |=
            self.not_asked_for.contains(&mail.domain) && self.lanes.waiting(&mail.domain) < self.many();
        let paused = self.heard.lock().end(&mail.domain, began, answer, &why, now);
        if paused {
            tracing::warn!(domain = %mail.domain, %why, "mail to this domain is held back for a while");
            metrics::counter!("offpeak_mail_domain_pauses_total").increment(1);
            for waiting in self.lanes.take(&mail.domain) {
                if let Verdict::After(ms) = self.heard.lock().ask(&waiting.domain, false, now) {
                    self.put_off(waiting, ms);
                } else {
                    self.lanes.push(waiting);
                }
            }
        }
        if let Settlement::NoServer(_, wait) = &mut settlement {
            let rest = self.transport.rests_for().unwrap_or_default().max(NO_SERVER_WAIT);
            *wait = chrono::TimeDelta::from_std(rest).unwrap_or_default();
            let ms = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
            for waiting in self.lanes.take_all() {
                self.put_off(waiting, ms);
            }
        }
        self.unsettled.push((mail, settlement, None));
    }

    /// Writes down what became of mails, all that is known by now in one transaction.
    fn settle(&mut self) {
        if self.settling || self.unsettled.is_empty() {
            return;
        }
        self.settling = true;
        let (app, unsettled) = (self.app.clone(), std::mem::take(&mut self.unsettled));
        self.tasks.spawn(async move { Done::Settled(write_down(&app, unsettled).await) });
    }
}

async fn write_down(
    app: &App,
    mut unsettled: Vec<(Sendable, Settlement, Option<&'static str>)>,
) -> Result<Vec<&'static str>, Error> {
    loop {
        let all: Vec<(Claim, Settlement)> =
            unsettled.iter().map(|(mail, settlement, _)| (mail.claim, settlement.clone())).collect();
        let error = match blocking(app, move |app| settle_all(app, &all)).await {
            Ok(states) => {
                let counted = states.iter().zip(&unsettled);
                return Ok(counted.map(|(state, (_, _, label))| label.unwrap_or(state.as_str())).collect());
            }
            Err(error @ Error::Database(_)) => error,
            Err(error) => return Err(error),
        };
        // As long as a notice is this worker's, nobody else sends it again.
        unsettled.retain(|(mail, _, _)| mail.is_claimed(app));
        if unsettled.is_empty() {
            return Err(error);
        }
        tracing::warn!(mails = unsettled.len(), %error, "not written down yet");
        tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
    }
}

/// Tells this replica's listeners, and through the database those of the others. Nothing depends on it.
async fn tell_of_notices(workers: &Workers) {
    workers.tell(events::notices(&workers.app));
    if let Err(error) = blocking(&workers.app, events::tell_of_notices).await {
        tracing::warn!(%error, "nobody else was told that mails were sent");
    }
}

async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&App) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let app = app.clone();
    tokio::task::spawn_blocking(move || work(&app))
        .await
        .map_err(|error| Error::Corrupt(format!("a worker's task ended badly: {error}")))?
}
