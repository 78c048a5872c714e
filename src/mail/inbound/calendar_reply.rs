//! Answers from calendars (RFC 5546): an attendee accepts, declines, or proposes another time.
//!
//! Read here line by line, without the calendar library: its parser calls itself for every component within another
//! one, and whoever writes to us chooses how many there are.

use chrono::{DateTime, NaiveDateTime, Utc};
use percent_encoding::percent_decode_str;

use super::clean;

/// Lines that are read.
const LINES_MAX: usize = 2000;

/// Characters of a comment that are kept.
const COMMENT_CHARS_MAX: usize = 500;

/// What a calendar answers about one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarReply {
    /// The event.
    pub uid: String,
    /// The revision that is answered.
    pub sequence: u32,
    /// Who answers: a bare address.
    pub attendee: String,
    /// What.
    pub participation: Participation,
    /// The start that is proposed instead.
    pub proposed_start: Option<DateTime<Utc>>,
    /// In the attendee's words.
    pub comment: Option<String>,
}

/// What an attendee says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Participation {
    /// It suits.
    Accepted,
    /// It does not, or may not, or another time would.
    NotAccepted,
}

/// The answer in a calendar object; `None` if it is none.
pub(super) fn read(calendar: &str) -> Option<CalendarReply> {
    let mut method = None;
    let mut within: Vec<String> = Vec::new();
    let (mut uid, mut sequence, mut attendee, mut start, mut comment) = (None, 0, None, None, None);
    for line in unfolded(calendar) {
        let Some((name, parameters, value)) = property(&line) else { continue };
        match (name.as_str(), within.as_slice()) {
            ("BEGIN", _) => {
                // Whatever is deeper than an event's alarm is no answer.
                if within.len() >= 4 {
                    return None;
                }
                within.push(value.to_ascii_uppercase());
            }
            ("END", _) => {
                within.pop();
                // The first event is the one that is answered.
                if uid.is_some() && within.len() == 1 {
                    break;
                }
            }
            ("METHOD", [_]) => method = Some(value.to_ascii_uppercase()),
            (_, [_, component]) if component == "VEVENT" => match name.as_str() {
                "UID" => uid = Some(value.to_owned()),
                "SEQUENCE" => sequence = value.trim().parse().unwrap_or(0),
                "ATTENDEE" if attendee.is_none() => {
                    let status = parameter(&parameters, "PARTSTAT").map(|word| word.to_ascii_uppercase());
                    attendee = address(value).map(|address| (address, status));
                }
                "DTSTART" => start = instant(value),
                "COMMENT" if comment.is_none() => comment = Some(clean(&unescaped(value), COMMENT_CHARS_MAX)),
                _ => {}
            },
            _ => {}
        }
    }
    let counters = match method?.as_str() {
        "REPLY" => false,
        "COUNTER" => true,
        _ => return None,
    };
    let (attendee, status) = attendee?;
    let participation = match status.as_deref() {
        _ if counters => Participation::NotAccepted,
        Some("ACCEPTED") => Participation::Accepted,
        Some("DECLINED" | "TENTATIVE") => Participation::NotAccepted,
        _ => return None,
    };
    Some(CalendarReply {
        uid: uid.filter(|uid| uid.len() <= 255)?,
        sequence,
        attendee,
        participation,
        proposed_start: start.filter(|_| counters),
        comment: comment.filter(|comment| !comment.is_empty()),
    })
}

/// Lines with their folds undone, the first of them.
fn unfolded(calendar: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in calendar.lines() {
        let full = lines.len() == LINES_MAX;
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(before)) => before.push_str(rest),
            _ if full => break,
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Names and values.
type Parameters = Vec<(String, String)>;

/// Name, parameters and value of a line; a quoted parameter may hold what else would end it.
fn property(line: &str) -> Option<(String, Parameters, &str)> {
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, character)| {
        quoted ^= *character == '"';
        *character == ':' && !quoted
    });
    let (head, value) = (&line[..colon?.0], &line[colon?.0 + 1..]);
    let mut quoted = false;
    let mut pieces = head.split(|character: char| {
        quoted ^= character == '"';
        character == ';' && !quoted
    });
    let name = pieces.next()?.trim().to_ascii_uppercase();
    let parameters = pieces
        .filter_map(|piece| piece.split_once('='))
        .map(|(name, value)| (name.to_ascii_uppercase(), value.trim_matches('"').to_owned()))
        .collect();
    Some((name, parameters, value.trim()))
}

fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// `mailto:li@shop.example`, whatever is escaped in it.
fn address(value: &str) -> Option<String> {
    let scheme = value.get(..7)?;
    if !scheme.eq_ignore_ascii_case("mailto:") {
        return None;
    }
    let address = percent_decode_str(&value[7..]).decode_utf8().ok()?.trim().to_owned();
    (address.contains('@') && address.len() <= 320).then_some(address)
}

/// An instant in UTC; one in a zone that the answer defines itself is not looked into.
fn instant(value: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ").ok().map(|instant| instant.and_utc())
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push(' '),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(lines: &[&str]) -> Option<CalendarReply> {
        let event = lines.join("\r\n");
        read(&format!(
            "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ))
    }

    #[test]
    fn an_acceptance_is_read_with_its_folds_and_quotes() {
        let found = reply(&[
            "UID:visit.7.ab@mail.exam",
            " ple",
            "SEQUENCE:2",
            "ATTENDEE;CN=\"Li; M: x\";PARTSTAT=accepted:MAILTO:%E5%BA%97+a@shop.example",
            "COMMENT:yes\\, gladly\\nLi",
            "DTSTART:20261210T020000Z",
        ]);
        let found = found.expect("an answer");
        assert_eq!((found.uid.as_str(), found.sequence), ("visit.7.ab@mail.example", 2));
        assert_eq!(found.attendee, "店+a@shop.example");
        assert_eq!(found.participation, Participation::Accepted);
        assert_eq!((found.comment.as_deref(), found.proposed_start), (Some("yes, gladly Li"), None));
    }

    #[test]
    fn a_counter_proposes() {
        let found = read(
            "BEGIN:VCALENDAR\nMETHOD:COUNTER\nBEGIN:VEVENT\nUID:u\nDTSTART:20261210T030000Z\n\
             ATTENDEE;PARTSTAT=TENTATIVE:mailto:li@shop.example\nEND:VEVENT\nBEGIN:VEVENT\nUID:other\nEND:VEVENT\nEND:VCALENDAR",
        )
        .expect("an answer");
        assert_eq!(found.participation, Participation::NotAccepted);
        assert_eq!(found.uid, "u");
        assert_eq!(
            found.proposed_start.map(|at| at.to_rfc3339()).as_deref(),
            Some("2026-12-10T03:00:00+00:00")
        );
    }

    #[test]
    fn what_is_no_answer_is_none() {
        assert_eq!(reply(&["UID:u", "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:li@shop.example"]), None);
        assert_eq!(reply(&["UID:u", "ATTENDEE;PARTSTAT=ACCEPTED:http://shop.example"]), None);
        assert_eq!(reply(&["ATTENDEE;PARTSTAT=ACCEPTED:mailto:li@shop.example"]), None);
        assert_eq!(read("BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR"), None);
        assert_eq!(read(&"BEGIN:VEVENT\n".repeat(100_000)), None);
        assert_eq!(read(""), None);
    }
}
