//! Four eyes: what concerns many terminals, and what waives a rule, is done when a second person has said yes to it.

mod asked;

use chrono::TimeDelta;

use crate::api::appointment::{Maintenance, MaintenanceResult};
use crate::api::approval::{ApprovalQuery, ApprovalView};
use crate::api::campaign::{CampaignView, NewCampaign};
use crate::api::plan::PlanView;
use crate::api::wave::NewWaves;
use crate::api::{Because, Page};
use crate::db::approval::ApprovalRow;
use crate::db::{self, Connection, Instant};
use crate::domain::access::Role;
use crate::domain::approval::ApprovalState;
use crate::domain::campaign::CampaignState;
use crate::domain::ids::PlanId;
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::version::Expected;
use crate::service::{Actor, App, Error, campaign, maintenance, notice, plan};

use asked::Asked;

/// How long a request waits for an answer.
const GOOD_FOR: TimeDelta = TimeDelta::hours(24);

/// Publishes a plan, or asks for it where it has more terminals than one person may decide on.
pub fn publish(
    app: &App,
    actor: &Actor,
    id: PlanId,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<PlanView, Error> {
    if app.settings.approval_above_terminals.is_some() {
        let shown = plan::show(app, id)?;
        expected.check(&shown)?;
        let (placed, moved) = shown.report.as_ref().map_or((0, 0), |report| (report.placed, report.moved));
        let terminals = placed + moved;
        if above_limit(app, terminals) {
            let reason = reason.map(str::to_owned);
            return Err(ask(app, actor, Asked::PublishPlan { plan: id.0, terminals, moved, reason })?);
        }
    }
    plan::publish(app, actor, id, expected, reason)
}

/// Makes a campaign. One that would start at once, and has more terminals than one person may decide on, is made as
/// a draft, and its start is asked for.
pub fn create_campaign(app: &App, actor: &Actor, new: &NewCampaign) -> Result<CampaignView, Error> {
    if new.draft || app.settings.approval_above_terminals.is_none() {
        return campaign::create(app, actor, new);
    }
    let draft = campaign::create(app, actor, &NewCampaign { draft: true, ..new.clone() })?;
    activate_campaign(app, actor, &draft.name, &Expected::ANYTHING, None)
}

/// Starts a campaign, or asks for it where it has more terminals than one person may decide on.
pub fn activate_campaign(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    if app.settings.approval_above_terminals.is_some() {
        let shown = campaign::show(app, name)?;
        expected.check(&shown)?;
        let terminals = campaign::targets(app, name)?.to_plan;
        // What cannot be started anyway is not asked for.
        if shown.state == CampaignState::Draft && above_limit(app, terminals) {
            let (campaign, reason) = (name.to_owned(), reason.map(str::to_owned));
            return Err(ask(app, actor, Asked::StartCampaign { campaign, terminals, reason })?);
        }
    }
    campaign::activate(app, actor, name, expected, reason)
}

/// Changes the waves of a campaign that have not begun; asked for where the campaign has been started and has more
/// terminals left than one person may decide on.
pub fn set_waves(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    new: &NewWaves,
) -> Result<CampaignView, Error> {
    if app.settings.approval_above_terminals.is_some() && campaign::waves_to_set(app, name, expected, new)? {
        let targets = campaign::targets(app, name)?;
        if above_limit(app, targets.to_plan + targets.scheduled) {
            let (campaign, request) = (name.to_owned(), new.clone());
            return Err(ask(app, actor, Asked::SetWaves { campaign, request })?);
        }
    }
    campaign::set_waves(app, actor, name, expected, new)
}

fn above_limit(app: &App, terminals: u64) -> bool {
    app.settings.approval_above_terminals.is_some_and(|limit| terminals > u64::from(limit))
}

/// Arranges maintenance; an emergency waives the notice rule, so it is asked for where there is a second person.
pub fn arrange(app: &App, actor: &Actor, request: &Maintenance) -> Result<MaintenanceResult, Error> {
    if !request.emergency || request.dry_run || !has_second_person(app, actor)? {
        return maintenance::arrange(app, actor, request);
    }
    // What is not legal anyway is not asked for.
    maintenance::arrange(app, actor, &Maintenance { dry_run: true, ..request.clone() })?;
    if !asked::is_fixed(&request.at) {
        return Err(Error::invalid(
            "at",
            format!(
                "an emergency waits for a second person, and `{}` would mean something else by then; write the date, \
                 as `2026-12-01 02:00`, or `now` for as soon as he agrees",
                request.at
            ),
        ));
    }
    Err(ask(app, actor, Asked::Emergency { request: request.clone() })?)
}

/// Lets a visit go on though its merchant has not been told; asked for where there is a second person.
pub fn go_on(app: &App, actor: &Actor, visit: i64, because: &Because) -> Result<(), Error> {
    if !has_second_person(app, actor)? {
        return notice::unreached::go_on(app, actor, visit, because);
    }
    let known = app.database.read(|connection| Ok::<_, Error>(db::visit::by_ids(connection, &[visit])?))?;
    if known.is_empty() {
        return Err(Error::NotFound {
            what: "visit",
            key: visit.to_string(),
            remedy: "see `offpeak notice unreached`",
        });
    }
    if because.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Error::invalid("reason", "say why it goes on though the merchant was not told"));
    }
    Err(ask(app, actor, Asked::GoOn { visit, reason: because.reason.clone() })?)
}

