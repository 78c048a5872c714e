//! A mail came back. What had been announced by it is announced no more, and does not open until its merchant has been
//! told in another way; an address that does not exist gets nothing more.

use super::Made;
use crate::api::inbound::InboundOutcome;
use crate::db::notice::NoticeRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::mail::inbound::{Action, Outcome};
use crate::mail::transport::RejectionCause;
use crate::service::audit::{Change, record};
use crate::service::dispatch::CAME_BACK;
use crate::service::notice::ascii_address;
use crate::service::{Actor, App, Error};

/// Takes in a report about `notice`.
pub(super) fn take(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
    outcomes: &[Outcome],
) -> Result<Made, Error> {
    let noted = |why: &str| Ok(Made::new(InboundOutcome::Noted, why));
    // A mail has one recipient; where it was handed on to several, one of them has not got it.
    let Some(failed) = outcomes.iter().find(|outcome| outcome.action == Action::Failed) else {
        let delayed = outcomes.iter().any(|outcome| outcome.action == Action::Delayed);
        return noted(if delayed {
            "the mail is late; the server goes on trying"
        } else {
            "the mail was delivered"
        });
    };
    let actor = Actor::worker("inbox");
    let why = in_words(failed);
    let state: Result<NoticeState, _> = notice.state.parse();
    let came_back = db::notice::bounce(connection, notice.id, &why)?;
    let gone = RejectionCause::of(failed.status) == RejectionCause::Address;
    // Of one that has been given up meanwhile, this much is still news; one that is to be tried again was put there
    // by somebody who knows better.
    let given_up = matches!(state, Ok(NoticeState::Superseded | NoticeState::Expired));
    if gone && (came_back || given_up) {
        db::suppression::add(connection, &notice.recipient, &why, Instant::from(app.clock.now()))?;
        let change = Change::new("address.suppress", format!("notice {}", notice.id)).because(Some(&why));
        record(connection, app, &actor, change)?;
    }
    if !came_back {
        return noted(&format!("the mail came back ({why}); the notice was {} by then", notice.state));
    }
    let held = hold(connection, app, &actor, notice, &why)?;
    if RejectionCause::of(failed.status) == RejectionCause::BeyondAscii
        && let Some(address) = ascii_address::instead_of(connection, notice)?
    {
        ascii_address::take_over(connection, app, notice, &address, app.clock.now())?;
    }
    let change = Change::new("notice.bounce", format!("notice {}", notice.id))
        .before(&notice.state)
        .after(&serde_json::json!({"state": NoticeState::Bounced, "appointments_held": held}))
        .because(Some(&why));
    record(connection, app, &actor, change)?;
    Ok(Made::new(InboundOutcome::Bounced, why))
}

/// What this notice had announced is announced no more; which appointments.
fn hold(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    notice: &NoticeRow,
    why: &str,
) -> Result<Vec<i64>, Error> {
    let Some(accepted_at) =
        notice.accepted_at.filter(|_| notice.kind.parse().is_ok_and(NoticeKind::announces))
    else {
        return Ok(Vec::new());
    };
    let visits: Vec<i64> =
        db::notice::visits_of(connection, &[notice.id])?.into_iter().map(|about| about.visit_id).collect();
    let note = format!("{CAME_BACK}: {why}");
    let held = db::appointment::unannounce(connection, &visits, accepted_at, &note)?;
    for id in &held {
        let change = Change::new("appointment.unannounce", format!("appointment {id}"))
            .before(&AppointmentState::Announced)
            .after(&AppointmentState::Planned)
            .because(Some(why));
        record(connection, app, actor, change)?;
    }
    Ok(held)
}

/// `5.1.1: 550 5.1.1 no such user`, as far as the report says it.
fn in_words(failed: &Outcome) -> String {
    let said = failed.diagnostic.as_str();
    match failed.status {
        Some(status) if said.is_empty() => status.to_string(),
        Some(status) if !said.contains(&status.to_string()) => format!("{status}: {said}"),
        None if said.is_empty() => "the report gives no reason".to_owned(),
        _ => said.to_owned(),
    }
}
