//! Accounts, tokens, requests for approval, and what a verification of the audit trail found.

use crate::api::access::{AccountView, Invitation, TokenView};
use crate::api::approval::ApprovalView;
use crate::api::audit::AuditVerdict;
use crate::cli::output::{Screen, Table, count, plural};
use crate::cli::render::{instant, optional};

/// Accounts.
pub fn accounts(screen: &mut Screen, accounts: &[AccountView]) {
    let mut table = Table::new(["name", "role", "only", "state", "since", "password of"]);
    for account in accounts {
        table.row([
            account.name.clone(),
            account.role.to_string(),
            optional(account.scope.as_ref()),
            account.state.clone(),
            instant(account.created_at),
            optional(account.password_at.map(instant).as_ref()),
        ]);
    }
    screen.table(table);
}

/// An account, and the link that is shown once.
pub fn invitation(screen: &mut Screen, invitation: &Invitation) {
    accounts(screen, std::slice::from_ref(&invitation.account));
    if let (Some(link), Some(expires_at)) = (&invitation.link, invitation.expires_at) {
        screen.blank();
        screen.line(format!("He sets his password, once, until {}, under", instant(expires_at)));
        screen.line(link);
    }
}

/// Tokens.
pub fn tokens(screen: &mut Screen, tokens: &[TokenView]) {
    let mut table =
        Table::new(["id", "name", "begins with", "made by", "role", "only", "state", "expires", "last used"]);
    for token in tokens {
        table.row([
            token.id.to_string(),
            token.name.clone(),
            token.prefix.clone(),
            token.made_by.clone(),
            token.role.to_string(),
            optional(token.scope.as_ref()),
            token.state.clone(),
            optional(token.expires_at.map(instant).as_ref()),
            optional(token.used_at.map(instant).as_ref()),
        ]);
    }
    screen.table(table);
}

/// Requests for approval.
pub fn approvals(screen: &mut Screen, approvals: &[ApprovalView]) {
    let mut table = Table::new(["id", "asked", "by", "for", "why", "state", "answered by"]);
    for approval in approvals {
        table.row([
            approval.id.to_string(),
            instant(approval.asked_at),
            approval.asked_by.clone(),
            approval.words.clone(),
            optional(approval.reason.as_ref()),
            approval.state.to_string(),
            optional(approval.decided_by.as_ref()),
        ]);
    }
    screen.table(table);
    for approval in approvals {
        if let Some(outcome) = &approval.outcome {
            screen.line(format!("Request {} could not be carried out: {outcome}", approval.id));
        }
    }
}

/// What a verification found.
pub fn verdict(screen: &mut Screen, verdict: &AuditVerdict) {
    for finding in &verdict.findings {
        screen.line(format!("{}: {}", finding.kind, finding.message));
    }
    if verdict.whole {
        screen.line(format!("The trail is whole: {} in the chain.", plural(verdict.entries, "entry")));
    } else {
        screen.line(format!("{} in the chain; it is not whole.", count(verdict.entries)));
    }
    if verdict.before_chain > 0 {
        screen.line(format!(
            "{} from before the chain, covered by its first entry.",
            count(verdict.before_chain)
        ));
    }
    screen.line(format!("Last entry: {}:{}", verdict.head.position, verdict.head.hash));
}
