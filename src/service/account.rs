//! Accounts: who may sign in, and what he may do.

pub mod set_up;

use serde_json::json;

use crate::api::Because;
use crate::api::access::{AccountView, Invitation, NewAccount, PasswordChange, RoleChange};
use crate::db::account::AccountRow;
use crate::db::{self, Connection, Instant};
use crate::domain::access::{Part, Role, account_name, check_password};
use crate::service::audit::{Change, record};
use crate::service::secret::{hash, verify};
use crate::service::session::{self, guessing, subject};
use crate::service::{Actor, App, Error};

/// Every account, by name.
pub fn list(app: &App) -> Result<Vec<AccountView>, Error> {
    app.database.read(|connection| db::account::all(connection)?.into_iter().map(view).collect())
}

/// Whether anybody can sign in, or will.
pub fn any(app: &App) -> Result<bool, Error> {
    app.database.read(|connection| Ok(db::account::any(connection)?))
}

/// Makes an account: with a password, or with a one-time link under which it is set.
pub fn add(app: &App, actor: &Actor, new: &NewAccount) -> Result<Invitation, Error> {
    let name = account_name(&new.name).map_err(|message| Error::invalid("name", message))?;
    let part = part_given(new.scope.as_deref())?;
    let password_hash = match &new.password {
        Some(password) => Some(checked(&name, password, "password")?),
        None => None,
    };
    app.database.write(|connection| {
        if db::account::find(connection, &name)?.is_some() {
            return Err(Error::Conflict(format!("there is an account `{name}` already")));
        }
        let row = make(connection, app, actor, &name, new.role, part.as_ref(), password_hash.as_deref())?;
        let link = match &password_hash {
            Some(_) => None,
            None => Some(set_up::link_for(connection, app, Some(row.id))?),
        };
        invitation(app, row, link)
    })
}

/// Makes an account within the caller's transaction.
fn make(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    name: &str,
    role: Role,
    part: Option<&Part>,
    password_hash: Option<&str>,
) -> Result<AccountRow, Error> {
    let now = Instant::from(app.clock.now());
    let row = AccountRow {
        id: 0,
        name: name.to_owned(),
        role: role.as_str().to_owned(),
        scope: part.map(ToString::to_string),
        password_hash: password_hash.map(str::to_owned),
        created_at: now,
        password_at: password_hash.map(|_| now),
        disabled_at: None,
    };
    let row = db::account::insert(connection, row)?;
    let change = Change::new("account.add", subject(&row)).after(&standing(&row));
    record(connection, app, actor, change)?;
    Ok(row)
}

/// What an account may do, as the trail shows it.
fn standing(row: &AccountRow) -> serde_json::Value {
    json!({ "role": row.role, "scope": row.scope })
}

fn invitation(app: &App, row: AccountRow, link: Option<set_up::OneTimeLink>) -> Result<Invitation, Error> {
    let expires_at = link.as_ref().map(|link| link.expires_at);
    let link = link.map(|link| link.address(app, None));
    Ok(Invitation { account: view(row)?, link, expires_at })
}

/// Says what somebody may do from now on. His sessions end: he signs in again.
pub fn set_role(app: &App, actor: &Actor, name: &str, change: &RoleChange) -> Result<AccountView, Error> {
    let part = part_given(change.scope.as_deref())?;
    app.database.write(|connection| {
        let row = named(connection, name)?;
        if change.role != Role::Admin || part.is_some() {
            keep_an_admin(connection, &row)?;
        }
        let scope = part.as_ref().map(ToString::to_string);
        db::account::set_role(connection, row.id, change.role.as_str(), scope.as_deref())?;
        db::session::end_all(connection, row.id)?;
        let after = AccountRow { role: change.role.as_str().to_owned(), scope, ..row.clone() };
        let entry = Change::new("account.role", subject(&row))
            .before(&standing(&row))
            .after(&standing(&after))
            .because(change.reason.as_deref());
        record(connection, app, actor, entry)?;
        view(after)
    })
}

/// Closes an account, or opens it again. Closed, its sessions end and its tokens do nothing.
pub fn set_disabled(
    app: &App,
    actor: &Actor,
    name: &str,
    disabled: bool,
    because: &Because,
) -> Result<AccountView, Error> {
    app.database.write(|connection| {
        let row = named(connection, name)?;
        if row.disabled_at.is_some() == disabled {
            return view(row);
        }
        let disabled_at = disabled.then(|| Instant::from(app.clock.now()));
        if disabled {
            keep_an_admin(connection, &row)?;
            db::session::end_all(connection, row.id)?;
            db::set_up_link::clear(connection, Some(row.id))?;
        }
        db::account::set_disabled(connection, row.id, disabled_at)?;
        let action = if disabled { "account.disable" } else { "account.enable" };
        let change = Change::new(action, subject(&row)).because(because.reason.as_deref());
        record(connection, app, actor, change)?;
        view(AccountRow { disabled_at, ..row })
    })
}

