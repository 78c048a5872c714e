//! A message in its parts, whatever was sent: never a panic, never a deep recursion.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Address, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::{HEADER_CHARS_MAX, Returned};

/// Parts that are looked at; a report has three.
const PARTS_MAX: usize = 50;

/// Messages within messages that are looked into.
const DEPTH_MAX: usize = 3;

/// Addresses that are looked at, of each header.
const ADDRESSES_MAX: usize = 50;

/// A message in its parts.
pub(super) struct Parts<'a> {
    message: Message<'a>,
}

impl<'a> Parts<'a> {
    /// Takes `bytes` apart; `None` if there is not even a header.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        // The parser promises never to panic, and asserts in debug builds.
        let parsed = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(bytes)));
        Some(Parts { message: parsed.ok().flatten().filter(|message| !message.headers().is_empty())? })
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let name = HeaderName::parse(name.to_owned())?;
        let raw = self.message.header_raw(name)?;
        Some(raw.chars().take(HEADER_CHARS_MAX).collect::<String>().trim().to_owned())
    }

    pub(super) fn message_id(&self) -> Option<String> {
        id(&self.message)
    }

    pub(super) fn from(&self) -> Option<String> {
        addresses(self.message.from()).into_iter().next()
    }

    pub(super) fn subject(&self) -> String {
        self.message.subject().unwrap_or_default().to_owned()
    }

    /// The beginning of what is to be read.
    pub(super) fn text(&self) -> String {
        // A page is turned into text by the parser: not a whole one, for its beginning alone.
        let part = self.message.text_body.first().and_then(|part| self.message.part(*part));
        match part.map(|part| &part.body) {
            Some(PartType::Text(text)) => text.to_string(),
            Some(PartType::Html(html)) => {
                let beginning: String = html.chars().take(20_000).collect();
                mail_parser::decoders::html::html_to_text(&beginning)
            }
            _ => String::new(),
        }
    }

    /// Whom its headers say it went to.
    pub(super) fn recipients(&self) -> Vec<String> {
        let mut found = addresses(self.message.to());
        found.extend(addresses(self.message.cc()));
        for name in ["Delivered-To", "X-Original-To", "Envelope-To"] {
            found.extend(self.header(name).as_deref().and_then(bare_address));
        }
        found
    }

    /// A parameter of its Content-Type, in lower case.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        Some(self.message.content_type()?.attribute(name)?.to_ascii_lowercase())
    }

    /// The first part of one of these types, as text.
    pub(super) fn first(&self, types: &[&str]) -> Option<String> {
        let part = self.looked_at().find(|part| is_one_of(part, types))?;
        Some(String::from_utf8_lossy(part.contents()).into_owned())
    }

    /// The calendar object that it carries, if any.
    pub(super) fn calendar(&self) -> Option<String> {
        self.first(&["text/calendar", "application/ics"])
    }

    /// The mail that a report carries back, whole or its header alone.
    pub(super) fn returned(&self) -> Returned {
        for part in self.looked_at() {
            match &part.body {
                PartType::Message(message) => return returned(message),
                _ if is_one_of(
                    part,
                    &["text/rfc822-headers", "message/global-headers", "message/rfc822-headers"],
                ) =>
                {
                    let headers = part.contents();
                    let parsed =
                        catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse_headers(headers)));
                    if let Some(message) = parsed.ok().flatten() {
                        return returned(&message);
                    }
                }
                _ => {}
            }
        }
        Returned::default()
    }

    /// Its parts, and those of messages within it, as far as they are looked at.
    fn looked_at(&self) -> impl Iterator<Item = &MessagePart<'a>> {
        self.message.parts.iter().take(PARTS_MAX)
    }
}

/// Messages within messages are taken out one by one first: dropped as they are, a mail that nests them a hundred
/// thousand deep would overflow the stack.
impl Drop for Parts<'_> {
    fn drop(&mut self) {
        let mut waiting = vec![std::mem::take(&mut self.message)];
        while let Some(mut message) = waiting.pop() {
            for part in &mut message.parts {
                if let PartType::Message(within) = std::mem::take(&mut part.body) {
                    waiting.push(within);
                }
            }
        }
    }
}

fn is_one_of(part: &MessagePart<'_>, types: &[&str]) -> bool {
    let Some(kind) = part.content_type() else { return false };
    let subtype = kind.subtype().unwrap_or_default();
    types.iter().any(|wanted| {
        wanted.split_once('/').is_some_and(|(main, sub)| {
            kind.ctype().eq_ignore_ascii_case(main) && subtype.eq_ignore_ascii_case(sub)
        })
    })
}

fn returned(message: &Message<'_>) -> Returned {
    // A mail that was forwarded as an attachment is not the one that bounced, but may hold it.
    let mut message = message;
    for _ in 0..DEPTH_MAX {
        if id(message).is_some() {
            break;
        }
        let within = message.parts.iter().take(PARTS_MAX).find_map(|part| match &part.body {
            PartType::Message(within) => Some(within),
            _ => None,
        });
        let Some(within) = within else { break };
        message = within;
    }
    let senders = message.header_raw(HeaderName::ReturnPath).and_then(bare_address).into_iter().collect();
    Returned { message_id: id(message), senders }
}

fn id(message: &Message<'_>) -> Option<String> {
    message.message_id().filter(|id| id.len() <= 998).map(str::to_owned)
}

fn addresses(list: Option<&Address<'_>>) -> Vec<String> {
    list.into_iter()
        .flat_map(Address::iter)
        .filter_map(|address| address.address())
        .filter(|address| address.len() <= 320)
        .take(ADDRESSES_MAX)
        .map(str::to_owned)
        .collect()
}

/// The address in ` <a@b.example>`, or in `a@b.example`.
pub(super) fn bare_address(text: &str) -> Option<String> {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest);
    let address = inner.split('>').next().unwrap_or_default().trim();
    (address.contains('@') && address.len() <= 320).then(|| address.to_owned())
}
