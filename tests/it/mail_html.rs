//! The HTML parts of our mails, judged by html-validate, doiuse-email and axe-core: see `tests/mail/check_html.mjs`.
//! Screenshots stay in `target/mail-screenshots`, to be looked at.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::mail_parsers::every_mail;

fn judge(pages: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules =
        std::env::var_os("OFFPEAK_TEST_NODE").map_or_else(|| root.join("target/test-node"), PathBuf::from);
    Command::new("node")
        .arg(root.join("tests/mail/check_html.mjs"))
        .arg(modules)
        .arg("/usr/bin/chromium")
        .arg(pages)
        .arg(root.join("target/mail-screenshots"))
        .output()
        .unwrap_or_else(|error| panic!("node: {error}; tests/run installs what the tests use"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_page_is_sound_legible_and_shown_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let mails = every_mail();
    for (name, _, mail) in &mails {
        let file = name.replace(", ", "-").replace(' ', "-");
        std::fs::write(folder.path().join(format!("{file}.html")), &mail.html).unwrap();
    }
    let output = judge(folder.path());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).trim(), format!("{} pages are as they should be", mails.len()));
}

#[test]
fn what_is_wrong_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let page = "<!DOCTYPE html><html><head><title>x</title></head><body><p style=\"color:#ccc;position:fixed\">\
                pale</p><div style=\"width:900px\">wide</div><img src=\"x\"></body></html>";
    std::fs::write(folder.path().join("wrong.html"), page).unwrap();
    let output = judge(folder.path());
    let said = said(&output);
    assert!(!output.status.success());
    for finding in
        ["html-validate", "`position` is not supported", "color-contrast", "html-has-lang", "too wide"]
    {
        assert!(said.contains(finding), "{finding}: {said}");
    }
}
