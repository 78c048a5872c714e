//! Signed links: what a merchant's mail carries so that the merchant can answer without an account. A link says
//! whom it is for, what it is good for and until when; its signature says that we wrote it.
//!
//! On the wire: version, key, purpose (a byte each), merchant, subject (8 bytes each), revision (4 bytes), expiry
//! (minutes since 1970, 4 bytes), the first 16 bytes of an HMAC-SHA256 over all that; in URL-safe base64.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::ids::MerchantId;

const VERSION: u8 = 1;
const BODY_BYTES: usize = 27;
const SIGNATURE_BYTES: usize = 16;

/// What a link is good for, and for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// See a visit, confirm it, pick another time; its subject is the visit.
    Visit,
    /// Say that a terminal takes no payments, or takes them again; its subject is the site, or 0 for all.
    Locks,
    /// Do without optional mails; no subject.
    Optional,
    /// The merchant's visits as a calendar feed; no subject.
    Feed,
}

impl Purpose {
    const ALL: [Purpose; 4] = [Purpose::Visit, Purpose::Locks, Purpose::Optional, Purpose::Feed];

    const fn byte(self) -> u8 {
        match self {
            Purpose::Visit => 1,
            Purpose::Locks => 2,
            Purpose::Optional => 3,
            Purpose::Feed => 4,
        }
    }
}

/// What a link says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is good for.
    pub purpose: Purpose,
    /// Whom it was written for.
    pub merchant: MerchantId,
    /// The row that it is about; what kind of row the purpose says.
    pub subject: i64,
    /// The revision that it is about: a link about an older one still shows, but changes nothing.
    pub revision: u32,
    /// It is good until then, to the minute.
    pub expires_at: DateTime<Utc>,
}

/// A secret that links are signed with. The number names it in the link, so that keys can be changed while links
/// under the one before are still out.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey {
    /// Its number.
    pub number: u8,
    /// The secret, 32 random bytes.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "LinkKey({})", self.number)
    }
}

/// Why a link is refused. Whoever made it up learns nothing from which of these it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was cut off, changed, made up, or signed with a key that is no longer used.
    #[error("the link is not complete, or is not one of ours")]
    NotOurs,
    /// It is one of ours, for something else.
    #[error("the link is for something else")]
    WrongPurpose,
    /// It was good once.
    #[error("the link is no longer good")]
    Expired,
}

impl Link {
    /// The link as it stands in a URL.
    pub fn sign(&self, key: &LinkKey) -> String {
        let mut bytes = self.body(key.number).to_vec();
        let signature = signer(key, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature[..SIGNATURE_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn body(&self, key: u8) -> [u8; BODY_BYTES] {
        let minutes = u32::try_from(self.expires_at.timestamp() / 60).unwrap_or(u32::MAX);
        let mut body = [0; BODY_BYTES];
        body[..3].copy_from_slice(&[VERSION, key, self.purpose.byte()]);
        body[3..11].copy_from_slice(&self.merchant.0.to_be_bytes());
        body[11..19].copy_from_slice(&self.subject.to_be_bytes());
        body[19..23].copy_from_slice(&self.revision.to_be_bytes());
        body[23..].copy_from_slice(&minutes.to_be_bytes());
        body
    }

    /// Reads a link that must be for `purpose` and good at `now`. The signature is compared first, and in constant
    /// time.
    ///
    /// # Errors
    /// [`LinkError`] if it is not one of ours, is for something else, or is no longer good.
    pub fn open(
        text: &str,
        keys: &[LinkKey],
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Link, LinkError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::NotOurs)?;
        if bytes.len() != BODY_BYTES + SIGNATURE_BYTES || bytes[0] != VERSION {
            return Err(LinkError::NotOurs);
        }
        let (body, signature) = bytes.split_at(BODY_BYTES);
        let key = keys.iter().find(|key| key.number == body[1]).ok_or(LinkError::NotOurs)?;
        signer(key, body).verify_truncated_left(signature).map_err(|_| LinkError::NotOurs)?;
        let link = Link::of_body(body).ok_or(LinkError::NotOurs)?;
        if link.purpose != purpose {
            return Err(LinkError::WrongPurpose);
        }
        if link.expires_at <= now {
            return Err(LinkError::Expired);
        }
        Ok(link)
    }

    fn of_body(body: &[u8]) -> Option<Link> {
        let minutes = u32::from_be_bytes(body[23..].try_into().ok()?);
        Some(Link {
            purpose: Purpose::ALL.into_iter().find(|purpose| purpose.byte() == body[2])?,
            merchant: MerchantId(i64::from_be_bytes(body[3..11].try_into().ok()?)),
            subject: i64::from_be_bytes(body[11..19].try_into().ok()?),
            revision: u32::from_be_bytes(body[19..23].try_into().ok()?),
            expires_at: DateTime::from_timestamp(i64::from(minutes) * 60, 0)?,
        })
    }
}

fn signer(key: &LinkKey, body: &[u8]) -> Hmac<Sha256> {
    let mut signer =
        <Hmac<Sha256> as KeyInit>::new_from_slice(&key.secret).expect("HMAC takes keys of any length");
    signer.update(body);
    signer
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: &str = "2026-11-25T10:00:00Z";

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn key(number: u8) -> LinkKey {
        LinkKey { number, secret: [number; 32] }
    }

    fn link() -> Link {
        let expires_at = at("2026-12-01T00:00:00Z");
        Link { purpose: Purpose::Visit, merchant: MerchantId(17), subject: 4711, revision: 2, expires_at }
    }

    #[test]
    fn what_was_signed_is_read() {
        let text = link().sign(&key(7));
        assert_eq!(Link::open(&text, &[key(3), key(7)], Purpose::Visit, at(NOW)), Ok(link()));
        assert!(
            text.len() < 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }

    #[test]
    fn a_link_is_good_for_one_thing_and_for_a_time() {
        let text = link().sign(&key(7));
        let open = |purpose, now| Link::open(&text, &[key(7)], purpose, at(now));
        assert_eq!(open(Purpose::Feed, NOW), Err(LinkError::WrongPurpose));
        assert_eq!(open(Purpose::Visit, "2026-12-01T00:00:00Z"), Err(LinkError::Expired));
        assert_eq!(Link::open(&text, &[key(8)], Purpose::Visit, at(NOW)), Err(LinkError::NotOurs));
        let other = LinkKey { number: 7, secret: [9; 32] };
        assert_eq!(Link::open(&text, &[other], Purpose::Visit, at(NOW)), Err(LinkError::NotOurs));
    }

    proptest! {
        #[test]
        fn nothing_that_was_tampered_with_is_read(at_byte in 0..43_usize, flip in 1..=255_u8) {
            let mut bytes = URL_SAFE_NO_PAD.decode(link().sign(&key(7))).expect("base64");
            bytes[at_byte] ^= flip;
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(Link::open(&text, &[key(7)], Purpose::Visit, at(NOW)), Err(LinkError::NotOurs));
        }

        #[test]
        fn whatever_is_made_up_is_refused(text in ".{0,80}") {
            prop_assert!(Link::open(&text, &[key(7)], Purpose::Visit, at(NOW)).is_err());
        }
    }
}
