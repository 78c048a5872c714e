//! The calendar part of a mail, read back for the page: what the merchant's calendar will show.
//!
//! This is for reading only. It takes what our own mails carry (RFC 5545 content lines in UTC) and leaves alone
//! what it does not know.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;

/// One event of a calendar file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CalendarEvent {
    /// What the file asks the calendar to do: `REQUEST` or `CANCEL`.
    pub method: String,
    /// The event's name for life.
    pub uid: String,
    /// Its revision.
    pub sequence: String,
    /// Title.
    pub summary: String,
    /// Place.
    pub location: String,
    /// Text.
    pub description: String,
    /// As `CONFIRMED` or `CANCELLED`.
    pub status: String,
    /// Start.
    pub starts_at: Option<DateTime<Utc>>,
    /// End.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Every event of a calendar file.
pub fn read_events(calendar: &str) -> Vec<CalendarEvent> {
    let mut events = Vec::new();
    let mut method = String::new();
    let mut current: Option<CalendarEvent> = None;
    let mut nested_components = 0_u32;
    for line in unfold(calendar).lines() {
        let Some((name, value)) = split_property(line) else { continue };
        match (name.as_str(), &mut current) {
            ("METHOD", None) => method = value.to_owned(),
            ("BEGIN", None) if value == "VEVENT" => {
                current = Some(CalendarEvent { method: method.clone(), ..CalendarEvent::default() });
            }
            ("BEGIN", Some(_)) => nested_components += 1,
            ("END", Some(_)) if nested_components > 0 => nested_components -= 1,
            ("END", Some(_)) => events.extend(current.take()),
            (_, Some(event)) if nested_components == 0 => take_property(event, &name, value),
            _ => {}
        }
    }
    events
}

fn take_property(event: &mut CalendarEvent, name: &str, value: &str) {
    match name {
        "UID" => event.uid = value.to_owned(),
        "SEQUENCE" => event.sequence = value.to_owned(),
        "STATUS" => event.status = value.to_owned(),
        "SUMMARY" => event.summary = unescape(value),
        "LOCATION" => event.location = unescape(value),
        "DESCRIPTION" => event.description = unescape(value),
        "DTSTART" => event.starts_at = read_utc(value),
        "DTEND" => event.ends_at = read_utc(value),
        _ => {}
    }
}

/// Joins the lines that were folded at 75 bytes.
fn unfold(calendar: &str) -> String {
    calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
}

/// The name and the value of a content line; parameters are dropped, and a colon in a quoted one is no end.
fn split_property(line: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    let colon = line.find(|character| {
        quoted ^= character == '"';
        character == ':' && !quoted
    })?;
    let name = line[..colon].split(';').next().unwrap_or_default().to_ascii_uppercase();
    Some((name, &line[colon + 1..]))
}

fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped) => text.push(escaped),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

fn read_utc(value: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ").ok().map(|naive| naive.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_escaped_event_is_read_back() {
        let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:visit-7@example.com\r\n\
             SEQUENCE:2\r\nORGANIZER;CN=\"Help: desk\":mailto:help@example.com\r\n\
             SUMMARY;LANGUAGE=en:Terminals down\\, 2 of\r\n  them\r\nDESCRIPTION:One\\nTwo\\\\three\r\n\
             DTSTART:20261125T180000Z\r\nDTEND:20261125T183000Z\r\nBEGIN:VALARM\r\nDESCRIPTION:Wake\r\n\
             END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let events = read_events(calendar);
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!(event.method, "REQUEST");
        assert_eq!(event.uid, "visit-7@example.com");
        assert_eq!(event.sequence, "2");
        assert_eq!(event.summary, "Terminals down, 2 of them");
        assert_eq!(event.description, "One\nTwo\\three");
        assert_eq!(event.starts_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-25T18:00:00+00:00"));
        assert_eq!(event.ends_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-11-25T18:30:00+00:00"));
    }

    #[test]
    fn what_is_no_calendar_has_no_events() {
        assert_eq!(read_events(""), []);
        assert_eq!(read_events("BEGIN:VEVENT\nUID:never ended"), []);
        assert_eq!(read_events("no colon here\nEND:VEVENT\n\\"), []);
    }
}
