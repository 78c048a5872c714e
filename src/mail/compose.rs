//! From a letter to the bytes of a mail.
//!
//! ```text
//! multipart/mixed
//! ├── multipart/alternative             (alone in a mail about what has happened)
//! │   ├── text/plain
//! │   ├── text/html
//! │   └── text/calendar; method=…   (only in a mail about one visit)
//! └── application/ics               (one a visit)
//! ```

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use crate::domain::notice::{Letter, LetterVisit};
use crate::mail::address::{NamedAddress, mask, to_wire};
use crate::mail::dkim::DkimKey;
use crate::mail::hygiene;
use crate::mail::invite::{Invite, Method, calendar_object, published};
use crate::mail::templates::{self, TemplateError, Templates};
use crate::mail::view::{LetterView, VisitView};

/// What a mail carries around its letter. The same envelope and letter give the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Sender, and organizer of the calendar entries.
    pub from: NamedAddress,
    /// Message-ID without angle brackets; also the seed of the MIME boundaries.
    pub message_id: String,
    /// Where bounces go: an address with the notice's token in it (VERP), so that a bounce names its notice.
    pub bounce_address: String,
    /// When it was composed: `Date`, and DTSTAMP of the calendar entries.
    pub date: DateTime<Utc>,
    /// Who wrote the calendar entries, as in `-//product//EN`.
    pub product: String,
    /// Where the merchant stops mails like this one, if it may do without them: by one POST (RFC 8058).
    pub unsubscribe_url: Option<String>,
}

/// A mail that is ready to be sent, and to be stored so that a retry sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposedMail {
    /// Its subject, in words.
    pub subject: String,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// MAIL FROM.
    pub envelope_from: String,
    /// RCPT TO: one recipient a mail.
    pub envelope_to: String,
    /// The whole message, headers and body, with CRLF line ends.
    pub bytes: Vec<u8>,
    /// The plain text, in words.
    pub text: String,
    /// The HTML page, in words.
    pub html: String,
}

/// Why a letter could not become a mail. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The letter is about nothing.
    #[error("the letter names neither a visit nor a lock; a mail is about at least one")]
    Empty,
    /// An address that no mail server would take. It is masked.
    #[error("{whose} address `{masked}` is not a mail address; write one like name@shop.example")]
    Address {
        /// Whose it is.
        whose: &'static str,
        /// The address, masked.
        masked: String,
    },
    /// A Message-ID that would break the header it stands in.
    #[error("`{0}` is not a Message-ID; use printable ASCII like notice-7.0@mail.example, without brackets")]
    MessageId(String),
    /// A link that is not a web address.
    #[error("the link `{0}` is not a web address; it must begin with https:// or http://")]
    Link(String),
    /// A template names what does not exist, or has an error.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The MIME library refused a part.
    #[error("the message could not be put together: {0}")]
    Message(String),
}

/// Puts `letter` into words and bytes with the built-in templates, signed with `dkim` if there is a key.
///
/// # Errors
/// [`ComposeError`] if an address, id or link could not stand in a mail, or a template is wrong.
pub fn compose(
    letter: &Letter,
    envelope: &Envelope,
    dkim: Option<&DkimKey>,
) -> Result<ComposedMail, ComposeError> {
    compose_with(&Templates::built_in()?, letter, envelope, dkim)
}

