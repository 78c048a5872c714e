//! The loop that sends messages to other systems: endpoints side by side, the messages to one of them one after the
//! other, and no more to one that does not take them.

use std::collections::BTreeMap;

use super::post::Post;
use super::{Workers, above_zero};
use crate::api::WorkerRun;
use crate::api::webhook::DeliveryView;
use crate::service::webhook::{self, Outcome, Parcel};
use crate::service::{App, Error};

/// Passes through what is due before others get their turn.
const ROUNDS_MAX: usize = 50;

/// Sends what is due.
pub(super) async fn run(workers: &Workers) -> Result<WorkerRun, Error> {
    let counts = workers.blocking(rounds).await?;
    Ok(WorkerRun { counts })
}

impl Workers {
    /// Sends one message now, whether or not its time has come; how it stands then.
    pub async fn deliver_now(&self, id: i64) -> Result<DeliveryView, Error> {
        self.blocking(move |app| {
            if let Some(parcel) = webhook::claim_one(app, id)? {
                let outcome = Post::new(app).send(&parcel);
                webhook::settle(app, &parcel, &outcome)?;
            }
            webhook::delivery(app, id)
        })
        .await
    }
}

fn rounds(app: &App) -> Result<BTreeMap<String, u64>, Error> {
    let post = Post::new(app);
    let (mut delivered, mut failed) = (0, 0);
    for _ in 0..ROUNDS_MAX {
        let batches = webhook::claim(app)?;
        if batches.iter().all(Vec::is_empty) {
            break;
        }
        let results: Vec<Result<(u64, u64), Error>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                batches.into_iter().map(|batch| scope.spawn(|| send_batch(app, &post, batch))).collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread.join().unwrap_or_else(|_| Err(Error::Corrupt("a delivery ended badly".to_owned())))
                })
                .collect()
        });
        for result in results {
            let (arrived, refused) = result?;
            delivered += arrived;
            failed += refused;
        }
    }
    Ok(above_zero([("delivered", delivered), ("failed", failed)]))
}

fn send_batch(app: &App, post: &Post, batch: Vec<Parcel>) -> Result<(u64, u64), Error> {
    let (mut delivered, mut failed) = (0, 0);
    for (place, parcel) in batch.iter().enumerate() {
        let outcome = post.send(parcel);
        match &outcome {
            Outcome::Delivered(_) => delivered += 1,
            Outcome::Failed { error, .. } => {
                failed += 1;
                tracing::warn!(delivery = parcel.id, error, "a webhook does not take its message");
            }
        }
        if !webhook::settle(app, parcel, &outcome)? {
            webhook::give_back(app, &batch[place + 1..])?;
            break;
        }
    }
    Ok((delivered, failed))
}
