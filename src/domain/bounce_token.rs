//! The token in the address that bounces come back to: it names its notice, and shows that we wrote it. Without the
//! signature anybody could have a merchant's address suppressed by counting notices.
//!
//! Written as `NOTICE-KEY-SIGNATURE` in characters that every mail server carries unchanged, whatever it does to
//! capitals: `4711-1-8h2k…`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::ids::NoticeId;
use crate::domain::link::LinkKey;

/// What every bounce address begins with.
const PREFIX: &str = "bounce+";

/// Bytes of the signature: 80 bits, so that the local part stays below 64 characters.
const SIGNATURE_BYTES: usize = 10;

/// The address that bounces of `notice` come back to.
pub fn bounce_address(notice: NoticeId, key: &LinkKey, domain: &str) -> String {
    let signature = signer(key, notice).finalize().into_bytes();
    let signature = hex::encode(&signature[..SIGNATURE_BYTES]);
    format!("{PREFIX}{}-{}-{signature}@{domain}", notice.0, key.number)
}

/// The notice whose bounces come back to `address`, if we wrote it. The signature is compared in constant time.
pub fn notice_of(address: &str, keys: &[LinkKey]) -> Option<NoticeId> {
    let (local, _) = address.rsplit_once('@')?;
    let prefix = local.get(..PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let mut parts = local[PREFIX.len()..].split('-');
    let (notice, key, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.len() != 2 * SIGNATURE_BYTES {
        return None;
    }
    let notice = NoticeId(notice.parse().ok()?);
    let number: u8 = key.parse().ok()?;
    let key = keys.iter().find(|key| key.number == number)?;
    let signature = hex::decode(signature).ok()?;
    signer(key, notice).verify_truncated_left(&signature).ok()?;
    Some(notice)
}

fn signer(key: &LinkKey, notice: NoticeId) -> Hmac<Sha256> {
    let mut signer =
        <Hmac<Sha256> as KeyInit>::new_from_slice(&key.secret).expect("HMAC takes keys of any length");
    // A link's text begins with its version, a small number: no link is good as a bounce, nor the other way.
    signer.update(b"bounce\0");
    signer.update(&notice.0.to_be_bytes());
    signer
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(number: u8) -> LinkKey {
        LinkKey { number, secret: [number; 32] }
    }

    #[test]
    fn what_was_written_is_read_whatever_was_done_to_capitals() {
        let address = bounce_address(NoticeId(4711), &key(7), "mail.example");
        assert_eq!(notice_of(&address, &[key(3), key(7)]), Some(NoticeId(4711)));
        assert_eq!(notice_of(&address.to_uppercase(), &[key(7)]), Some(NoticeId(4711)));
        let longest = bounce_address(NoticeId(i64::MAX), &key(255), "mail.example");
        assert!(longest.split('@').next().is_some_and(|local| local.len() <= 64), "{longest}");
        assert_eq!(notice_of(&longest, &[key(255)]), Some(NoticeId(i64::MAX)));
    }

    #[test]
    fn nobody_can_write_one_for_another_notice() {
        let address = bounce_address(NoticeId(4711), &key(7), "mail.example");
        assert_eq!(notice_of(&address.replace("4711", "4712"), &[key(7)]), None);
        assert_eq!(notice_of(&address, &[LinkKey { number: 7, secret: [9; 32] }]), None);
        assert_eq!(notice_of(&address, &[key(8)]), None);
        for wrong in
            ["bounce+4711@mail.example", "bounce+4711-7-@mail.example", "bounce+4711-7-00@x", "", "@", "店@x"]
        {
            assert_eq!(notice_of(wrong, &[key(7)]), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_was_changed_is_read(place in 7..50_usize, to in "[0-9a-f]") {
            let address = bounce_address(NoticeId(4711), &key(7), "mail.example");
            let mut changed = address.clone().into_bytes();
            let place = place.min(address.find('@').expect("an address") - 1);
            changed[place] = to.as_bytes()[0];
            let changed = String::from_utf8(changed).expect("ASCII");
            prop_assume!(changed != address);
            prop_assert_eq!(notice_of(&changed, &[key(7)]), None);
        }

        #[test]
        fn whatever_comes_is_survived(text in ".{0,90}") {
            let _ = notice_of(&text, &[key(7)]);
            let _ = notice_of(&format!("bounce+{text}@x"), &[key(7)]);
        }
    }
}
