//! Reports that mail servers write: on a delivery (RFC 3464, and RFC 6533 for addresses beyond ASCII), and complaints
//! of readers (RFC 5965).

use super::parts::{Parts, bare_address};
use super::{Returned, clean, status_in};
use crate::mail::address::{mask, mask_all, unescaped};
use crate::mail::transport::EnhancedStatus;

/// Characters of a server's answer that are kept.
const DIAGNOSTIC_CHARS_MAX: usize = 400;

/// Groups of fields that are read: the report's own, then one a recipient.
const GROUPS_MAX: usize = 20;

/// What became of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was done.
    pub action: Action,
    /// Why, as a number; the server's own where the report's is unspecific.
    pub status: Option<EnhancedStatus>,
    /// The server's answer, cleaned, addresses masked.
    pub diagnostic: String,
}

/// What was done with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Given up.
    Failed,
    /// Still being tried.
    Delayed,
    /// Delivered, handed on, or handed on to several.
    Passed,
}

/// What a message reports on a delivery, if it is such a report.
pub(super) fn delivery_report(parts: &Parts<'_>) -> Option<(Vec<Outcome>, Returned)> {
    let fields = parts.first(&["message/delivery-status", "message/global-delivery-status"])?;
    let outcomes: Vec<Outcome> = groups(&fields).iter().skip(1).filter_map(outcome).collect();
    if outcomes.is_empty() {
        return None;
    }
    Some((outcomes, parts.returned()))
}

/// What a reader complains of, if it is such a message: the type of complaint.
pub(super) fn complaint(parts: &Parts<'_>) -> Option<(String, Returned)> {
    if parts.parameter("report-type")? != "feedback-report" {
        return None;
    }
    let fields = parts.first(&["message/feedback-report"])?;
    let groups = groups(&fields);
    let group = groups.first()?;
    let kind = clean(&field(group, "Feedback-Type")?.to_ascii_lowercase(), 40);
    let mut returned = parts.returned();
    returned.senders.extend(field(group, "Original-Mail-From").and_then(bare_address));
    Some((kind, returned))
}

type Group = Vec<(String, String)>;

/// Fields in groups that are separated by blank lines; folded ones in one line.
fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![Vec::new()];
    for line in text.lines() {
        let group = groups.last_mut().expect("there is always one");
        if line.trim().is_empty() {
            if !group.is_empty() {
                if groups.len() == GROUPS_MAX {
                    break;
                }
                groups.push(Vec::new());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    groups
}

fn field<'a>(group: &'a Group, name: &str) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    group.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}

fn outcome(group: &Group) -> Option<Outcome> {
    let action = match field(group, "Action")?.split_whitespace().next()?.to_ascii_lowercase().as_str() {
        "failed" => Action::Failed,
        "delayed" => Action::Delayed,
        "delivered" | "relayed" | "expanded" => Action::Passed,
        _ => return None,
    };
    let stated: Option<EnhancedStatus> = field(group, "Status")
        .and_then(|value| value.split(|c: char| c.is_whitespace() || c == '(').next())
        .and_then(|word| word.parse().ok());
    // `smtp; 550 5.1.1 <x@shop.example>: no such user`, or `X-Postfix; …`.
    let said = field(group, "Diagnostic-Code").unwrap_or_default();
    let said = said.split_once(';').map_or(said, |(_, rest)| rest).trim();
    let unspecific = stated.is_none_or(|status| status.subject == 0 && status.detail == 0);
    let status = match status_in(said) {
        Some(precise) if unspecific && stated.is_none_or(|status| status.class == precise.class) => {
            Some(precise)
        }
        _ => stated,
    };
    // A report in ASCII escapes what is beyond it.
    let beginning: String = said.chars().take(DIAGNOSTIC_CHARS_MAX * 4).collect();
    let mut diagnostic = mask_all(&unescaped(&beginning));
    // An address need not have a domain there.
    for name in ["Final-Recipient", "Original-Recipient"] {
        let named =
            field(group, name).and_then(|value| value.split_once(';')).map(|(_, address)| address.trim());
        if let Some(address) = named.filter(|address| !address.is_empty()) {
            let address = unescaped(address);
            diagnostic = diagnostic.replace(&address, &mask(&address));
        }
    }
    let diagnostic = clean(&diagnostic, DIAGNOSTIC_CHARS_MAX);
    Some(Outcome { action, status, diagnostic })
}