/// Lets a campaign's next wave open whatever the gate says; asked for where there is a second person.
pub fn pass_gate(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<CampaignView, Error> {
    if !has_second_person(app, actor)? {
        return campaign::pass_by_hand(app, actor, name, expected, reason);
    }
    let wave = campaign::gate_to_pass(app, name, expected, reason)?;
    let (campaign, reason) = (name.to_owned(), reason.map(str::to_owned));
    Err(ask(app, actor, Asked::PassGate { campaign, wave, reason })?)
}

/// Whether somebody else could say yes.
fn has_second_person(app: &App, actor: &Actor) -> Result<bool, Error> {
    let roles = [Role::Approver.as_str(), Role::Admin.as_str()];
    app.database.read(|connection| Ok(db::account::active_besides(connection, &roles, actor.person())? > 0))
}

/// Writes down what is asked for; the refusal that says so.
fn ask(app: &App, actor: &Actor, asked: Asked) -> Result<Error, Error> {
    let now = app.clock.now();
    let view = app.database.write(|connection| {
        expire(connection, app)?;
        let digest = asked.digest(connection)?;
        let person = actor.person();
        if let Some(row) = db::approval::same(connection, person, &digest, now.into())? {
            return view(row);
        }
        let row = ApprovalRow {
            id: 0,
            action: asked.action().to_owned(),
            subject: asked.subject(),
            request: asked.to_json()?,
            digest,
            words: asked.words(),
            reason: asked.reason().map(str::to_owned),
            state: ApprovalState::Pending.as_str().to_owned(),
            asked_by: person.to_owned(),
            asked_at: now.into(),
            expires_at: Instant::from(now + GOOD_FOR),
            decided_by: None,
            decided_at: None,
            decision: None,
            outcome: None,
        };
        let row = db::approval::insert(connection, row)?;
        let change = Change::new("approval.ask", subject(row.id))
            .after(&serde_json::json!({ "asked": row.words, "digest": row.digest }))
            .because(row.reason.as_deref());
        record(connection, app, actor, change)?;
        view(row)
    })?;
    Ok(Error::ApprovalNeeded(Box::new(view)))
}

fn subject(id: i64) -> String {
    format!("approval {id}")
}

fn expire(connection: &mut Connection, app: &App) -> Result<(), Error> {
    for id in db::approval::expire(connection, app.clock.now().into())? {
        record(connection, app, &Actor::system(), Change::new("approval.expire", subject(id)))?;
    }
    Ok(())
}

/// Requests, the latest first.
pub fn list(app: &App, query: &ApprovalQuery) -> Result<Page<ApprovalView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    let state = query.state.as_deref().filter(|state| !state.is_empty());
    if let Some(state) = state {
        state.parse::<ApprovalState>().map_err(|error| Error::invalid("state", error))?;
    }
    let now = app.clock.now();
    app.database.read(|connection| {
        let rows = db::approval::list(connection, state, before, limit + 1)?;
        let items = rows.into_iter().map(view).collect::<Result<Vec<_>, Error>>()?;
        let mut page = page_of(items, limit, |view: &ApprovalView| view.id.to_string());
        // It has expired whether somebody has written that down yet or not.
        for view in &mut page.items {
            if view.state == ApprovalState::Pending && view.expires_at <= now {
                view.state = ApprovalState::Expired;
            }
        }
        Ok(page)
    })
}

