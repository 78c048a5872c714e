//! What comes back: bounces, complaints, answers from calendars, automatic replies, and what people write.
//!
//! Anybody can send anything here. [`read`] takes a message apart without trusting it: it says what a message claims
//! to be and to be about; whether that is true is asked elsewhere (`service/inbox.rs`).

mod automatic;
mod calendar_reply;
mod parts;
mod report;

use crate::domain::fleet::clean_text_to;
use crate::mail::transport::EnhancedStatus;

pub use calendar_reply::{CalendarReply, Participation};
pub use report::{Action, Outcome};

use parts::Parts;

/// The largest message that is taken in. Our own mails are a tenth of it, and a report that carries one back whole is
/// little more.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Boundaries of parts that a message may name. A report names two, and what it brings back two more.
const BOUNDARIES_MAX: usize = 200;

/// Characters of a text that are kept, of what people write.
const TEXT_CHARS_MAX: usize = 1000;

/// Characters of a header that are kept.
const HEADER_CHARS_MAX: usize = 300;

/// A message that came in, as far as it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Message-ID without brackets.
    pub message_id: Option<String>,
    /// Who says to have written it.
    pub from: Option<String>,
    /// Subject line, cleaned.
    pub subject: String,
    /// Whom its headers say it went to.
    pub recipients: Vec<String>,
    /// What it claims to be.
    pub what: What,
    /// The beginning of its text, cleaned.
    pub text: String,
}

/// What a message claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A report on a delivery (RFC 3464), and the mail that it is about.
    Report(Vec<Outcome>, Returned),
    /// A complaint about a mail (RFC 5965): its type, such as `abuse`, and the mail that it is about.
    Complaint(String, Returned),
    /// An answer from a calendar (RFC 5546).
    Answer(CalendarReply),
    /// Written by a machine, as the header says that is named.
    Automatic(&'static str),
    /// None of these.
    Other,
}

/// What a report carries back of the mail that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// Its Message-ID, without brackets.
    pub message_id: Option<String>,
    /// Where the report says it came from: a bounce address of ours may be among them.
    pub senders: Vec<String>,
}

/// Why bytes were not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is not even a header in them.
    #[error("this is not a mail message: it has no header")]
    NotAMail,
    /// It is made of more parts within parts than any mail is.
    #[error("the message has more than {BOUNDARIES_MAX} parts within parts")]
    TooDeep,
    /// There are too many of them.
    #[error("the message is larger than {} KiB, the most that is taken in", MESSAGE_BYTES_MAX / 1024)]
    TooLarge,
}

/// Takes a message apart.
///
/// # Errors
/// [`Unreadable`] if it is no message, or more than one can be.
pub fn read(bytes: &[u8]) -> Result<Inbound, Unreadable> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    // For each boundary that a message names the parser looks through all that follows.
    if words(bytes, b"boundary") > BOUNDARIES_MAX {
        return Err(Unreadable::TooDeep);
    }
    let parts = Parts::of(bytes).ok_or(Unreadable::NotAMail)?;
    let what = if let Some((outcomes, returned)) = report::delivery_report(&parts) {
        What::Report(outcomes, returned)
    } else if let Some((kind, returned)) = report::complaint(&parts) {
        What::Complaint(kind, returned)
    } else if let Some(reply) = parts.calendar().and_then(|text| calendar_reply::read(&text)) {
        // Before the next: some calendars answer with Auto-Submitted.
        What::Answer(reply)
    } else if let Some(why) = automatic::sign(&parts) {
        What::Automatic(why)
    } else {
        What::Other
    };
    Ok(Inbound {
        message_id: parts.message_id(),
        from: parts.from(),
        subject: clean(&parts.subject(), HEADER_CHARS_MAX),
        recipients: parts.recipients(),
        what,
        text: clean(&parts.text(), TEXT_CHARS_MAX),
    })
}

/// How often `word`, in lower case, stands in `bytes`, whatever its capitals.
fn words(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| window.eq_ignore_ascii_case(word)).count()
}

/// `text` as it may be shown and kept: one line, no control or invisible characters, not too long.
fn clean(text: &str, chars_max: usize) -> String {
    let beginning: String = text.chars().take(chars_max * 4).collect();
    clean_text_to(&beginning, chars_max)
}

/// A status code anywhere at the beginning of a server's answer: `550 5.1.1 no such user`, `smtp; 550-5.1.1 …`.
fn status_in(answer: &str) -> Option<EnhancedStatus> {
    answer
        .split(|character: char| character.is_whitespace() || "-;:()<>#".contains(character))
        .take(6)
        .find_map(|word| word.parse().ok())
}
