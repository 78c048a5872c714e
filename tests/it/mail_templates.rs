//! An operator's own templates: begun from the built-in ones, checked, used; and none of them can break a mail.

use std::fs;
use std::path::Path;

use axum::http::{Method, StatusCode};
use offpeak::config::Settings;
use offpeak::domain::fleet::Locale;
use offpeak::domain::notice::NoticeKind;
use offpeak::mail::transport::{MemoryTransport, Transport};
use offpeak::mail::{Templates, compose_with};
use offpeak::service::template;

use crate::mail_letters::{envelope, small};
use crate::support::{TestApp, offpeak as command, on_sqlite, run};

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The faults of a folder with this one template in it, as `file:line: what`.
fn faults(name: &str, text: impl AsRef<[u8]>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), name, text);
    template::check(folder.path())
        .into_iter()
        .map(|fault| format!("{}:{}: {}", fault.file, fault.line.unwrap_or_default(), fault.what))
        .collect()
}

#[test]
fn what_is_exported_is_in_order_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = template::export(folder.path(), "", false).unwrap();
    assert!(files.len() > 60 && files.contains(&"zh-CN/unlocked/body.html".to_owned()), "{files:?}");
    assert_eq!(template::check(folder.path()), []);
    let own = Templates::with_folder(folder.path()).unwrap();
    for (kind, locale) in [(NoticeKind::Announcement, Locale::En), (NoticeKind::Locked, Locale::ZhCn)] {
        let letter = small(kind, locale);
        let envelope = envelope("notice-1.0@mail.harbour.example");
        let built_in = offpeak::mail::compose(&letter, &envelope, None).unwrap();
        assert_eq!(compose_with(&own, &letter, &envelope, None).unwrap(), built_in);
    }
    let again = template::export(folder.path(), "en/", false).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    assert!(template::export(folder.path(), "en/moved", true).unwrap().len() == 3);
}

#[test]
fn a_name_that_nothing_defines_is_told_with_its_file_and_line() {
    let found = faults("en/moved/subject.txt", "It has moved,\n{{ merchnt_name }}\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("en/moved/subject.txt:2: undefined name `merchnt_name`"), "{found:?}");
    assert!(found[0].ends_with("did you mean `merchant_name`?"), "{found:?}");
    // Where no notice comes by: a branch that none takes.
    let found =
        faults("en/moved/subject.txt", "Moved\n{% if kind == 'never' %}\n{{ nothing_of_it }}\n{% endif %}\n");
    assert!(found[0].starts_with("en/moved/subject.txt:3: undefined name `nothing_of_it`"), "{found:?}");
    // Of a thing within.
    let found = faults("en/moved/subject.txt", "Call {{ support.fone }}\n");
    assert!(
        found[0].contains(":1: undefined name `support.fone`; did you mean `support.phone`?"),
        "{found:?}"
    );
    let looped = "{% for visit in visits %}\n{{ visit.whn }}\n{% endfor %}\nx\n";
    let found = faults("en/completed/subject.txt", looped);
    assert!(found[0].starts_with("en/completed/subject.txt:2:") && found[0].contains("whn"), "{found:?}");
}

#[test]
fn every_other_mistake_has_its_own_words() {
    let found = faults("en/moved/subject.txt", "a\nb {{ if }}\n");
    assert!(found[0].starts_with("en/moved/subject.txt:2: "), "{found:?}");
    let found = faults("en/moved/subjct.txt", "a");
    assert!(found[0].contains("did you mean en/moved/subject.txt?"), "{found:?}");
    let found = faults("fr/moved/subject.txt", "a");
    assert!(found[0].contains("no notice has a template of this name"), "{found:?}");
    let found = faults("en/moved/subject.txt", b"one\ntwo \xff\n");
    assert!(found[0].starts_with("en/moved/subject.txt:2: not UTF-8"), "{found:?}");
    let found = faults("en/moved/subject.txt", " \n");
    assert!(found[0].starts_with("en/moved/subject.txt:0: it says nothing"), "{found:?}");
    let found = faults("en/moved/body.txt", "{% extends 'no.txt' %}");
    assert!(found[0].starts_with("en/moved/body.txt:1: "), "{found:?}");
    assert_eq!(faults("en/moved/.subject.txt.swp", "x"), Vec::<String>::new(), "an editor's file");
    let missing = template::check(Path::new("/no/such/folder"));
    assert!(missing[0].what.contains("offpeak template export"), "{missing:?}");
}

#[test]
fn no_template_breaks_a_mail() {
    let folder = tempfile::tempdir().unwrap();
    let hostile =
        "Card\r\nBcc: victim@example.org\r\n\r\nterminal \u{202e}\0 =?utf-8?q?=42ank?= {{ merchant_name }}";
    write(folder.path(), "en/announcement/subject.txt", hostile);
    write(folder.path(), "en/announcement/body.txt", format!("{hostile}\n.\n{}\n", "x".repeat(5000)));
    write(folder.path(), "en/announcement/body.html", format!("<p>{hostile}</p><p>{}</p>", "x".repeat(5000)));
    write(folder.path(), "en/invite.txt", "A\r\nEND:VEVENT\nBEGIN:VALARM\nEND:VALARM\n");
    let own = Templates::with_folder(folder.path()).unwrap();
    let mut letter = small(NoticeKind::Announcement, Locale::En);
    letter.merchant_name = "A\r\nBcc: x@y.example".to_owned();
    let mail = compose_with(&own, &letter, &envelope("notice-1.0@mail.harbour.example"), None).unwrap();
    let text = std::str::from_utf8(&mail.bytes).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])));
    let head = text.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
    let read = offpeak::mail::reader::read(&mail.bytes).unwrap();
    assert!(read.subject.starts_with("Card Bcc: victim@example.org terminal = ?utf-8"), "{}", read.subject);
    let calendar = String::from_utf8(read.attachments[0].content.clone()).unwrap();
    let lines = |wanted: &str| calendar.lines().filter(|line| *line == wanted).count();
    assert_eq!((lines("END:VEVENT"), lines("BEGIN:VALARM")), (1, 0), "{calendar}");
}