/// What somebody has asked for about `subject` and could still be given a yes: it waits, and what it refers to has not
/// changed since.
pub fn waiting_for(app: &App, subject: &str) -> Result<Vec<ApprovalView>, Error> {
    let now = app.clock.now();
    app.database.read(|connection| {
        let mut found = Vec::new();
        for row in db::approval::waiting_for(connection, subject, now.into())? {
            if Asked::from_json(&row.request)?.digest(connection)? == row.digest {
                found.push(view(row)?);
            }
        }
        Ok(found)
    })
}

/// One request.
pub fn show(app: &App, id: i64) -> Result<ApprovalView, Error> {
    app.database.read(|connection| view(find(connection, id)?))
}

fn find(connection: &mut Connection, id: i64) -> Result<ApprovalRow, Error> {
    db::approval::find(connection, id)?.ok_or_else(|| Error::NotFound {
        what: "approval",
        key: id.to_string(),
        remedy: "see `offpeak approval list`",
    })
}

/// Says yes to what somebody else has asked for, and carries it out as it was asked for.
pub fn approve(app: &App, actor: &Actor, id: i64, because: &Because) -> Result<ApprovalView, Error> {
    app.database.write(|connection| {
        let row = answerable(connection, app, actor, id)?;
        let asked = Asked::from_json(&row.request)?;
        if asked.digest(connection)? != row.digest {
            return Err(Error::Conflict(format!(
                "what request {id} refers to has changed since it was asked for; it has to be asked for again"
            )));
        }
        decide(connection, app, actor, &row, ApprovalState::Approved, because)
    })?;
    carry_out(app, id)
}

/// Says no to it.
pub fn refuse(app: &App, actor: &Actor, id: i64, because: &Because) -> Result<ApprovalView, Error> {
    app.database.write(|connection| {
        let row = answerable(connection, app, actor, id)?;
        decide(connection, app, actor, &row, ApprovalState::Refused, because)?;
        view(find(connection, id)?)
    })
}

/// Takes back what one has asked for oneself.
pub fn withdraw(app: &App, actor: &Actor, id: i64, because: &Because) -> Result<ApprovalView, Error> {
    app.database.write(|connection| {
        let row = find(connection, id)?;
        if row.asked_by != actor.person() && actor.role() != Role::Admin {
            return Err(Error::Forbidden(format!("request {id} is {}'s to take back", row.asked_by)));
        }
        decide(connection, app, actor, &row, ApprovalState::Withdrawn, because)?;
        view(find(connection, id)?)
    })
}

/// Tries again what was approved and could not be carried out: whoever asked, or somebody who may approve.
pub fn try_again(app: &App, actor: &Actor, id: i64) -> Result<ApprovalView, Error> {
    app.database.write(|connection| {
        let row = find(connection, id)?;
        if row.asked_by != actor.person() && actor.role() < Role::Approver {
            return Err(Error::Forbidden(format!("request {id} is not yours")));
        }
        let state = state_of(&row)?;
        if !matches!(state, ApprovalState::Approved | ApprovalState::Failed) {
            return Err(Error::Conflict(format!("request {id} is {state}; there is nothing to carry out")));
        }
        if row.expires_at <= app.clock.now().into() {
            return Err(Error::Conflict(format!("request {id} has expired; it has to be asked for again")));
        }
        let asked = Asked::from_json(&row.request)?;
        if asked.digest(connection)? != row.digest {
            return Err(Error::Conflict(format!(
                "what request {id} refers to has changed since it was asked for; it has to be asked for again"
            )));
        }
        Ok(())
    })?;
    carry_out(app, id)
}

