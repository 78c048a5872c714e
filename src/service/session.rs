//! Signing in and out, and who a request comes from.

pub(super) mod guessing;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::account::AccountRow;
use crate::db::api_token::ApiTokenRow;
use crate::db::session::SessionRow;
use crate::db::{self, Connection, Instant};
use crate::domain::access::{Part, Role, account_name};
use crate::service::audit::{Change, record};
use crate::service::secret::{digest, random_word, verify};
use crate::service::{Actor, App, Error};

/// When a session or a token was last used is written down so often at most.
const SEEN_EVERY: TimeDelta = TimeDelta::seconds(60);

/// What came of a name and a password.
#[derive(Debug)]
pub enum SignIn {
    /// A session has begun; this is what the browser has to show.
    In {
        /// The word of the cookie.
        word: String,
    },
    /// There is no such name, or it has another password, or it may not sign in: it is not said which.
    Wrong,
    /// Too many were tried in vain.
    Blocked {
        /// When another may be tried.
        until: DateTime<Utc>,
    },
}

/// Signs in with name and password. It takes as long, and says the same, whether there is such a name or not.
pub fn sign_in(app: &App, name: &str, password: &str, origin: Option<&str>) -> Result<SignIn, Error> {
    let name = account_name(name).unwrap_or_default();
    let found = app.database.write(|connection| {
        if let Some(until) = guessing::count(connection, app, &name, origin)? {
            return Ok::<_, Error>(Err(until));
        }
        Ok(Ok(db::account::find(connection, &name)?))
    })?;
    let account = match found {
        Ok(account) => account.filter(|account| account.disabled_at.is_none()),
        Err(until) => return Ok(SignIn::Blocked { until }),
    };
    let kept = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let right = verify(password, kept);
    let Some(account) = account.filter(|_| right) else {
        tracing::info!(name, origin, "a sign-in was refused");
        app.database.write(|connection| guessing::tell(connection, app, &name, origin))?;
        return Ok(SignIn::Wrong);
    };
    app.database.write(|connection| {
        // What was verified must still be what stands.
        let now = db::account::by_id(connection, account.id)?;
        if now.as_ref() != Some(&account) {
            return Ok(SignIn::Wrong);
        }
        guessing::forgive(connection, app, &name, origin)?;
        let word = begin(connection, app, &account, origin)?;
        Ok(SignIn::In { word })
    })
}

/// Begins a session within the caller's transaction; what the browser has to show.
pub(super) fn begin(
    connection: &mut Connection,
    app: &App,
    account: &AccountRow,
    origin: Option<&str>,
) -> Result<String, Error> {
    let (word, now) = (random_word(), app.clock.now());
    db::session::sweep(connection, Instant::from(now))?;
    let row = SessionRow {
        token_hash: digest(&word),
        account_id: account.id,
        created_at: Instant::from(now),
        seen_at: Instant::from(now),
        expires_at: Instant::from(now + TimeDelta::minutes(app.settings.session_minutes.into())),
        origin: origin.map(str::to_owned),
    };
    db::session::insert(connection, row)?;
    let actor = actor_of(account)?.from_address(origin.map(str::to_owned));
    record(connection, app, &actor, Change::new("session.begin", subject(account)))?;
    Ok(word)
}

pub(super) fn subject(account: &AccountRow) -> String {
    format!("account {}", account.name)
}

/// Ends the session of this word, if there is one.
pub fn sign_out(app: &App, word: &str, origin: Option<&str>) -> Result<(), Error> {
    app.database.write(|connection| {
        let token_hash = digest(word);
        let Some((_, account)) = db::session::find(connection, &token_hash)? else { return Ok(()) };
        db::session::end(connection, &token_hash)?;
        let actor = actor_of(&account)?.from_address(origin.map(str::to_owned));
        Ok(record(connection, app, &actor, Change::new("session.end", subject(&account)))?)
    })
}

/// What a request shows to be let in.
#[derive(Clone, Debug)]
pub enum Shown {
    /// The word of a session's cookie.
    Session(String),
    /// An API token.
    Token(String),
}

