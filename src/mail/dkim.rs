//! DKIM (RFC 6376): mails signed by the domain of their sender. The signature is made when a mail is put into words, so
//! it is among the stored bytes, and every attempt sends the same.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Message;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::HeaderName;

/// What a signature covers, whether it is there or not: nobody can add one of them on the way. Content-Type stays
/// out: the library writes it anew after signing a message of several parts.
const COVERED: [&str; 12] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// What an Ed25519 key in PKCS #8 begins with; its 32 bytes follow.
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A key that mails are signed with, and where its public half is published.
pub struct DkimKey(DkimConfig);

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DkimKeyError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds no key of a kind that is known.
    #[error(
        "{}: no RSA or Ed25519 key in PEM; make one by `openssl genrsa -traditional -out FILE 2048`, or convert one by \
         `openssl rsa -traditional -in OLD -out FILE`", .0.display()
    )]
    Form(PathBuf),
}

impl DkimKey {
    /// The key in the file at `path`, whose public half stands in the TXT record of `selector._domainkey.domain`.
    ///
    /// # Errors
    /// [`DkimKeyError`] if there is no such file, or no key in it.
    pub fn read(path: &Path, selector: &str, domain: &str) -> Result<Self, DkimKeyError> {
        let pem = std::fs::read_to_string(path)
            .map_err(|source| DkimKeyError::Unreadable { path: path.to_owned(), source })?;
        let key = key_in(&pem).ok_or_else(|| DkimKeyError::Form(path.to_owned()))?;
        let covered = COVERED.iter().map(|name| HeaderName::new_from_ascii_str(name)).collect();
        let relaxed = DkimCanonicalization {
            header: DkimCanonicalizationType::Relaxed,
            body: DkimCanonicalizationType::Relaxed,
        };
        Ok(DkimKey(DkimConfig::new(selector.to_owned(), domain.to_owned(), key, covered, relaxed)))
    }

    pub(super) fn sign(&self, message: &mut Message) {
        message.sign(&self.0);
    }
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DkimKey")
    }
}

fn key_in(pem: &str) -> Option<DkimSigningKey> {
    if pem.contains("-----BEGIN RSA PRIVATE KEY-----") {
        return DkimSigningKey::new(pem.trim(), DkimSigningAlgorithm::Rsa).ok();
    }
    let body = pem.split("-----BEGIN PRIVATE KEY-----").nth(1)?.split("-----END").next()?;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    let seed = der.strip_prefix(&ED25519_PREFIX).filter(|seed| seed.len() == 32)?;
    DkimSigningKey::new(&STANDARD.encode(seed), DkimSigningAlgorithm::Ed25519).ok()
}