/// The same with these templates.
///
/// # Errors
/// As [`compose`].
pub fn compose_with(
    templates: &Templates,
    letter: &Letter,
    envelope: &Envelope,
    dkim: Option<&DkimKey>,
) -> Result<ComposedMail, ComposeError> {
    if letter.visits.is_empty() && letter.locks.is_empty() {
        return Err(ComposeError::Empty);
    }
    let mut letter = hygiene::clean_letter(letter);
    let from = wire_address("the sender’s", &envelope.from.name, &envelope.from.address)?;
    let to = wire_address("the merchant’s", &letter.merchant_name, &letter.recipient)?;
    let support = wire_address("the support desk’s", &letter.support.name, &letter.support.email)?;
    let bounce = wire_address("the bounce", "", &envelope.bounce_address)?;
    letter.support.email.clone_from(&support.address);
    for url in letter.manage_url.iter().chain(&envelope.unsubscribe_url) {
        check_link(url)?;
    }
    check_message_id(&envelope.message_id)?;
    let roots = thread_roots(&letter, &envelope.message_id)?;

    let view = LetterView::new(&letter, from.name.clone());
    let words = templates.render(&view)?;
    let invites = invites(templates, &letter, &view, envelope, &from, &to)?;

    let mut builder = Message::builder()
        .from(mailbox(&from)?)
        .to(mailbox(&to)?)
        .reply_to(mailbox(&support)?)
        .subject(words.subject.clone())
        .date(system_time(envelope.date))
        .message_id(Some(format!("<{}>", envelope.message_id)));
    if let Some(first) = roots.first() {
        builder = builder.in_reply_to(first.clone()).references(roots.join(" "));
    }
    if let Some(url) = &envelope.unsubscribe_url {
        builder = builder
            .raw_header(raw("List-Unsubscribe", format!("<{url}>")))
            .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    let mut message = builder
        .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
        .envelope(lettre_envelope(&bounce, &to)?)
        .multipart(body(&words, &invites, &envelope.message_id)?)
        .map_err(|error| ComposeError::Message(error.to_string()))?;
    if let Some(key) = dkim {
        key.sign(&mut message);
    }
    Ok(ComposedMail {
        subject: words.subject,
        message_id: envelope.message_id.clone(),
        envelope_from: bounce.address,
        envelope_to: to.address,
        bytes: message.formatted(),
        text: words.text,
        html: words.html,
    })
}

/// The visits of `letter` as one calendar to keep or to subscribe to.
///
/// # Errors
/// [`ComposeError::Template`] if a template is wrong.
pub fn published_calendar(
    templates: &Templates,
    letter: &Letter,
    written_at: DateTime<Utc>,
) -> Result<String, ComposeError> {
    let letter = hygiene::clean_letter(letter);
    let view = LetterView::new(&letter, letter.support.name.clone());
    let mut entries = Vec::with_capacity(letter.visits.len());
    for visit in &letter.visits {
        let (title, description) = templates.render_invite(&view, &VisitView::new(&letter, visit))?;
        entries.push((visit, title, description));
    }
    Ok(published(&entries, written_at))
}

/// A calendar without entries.
pub fn empty_calendar() -> String {
    published(&[], DateTime::UNIX_EPOCH)
}

/// One visit's calendar file.
struct InviteFile {
    method: Method,
    file_name: String,
    calendar: String,
}

fn invites(
    templates: &Templates,
    letter: &Letter,
    view: &LetterView,
    envelope: &Envelope,
    from: &NamedAddress,
    to: &NamedAddress,
) -> Result<Vec<InviteFile>, ComposeError> {
    // What has happened changes no calendar.
    if !letter.kind.is_ahead() {
        return Ok(Vec::new());
    }
    let single = letter.visits.len() == 1;
    let mut files = Vec::with_capacity(letter.visits.len());
    for (index, visit) in letter.visits.iter().enumerate() {
        let (title, description) = templates.render_invite(view, &VisitView::new(letter, visit))?;
        let invite = Invite {
            product: &hygiene::clean_line(&envelope.product),
            organizer: from,
            attendee: to,
            written_at: envelope.date,
            title: &title,
            description: &description,
            url: letter.manage_url.as_deref(),
        };
        files.push(InviteFile {
            method: Method::of(visit),
            file_name: if single { "invite.ics".to_owned() } else { file_name(index, visit) },
            calendar: calendar_object(&invite, visit),
        });
    }
    Ok(files)
}

/// `invite-2-S-0042.ics`: the number keeps it unique where the site's code is not a file name.
fn file_name(index: usize, visit: &LetterVisit) -> String {
    let code: String = visit
        .site_code
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || "-_".contains(*character))
        .take(40)
        .collect();
    format!("invite-{}-{code}.ics", index + 1)
}

