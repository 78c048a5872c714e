//! What comes back by mail: bounces, complaints, answers from calendars. Whatever it is and whoever brings it, the
//! pipe or the listener, it passes [`ingest`].
//!
//! Nothing in a message is believed that somebody else could have made up: a report counts for the notice whose signed
//! bounce address it came to, or whose Message-ID, which nobody can guess, it brings back; a calendar's answer counts
//! if it is about a visit that we wrote to this very address of. The same message twice changes nothing twice.

mod answer;
mod bounce;
mod complaint;
mod list;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::api::inbound::{InboundEnvelope, InboundOutcome, Ingested};
use crate::db::inbound_mail::InboundMailRow;
use crate::db::notice::NoticeRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::fleet::clean_text_to;
use crate::mail::inbound::{self, Inbound, Returned, What};
use crate::service::lease::Leader;
use crate::service::merchant::links;
use crate::service::notice::outbox;
use crate::service::{App, Error};

pub use list::{close, list};

/// The largest message that is taken in, in bytes.
pub const MESSAGE_BYTES_MAX: usize = inbound::MESSAGE_BYTES_MAX;

/// How long it is remembered that a mail came in.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// Mails that wait for an operator at most; of more, the oldest are forgotten.
const KEPT_MAX: i64 = 10_000;

/// Longest address and header that are kept, in characters.
const HEADER_CHARS_MAX: usize = 320;

/// What is made of a mail, before it is written down.
struct Made {
    outcome: InboundOutcome,
    why: String,
    notice: Option<i64>,
    visit: Option<i64>,
}

impl Made {
    fn new(outcome: InboundOutcome, why: impl Into<String>) -> Self {
        Made { outcome, why: why.into(), notice: None, visit: None }
    }

    /// Nobody knows whom it is about.
    fn kept(why: impl Into<String>) -> Self {
        Made::new(InboundOutcome::Kept, why)
    }

    fn about(self, notice: &NoticeRow) -> Self {
        Made { notice: Some(notice.id), ..self }
    }
}

/// Whether mail to this address is ours to take in: bounces, and what is written to the sender of notices.
pub fn takes(app: &App, address: &str) -> bool {
    let settings = &app.settings;
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    address.eq_ignore_ascii_case(&settings.mail_from)
        || domain.is_some_and(|domain| domain.eq_ignore_ascii_case(&settings.mail_domain))
}

/// Takes in one message.
pub fn ingest(app: &App, envelope: &InboundEnvelope, bytes: &[u8]) -> Result<Ingested, Error> {
    let mail = inbound::read(bytes).map_err(|error| Error::invalid("message", error))?;
    let taken = app.database.write(|connection| take(connection, app, envelope, bytes, &mail));
    match taken {
        // The same came at the same moment.
        Err(error) if error.is_collision() => Ok(ingested(repeated())),
        Err(error) => Err(error),
        Ok(made) => Ok(ingested(made)),
    }
}

/// The sender of what must not be answered, as servers write it in a pipe's arguments.
fn is_nobody(sender: &str) -> bool {
    sender.is_empty() || sender == "<>" || sender.eq_ignore_ascii_case("MAILER-DAEMON")
}

fn repeated() -> Made {
    Made::new(InboundOutcome::Repeated, "the same message came before")
}

fn ingested(made: Made) -> Ingested {
    let Made { outcome, why, notice, visit } = made;
    metrics::counter!("offpeak_inbound_mail_total", "outcome" => outcome.as_str()).increment(1);
    Ingested { outcome, why, notice, visit }
}