/// Who shows this; nobody when it has expired, ended or was revoked, or its account may not sign in any more. That it
/// was used is written down.
pub fn admit(app: &App, shown: &Shown, origin: Option<String>) -> Result<Option<Actor>, Error> {
    let Some(Found { actor, used_at, key }) = look(app, shown)? else { return Ok(None) };
    let now = app.clock.now();
    if used_at.is_none_or(|at| now - at >= SEEN_EVERY) {
        app.database.write(|connection| {
            match &key {
                Key::Session(token_hash) => db::session::seen(connection, token_hash, now.into())?,
                Key::Token(id) => db::api_token::used(connection, *id, now.into())?,
            };
            Ok::<_, Error>(())
        })?;
    }
    Ok(Some(actor.from_address(origin)))
}

/// Whether this would still let in the one whom it has let in, with all that he may do. It is no use of it: a page that
/// only listens keeps no session alive.
pub fn still_admits(app: &App, shown: &Shown, whom: &Actor) -> Result<bool, Error> {
    let found = look(app, shown)?;
    Ok(found.is_some_and(|found| found.actor.from_address(whom.origin().map(str::to_owned)) == *whom))
}

struct Found {
    actor: Actor,
    used_at: Option<DateTime<Utc>>,
    key: Key,
}

enum Key {
    Session(String),
    Token(i64),
}

fn look(app: &App, shown: &Shown) -> Result<Option<Found>, Error> {
    match shown {
        Shown::Session(word) => session(app, word),
        Shown::Token(word) => token(app, word),
    }
}

fn session(app: &App, word: &str) -> Result<Option<Found>, Error> {
    let (token_hash, now) = (digest(word), app.clock.now());
    let found =
        app.database.read(|connection| Ok::<_, Error>(db::session::find(connection, &token_hash)?))?;
    let Some((session, account)) = found else { return Ok(None) };
    let seen_at = session.seen_at.utc();
    let over = session.expires_at.utc() <= now
        || now - seen_at >= TimeDelta::minutes(app.settings.session_idle_minutes.into())
        || account.disabled_at.is_some()
        || account.password_hash.is_none();
    if over {
        return Ok(None);
    }
    Ok(Some(Found { actor: actor_of(&account)?, used_at: Some(seen_at), key: Key::Session(token_hash) }))
}

fn token(app: &App, word: &str) -> Result<Option<Found>, Error> {
    let (token_hash, now) = (digest(word), app.clock.now());
    let found =
        app.database.read(|connection| Ok::<_, Error>(db::api_token::find(connection, &token_hash)?))?;
    let Some((token, account)) = found else { return Ok(None) };
    let over = token.revoked_at.is_some()
        || token.expires_at.is_some_and(|at| at.utc() <= now)
        || account.as_ref().is_some_and(|account| account.disabled_at.is_some());
    if over {
        return Ok(None);
    }
    let actor = program_of(&token, account.as_ref())?;
    Ok(Some(Found { actor, used_at: token.used_at.map(Instant::utc), key: Key::Token(token.id) }))
}

pub(super) fn actor_of(account: &AccountRow) -> Result<Actor, Error> {
    Ok(Actor::account(account.id, &account.name, role_of(&account.role)?, part_of(account.scope.as_deref())?))
}

/// A token never does more than its maker may by now, and never beyond his part of the fleet.
fn program_of(token: &ApiTokenRow, account: Option<&AccountRow>) -> Result<Actor, Error> {
    let role = role_of(&token.role)?;
    let (role, part) = match account {
        Some(maker) => {
            let within = part_of(maker.scope.as_deref())?;
            (role.min(role_of(&maker.role)?), within.or(part_of(token.scope.as_deref())?))
        }
        None => (role, part_of(token.scope.as_deref())?),
    };
    Ok(Actor::program(&token.name, &token.made_by, token.account_id, role, part))
}

/// A role as the database keeps it.
pub(super) fn role_of(text: &str) -> Result<Role, Error> {
    text.parse().map_err(Error::Corrupt)
}

/// A part of the fleet as the database keeps it.
pub(super) fn part_of(text: Option<&str>) -> Result<Option<Part>, Error> {
    text.map(|text| text.parse().map_err(Error::Corrupt)).transpose()
}