/// Takes somebody's password away and gives a one-time link under which he sets another. His sessions end; a name
/// that was blocked may be tried again.
pub fn reset_password(app: &App, actor: &Actor, name: &str, because: &Because) -> Result<Invitation, Error> {
    app.database.write(|connection| {
        let row = named(connection, name)?;
        db::account::clear_password(connection, row.id)?;
        db::session::end_all(connection, row.id)?;
        guessing::forget_name(connection, &row.name)?;
        let link = set_up::link_for(connection, app, Some(row.id))?;
        let change = Change::new("account.reset_password", subject(&row)).because(because.reason.as_deref());
        record(connection, app, actor, change)?;
        invitation(app, AccountRow { password_hash: None, ..row }, Some(link))
    })
}

/// Sets a new password of one's own, and gives the word of a new session: every other session ends.
pub fn change_password(app: &App, actor: &Actor, change: &PasswordChange) -> Result<String, Error> {
    let Some(id) = actor.account_id() else {
        return Err(Error::Conflict("only who has signed in has a password to change".to_owned()));
    };
    let origin = actor.origin();
    let row = app.database.write(|connection| {
        let row = db::account::by_id(connection, id)?;
        let row = row.ok_or_else(|| not_found(&id.to_string()))?;
        match guessing::count(connection, app, &row.name, origin)? {
            None => Ok(row),
            Some(until) => Err(Error::Conflict(format!(
                "too many passwords were tried; try again after {}",
                until.format("%Y-%m-%d %H:%M:%S UTC")
            ))),
        }
    })?;
    if !verify(&change.current, row.password_hash.as_deref()) {
        return Err(Error::invalid("current", "this is not the password that holds now"));
    }
    let password_hash = checked(&row.name, &change.new, "new")?;
    app.database.write(|connection| {
        guessing::forgive(connection, app, &row.name, origin)?;
        settle_password(connection, app, actor, &row, &password_hash)?;
        session::begin(connection, app, &row, origin)
    })
}

/// Sets a password within the caller's transaction: every session ends, and every link under which one is set.
fn settle_password(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    row: &AccountRow,
    password_hash: &str,
) -> Result<(), Error> {
    db::account::set_password(connection, row.id, password_hash, app.clock.now().into())?;
    db::session::end_all(connection, row.id)?;
    db::set_up_link::clear(connection, Some(row.id))?;
    Ok(record(connection, app, actor, Change::new("account.password", subject(row)))?)
}

/// The hash of a password that may be one.
fn checked(name: &str, password: &str, field: &'static str) -> Result<String, Error> {
    check_password(name, password).map_err(|message| Error::invalid(field, message))?;
    hash(password)
}

/// Whoever answers for the whole house must not lock himself out of it.
fn keep_an_admin(connection: &mut Connection, row: &AccountRow) -> Result<(), Error> {
    let counts = row.role == Role::Admin.as_str()
        && row.scope.is_none()
        && row.disabled_at.is_none()
        && row.password_hash.is_some();
    if counts && db::account::active_with(connection, &[Role::Admin.as_str()])? <= 1 {
        return Err(Error::Conflict(format!(
            "`{}` is the only administrator of the whole fleet who can sign in; make another one first",
            row.name
        )));
    }
    Ok(())
}

fn named(connection: &mut Connection, name: &str) -> Result<AccountRow, Error> {
    let name = name.trim().to_ascii_lowercase();
    db::account::find(connection, &name)?.ok_or_else(|| not_found(&name))
}

fn not_found(name: &str) -> Error {
    Error::NotFound { what: "account", key: name.to_owned(), remedy: "see `offpeak user list`" }
}

/// A part of the fleet as somebody gives it.
pub(super) fn part_given(scope: Option<&str>) -> Result<Option<Part>, Error> {
    let scope = scope.map(str::trim).filter(|scope| !scope.is_empty());
    scope.map(|scope| scope.parse().map_err(|message: String| Error::invalid("scope", message))).transpose()
}

fn view(row: AccountRow) -> Result<AccountView, Error> {
    let AccountRow { id: _, name, role, scope, password_hash, created_at, password_at, disabled_at } = row;
    let state = match (disabled_at, password_hash) {
        (Some(_), _) => "disabled",
        (None, Some(_)) => "active",
        (None, None) => "invited",
    };
    Ok(AccountView {
        name,
        role: session::role_of(&role)?,
        scope,
        state: state.to_owned(),
        created_at: created_at.utc(),
        password_at: password_at.map(Instant::utc),
    })
}
