//! One-time links: the first administrator sets up the house under one, everybody else his password.

use chrono::{DateTime, TimeDelta, Utc};

use super::{checked, make, settle_password};
use crate::db::set_up_link::SetUpLinkRow;
use crate::db::{self, Connection, Instant};
use crate::domain::access::{Role, account_name};
use crate::service::secret::{digest, random_word};
use crate::service::{Actor, App, Error, session};

/// How long the link of an empty house is good: whoever starts the server opens it then.
const FIRST_GOOD_FOR: TimeDelta = TimeDelta::hours(24);

/// How long a link for somebody else is good: he may be on holiday.
const GOOD_FOR: TimeDelta = TimeDelta::days(7);

/// A link that is good once.
#[derive(Debug)]
pub struct OneTimeLink {
    /// What opens it.
    word: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

impl OneTimeLink {
    /// Its address: below `public_url`, or where the server listens.
    pub fn address(&self, app: &App, listening: Option<&str>) -> String {
        let base = match (&app.settings.public_url, listening) {
            (Some(base), _) => base.trim_end_matches('/').to_owned(),
            (None, Some(address)) => format!("http://{address}"),
            (None, None) => format!("http://{}", app.settings.listen),
        };
        format!("{base}/set-up/{}", self.word)
    }
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The first administrator of an empty house, who chooses his name.
    FirstAdmin,
    /// The password of this account.
    Password(String),
}

/// A link to an account that is there, or to the first one, within the caller's transaction. Earlier ones to the
/// same account open nothing any more.
pub(super) fn link_for(
    connection: &mut Connection,
    app: &App,
    account_id: Option<i64>,
) -> Result<OneTimeLink, Error> {
    let (word, now) = (random_word(), app.clock.now());
    let good_for = if account_id.is_some() { GOOD_FOR } else { FIRST_GOOD_FOR };
    if account_id.is_some() {
        db::set_up_link::clear(connection, account_id)?;
    }
    let expires_at = now + good_for;
    let row = SetUpLinkRow {
        token_hash: digest(&word),
        account_id,
        created_at: Instant::from(now),
        expires_at: Instant::from(expires_at),
    };
    db::set_up_link::insert(connection, row)?;
    Ok(OneTimeLink { word, expires_at })
}

/// The link under which an empty house is set up; none where somebody has an account.
pub fn first(app: &App) -> Result<Option<OneTimeLink>, Error> {
    if super::any(app)? {
        return Ok(None);
    }
    app.database.write(|connection| {
        if db::account::any(connection)? {
            return Ok(None);
        }
        link_for(connection, app, None).map(Some)
    })
}

/// What the link of this word is for; none when it has expired or was used.
pub fn look(app: &App, word: &str) -> Result<Option<Purpose>, Error> {
    app.database.read(|connection| open(connection, app, word))
}

fn open(connection: &mut Connection, app: &App, word: &str) -> Result<Option<Purpose>, Error> {
    let found = db::set_up_link::find(connection, &digest(word))?;
    let Some(link) = found.filter(|link| link.expires_at.utc() > app.clock.now()) else { return Ok(None) };
    match link.account_id {
        None if db::account::any(connection)? => Ok(None),
        None => Ok(Some(Purpose::FirstAdmin)),
        Some(id) => {
            let account = db::account::by_id(connection, id)?;
            let account = account.filter(|account| account.disabled_at.is_none());
            Ok(account.map(|account| Purpose::Password(account.name)))
        }
    }
}

/// Follows the link of this word: sets the password, of the first administrator or of its account, and signs in.
/// Gives the word of the session.
pub fn follow(
    app: &App,
    word: &str,
    name: &str,
    password: &str,
    origin: Option<&str>,
) -> Result<String, Error> {
    let purpose = look(app, word)?.ok_or_else(no_longer_good)?;
    let name = match &purpose {
        Purpose::FirstAdmin => account_name(name).map_err(|message| Error::invalid("name", message))?,
        Purpose::Password(name) => name.clone(),
    };
    let password_hash = checked(&name, password, "password")?;
    app.database.write(|connection| {
        // Asked again here: of two who follow it at once, one takes it.
        let still = open(connection, app, word)?;
        if still.as_ref() != Some(&purpose) || !db::set_up_link::take(connection, &digest(word))? {
            return Err(no_longer_good());
        }
        let from = origin.map(str::to_owned);
        let row = match &purpose {
            Purpose::FirstAdmin => {
                db::set_up_link::clear(connection, None)?;
                let actor = Actor::system().from_address(from);
                make(connection, app, &actor, &name, Role::Admin, None, Some(&password_hash))?
            }
            Purpose::Password(name) => {
                let row = super::named(connection, name)?;
                let actor = session::actor_of(&row)?.from_address(from);
                settle_password(connection, app, &actor, &row, &password_hash)?;
                super::named(connection, name)?
            }
        };
        session::begin(connection, app, &row, origin)
    })
}

fn no_longer_good() -> Error {
    Error::NotFound {
        what: "link",
        key: "of this address".to_owned(),
        remedy: "it was used or has expired; ask for another one",
    }
}
