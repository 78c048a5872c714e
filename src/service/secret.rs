//! Random words that are shown once and kept as a digest, and passwords, which are kept as an Argon2id hash.

use std::sync::{LazyLock, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::service::Error;

/// Memory of one hash in KiB, passes over it, lanes: some 20 ms on one core, and 19 MiB, which makes guessing dear.
const ARGON2_KIB: u32 = 19 * 1024;
const ARGON2_PASSES: u32 = 2;
const ARGON2_LANES: u32 = 1;

/// A random word of 256 bits, as it stands in a cookie, a link or a header.
pub fn random_word() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of such a word. It holds 256 random bits, so a plain digest cannot be turned back, and looking it
/// up by its digest tells nothing by the time that it takes.
pub(super) fn digest(word: &str) -> String {
    hex::encode(Sha256::digest(word.as_bytes()))
}

/// Another word that only who knows the first can make.
pub fn derived(purpose: &str, word: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{purpose}\0{word}").as_bytes()))
}

/// Whether two words are the same; the time it takes does not say where they differ.
pub fn same(one: &str, other: &str) -> bool {
    let (one, other) = (Sha256::digest(one.as_bytes()), Sha256::digest(other.as_bytes()));
    one.iter().zip(other.iter()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

/// One hash at a time: whoever sends passwords by the hundred keeps one core busy and 19 MiB, no more.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(ARGON2_KIB, ARGON2_PASSES, ARGON2_LANES, None).map_err(unhashed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn unhashed(error: impl std::fmt::Display) -> Error {
    Error::Corrupt(format!("the password cannot be hashed: {error}"))
}

/// What is kept of a password: Argon2id with a salt of its own, in the PHC format, which names its parameters.
pub(super) fn hash(password: &str) -> Result<String, Error> {
    let hasher = hasher()?;
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(hasher.hash_password(password.as_bytes()).map_err(unhashed)?.to_string())
}

/// A hash that no password has: what is compared with where there is no account, so that it takes as long.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash(&random_word()).unwrap_or_default());

/// Whether `password` is the one that `kept` was made from. Without `kept` it takes as long, and is not.
pub(super) fn verify(password: &str, kept: Option<&str>) -> bool {
    let nobodys = &*NOBODYS;
    let Ok(parsed) = PasswordHash::new(kept.unwrap_or(nobodys)) else { return false };
    let Ok(hasher) = hasher() else { return false };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    hasher.verify_password(password.as_bytes(), &parsed).is_ok() && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_its_hash_says_how_it_was_made() {
        let kept = hash("a quiet night in November").expect("it is hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hash("a quiet night in November").expect("it is hashed"), "each has its salt");
        assert!(verify("a quiet night in November", Some(&kept)));
        assert!(!verify("a quiet night in november", Some(&kept)));
        assert!(!verify("a quiet night in November", None));
        assert!(!verify("a quiet night in November", Some("not a hash")));
    }

    #[test]
    fn random_words_are_long_and_never_the_same() {
        let (one, other) = (random_word(), random_word());
        assert_ne!(one, other);
        assert_eq!((one.len(), digest(&one).len()), (43, 64));
        assert!(same(&one, &one.clone()) && !same(&one, &other) && !same(&one, ""));
        assert_ne!(derived("a", &one), derived("b", &one));
    }
}
