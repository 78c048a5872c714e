//! Makes a letter safe for headers, calendar files and pages alike, whatever its facts contain. Files and
//! forms clean names when they come in; the mail does not rely on it.

use crate::domain::fleet::{clean_text, is_invisible};
use crate::domain::notice::{Letter, LetterLock, LetterTerminal, LetterVisit, SupportContact, WorkItem};

/// Longest reason that a mail quotes, in characters.
const REASON_CHARS_MAX: usize = 1_000;

/// `letter` with every text cleaned; addresses, ids and links are checked where they are used.
pub(super) fn clean_letter(letter: &Letter) -> Letter {
    let Letter {
        kind,
        locale,
        merchant_name,
        recipient,
        night,
        visits,
        locks,
        reason,
        emergency,
        support,
        usual_unlock_minutes,
        manage_url,
    } = letter;
    Letter {
        kind: *kind,
        locale: *locale,
        merchant_name: clean_line(merchant_name),
        recipient: recipient.clone(),
        night: *night,
        visits: visits.iter().map(clean_visit).collect(),
        locks: locks.iter().map(clean_lock).collect(),
        reason: reason.as_deref().map(clean_paragraph).filter(|reason| !reason.is_empty()),
        emergency: *emergency,
        support: SupportContact {
            name: clean_line(&support.name),
            phone: clean_line(&support.phone),
            email: support.email.clone(),
        },
        usual_unlock_minutes: *usual_unlock_minutes,
        manage_url: manage_url.clone(),
    }
}

fn clean_visit(visit: &LetterVisit) -> LetterVisit {
    let LetterVisit {
        uid,
        sequence,
        root_message_id,
        site_name,
        site_code,
        site_address,
        zone,
        starts_at,
        ends_at,
        previous,
        cancelled,
        terminals,
    } = visit;
    LetterVisit {
        uid: clean_line(uid),
        sequence: *sequence,
        root_message_id: root_message_id.clone(),
        site_name: clean_line(site_name),
        site_code: clean_line(site_code),
        site_address: site_address.as_deref().map(clean_line).filter(|address| !address.is_empty()),
        zone: *zone,
        starts_at: *starts_at,
        ends_at: *ends_at,
        previous: *previous,
        cancelled: *cancelled,
        terminals: terminals.iter().map(clean_terminal).collect(),
    }
}

fn clean_lock(lock: &LetterLock) -> LetterLock {
    LetterLock {
        site_name: clean_line(&lock.site_name),
        site_code: clean_line(&lock.site_code),
        site_address: lock.site_address.as_deref().map(clean_line).filter(|address| !address.is_empty()),
        label: clean_line(&lock.label),
        tid: clean_line(&lock.tid),
        ..lock.clone()
    }
}

fn clean_terminal(terminal: &LetterTerminal) -> LetterTerminal {
    let LetterTerminal { label, tid, serial, starts_at, ends_at, work } = terminal;
    LetterTerminal {
        label: clean_line(label),
        tid: clean_line(tid),
        serial: clean_line(serial),
        starts_at: *starts_at,
        ends_at: *ends_at,
        work: work
            .iter()
            .map(|WorkItem { kind, title }| WorkItem { kind: *kind, title: clean_line(title) })
            .collect(),
    }
}

/// One line of text. A name that looks like an RFC 2047 encoded word would be decoded by the reader's
/// program, so the mark that opens one is broken.
pub(super) fn clean_line(text: &str) -> String {
    clean_text(text).replace("=?", "= ?")
}

/// A subject as a template made it: one line, whatever the template has in it.
pub(super) fn clean_subject(text: &str) -> String {
    clean_paragraph(text)
}

/// Lines as a template made them, without controls and what nobody sees; tabs are blanks.
pub(super) fn clean_lines(text: &str) -> String {
    let visible = |line: &str| -> String {
        line.chars()
            .map(|character| if character == '\t' { ' ' } else { character })
            .filter(|character| !character.is_control() && !is_invisible(*character))
            .collect()
    };
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Cleaned word by word, because a reason may be longer than a name.
fn clean_paragraph(text: &str) -> String {
    let words: Vec<String> =
        text.split_whitespace().map(clean_line).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    if text.chars().count() <= REASON_CHARS_MAX {
        return text;
    }
    text.chars().take(REASON_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_keeps_more_than_a_name_does_but_has_an_end() {
        let long = "line power ".repeat(40);
        assert_eq!(clean_paragraph(&long), long.trim_end());
        assert_eq!(clean_paragraph(&"x ".repeat(5_000)).chars().count(), REASON_CHARS_MAX);
        assert_eq!(clean_paragraph(" \u{200b} "), "");
    }

    #[test]
    fn what_a_template_made_has_no_controls_and_a_subject_is_one_line() {
        assert_eq!(
            clean_subject("Card\r\nBcc: x@y.example\u{202e} \0terminal"),
            "Card Bcc: x@y.example terminal"
        );
        assert_eq!(clean_lines("a\tb\0\r\n\u{202e}c\u{7}"), "a b\nc");
    }

    #[test]
    fn a_name_is_never_an_encoded_word() {
        assert_eq!(clean_line("=?utf-8?q?Bank?="), "= ?utf-8?q?Bank?=");
    }
}
