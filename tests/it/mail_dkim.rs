//! Signatures, on mails as a Postfix delivered them, verified by dkimpy: see `tests/mail/check_dkim.py`.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use offpeak::mail::transport::{Delivery, OutgoingMail};
use offpeak::mail::{DkimKey, DkimKeyError, compose};

use crate::mail_letters::{envelope, every_letter};
use crate::mail_postfix::Postfix;

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().expect("tests/run installs openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A key as an operator would make it, and the TXT record of its public half.
pub(crate) fn key(folder: &Path, kind: &str) -> (PathBuf, String) {
    let path = folder.join(format!("{kind}.pem"));
    let file = path.to_str().expect("UTF-8");
    match kind {
        "rsa" => openssl(&["genrsa", "-traditional", "-out", file, "2048"]),
        _ => openssl(&["genpkey", "-algorithm", "ed25519", "-out", file]),
    };
    let public = openssl(&["pkey", "-in", file, "-pubout", "-outform", "DER"]);
    // Ed25519 publishes its 32 bytes alone (RFC 8463).
    let public = if kind == "rsa" { &public[..] } else { &public[public.len() - 32..] };
    (path, format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public)))
}

#[tokio::test]
async fn what_was_delivered_verifies_and_no_change_of_it_does() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in ["rsa", "ed25519"] {
        let (path, record) = key(folder.path(), kind);
        let dkim = DkimKey::read(&path, "offpeak", "mail.harbour.example").expect("a key");
        let postfix = Postfix::start();
        let smtp = postfix.transport("smtp://127.0.0.1:PLAIN");
        let letters = every_letter();
        for (number, (name, letter)) in letters.iter().enumerate() {
            let mut envelope = envelope(&format!("notice-{number}.0@mail.harbour.example"));
            if letter.kind.is_optional() {
                envelope.unsubscribe_url =
                    Some("https://merchant.harbour.example/m/optional/AbC-1_2".to_owned());
            }
            let mail = compose(letter, &envelope, Some(&dkim)).expect("a mail");
            let delivery = smtp.deliver(&OutgoingMail::from(mail)).await;
            assert!(matches!(delivery, Delivery::Accepted { .. }), "{name}: {delivery:?}");
        }
        let arrived = postfix.arrived(letters.len());
        let python = std::env::var("OFFPEAK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/check_dkim.py");
        let output =
            Command::new(python).arg(script).arg(&record).args(arrived.values()).output().expect("Python");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{kind}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.trim(), format!("{} signatures are good", letters.len()));

        let files: Vec<&PathBuf> = arrived.values().collect();
        assert_eq!(verified_by_opendkim(folder.path(), &record, &files), files.len(), "{kind}");
        // One that somebody changed on the way is none of them.
        let changed = folder.path().join("changed.eml");
        let mail = std::fs::read_to_string(files[0]).expect("the mail");
        std::fs::write(&changed, mail.replacen("Subject: ", "Subject: x", 1)).expect("a file");
        assert_eq!(verified_by_opendkim(folder.path(), &record, &[&changed]), 0, "{kind}");
    }
}

/// How many of these mails opendkim verifies, with this record in the place of the DNS.
fn verified_by_opendkim(folder: &Path, record: &str, files: &[&PathBuf]) -> usize {
    let (data, configuration) = (folder.join("dns"), folder.join("opendkim.conf"));
    std::fs::write(&data, format!("offpeak._domainkey.mail.harbour.example {record}\n")).expect("a file");
    let settings = format!("Mode v\nSyslog no\nTestDNSData {}\n", data.display());
    std::fs::write(&configuration, settings).expect("a file");
    let mut verified = 0;
    for file in files {
        let output = Command::new("/usr/sbin/opendkim")
            .args(["-v", "-v", "-x"])
            .arg(&configuration)
            .arg("-t")
            .arg(file)
            .output()
            .expect("tests/run installs opendkim");
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("verification (s=offpeak"), "opendkim looked at it: {said}");
        verified += usize::from(said.contains(") succeeded"));
    }
    verified
}

#[test]
fn a_file_without_a_key_says_how_to_make_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    assert!(matches!(DkimKey::read(&path, "s", "d.example"), Err(DkimKeyError::Unreadable { .. })));
    for wrong in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
    ] {
        std::fs::write(&path, wrong).expect("a file");
        let error = DkimKey::read(&path, "s", "d.example").expect_err("no key").to_string();
        assert!(error.contains("openssl genrsa -traditional") && error.contains("key.pem"), "{error}");
    }
}
