//! Who may do what, what waits for a second person, and the audit trail.

use offpeak::api::access::{AccountView, TokenView};
use offpeak::api::approval::ApprovalView;
use offpeak::api::audit::{AuditFinding, AuditHead, AuditVerdict};
use offpeak::api::{AuditView, Page};
use offpeak::domain::access::Role;
use offpeak::domain::approval::ApprovalState;
use offpeak::web::pages::access::{TokensPage, UsersPage};
use offpeak::web::pages::approvals::{ApprovalsPage, ApprovalsQuery};
use offpeak::web::pages::audit::{AuditPage, AuditPageQuery};
use serde_json::json;

use super::{Wording, hours, now};

/// An account in each state.
pub(crate) fn users(wording: Wording) -> UsersPage {
    let account = |state: &str| AccountView {
        name: wording.text("olga"),
        role: Role::Operator,
        scope: Some(wording.text("region:north")),
        state: state.to_owned(),
        created_at: now() - hours(900),
        password_at: (state == "active").then(now),
    };
    UsersPage { accounts: ["invited", "active", "disabled"].map(account).to_vec() }
}

/// A token in each state.
pub(crate) fn tokens(wording: Wording) -> TokensPage {
    let token = |(id, state): (i64, &str)| TokenView {
        id,
        name: wording.text("night report"),
        prefix: wording.text("ofp_3f9a"),
        made_by: wording.text("olga"),
        role: Role::Viewer,
        scope: Some(wording.text("merchant:M-7")),
        state: state.to_owned(),
        created_at: now() - hours(90),
        expires_at: Some(now() + hours(900)),
        used_at: (state == "active").then(now),
    };
    let items = [(3, "active"), (2, "expired"), (1, "revoked")].map(token).to_vec();
    let tokens = Page { items, next: Some(wording.text("1")) };
    TokensPage { tokens, after: Some(wording.text("9")), role: Role::Admin }
}

/// A request in each state, seen by somebody who may answer.
pub(crate) fn approvals(wording: Wording) -> ApprovalsPage {
    let request = |(id, state): (i64, ApprovalState)| {
        let is_decided = state != ApprovalState::Pending;
        ApprovalView {
            id,
            action: wording.text("plan.publish"),
            subject: wording.text("plan 7"),
            words: wording.text("publish plan 7, with 412 appointments"),
            said: None,
            request: json!({"plan": 7}),
            reason: Some(wording.text("quarterly")),
            state,
            asked_by: wording.text("olga"),
            asked_at: now() - hours(2),
            expires_at: now() + hours(22),
            decided_by: is_decided.then(|| wording.text("anna")),
            decided_at: is_decided.then(now),
            decision: is_decided.then(|| wording.text("not on a Friday")),
            outcome: (state == ApprovalState::Failed).then(|| wording.text("the plan was discarded")),
            digest: "5f2a".repeat(16),
        }
    };
    let items = (1..).zip(ApprovalState::ALL.iter().copied()).map(request).collect();
    let query = ApprovalsQuery { state: Some("pending".to_owned()), after: Some(wording.text("9")) };
    ApprovalsPage {
        approvals: Page { items, next: None },
        query,
        person: wording.text("anna"),
        may_answer: true,
    }
}

/// A request that waits, of a kind.
pub(crate) fn waiting_for(wording: Wording, action: &str) -> Vec<ApprovalView> {
    let mut waiting = approvals(wording).approvals.items;
    waiting.retain(|request| request.state == ApprovalState::Pending);
    for request in &mut waiting {
        action.clone_into(&mut request.action);
    }
    waiting
}

/// An entry of the trail, which somebody has searched and verified, and which is not whole.
pub(crate) fn audit(wording: Wording) -> AuditPage {
    let entry = AuditView {
        id: 17,
        at: now(),
        actor: wording.text("olga"),
        origin: Some(wording.text("203.0.113.9")),
        action: wording.text("appointment.move"),
        subject: wording.text("appointment 17"),
        before: Some(json!({"starts_at": wording.text("02:00")})),
        after: Some(json!({"starts_at": wording.text("03:00")})),
        reason: Some(wording.text("a delivery")),
        fence: None,
        position: Some(17),
        hash: Some("5f2a".repeat(16)),
    };
    let message = wording.text("entry 16 is missing");
    let finding = AuditFinding { kind: "gap".to_owned(), position: Some(16), id: None, message };
    let verdict = AuditVerdict {
        whole: false,
        entries: 16,
        before_chain: 0,
        head: AuditHead { position: 17, hash: wording.text("5f2a") },
        findings: vec![finding],
    };
    let word = |text: &str| Some(wording.text(text));
    let query = AuditPageQuery {
        actor: word("olga"),
        action: word("appointment"),
        subject: word("appointment 17"),
        q: word("02:00"),
        from: word("2026-11-01"),
        to: word("2026-11-30"),
        verify: word("1"),
        after: None,
    };
    let entries = Page { items: vec![entry], next: Some("16".to_owned()) };
    AuditPage { entries, query, verdict: Some(verdict) }
}
