//! Sending: claim, hand over, settle; several mails at a time, so that one slow server does not hold the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::api::WorkerRun;
use crate::mail::mask;
use crate::mail::transport::{Delivery, OutgoingMail, Transport};
use crate::service::notice::{Sendable, Settlement, claim, settle};
use crate::service::{App, Error};

/// Notices claimed at once.
const BATCH: i64 = 100;

/// Mails under way at once.
const AT_ONCE: usize = 10;

/// Sends everything that is due.
pub(super) async fn run(app: &App, transport: &Arc<Transport>) -> Result<WorkerRun, Error> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    loop {
        let (sendable, closed) = blocking(app, |app| claim(app, BATCH)).await?;
        if closed > 0 {
            *counts.entry("closed".to_owned()).or_default() += closed;
        }
        if sendable.is_empty() {
            if closed > 0 {
                continue;
            }
            return Ok(WorkerRun { counts });
        }
        let mut under_way: JoinSet<Result<&'static str, Error>> = JoinSet::new();
        for notice in sendable {
            if under_way.len() >= AT_ONCE {
                note(&mut counts, under_way.join_next().await)?;
            }
            under_way.spawn(send(app.clone(), Arc::clone(transport), notice));
        }
        while let Some(done) = under_way.join_next().await {
            note(&mut counts, Some(done))?;
        }
    }
}

fn note(
    counts: &mut BTreeMap<String, u64>,
    done: Option<Result<Result<&'static str, Error>, tokio::task::JoinError>>,
) -> Result<(), Error> {
    if let Some(done) = done {
        let state = done.map_err(|error| Error::Corrupt(format!("a delivery ended badly: {error}")))??;
        *counts.entry(state.to_owned()).or_default() += 1;
    }
    Ok(())
}

async fn send(app: App, transport: Arc<Transport>, notice: Sendable) -> Result<&'static str, Error> {
    let Sendable { id, envelope_from, envelope_to, message_id, bytes } = notice;
    let recipient = mask(&envelope_to);
    let mail = OutgoingMail { envelope_from, envelope_to, message_id, bytes };
    let settlement = match transport.deliver(&mail).await {
        Delivery::Accepted { .. } => Settlement::Accepted,
        Delivery::Deferred { code, text } => {
            Settlement::Deferred(code.map_or(text.clone(), |code| format!("{code} {text}")))
        }
        // Nobody knows whether it was taken: the same bytes go again under the same Message-ID.
        Delivery::Unknown { text } => Settlement::Deferred(text),
        Delivery::Rejected { code, text, .. } => Settlement::Failed(format!("{code} {text}")),
    };
    if !matches!(settlement, Settlement::Accepted) {
        tracing::warn!(notice = %id, recipient, ?settlement, "not accepted");
    }
    let state = blocking(&app, move |app| settle(app, id, &settlement)).await?;
    Ok(state.as_str())
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
