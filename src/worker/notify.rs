//! Sending: claim, hand over, settle; several mails at a time, so that one slow server does not hold the others, and
//! the next claim while these are on their way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Workers;
use crate::api::WorkerRun;
use crate::mail::mask;
use crate::mail::transport::{Delivery, OutgoingMail, Transport};
use crate::service::notice::{Claim, Sendable, Settlement, claim, give_back, settle};
use crate::service::{App, Error, events};

/// Notices claimed at once.
const BATCH: i64 = 40;

/// Mails under way at once.
const AT_ONCE: usize = 10;

/// How often it is told that mails were sent.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How long to wait before what became of a mail is written down once more.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What one task of a pass came to.
enum Done {
    Claimed(Result<(Vec<Sendable>, u64), Error>),
    Sent(Result<&'static str, Error>),
}

/// Sends everything that is due, until `stopping` says true; what was claimed by then and is not on its way is given
/// back.
pub(super) async fn run(workers: &Workers) -> Result<WorkerRun, Error> {
    let Workers { app, transport, stopping, .. } = workers;
    let mut tell = interval(TELL_EVERY);
    tell.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut untold = false;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut count = |what: &str, number: u64| {
        if number > 0 {
            *counts.entry(what.to_owned()).or_default() += number;
        }
    };
    let mut ready: VecDeque<Sendable> = VecDeque::new();
    let mut tasks: JoinSet<Done> = JoinSet::new();
    let (mut claiming, mut sending, mut more) = (false, 0, true);
    let mut failed: Option<Error> = None;
    loop {
        let go_on = failed.is_none() && !stopping.load(Ordering::Relaxed);
        if go_on && more && !claiming && ready.len() < AT_ONCE {
            claiming = true;
            let app = app.clone();
            tasks.spawn_blocking(move || Done::Claimed(claim(&app, BATCH)));
        }
        while go_on
            && sending < AT_ONCE
            && let Some(notice) = ready.pop_front()
        {
            sending += 1;
            let (app, transport) = (app.clone(), Arc::clone(transport));
            tasks.spawn(async move { Done::Sent(send(app, transport, notice).await) });
        }
        let done = tokio::select! {
            done = tasks.join_next() => done,
            _ = tell.tick(), if untold => {
                untold = false;
                tell_of_notices(workers).await;
                continue;
            }
        };
        let Some(done) = done else { break };
        match done.map_err(|error| Error::Corrupt(format!("a delivery ended badly: {error}")))? {
            Done::Claimed(Ok((sendable, closed))) => {
                claiming = false;
                more = closed > 0 || !sendable.is_empty();
                count("closed", closed);
                ready.extend(sendable);
            }
            Done::Sent(Ok(state)) => {
                sending -= 1;
                untold = true;
                count(state, 1);
            }
            // What is on its way is waited for, and nothing new begun.
            Done::Claimed(Err(error)) => {
                (claiming, failed) = (false, Some(error));
            }
            Done::Sent(Err(error)) => {
                (sending, failed) = (sending - 1, Some(error));
            }
        }
    }
    if !ready.is_empty() {
        let claims: Vec<Claim> = ready.iter().map(|notice| notice.claim).collect();
        blocking(app, move |app| give_back(app, &claims)).await?;
    }
    if untold {
        tell_of_notices(workers).await;
    }
    failed.map_or(Ok(WorkerRun { counts }), Err)
}

async fn send(app: App, transport: Arc<Transport>, notice: Sendable) -> Result<&'static str, Error> {
    let mail = OutgoingMail {
        envelope_from: notice.envelope_from.clone(),
        envelope_to: notice.envelope_to.clone(),
        message_id: notice.message_id.clone(),
        bytes: notice.bytes.clone(),
    };
    let claim = notice.claim;
    let settlement = match transport.deliver_if(&mail, &|| notice.may_go(&app)).await {
        Delivery::Accepted { .. } => Settlement::Accepted,
        Delivery::Deferred { code, text } => {
            Settlement::Deferred(code.map_or(text.clone(), |code| format!("{code} {text}")))
        }
        // Nobody knows whether it was taken: the same bytes go again under the same Message-ID.
        Delivery::Unknown { text } => Settlement::Deferred(text),
        Delivery::Rejected { code, text, .. } => Settlement::Failed(format!("{code} {text}")),
        Delivery::Withheld => Settlement::Withheld,
    };
    if !matches!(settlement, Settlement::Accepted) {
        tracing::warn!(notice = %claim.id, recipient = mask(&mail.envelope_to), ?settlement, "not accepted");
    }
    loop {
        let what = settlement.clone();
        match blocking(&app, move |app| settle(app, claim, &what)).await {
            Ok(state) => return Ok(state.as_str()),
            // As long as the notice is this worker's, nobody else sends it again.
            Err(error @ Error::Database(_)) if notice.is_claimed(&app) => {
                tracing::warn!(notice = %claim.id, %error, "not written down yet");
                tokio::time::sleep(SETTLE_AGAIN_AFTER).await;
            }
            Err(error) => return Err(error),
        }
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