fn take(
    connection: &mut Connection,
    app: &App,
    envelope: &InboundEnvelope,
    bytes: &[u8],
    mail: &Inbound,
) -> Result<Made, Error> {
    if let What::Automatic(header) = mail.what {
        return Ok(Made::new(InboundOutcome::Ignored, format!("written by a machine: it has {header}")));
    }
    // What stands may not change meanwhile.
    connection.serialize_schedule()?;
    let digest = digest_of(mail, bytes);
    if db::inbound_mail::by_digest(connection, &digest)?.is_some() {
        return Ok(repeated());
    }
    let made = match &mail.what {
        What::Report(outcomes, returned) => match attributed(connection, envelope, mail, returned)? {
            Some(notice) => bounce::take(connection, app, &notice, outcomes)?.about(&notice),
            None => Made::kept("a delivery report that names no notice of ours"),
        },
        What::Complaint(kind, returned) => match attributed(connection, envelope, mail, returned)? {
            Some(notice) => complaint::take(connection, app, &notice, kind)?.about(&notice),
            None => Made::kept("a complaint about a mail that is not known here"),
        },
        What::Answer(reply) => answer::take(connection, app, reply)?,
        What::Automatic(_) | What::Other => {
            match attributed(connection, envelope, mail, &Returned::default())? {
                Some(notice) => {
                    Made::kept("it came to a bounce address, and is no delivery report").about(&notice)
                }
                None if envelope.sender.as_deref().is_some_and(is_nobody) => {
                    return Ok(Made::new(InboundOutcome::Ignored, "from nobody, and no delivery report"));
                }
                None => Made::kept("neither a report nor an answer from a calendar: somebody wrote it"),
            }
        }
    };
    let id = db::allot(connection, Table::InboundMail, 1)?[0];
    let header = |text: &str| clean_text_to(text, HEADER_CHARS_MAX);
    let row = InboundMailRow {
        id,
        digest,
        received_at: Instant::from(app.clock.now()),
        outcome: made.outcome.as_str().to_owned(),
        why: made.why.clone(),
        sender: mail.from.as_deref().or(envelope.sender.as_deref()).map(header),
        recipient: envelope.recipient.as_deref().or(mail.recipients.first().map(String::as_str)).map(header),
        subject: mail.subject.clone(),
        notice_id: made.notice,
        visit_id: made.visit,
        // What was understood needs no second look.
        excerpt: Some(mail.text.clone())
            .filter(|text| made.outcome == InboundOutcome::Kept && !text.is_empty()),
        done_at: None,
        done_by: None,
    };
    db::inbound_mail::insert(connection, row)?;
    Ok(made)
}

/// By what a message is known again: a server that hands it over twice adds lines of its own, so its Message-ID and
/// what it says count, and its bytes only where it has none.
fn digest_of(mail: &Inbound, bytes: &[u8]) -> String {
    let mut digest = Sha256::new();
    match &mail.message_id {
        Some(id) => {
            digest.update(id.as_bytes());
            digest.update(format!("\0{:?}\0{}", mail.what, mail.text).as_bytes());
        }
        None => digest.update(bytes),
    }
    hex::encode(digest.finalize())
}

/// The notice that a message is about: by a bounce address that we signed, wherever it stands, else by the Message-ID
/// of what it brings back.
fn attributed(
    connection: &mut Connection,
    envelope: &InboundEnvelope,
    mail: &Inbound,
    returned: &Returned,
) -> Result<Option<NoticeRow>, Error> {
    let handed_to = envelope.recipient.iter().flat_map(|list| list.split(','));
    let addresses = handed_to.chain(mail.recipients.iter().chain(&returned.senders).map(String::as_str));
    if let Some(id) = links::notice_of(connection, addresses.map(str::trim))? {
        return Ok(db::notice::find(connection, id.0)?);
    }
    match &returned.message_id {
        Some(message_id) => match outbox::named_by(message_id) {
            Some(id) => Ok(db::notice::with_message_id(connection, id, message_id)?),
            None => Ok(None),
        },
        None => Ok(None),
    }
}

/// Forgets what came in long ago.
pub fn forget(app: &App, leader: &Leader) -> Result<u64, Error> {
    let before = Instant::from(app.clock.now() - REMEMBERED);
    let kept = InboundOutcome::Kept.as_str();
    let any = app.database.read(|connection| {
        Ok::<_, Error>(db::inbound_mail::any_to_forget(connection, before, kept, KEPT_MAX)?)
    })?;
    if !any {
        return Ok(0);
    }
    let rows =
        leader.write(app, |connection| Ok(db::inbound_mail::forget(connection, before, kept, KEPT_MAX)?))?;
    Ok(u64::try_from(rows).unwrap_or(u64::MAX))
}