fn body(
    words: &templates::Rendered,
    invites: &[InviteFile],
    message_id: &str,
) -> Result<MultiPart, ComposeError> {
    let digest = hex::encode(Sha256::digest(message_id.as_bytes()));
    let mut alternative = MultiPart::alternative()
        .boundary(format!("alternative-{}", &digest[..32]))
        .singlepart(SinglePart::plain(words.text.clone()))
        .singlepart(SinglePart::html(words.html.clone()));
    // RFC 5546 has one UID a request, and programs show the first calendar part alone: an invite in the text
    // would hide the other visits.
    if let [invite] = invites {
        let kind = format!("text/calendar; charset=utf-8; method={}", invite.method.as_str());
        alternative = alternative.singlepart(
            SinglePart::builder().header(content_type(&kind)?).body(base64_body(&invite.calendar)?),
        );
    }
    if invites.is_empty() {
        return Ok(alternative);
    }
    let mut mixed = MultiPart::mixed().boundary(format!("mixed-{}", &digest[32..])).multipart(alternative);
    for invite in invites {
        let kind = format!("application/ics; name=\"{}\"", invite.file_name);
        mixed = mixed.singlepart(
            Attachment::new(invite.file_name.clone())
                .body(base64_body(&invite.calendar)?, content_type(&kind)?),
        );
    }
    Ok(mixed)
}

/// A header as it is; `name` is ours.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// Base64 keeps the folds and CRLFs of a calendar file as they are on every way.
fn base64_body(calendar: &str) -> Result<Body, ComposeError> {
    Body::new_with_encoding(calendar.as_bytes().to_vec(), ContentTransferEncoding::Base64)
        .map_err(|_| ComposeError::Message("a calendar file could not be encoded".to_owned()))
}

fn content_type(kind: &str) -> Result<ContentType, ComposeError> {
    ContentType::parse(kind).map_err(|error| ComposeError::Message(error.to_string()))
}

fn wire_address(whose: &'static str, name: &str, address: &str) -> Result<NamedAddress, ComposeError> {
    let wire = to_wire(address).ok_or_else(|| ComposeError::Address { whose, masked: mask(address) })?;
    Ok(NamedAddress { name: hygiene::clean_line(name), address: wire })
}

fn mailbox(address: &NamedAddress) -> Result<Mailbox, ComposeError> {
    let name = Some(address.name.clone()).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, lettre_address(&address.address)?))
}

fn lettre_address(address: &str) -> Result<lettre::Address, ComposeError> {
    address.parse().map_err(|_| ComposeError::Address { whose: "the", masked: mask(address) })
}

fn lettre_envelope(
    bounce: &NamedAddress,
    to: &NamedAddress,
) -> Result<lettre::address::Envelope, ComposeError> {
    let (from, to) = (lettre_address(&bounce.address)?, lettre_address(&to.address)?);
    lettre::address::Envelope::new(Some(from), vec![to])
        .map_err(|error| ComposeError::Message(error.to_string()))
}

/// The roots of the visits' and locks' threads, in brackets, each once; a mail that is itself a root does not refer to
/// itself.
fn thread_roots(letter: &Letter, message_id: &str) -> Result<Vec<String>, ComposeError> {
    let mut roots: Vec<String> = Vec::new();
    let of_visits = letter.visits.iter().map(|visit| &visit.root_message_id);
    for id in of_visits.chain(letter.locks.iter().map(|lock| &lock.root_message_id)) {
        check_message_id(id)?;
        let root = format!("<{id}>");
        if id != message_id && !roots.contains(&root) {
            roots.push(root);
        }
    }
    Ok(roots)
}

fn check_message_id(id: &str) -> Result<(), ComposeError> {
    let graphic = id.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"".contains(&byte));
    let halves = id
        .split_once('@')
        .is_some_and(|(left, right)| !left.is_empty() && !right.is_empty() && !right.contains('@'));
    if graphic && halves && id.len() <= 250 { Ok(()) } else { Err(ComposeError::MessageId(id.to_owned())) }
}

fn check_link(url: &str) -> Result<(), ComposeError> {
    let web = url::Url::parse(url).is_ok_and(|parsed| matches!(parsed.scheme(), "https" | "http"));
    let plain = url.len() <= 900
        && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    if web && plain { Ok(()) } else { Err(ComposeError::Link(url.to_owned())) }
}

fn system_time(date: DateTime<Utc>) -> SystemTime {
    // A mail is never dated before 1970; if a caller did, the epoch is as wrong as any.
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(date.timestamp()).unwrap_or(0))
}
