//! The listener for mail that comes back, beside the loops.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Workers;
use crate::api::inbound::InboundEnvelope;
use crate::mail::listener::{HandedOver, Limits, Recipient, Verdict, listen};
use crate::service::{App, Error, events, inbox};

/// What one client may do: Postfix keeps a connection for a while, and takes minutes for nothing.
const LIMITS: Limits = Limits {
    message_bytes: inbox::MESSAGE_BYTES_MAX,
    clients: 20,
    silence: Duration::from_secs(120),
    session: Duration::from_secs(900),
};

impl Workers {
    /// Takes mail in through `listener` until `stop` says true.
    pub async fn take_mail_in(self, listener: TcpListener, stop: watch::Receiver<bool>) {
        listen(listener, Arc::new(self), LIMITS, stop).await;
    }
}

impl Recipient for Workers {
    fn has(&self, address: &str) -> bool {
        inbox::takes(&self.app, address)
    }

    async fn take(&self, mail: HandedOver) -> Verdict {
        let HandedOver { sender, recipients, bytes } = mail;
        let envelope = InboundEnvelope { recipient: Some(recipients.join(",")), sender: Some(sender) };
        let taken = self.blocking(move |app: &App| inbox::ingest(app, &envelope, &bytes)).await;
        match taken {
            Ok(taken) => {
                tracing::info!(outcome = %taken.outcome, notice = taken.notice, "mail came in");
                self.tell(events::notices(&self.app));
                Verdict::Taken
            }
            Err(Error::Invalid { message, .. }) => Verdict::Refused(message),
            Err(error) => {
                tracing::error!(%error, "mail that came in is left with its server for now");
                Verdict::TryLater("Not now, come again".to_owned())
            }
        }
    }
}