/// A request that this person may answer now.
fn answerable(connection: &mut Connection, app: &App, actor: &Actor, id: i64) -> Result<ApprovalRow, Error> {
    expire(connection, app)?;
    let row = find(connection, id)?;
    let state = state_of(&row)?;
    if state != ApprovalState::Pending {
        return Err(Error::Conflict(format!("request {id} is {state} already")));
    }
    if row.asked_by == actor.person() {
        return Err(Error::Forbidden(format!(
            "you have asked for request {id} yourself; a second person has to answer it"
        )));
    }
    Ok(row)
}

fn decide(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    row: &ApprovalRow,
    state: ApprovalState,
    because: &Because,
) -> Result<(), Error> {
    if !db::approval::enter(connection, row.id, state)? {
        return Err(Error::Conflict(format!("request {} is {} already", row.id, row.state)));
    }
    let (by, at) = (actor.person(), app.clock.now().into());
    db::approval::decided(connection, row.id, by, at, because.reason.as_deref())?;
    let action = match state {
        ApprovalState::Approved => "approval.approve",
        ApprovalState::Refused => "approval.refuse",
        _ => "approval.withdraw",
    };
    let change = Change::new(action, subject(row.id))
        .before(&row.state)
        .after(&serde_json::json!({ "asked_by": row.asked_by, "asked": row.words, "digest": row.digest }))
        .because(because.reason.as_deref());
    Ok(record(connection, app, actor, change)?)
}

/// Does what was asked for, in the name of who asked.
fn carry_out(app: &App, id: i64) -> Result<ApprovalView, Error> {
    let row = app.database.read(|connection| find(connection, id))?;
    let asked = Asked::from_json(&row.request)?;
    let approver = row.decided_by.clone().unwrap_or_default();
    let actor = Actor::approved(&row.asked_by, &approver);
    let done = match &asked {
        Asked::PublishPlan { plan: id, reason, .. } => {
            plan::publish(app, &actor, PlanId(*id), &Expected::ANYTHING, reason.as_deref()).map(drop)
        }
        Asked::StartCampaign { campaign: name, reason, .. } => {
            campaign::activate(app, &actor, name, &Expected::ANYTHING, reason.as_deref()).map(drop)
        }
        Asked::SetWaves { campaign: name, request } => {
            campaign::set_waves(app, &actor, name, &Expected::ANYTHING, request).map(drop)
        }
        Asked::PassGate { campaign: name, reason, .. } => {
            campaign::pass_by_hand(app, &actor, name, &Expected::ANYTHING, reason.as_deref()).map(drop)
        }
        Asked::Emergency { request } => maintenance::arrange(app, &actor, request).map(drop),
        Asked::GoOn { visit, reason } => {
            notice::unreached::go_on(app, &actor, *visit, &Because { reason: reason.clone() })
        }
    };
    let (state, outcome) = match &done {
        Ok(()) => (ApprovalState::Done, None),
        Err(error) => (ApprovalState::Failed, Some(error.to_string())),
    };
    app.database.write(|connection| {
        db::approval::enter(connection, id, state)?;
        db::approval::set_outcome(connection, id, outcome.as_deref())?;
        let change = Change::new("approval.carry_out", subject(id))
            .after(&serde_json::json!({ "state": state, "outcome": outcome }));
        record(connection, app, &actor, change)?;
        view(find(connection, id)?)
    })
}

fn state_of(row: &ApprovalRow) -> Result<ApprovalState, Error> {
    row.state.parse().map_err(|_| Error::Corrupt(format!("approval {} has no state", row.id)))
}

fn view(row: ApprovalRow) -> Result<ApprovalView, Error> {
    let state = state_of(&row)?;
    let ApprovalRow {
        id,
        action,
        subject,
        request,
        digest,
        words,
        reason,
        state: _,
        asked_by,
        asked_at,
        expires_at,
        decided_by,
        decided_at,
        decision,
        outcome,
    } = row;
    Ok(ApprovalView {
        id,
        action,
        subject,
        words,
        said: Asked::from_json(&request).ok().map(|asked| asked.said()),
        request: serde_json::from_str(&request).map_err(|error| Error::Corrupt(error.to_string()))?,
        reason,
        state,
        asked_by,
        asked_at: asked_at.utc(),
        expires_at: expires_at.utc(),
        decided_by,
        decided_at: decided_at.map(Instant::utc),
        decision,
        outcome,
        digest,
    })
}
