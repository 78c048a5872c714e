//! One mail handed over, and what its answer means: for the notice, and for the domain that it went to.

use std::sync::Arc;

use chrono::TimeDelta;

use super::traffic::Answer;
use crate::mail::mask;
use crate::mail::transport::{Delivery, OutgoingMail, RejectionCause, Transport};
use crate::service::App;
use crate::service::notice::{RefusedFor, Sendable, Settlement};

/// A mail that was handed over, or was not.
pub(super) struct Handed {
    pub(super) mail: Sendable,
    /// When it began, as the traffic knows it.
    pub(super) began: u64,
    pub(super) settlement: Settlement,
    pub(super) answer: Answer,
    /// What the server said, unless it accepted.
    pub(super) why: String,
}

/// Hands `mail` over.
pub(super) async fn hand_over(app: App, transport: Arc<Transport>, mut mail: Sendable, began: u64) -> Handed {
    let outgoing = OutgoingMail {
        envelope_from: std::mem::take(&mut mail.envelope_from),
        envelope_to: std::mem::take(&mut mail.envelope_to),
        message_id: std::mem::take(&mut mail.message_id),
        bytes: std::mem::take(&mut mail.bytes),
    };
    let delivery = transport.deliver_if(&outgoing, &|| mail.may_go(&app)).await;
    let cause = delivery.rejection_cause();
    let (settlement, answer, outcome) = match delivery {
        Delivery::Accepted { .. } => (Settlement::Accepted, Answer::Accepted, "accepted"),
        Delivery::Deferred { code, text } => {
            let text = code.map_or(text.clone(), |code| format!("{code} {text}"));
            (Settlement::Deferred(text), Answer::Trouble, "deferred")
        }
        // Nobody knows whether it was taken: the same bytes go again under the same Message-ID.
        Delivery::Unknown { text } => (Settlement::Deferred(text), Answer::Trouble, "unknown"),
        Delivery::Rejected { code, text, .. } => {
            let what = match cause {
                Some(RejectionCause::Address) => RefusedFor::Address,
                Some(RejectionCause::Policy) => RefusedFor::Policy,
                Some(RejectionCause::BeyondAscii) => RefusedFor::BeyondAscii,
                Some(RejectionCause::Other) | None => RefusedFor::Other,
            };
            (Settlement::Failed(what, format!("{code} {text}")), Answer::Neither, "rejected")
        }
        Delivery::Withheld => (Settlement::Withheld, Answer::Neither, "withheld"),
        Delivery::NoServer { text } => {
            (Settlement::NoServer(text, TimeDelta::zero()), Answer::Neither, "no_server")
        }
    };
    metrics::counter!("offpeak_mail_total", "outcome" => outcome).increment(1);
    let why = match &settlement {
        Settlement::Deferred(why) | Settlement::Failed(_, why) | Settlement::NoServer(why, _) => why.clone(),
        Settlement::Accepted | Settlement::Withheld | Settlement::PutOff(_) => String::new(),
    };
    let recipient = mask(&outgoing.envelope_to);
    let notice = mail.claim.id;
    match &settlement {
        Settlement::Accepted => {}
        Settlement::Failed(RefusedFor::Policy, _) => {
            metrics::counter!("offpeak_mail_refused_by_policy_total").increment(1);
            tracing::warn!(%notice, recipient, %why,
                "the mail server will not have mail from us: see to its reason, then `offpeak notice retry`");
        }
        _ => tracing::warn!(%notice, recipient, outcome, %why, "not accepted"),
    }
    Handed { mail, began, settlement, answer, why }
}
