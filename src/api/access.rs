//! Accounts, one-time links, API tokens, and who asks.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::access::Role;

/// Somebody who may sign in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// The name he signs in with.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// The part of the fleet that he is confined to, as `region:north` or `merchant:M1`; all of it without one.
    pub scope: Option<String>,
    /// `active`, `invited` (no password has been set yet) or `disabled`.
    pub state: String,
    /// Since when there is this account.
    pub created_at: DateTime<Utc>,
    /// When the password was set.
    pub password_at: Option<DateTime<Utc>>,
}

/// Somebody who is to sign in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The name to sign in with; it is kept in lower case.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// The part of the fleet that he is confined to, as `region:north` or `merchant:M1`; leave out for all of it.
    pub scope: Option<String>,
    /// The password; leave out for a one-time link under which he sets it himself.
    pub password: Option<String>,
}

/// An account, and the one-time link under which its password is set.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The account.
    pub account: AccountView,
    /// The link; none where a password was given. It is shown this once.
    pub link: Option<String>,
    /// Until when the link is good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What somebody may do from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// What he may do.
    pub role: Role,
    /// The part of the fleet that he is confined to; leave out for all of it.
    pub scope: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A new password of one's own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The one that holds now.
    pub current: String,
    /// The one that holds from now on: at least 12 characters.
    pub new: String,
}

/// Who asks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WhoView {
    /// As the audit trail shows it.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// The part of the fleet that he is confined to.
    pub scope: Option<String>,
}

/// An API token, without what a program shows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Its first characters, to know it by.
    pub prefix: String,
    /// Who made it, and answers for what it does.
    pub made_by: String,
    /// What it may do; never more than its maker may by now.
    pub role: Role,
    /// The part of the fleet that it is confined to.
    pub scope: Option<String>,
    /// `active`, `expired` or `revoked`.
    pub state: String,
    /// Since when there is this token.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

/// A token to make.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do: at most what its maker may.
    pub role: Role,
    /// The part of the fleet that it is confined to; leave out for its maker's.
    pub scope: Option<String>,
    /// Days until it expires, 1 to 3660; leave out for never.
    pub days: Option<u32>,
}

/// A token that has just been made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MadeToken {
    /// The token.
    pub token: TokenView,
    /// What a program shows as `Authorization: Bearer …`. It is shown this once.
    pub secret: String,
}

/// Whose tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TokenQuery {
    /// Everybody's, not only one's own; for administrators of the whole fleet.
    #[serde(default)]
    pub everybody: bool,
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}
