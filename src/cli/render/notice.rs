//! The outbox, and a mail as the merchant reads it.

use console::style;

use crate::api::notice::{Message, NoticeView, Suppression, Unreached, UnreachedReason};
use crate::cli::output::{Screen, Table};
use crate::cli::render::{instant, night, optional};

/// Notices, one a line.
pub fn list(screen: &mut Screen, notices: &[NoticeView]) {
    let mut table = Table::new(["id", "state", "kind", "night", "merchant", "to", "accepted", "subject"]);
    for notice in notices {
        table.row([
            notice.id.to_string(),
            notice.state.to_string(),
            notice.kind.to_string(),
            night(notice.night),
            notice.merchant_name.clone(),
            notice.recipient.clone(),
            optional(notice.accepted_at.map(instant)),
            optional(notice.subject.as_ref()),
        ]);
    }
    screen.table(table);
}

/// Addresses to which nothing is sent.
pub fn suppressions(screen: &mut Screen, list: &[Suppression]) {
    let mut table = Table::new(["address", "since (UTC)", "why"]);
    for row in list {
        table.row([row.address.clone(), instant(row.since), row.reason.clone()]);
    }
    screen.table(table);
}

/// Visits of which the merchant has not been told.
pub fn unreached(screen: &mut Screen, list: &[Unreached]) {
    let mut table = Table::new(["visit", "starts (UTC)", "merchant", "phone", "to", "site", "why", "answer"]);
    for row in list {
        let why = match row.reason {
            UnreachedReason::NoAddress => "no address",
            UnreachedReason::Suppressed => "address suppressed",
            UnreachedReason::Refused => "refused",
            UnreachedReason::CameBack => "came back",
            UnreachedReason::NotAcceptedYet => "not accepted yet",
            UnreachedReason::ToldTooLate => "told too late",
        };
        table.row([
            row.visit.to_string(),
            instant(row.starts_at),
            format!("{} ({})", row.merchant_name, row.merchant_number),
            optional(row.phone.as_ref()),
            optional(row.email.as_ref()),
            row.site_code.clone(),
            why.to_owned(),
            optional(row.detail.as_ref()),
        ]);
    }
    screen.table(table);
}

/// One notice: its life, then the mail, if it was put into words yet.
pub fn one(screen: &mut Screen, notice: &NoticeView, message: Option<&Message>) {
    screen.heading(format!("Notice {}: {} ({})", notice.id, notice.kind, notice.state));
    screen.pairs(&[
        ("merchant", Some(format!("{} ({})", notice.merchant_name, notice.merchant_number))),
        ("to", Some(notice.recipient.clone())),
        ("language", Some(notice.locale.clone())),
        ("night", Some(night(notice.night))),
        ("send after", Some(instant(notice.send_after))),
        ("of no use after", Some(instant(notice.expires_at))),
        ("attempts", Some(notice.attempts.to_string())),
        ("accepted", notice.accepted_at.map(instant)),
        ("last answer", notice.last_error.clone()),
        ("message id", Some(notice.message_id.clone())),
    ]);
    match message {
        Some(message) => {
            screen.blank();
            mail(screen, message, None);
        }
        None => {
            screen.blank();
            screen.line("It has nothing left to say: what it was about has changed.");
        }
    }
}

/// A line in pieces of at most `width` columns, each behind the blanks and the dash that the line begins with.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let text = line.trim_start_matches([' ', '-', '·']);
    let lead = &line[..line.len() - text.len()];
    let room = width.saturating_sub(lead.chars().count()).max(20);
    let mut pieces = vec![lead.to_owned()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let columns = console::measure_text_width(word.trim_end());
        if used > 0 && used + columns > room {
            pieces.push(" ".repeat(lead.chars().count()));
            used = 0;
        }
        used += console::measure_text_width(word);
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(word);
        }
    }
    pieces
}

/// A mail in a frame: its head and its plain text, cut after `most_lines`.
pub fn mail(screen: &mut Screen, message: &Message, most_lines: Option<usize>) {
    let edge = |text: &str| style(text.to_owned()).dim().to_string();
    let bar = edge("│");
    let width = screen.columns().min(80).saturating_sub(2);
    screen.line(edge(&format!("┌{}", "─".repeat(width))));
    for (name, value) in [("From", &message.from), ("To", &message.to), ("Subject", &message.subject)] {
        screen.line(format!("{bar} {} {value}", style(format!("{name}:")).bold()));
    }
    if !message.calendars.is_empty() {
        let files = message.calendars.len();
        screen.line(format!(
            "{bar} {} {files} calendar {}",
            style("With:").bold(),
            if files == 1 { "entry" } else { "entries" }
        ));
    }
    screen.line(&bar);
    let lines: Vec<String> =
        message.text.trim_end().lines().flat_map(|line| wrapped(line, width.saturating_sub(2))).collect();
    let shown = most_lines.unwrap_or(lines.len()).min(lines.len());
    for line in &lines[..shown] {
        screen.line(format!("{bar} {line}").trim_end());
    }
    if shown < lines.len() {
        screen.line(format!("{bar} {}", edge(&format!("… {} more lines", lines.len() - shown))));
    }
    screen.line(edge(&format!("└{}", "─".repeat(width))));
}
