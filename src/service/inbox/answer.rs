//! A merchant's calendar answers an invitation.

use super::Made;
use crate::api::inbound::InboundOutcome;
use crate::db::{self, Connection};
use crate::domain::merchant_answer::Answer;
use crate::mail::address::to_wire;
use crate::mail::inbound::{CalendarReply, Participation};
use crate::service::merchant::answers::{Saying, is_past_answering, keep};
use crate::service::{Actor, App, Error};

/// Takes in an answer: it counts if it comes from an address that we wrote to about this very visit, in the revision
/// that stands.
pub(super) fn take(connection: &mut Connection, app: &App, reply: &CalendarReply) -> Result<Made, Error> {
    let Some(visit) = db::visit::by_uid(connection, &reply.uid)? else {
        return Ok(Made::kept("an answer from a calendar about an event that is not ours"));
    };
    let about = |made: Made| Made { visit: Some(visit.id), ..made };
    let asked = wire(&reply.attendee);
    let written_to = db::notice::about_visits(connection, &[visit.id])?
        .into_iter()
        .any(|(about, _, in_words)| in_words && wire(&about.recipient) == asked);
    let second = db::merchant_ascii_address::of_merchant(connection, visit.merchant_id)?;
    if !written_to && second.is_none_or(|address| wire(&address) != asked) {
        return Ok(about(Made::kept("an answer from a calendar, by somebody whom we did not write to")));
    }
    if is_past_answering(connection, app, &visit)? {
        let why = "the visit that it answers has begun, or has been called off";
        return Ok(about(Made::new(InboundOutcome::Noted, why)));
    }
    if i64::from(reply.sequence) != i64::from(visit.sequence) {
        return Ok(about(Made::new(InboundOutcome::Noted, "the time has changed since what it answers")));
    }
    let merchant = db::fleet::merchants_by_id(connection, &[visit.merchant_id])?.pop();
    let merchant = merchant.ok_or_else(|| Error::Corrupt(format!("visit {} has no merchant", visit.id)))?;
    let answer = match reply.participation {
        Participation::Accepted => Answer::Confirmed,
        Participation::NotAccepted => Answer::WantsAnotherTime,
    };
    let words = words_of(reply);
    let saying = Saying { answer, via: "calendar", words: words.as_deref() };
    keep(connection, app, &Actor::merchant(&merchant.number), &visit, &saying)?;
    let why = match answer {
        Answer::Confirmed => format!("merchant {} confirms visit {}", merchant.number, visit.id),
        Answer::WantsAnotherTime => {
            format!("merchant {} wants another time for visit {}", merchant.number, visit.id)
        }
    };
    Ok(about(Made::new(InboundOutcome::Answered, why)))
}

/// What the attendee says beside, and the start that is proposed instead.
fn words_of(reply: &CalendarReply) -> Option<String> {
    let proposed = reply.proposed_start.map(|at| format!("proposes {} UTC", at.format("%Y-%m-%d %H:%M")));
    let words: Vec<String> = proposed.into_iter().chain(reply.comment.clone()).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn wire(address: &str) -> String {
    to_wire(address).unwrap_or_else(|| address.to_owned()).to_lowercase()
}
