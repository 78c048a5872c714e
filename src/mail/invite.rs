//! A visit as a calendar object (RFC 5545, sent as RFC 5546 and RFC 6047 say).
//!
//! The crate that writes it quotes no parameter that holds a quote, and makes up a UID and a DTSTAMP where
//! none is given; so display names are stripped here, and both are always given.

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::notice::LetterVisit;
use crate::mail::address::NamedAddress;

/// What is done to the merchant's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Puts the visit in, or moves it.
    Request,
    /// Takes it out.
    Cancel,
}

impl Method {
    pub(super) fn of(visit: &LetterVisit) -> Self {
        if visit.cancelled { Method::Cancel } else { Method::Request }
    }

    /// The word used in the calendar object and in the MIME parameter, which must agree.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Method::Request => "REQUEST",
            Method::Cancel => "CANCEL",
        }
    }
}

/// The parties of an invite and when it was written.
pub(super) struct Invite<'a> {
    pub(super) product: &'a str,
    /// Equal to From: programs warn of, or drop, an invite on behalf of somebody else.
    pub(super) organizer: &'a NamedAddress,
    pub(super) attendee: &'a NamedAddress,
    pub(super) written_at: DateTime<Utc>,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) url: Option<&'a str>,
}

/// The calendar object of one visit, its lines folded and ended by CRLF.
pub(super) fn calendar_object(invite: &Invite, visit: &LetterVisit) -> String {
    let mut event = entry(visit, invite.title, invite.description, invite.written_at);
    event.append_property(party("ORGANIZER", invite.organizer));
    event.append_multi_property(
        party("ATTENDEE", invite.attendee)
            .add_parameter("CUTYPE", "INDIVIDUAL")
            .add_parameter("ROLE", "REQ-PARTICIPANT")
            .add_parameter("PARTSTAT", "NEEDS-ACTION")
            .add_parameter("RSVP", "FALSE")
            .done(),
    );
    if let Some(url) = invite.url {
        event.url(url);
    }
    let mut calendar = calendar(invite.product, Method::of(visit).as_str());
    calendar.push(event);
    refold(&calendar.to_string())
}

/// A calendar of visits that asks for no answer, each with its title and description.
pub(super) fn published(entries: &[(&LetterVisit, String, String)], written_at: DateTime<Utc>) -> String {
    let mut calendar = calendar("Offpeak", "PUBLISH");
    for (visit, title, description) in entries {
        calendar.push(entry(visit, title, description, written_at));
    }
    refold(&calendar.to_string())
}

fn calendar(product: &str, method: &str) -> Calendar {
    let mut calendar = Calendar::empty();
    calendar
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", format!("-//{}//EN", parameter_text(product)).as_str()))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("METHOD", method));
    calendar
}

fn entry(visit: &LetterVisit, title: &str, description: &str, written_at: DateTime<Utc>) -> Event {
    let mut event = Event::new();
    event
        .uid(&visit.uid)
        .sequence(visit.sequence)
        .timestamp(written_at)
        .starts(visit.starts_at)
        .ends(visit.ends_at)
        .summary(title)
        .description(description)
        .location(visit.site_address.as_deref().unwrap_or(&visit.site_name))
        .status(match Method::of(visit) {
            Method::Request => EventStatus::Confirmed,
            Method::Cancel => EventStatus::Cancelled,
        })
        // The shop's owner is not busy because a terminal is.
        .add_property("TRANSP", "TRANSPARENT");
    event
}

/// Folds at 75 bytes as RFC 5545 says; the crate's last line of a fold may have 76.
fn refold(calendar: &str) -> String {
    const LINE_BYTES_MAX: usize = 75;
    let mut folded = String::with_capacity(calendar.len() + calendar.len() / 16);
    for line in calendar.replace("\r\n ", "").lines() {
        let mut length_bytes = 0;
        for character in line.chars() {
            if length_bytes + character.len_utf8() > LINE_BYTES_MAX {
                folded.push_str("\r\n ");
                length_bytes = 1;
            }
            folded.push(character);
            length_bytes += character.len_utf8();
        }
        folded.push_str("\r\n");
    }
    folded
}

fn party(role: &str, address: &NamedAddress) -> Property {
    let mut property = Property::new(role, mailto(&address.address));
    let name = parameter_text(&address.name);
    if !name.is_empty() {
        property.add_parameter("CN", &name);
    }
    property
}

/// `name` as a parameter value, in which no escape exists that every parser knows: quotes become
/// apostrophes, and the two characters that some parsers take for an escape go.
fn parameter_text(name: &str) -> String {
    let text: String = name.chars().filter(|character| !matches!(character, '^' | '\\')).collect();
    text.replace('"', "'").trim().to_owned()
}

/// A calendar address (RFC 6068): what a URI cannot carry is percent-encoded.
fn mailto(address: &str) -> String {
    const UNSAFE: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+').remove(b'@');
    format!("mailto:{}", utf8_percent_encode(address, UNSAFE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_parameter() {
        assert_eq!(parameter_text(r#"A"B, C^n\"#), "A'B, Cn");
    }

    #[test]
    fn lines_end_at_75_bytes() {
        for text in [
            "x".repeat(75),
            "x".repeat(76),
            "店".repeat(400),
            format!("{} {}", "x".repeat(74), "y".repeat(149)),
        ] {
            let folded = refold(&format!("{text}\r\n"));
            assert!(folded.split("\r\n").all(|line| line.len() <= 75), "{folded}");
            assert_eq!(folded.replace("\r\n ", ""), format!("{text}\r\n"));
        }
    }

    #[test]
    fn an_address_is_a_uri() {
        assert_eq!(mailto("li+x@shop.example"), "mailto:li+x@shop.example");
        assert_eq!(mailto("店%@b.example"), "mailto:%E5%BA%97%25@b.example");
    }
}
