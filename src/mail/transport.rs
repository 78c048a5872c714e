//! Hands a stored mail to a mail server, and says what became of it.
//!
//! A transport never decides what happens next: it reports a [`Delivery`], and whoever keeps the outbox
//! retries, suppresses or alerts. Handing over is at least once: after [`Delivery::Unknown`] the same bytes
//! go out again under the same Message-ID.

mod conversation;
mod delivery;
mod folder;
mod memory;
mod probe;
mod relays;
mod smtp;
mod smtp_url;
mod stream;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use delivery::{Delivery, EnhancedStatus, RejectionCause};
pub use memory::MemoryTransport;
pub use probe::Reached;
pub use relays::{RelayView, Relays};
pub use smtp::{SmtpSetupError, SmtpTimeouts, SmtpTransport};
pub use smtp_url::{SmtpUrl, SmtpUrlError};

use crate::mail::address::mask;
use crate::mail::compose::ComposedMail;

/// A mail as the outbox keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// MAIL FROM.
    pub envelope_from: String,
    /// RCPT TO.
    pub envelope_to: String,
    /// Message-ID without angle brackets: the name under which a mail is the same mail again.
    pub message_id: String,
    /// The whole message, with CRLF line ends.
    pub bytes: Vec<u8>,
}

impl From<ComposedMail> for OutgoingMail {
    fn from(mail: ComposedMail) -> Self {
        let ComposedMail { subject: _, message_id, envelope_from, envelope_to, bytes, text: _, html: _ } =
            mail;
        Self { envelope_from, envelope_to, message_id, bytes }
    }
}

/// Shows no recipient and no content, so that a log shows none either.
impl fmt::Debug for OutgoingMail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingMail")
            .field("message_id", &self.message_id)
            .field("envelope_to", &mask(&self.envelope_to))
            .field("length_bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Whether a mail is still to be handed over.
pub type MayGo<'a> = dyn Fn() -> bool + Sync + 'a;

/// Where mail goes.
#[derive(Debug)]
pub enum Transport {
    /// A mail server.
    Smtp(Box<SmtpTransport>),
    /// Several, of which each takes over for those before it.
    Relays(Box<Relays>),
    /// A folder of .eml files, one a Message-ID.
    Folder(PathBuf),
    /// A list in memory, for tests.
    Memory(MemoryTransport),
}

impl Transport {
    /// Hands `mail` over. Cancelling it is safe: what it had open is dropped with it.
    pub async fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        self.deliver_if(mail, &|| true).await
    }

    /// The same, if `may_go` says yes at the last moment before the message itself is handed over, which may be long
    /// after the first: a server takes its time, and a process may be made to stand still.
    pub async fn deliver_if(&self, mail: &OutgoingMail, may_go: &MayGo<'_>) -> Delivery {
        match self {
            Transport::Smtp(smtp) => smtp.deliver(mail, may_go).await,
            Transport::Relays(relays) => relays.deliver(mail, may_go).await,
            Transport::Folder(_) if !may_go() => Delivery::Withheld,
            Transport::Folder(folder) => folder::deliver(folder, mail).await,
            Transport::Memory(memory) => memory.deliver(mail, may_go),
        }
    }

    /// For how long no server is to be asked, if all of them are left alone.
    pub fn rests_for(&self) -> Option<Duration> {
        match self {
            Transport::Relays(relays) => relays.rest_for(),
            Transport::Smtp(_) | Transport::Folder(_) | Transport::Memory(_) => None,
        }
    }

    /// The servers that mail goes through, in the order in which they are asked.
    pub fn relays(&self) -> Vec<RelayView> {
        match self {
            Transport::Relays(relays) => relays.view(),
            Transport::Smtp(_) | Transport::Folder(_) | Transport::Memory(_) => Vec::new(),
        }
    }
}
