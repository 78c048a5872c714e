//! The same request twice is done once: a request that carries a key is noted before it is begun, and its answer is
//! kept for a day.
//!
//! Neither the key nor the request is kept: a digest of the key, and a fingerprint of the request that cannot be tried
//! out without the key, for the request may hold a password. Of an answer that holds a secret everything else is kept.

use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::db::idempotency::{self, IdempotencyRow};
use crate::db::{Connection, Instant};
use crate::service::lease::Leader;
use crate::service::{Actor, App, Error};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// How long a request may take before its process is taken for dead.
const TAKES_MAX: TimeDelta = TimeDelta::minutes(10);

/// Members of an answer that are shown once and kept nowhere.
const SECRET_MEMBERS: [&str; 4] = ["secret", "token", "password", "link"];

/// A request that carries a key.
#[derive(Clone, Debug)]
pub struct Keyed {
    key_digest: String,
    fingerprint: String,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to be done about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is new: do it, and say what came of it.
    Now,
    /// It was done before, with this answer.
    Before(KeptAnswer),
    /// The key was used for another request.
    OtherRequest,
    /// It is being done at this moment.
    UnderWay,
    /// It was begun, and nobody knows what became of it.
    Lost,
}

impl Keyed {
    /// A request of `actor` under `key`; `parts` is what it asks for, one after the other.
    pub fn new<'a>(
        actor: &Actor,
        key: &str,
        parts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, Error> {
        let digest = Sha256::digest(format!("{}\0{key}", actor.as_str()));
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .map_err(|error| Error::Corrupt(format!("a key for a fingerprint: {error}")))?;
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        Ok(Keyed { key_digest: hex::encode(digest), fingerprint: hex::encode(mac.finalize().into_bytes()) })
    }
}

/// Notes that a request is begun, or says why it is not to be.
pub fn begin(app: &App, keyed: &Keyed) -> Result<Begun, Error> {
    let begun = app.database.write(|connection| begin_in(connection, app, keyed));
    match begun {
        // Somebody else has noted it at this very moment.
        Err(error) if error.is_collision() => Ok(Begun::UnderWay),
        other => other,
    }
}

fn begin_in(connection: &mut Connection, app: &App, keyed: &Keyed) -> Result<Begun, Error> {
    let now = app.clock.now();
    if let Some(row) = idempotency::find(connection, &keyed.key_digest)? {
        if row.expires_at.utc() > now {
            return Ok(standing(row, keyed, app));
        }
        idempotency::delete(connection, &keyed.key_digest)?;
    }
    let row = IdempotencyRow {
        key_digest: keyed.key_digest.clone(),
        fingerprint: keyed.fingerprint.clone(),
        begun_at: Instant::from(now),
        expires_at: Instant::from(now + KEPT),
        lost: false,
        status: None,
        headers: None,
        body: None,
    };
    idempotency::insert(connection, row)?;
    Ok(Begun::Now)
}

fn standing(row: IdempotencyRow, keyed: &Keyed, app: &App) -> Begun {
    if row.fingerprint != keyed.fingerprint {
        return Begun::OtherRequest;
    }
    match (row.status.and_then(|status| u16::try_from(status).ok()), row.body) {
        (Some(status), Some(body)) => {
            let headers = row.headers.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            Begun::Before(KeptAnswer { status, headers, body })
        }
        _ if row.lost || row.begun_at.utc() + TAKES_MAX < app.clock.now() => Begun::Lost,
        _ => Begun::UnderWay,
    }
}

/// Keeps the answer, without what may be shown only once.
pub fn keep(app: &App, keyed: &Keyed, answer: &KeptAnswer) -> Result<(), Error> {
    let headers =
        serde_json::to_string(&answer.headers).map_err(|error| Error::Corrupt(error.to_string()))?;
    let body = without_secrets(&answer.body);
    app.database.write(|connection| {
        let status = i32::from(answer.status);
        Ok(idempotency::answer(connection, &keyed.key_digest, status, &headers, &body)?)
    })
}

/// Nothing was done: the same key may be used again.
pub fn release(app: &App, keyed: &Keyed) -> Result<(), Error> {
    app.database.write(|connection| Ok(idempotency::delete(connection, &keyed.key_digest)?))
}

/// Nobody knows whether it was done.
pub fn lose(app: &App, keyed: &Keyed) -> Result<(), Error> {
    app.database.write(|connection| Ok(idempotency::lose(connection, &keyed.key_digest)?))
}

/// Forgets answers that have been kept long enough; how many.
pub fn forget_old(app: &App, leader: &Leader) -> Result<u64, Error> {
    let now = Instant::from(app.clock.now());
    // Nobody waits for a writer that has nothing to write.
    if !app.database.read(|connection| Ok::<_, Error>(idempotency::any_expired(connection, now)?))? {
        return Ok(0);
    }
    leader.write(app, |connection| {
        let forgotten = idempotency::delete_expired(connection, now)?;
        Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
    })
}

fn without_secrets(body: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(body) else { return body.to_vec() };
    if !blank_secrets(&mut value) {
        return body.to_vec();
    }
    serde_json::to_vec(&value).unwrap_or_default()
}

/// Whether there were any.
fn blank_secrets(value: &mut serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Array(items) => items.iter_mut().fold(false, |any, item| any | blank_secrets(item)),
        Value::Object(fields) => fields.iter_mut().fold(false, |any, (name, field)| {
            if field.is_string() && SECRET_MEMBERS.contains(&name.as_str()) {
                *field = Value::Null;
                return true;
            }
            blank_secrets(field) || any
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_nowhere() {
        let body = br#"{"id":3,"token":"s3cret","list":[{"secret":"x","name":"token"}],"secret":7}"#;
        let kept = String::from_utf8(without_secrets(body)).expect("UTF-8");
        assert_eq!(kept, r#"{"id":3,"list":[{"name":"token","secret":null}],"secret":7,"token":null}"#);
        let plain = br#"{ "a": "secret" }"#;
        assert_eq!(without_secrets(plain), plain, "what holds none stays as it is, byte for byte");
        assert_eq!(without_secrets(b"not JSON"), b"not JSON");
    }

    #[test]
    fn a_fingerprint_depends_on_every_part_and_on_the_key() {
        let keyed = |actor: &Actor, key: &str, parts: &[&[u8]]| {
            let keyed = Keyed::new(actor, key, parts.iter().copied()).expect("a key");
            (keyed.key_digest, keyed.fingerprint)
        };
        let one = keyed(&Actor::token(), "k", &[b"/a", b"bc"]);
        assert_eq!(one, keyed(&Actor::token(), "k", &[b"/a", b"bc"]));
        assert_ne!(one.0, keyed(&Actor::loopback(), "k", &[b"/a", b"bc"]).0, "keys are the actor's own");
        assert_ne!(one.1, keyed(&Actor::token(), "k", &[b"/ab", b"c"]).1);
        assert_ne!(one.1, keyed(&Actor::token(), "l", &[b"/a", b"bc"]).1);
    }
}
