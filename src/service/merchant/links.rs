//! The links that mails carry, and the keys that sign them.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

use crate::db::fleet::MerchantRow;
use crate::db::link_key::LinkKeyRow;
use crate::db::{self, Connection, Instant};
use crate::domain::bounce_token;
use crate::domain::ids::{MerchantId, NoticeId};
use crate::domain::link::{Link, LinkError, LinkKey, Purpose};
use crate::service::audit::{Change, record};
use crate::service::{Actor, App, Error};

/// How long a link to a merchant's calendar feed, or to optional mail, is good.
const LONG: TimeDelta = TimeDelta::days(730);

/// How long after a visit its links still show it.
const AFTERWARDS: TimeDelta = TimeDelta::days(14);

/// Keys that still open links after another took their place.
const OLD_KEYS: i64 = 2;

/// The path below `public_url` of a purpose's links.
const fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Visit => "visit",
        Purpose::Locks => "locks",
        Purpose::Optional => "optional",
        Purpose::Feed => "feed",
    }
}

/// When links about something that ends then are no longer good.
pub(in crate::service) fn good_until(ends_at: DateTime<Utc>) -> DateTime<Utc> {
    ends_at + AFTERWARDS
}

/// A link's token, signed with the latest key; makes the first key if there is none, within the caller's
/// transaction.
pub(in crate::service) fn token(
    connection: &mut Connection,
    app: &App,
    link: &Link,
) -> Result<String, Error> {
    Ok(link.sign(&signing_key(connection, app)?))
}

/// The latest key; the first is made when it is first asked for. Several may ask at once: one of them makes it.
fn signing_key(connection: &mut Connection, app: &App) -> Result<LinkKey, Error> {
    if let Some(key) = keys(connection)?.into_iter().next() {
        return Ok(key);
    }
    db::link_key::serialize(connection)?;
    match keys(connection)?.into_iter().next() {
        Some(key) => Ok(key),
        None => add_key(connection, app, 1),
    }
}

/// The address of a link, as a mail carries it; `None` while merchants have no page.
pub(in crate::service) fn address(
    connection: &mut Connection,
    app: &App,
    link: &Link,
) -> Result<Option<String>, Error> {
    let Some(base) = &app.settings.public_url else { return Ok(None) };
    let token = token(connection, app, link)?;
    Ok(Some(format!("{}/m/{}/{token}", base.trim_end_matches('/'), path(link.purpose))))
}

/// The address that bounces of a notice come back to; makes the first key if there is none, within the caller's
/// transaction.
pub(in crate::service) fn bounce_address(
    connection: &mut Connection,
    app: &App,
    notice: NoticeId,
) -> Result<String, Error> {
    let key = signing_key(connection, app)?;
    Ok(bounce_token::bounce_address(notice, &key, &app.settings.mail_domain))
}

/// The notice whose bounce address, signed by one of our keys, is the first such among these.
pub(in crate::service) fn notice_of<'a>(
    connection: &mut Connection,
    mut addresses: impl Iterator<Item = &'a str>,
) -> Result<Option<NoticeId>, Error> {
    let keys = keys(connection)?;
    Ok(addresses.find_map(|address| bounce_token::notice_of(address, &keys)))
}

/// A link that does not end with a visit.
pub(in crate::service) fn lasting(app: &App, purpose: Purpose, merchant: MerchantId) -> Link {
    Link { purpose, merchant, subject: 0, revision: 0, expires_at: app.clock.now() + LONG }
}

/// What a link that somebody followed says, and whom it was written for.
pub(super) fn open(
    connection: &mut Connection,
    app: &App,
    token: &str,
    purpose: Purpose,
) -> Result<(Link, MerchantRow), Error> {
    let link = Link::open(token, &keys(connection)?, purpose, app.clock.now())?;
    let merchant = db::fleet::merchants_by_id(connection, &[link.merchant.0])?.pop();
    let merchant = merchant.ok_or(LinkError::NotOurs)?;
    Ok((link, merchant))
}

/// Puts a new key in the place of the one that signs. Links under the one before stay good; older ones do not.
pub fn change_key(app: &App, actor: &Actor) -> Result<i32, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let next = db::link_key::all(connection)?.first().map_or(1, |key| key.number + 1);
        db::link_key::forget_older(connection, OLD_KEYS)?;
        add_key(connection, app, next)?;
        record(connection, app, actor, Change::new("link_key.change", format!("key {next}")))?;
        Ok(next)
    })
}

fn add_key(connection: &mut Connection, app: &App, number: i32) -> Result<LinkKey, Error> {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    let created_at = Instant::from(app.clock.now());
    db::link_key::insert(connection, LinkKeyRow { number, secret: secret.to_vec(), created_at })?;
    Ok(LinkKey { number: byte(number), secret })
}

fn keys(connection: &mut Connection) -> Result<Vec<LinkKey>, Error> {
    db::link_key::all(connection)?
        .into_iter()
        .map(|row| {
            let secret = row.secret.try_into();
            let secret = secret.map_err(|_| Error::Corrupt(format!("link key {} is cut off", row.number)))?;
            Ok(LinkKey { number: byte(row.number), secret })
        })
        .collect()
}

/// A link has a byte for its key: the few keys that are kept differ in it.
fn byte(number: i32) -> u8 {
    number.to_le_bytes()[0]
}