#[test]
fn the_service_uses_them_and_does_not_start_with_wrong_ones() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "en/announcement/subject.txt", "Harbour Payments: {{ merchant_name }}\n");
    let own = |settings: &mut Settings| settings.templates_dir = Some(folder.path().display().to_string());
    let app = TestApp::new(None, own);
    run(async {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        app.work("notify").await;
        assert_eq!(app.notices("accepted").await[0]["subject"], "Harbour Payments: Harbour Bakery Ltd");
        let list = app.get("/notice-templates").await;
        let of = |kind: &str, locale: &str| {
            let mut rows = list.as_array().unwrap().iter();
            rows.find(|row| row["kind"] == kind && row["locale"] == locale).unwrap()["overridden"].clone()
        };
        assert_eq!(list.as_array().unwrap().len(), 20);
        assert_eq!(of("announcement", "en"), serde_json::json!(["en/announcement/subject.txt"]));
        assert_eq!(of("announcement", "zh-CN"), serde_json::json!([]));
        let shown = app.get("/notice-templates/announcement").await;
        assert_eq!(shown["subject"], "Harbour Payments: Harbour Bakery Ltd");
        assert!(
            shown["html"].as_str().unwrap().contains("<html") && !shown["text"].as_str().unwrap().is_empty()
        );
        let raw = app.send(Method::GET, "/api/v1/notice-templates/moved/raw?locale=zh-CN", None).await;
        assert!(raw.1.as_str().unwrap().contains("Subject: =?utf-8?"), "{}", raw.1);
        for path in ["announcement?locale=fr", "birthday"] {
            let (status, problem) =
                app.send(Method::GET, &format!("/api/v1/notice-templates/{path}"), None).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {problem}");
        }
    });
    write(folder.path(), "en/announcement/subject.txt", "For {{ merchnt_name }}\n");
    let home = tempfile::tempdir().unwrap();
    let mut settings = Settings::embedded(home.path());
    own(&mut settings);
    let transport = Transport::Memory(MemoryTransport::default());
    let refused =
        offpeak::boot::start_with(settings, offpeak::clock::Clock::system(), transport).unwrap_err();
    let words = refused.to_string();
    for part in
        ["templates_dir", "en/announcement/subject.txt, line 1", "`merchnt_name`", "offpeak template check"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[test]
fn the_commands_do_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("words").display().to_string();
    let config = folder.path().join("offpeak.toml").display().to_string();
    fs::write(&config, "templates_dir = \"words\"\n").unwrap();
    let ran = |arguments: &[&str]| {
        let output = command(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = ran(&["template", "export", &words, "--only", "zh-CN/moved"]);
    assert_eq!((code, out.lines().count()), (Some(0), 3), "{err}");
    let (code, _, err) = ran(&["template", "export", &words, "--only", "zh-CN/moved"]);
    assert!(code != Some(0) && err.contains("--force"), "{err}");
    let (code, out, err) = ran(&["template", "check", "--config", &config]);
    assert_eq!((code, out.contains("Every notice")), (Some(0), true), "{out} {err}");
    let subject = Path::new(&words).join("zh-CN/moved/subject.txt");
    fs::write(&subject, "改期\n\n{{ visitt }}\n").unwrap();
    let (code, out, _) = ran(&["template", "check", &words]);
    assert!(code == Some(1) && out.contains("zh-CN/moved/subject.txt:3: undefined name `visitt`"), "{out}");
    let (code, out, _) = ran(&["template", "check", &words, "-o", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &found[0]["line"]), (Some(1), &serde_json::json!(3)), "{out}");
    fs::write(&subject, "改期通知\n").unwrap();
    let (code, out, err) = ran(&["template", "preview", "moved", "--locale", "zh-CN", "--dir", &words]);
    assert!(code == Some(0) && out.contains("改期通知"), "{out} {err}");
    let eml = folder.path().join("mail.eml").display().to_string();
    let (code, _, err) = ran(&["template", "preview", "locked", "--dir", &words, "--eml", &eml]);
    assert_eq!(code, Some(0), "{err}");
    let mail = offpeak::mail::reader::read(&fs::read(&eml).unwrap()).unwrap();
    assert!(mail.text.contains("Harbour Bakery"), "{}", mail.text);
}

#[test]
fn a_sample_is_of_a_place_where_its_language_is_spoken() {
    on_sqlite(|app| async move {
        for (locale, words) in [("en", "London time"), ("zh-CN", "北京时间")] {
            for kind in NoticeKind::ALL {
                let shown = app.get(&format!("/notice-templates/{kind}?locale={locale}")).await;
                assert!(!shown["subject"].as_str().unwrap().is_empty(), "{kind}");
                assert!(
                    shown["text"].as_str().unwrap().contains(words),
                    "{kind} {locale}: {}",
                    shown["text"]
                );
            }
        }
    });
}
