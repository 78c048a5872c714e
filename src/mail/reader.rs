//! Opens a stored mail for a page: what the merchant sees, from the very bytes that went out.

use chrono::{DateTime, Utc};
use mail_parser::{Address, MessageParser, MimeHeaders};

/// A mail as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMail {
    /// Subject line.
    pub subject: String,
    /// Sender, as `Name <address>`.
    pub from: String,
    /// Recipients, as `Name <address>`, separated by commas.
    pub to: String,
    /// Date header; `None` if there is none that makes sense.
    pub date: Option<DateTime<Utc>>,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// The plain text.
    pub text: String,
    /// The HTML page. Show it in a sandboxed frame: it is a document of its own.
    pub html: String,
    /// Attached files, in order.
    pub attachments: Vec<Attachment>,
}

/// An attached file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its content, decoded.
    pub content: Vec<u8>,
}

/// The bytes hold no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored bytes are not a mail message")]
pub struct NotAMail;

/// Opens `bytes`, a message that [`compose`](crate::mail::compose()) made.
///
/// # Errors
/// [`NotAMail`] if there is not even a header in them.
pub fn read(bytes: &[u8]) -> Result<ReadMail, NotAMail> {
    let message = MessageParser::default().parse(bytes).ok_or(NotAMail)?;
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(ReadMail {
        subject: owned(message.subject()),
        from: addresses(message.from()),
        to: addresses(message.to()),
        date: message.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0)),
        message_id: owned(message.message_id()),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: message.body_html(0).unwrap_or_default().into_owned(),
        // A part without a name is the calendar entry that stands in the text itself.
        attachments: message
            .attachments()
            .filter_map(|part| {
                let name = part.attachment_name()?.to_owned();
                Some(Attachment { name, content: part.contents().to_vec() })
            })
            .collect(),
    })
}

fn addresses(addresses: Option<&Address<'_>>) -> String {
    let shown = addresses.into_iter().flat_map(Address::iter).map(|address| {
        let bare = address.address().unwrap_or_default();
        match address.name() {
            Some(name) => format!("{name} <{bare}>"),
            None => bare.to_owned(),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}
