//! Takes mail in over the network: SMTP (RFC 5321) and LMTP (RFC 2033) on one port; which of them a client speaks it
//! says with its first word. It relays nothing: whoever listens says which recipients it has.

mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// A mail as it was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// MAIL FROM; empty for a report.
    pub sender: String,
    /// RCPT TO, as far as they were taken.
    pub recipients: Vec<String>,
    /// The message.
    pub bytes: Vec<u8>,
}

/// What is answered to a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is ours from here on.
    Taken,
    /// Not now: the client keeps it and comes again.
    TryLater(String),
    /// Never.
    Refused(String),
}

/// What one client may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a message.
    pub message_bytes: usize,
    /// Clients at a time.
    pub clients: usize,
    /// For a client's next line, and for each piece of a message.
    pub silence: Duration,
    /// For all that a client has to say.
    pub session: Duration,
}

/// Whoever takes mail in.
pub trait Recipient: Send + Sync + 'static {
    /// Whether mail to this address is taken.
    fn has(&self, address: &str) -> bool;

    /// Takes a mail.
    fn take(&self, mail: HandedOver) -> impl Future<Output = Verdict> + Send;
}

/// Takes mail in until `stop` says true; what is being handed over then is finished.
pub async fn listen<R: Recipient>(
    listener: TcpListener,
    recipient: Arc<R>,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.clients));
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Whoever has dropped the sender wants an end as well.
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = sessions.join_next() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a client of the mail listener was lost");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let place = Arc::clone(&places).try_acquire_owned();
        let (recipient, stop) = (Arc::clone(&recipient), stop.clone());
        sessions.spawn(async move {
            match place {
                Ok(place) => {
                    let ended = tokio::time::timeout(
                        limits.session,
                        session::hold(stream, recipient.as_ref(), limits, stop),
                    );
                    if let Ok(Err(error)) = ended.await {
                        tracing::debug!(%error, "a client of the mail listener has gone");
                    }
                    drop(place);
                }
                Err(_) => session::turn_away(stream, limits.silence).await,
            }
        });
        // Those who are turned away have tasks too, short as they are.
        while sessions.len() > limits.clients * 4 {
            sessions.join_next().await;
        }
    }
    while sessions.join_next().await.is_some() {}
}
