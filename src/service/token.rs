//! API tokens: what programs show instead of a password.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::api::access::{MadeToken, NewToken, TokenQuery, TokenView};
use crate::api::{Because, Page};
use crate::db::api_token::ApiTokenRow;
use crate::db::{self, Instant};
use crate::domain::access::Role;
use crate::domain::fleet::clean_text;
use crate::service::account::part_given;
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::secret::{digest, random_word};
use crate::service::session::role_of;
use crate::service::{Actor, App, Error};

/// What every token begins with, so that a scanner of secrets knows one when it sees it.
const MARK: &str = "offp_";

/// Characters of a token that are kept to know it by: too few to guess the rest.
const PREFIX_CHARS: usize = 11;

/// Tokens, the latest first: one's own, or everybody's.
pub fn list(app: &App, actor: &Actor, query: &TokenQuery) -> Result<Page<TokenView>, Error> {
    let limit = page_limit(query.limit)?;
    let before = query.after.as_deref().map(page_cursor).transpose()?;
    let whose = match (query.everybody, governs(actor), actor.account_id()) {
        (true, true, _) | (false, true, None) => None,
        (true, false, _) => {
            let whom = "administrators of the whole fleet";
            return Err(Error::Forbidden(format!("everybody's tokens are shown to {whom}")));
        }
        // A program whose token no account made has none of its own.
        (false, _, account) => Some(account.unwrap_or(0)),
    };
    let now = app.clock.now();
    app.database.read(|connection| {
        let rows = db::api_token::list(connection, whose, before, limit + 1)?;
        let items = rows.into_iter().map(|row| view(row, now)).collect::<Result<Vec<_>, Error>>()?;
        Ok(page_of(items, limit, |token: &TokenView| token.id.to_string()))
    })
}

/// Whether somebody may see and end the tokens of others.
fn governs(actor: &Actor) -> bool {
    actor.role() == Role::Admin && actor.part().is_none()
}

/// Makes a token that may do at most what its maker may. A token makes none: it would outlive itself.
pub fn make(app: &App, actor: &Actor, new: &NewToken) -> Result<MadeToken, Error> {
    if actor.is_program() {
        let remedy = "sign in, or use `offpeak token create` on the server";
        return Err(Error::Forbidden(format!("a token makes no other tokens; {remedy}")));
    }
    let name = clean_text(&new.name);
    if name.is_empty() || name.chars().count() > 64 {
        return Err(Error::invalid("name", "say in 1 to 64 characters what the token is for"));
    }
    if new.role > actor.role() {
        return Err(Error::Forbidden(format!(
            "you are {} and cannot make a token that is {}",
            actor.role(),
            new.role
        )));
    }
    let asked = part_given(new.scope.as_deref())?;
    let part = match (actor.part(), asked) {
        (Some(own), Some(asked)) if *own != asked => {
            return Err(Error::Forbidden(format!("you are confined to {own}, and so are your tokens")));
        }
        (Some(own), _) => Some(own.clone()),
        (None, asked) => asked,
    };
    let now = app.clock.now();
    let expires_at = match new.days {
        None => None,
        Some(days @ 1..=3660) => Some(Instant::from(now + TimeDelta::days(days.into()))),
        Some(days) => return Err(Error::invalid("days", format!("{days} is out of range; use 1 to 3660"))),
    };
    let secret = format!("{MARK}{}", random_word());
    app.database.write(|connection| {
        let row = ApiTokenRow {
            id: 0,
            name: name.clone(),
            prefix: secret.chars().take(PREFIX_CHARS).collect(),
            token_hash: digest(&secret),
            account_id: actor.account_id(),
            made_by: actor.person().to_owned(),
            role: new.role.as_str().to_owned(),
            scope: part.as_ref().map(ToString::to_string),
            created_at: Instant::from(now),
            expires_at,
            used_at: None,
            revoked_at: None,
        };
        let row = db::api_token::insert(connection, row)?;
        let change = Change::new("token.make", format!("token {}", row.id)).after(&json!({
            "name": row.name, "prefix": row.prefix, "role": row.role, "scope": row.scope,
            "expires_at": expires_at.map(Instant::utc),
        }));
        record(connection, app, actor, change)?;
        Ok(MadeToken { token: view(row, now)?, secret: secret.clone() })
    })
}

/// Ends a token: one's own, or as an administrator of the whole fleet anybody's.
pub fn revoke(app: &App, actor: &Actor, id: i64, because: &Because) -> Result<TokenView, Error> {
    let now = app.clock.now();
    app.database.write(|connection| {
        let row = db::api_token::by_id(connection, id)?;
        let own = |row: &ApiTokenRow| row.account_id.is_some() && row.account_id == actor.account_id();
        let row = row.filter(|row| governs(actor) || own(row)).ok_or_else(|| Error::NotFound {
            what: "token",
            key: id.to_string(),
            remedy: "see `offpeak token list`",
        })?;
        if db::api_token::revoke(connection, id, now.into())? {
            let change =
                Change::new("token.revoke", format!("token {id}")).because(because.reason.as_deref());
            record(connection, app, actor, change)?;
        }
        view(ApiTokenRow { revoked_at: row.revoked_at.or(Some(now.into())), ..row }, now)
    })
}

fn view(row: ApiTokenRow, now: DateTime<Utc>) -> Result<TokenView, Error> {
    let ApiTokenRow {
        id,
        name,
        prefix,
        token_hash: _,
        account_id: _,
        made_by,
        role,
        scope,
        created_at,
        expires_at,
        used_at,
        revoked_at,
    } = row;
    let state = match (revoked_at, expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at.utc() <= now => "expired",
        (None, _) => "active",
    };
    Ok(TokenView {
        id,
        name,
        prefix,
        made_by,
        role: role_of(&role)?,
        scope,
        state: state.to_owned(),
        created_at: created_at.utc(),
        expires_at: expires_at.map(Instant::utc),
        used_at: used_at.map(Instant::utc),
    })
}
