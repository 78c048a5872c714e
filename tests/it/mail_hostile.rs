//! Names that try to break a mail: whatever a merchant, site or terminal is called, the mail has its headers
//! and no others, and its calendar says what it should.

use icalendar::{Calendar, Component};
use offpeak::domain::fleet::{Locale, clean_text};
use offpeak::domain::notice::{Letter, NoticeKind};
use offpeak::mail::{compose, reader};
use proptest::prelude::*;

use crate::mail_letters::{envelope, large, small};

const HEADERS: [&str; 11] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
];

fn hostile_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\r\nBcc: victim@example.org\r\n\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("\n".to_owned()),
        Just("\0".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("^n^^".to_owned()),
        Just("A\"B, C;D:E".to_owned()),
        Just("{{ merchant_name }}{% for x in y %}".to_owned()),
        Just("</title><script>alert(1)</script>&amp;".to_owned()),
        Just("\u{202e}evil\u{2066}".to_owned()),
        Just("zero\u{200b}width\u{feff}".to_owned()),
        Just("=?utf-8?q?=42ank?=".to_owned()),
        Just("<x@y.example>, z@y.example (comment)".to_owned()),
        Just("END:VCALENDAR\nBEGIN:VEVENT".to_owned()),
        Just(" ".to_owned()),
        Just("👩‍💻🇨🇳".to_owned()),
        Just("店".repeat(5_000)),
        Just("x".repeat(5_000)),
        "\\PC{0,30}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn rename(letter: &mut Letter, names: &[String; 5]) {
    letter.merchant_name.clone_from(&names[0]);
    letter.reason = Some(names[1].clone());
    letter.support.name.clone_from(&names[2]);
    letter.support.phone.clone_from(&names[3]);
    for lock in &mut letter.locks {
        lock.site_name.clone_from(&names[3]);
        lock.site_code.clone_from(&names[4]);
        lock.site_address = Some(names[0].clone());
        lock.label.clone_from(&names[2]);
        lock.tid.clone_from(&names[1]);
    }
    for visit in &mut letter.visits {
        visit.site_name.clone_from(&names[3]);
        visit.site_code.clone_from(&names[4]);
        visit.site_address = Some(names[0].clone());
        for terminal in &mut visit.terminals {
            terminal.label.clone_from(&names[2]);
            terminal.tid.clone_from(&names[1]);
            for item in &mut terminal.work {
                item.title.clone_from(&names[4]);
            }
        }
    }
}

/// The names of a mail's headers, in their order.
fn header_names(text: &str) -> Vec<&str> {
    let head = text.split("\r\n\r\n").next().expect("a head");
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(':').expect("a header").0)
        .collect()
}

fn check(letter: &Letter, sender_name: &str) {
    let mut envelope = envelope("notice-9.1@mail.harbour.example");
    envelope.from.name = sender_name.to_owned();
    envelope.product = sender_name.to_owned();
    let mail = compose(letter, &envelope, None).expect("names never stop a mail");
    assert!(mail.bytes.is_ascii());
    let text = std::str::from_utf8(&mail.bytes).expect("ASCII");
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "a line of {} bytes", line.len());
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    assert_eq!(header_names(text), HEADERS);
    assert!(!mail.html.contains("<script"), "markup in a name stays text");

    let read = reader::read(&mail.bytes).expect("a mail");
    assert_eq!(
        read.subject.split_whitespace().collect::<Vec<_>>(),
        mail.subject.split_whitespace().collect::<Vec<_>>()
    );
    assert_eq!(read.attachments.len(), if letter.kind.is_ahead() { letter.visits.len() } else { 0 });
    for (attachment, visit) in read.attachments.iter().zip(&letter.visits) {
        let source = std::str::from_utf8(&attachment.content).expect("UTF-8");
        for line in source.split("\r\n") {
            assert!(line.len() <= 75, "a calendar line of {} bytes", line.len());
        }
        let calendar: Calendar = source.parse().expect("a calendar");
        assert_eq!(calendar.components.len(), 1);
        let event = calendar.components[0].as_event().expect("an event");
        assert_eq!(event.get_uid(), Some(visit.uid.as_str()));
        assert_eq!(event.get_sequence(), Some(visit.sequence));
        assert_eq!(event.get_start(), Some(visit.starts_at.into()));
        assert_eq!(event.get_end(), Some(visit.ends_at.into()));
        assert_eq!(event.get_timestamp(), Some(envelope.date));
        let site_name = clean_text(&visit.site_name).replace("=?", "= ?");
        let summary = event.get_summary().expect("a title");
        assert!(summary.trim_end().ends_with(site_name.trim_end()), "{summary:?} names {site_name:?}");
        assert_eq!(event.multi_properties().get("ATTENDEE").map(Vec::len), Some(1));
        let organizer = event.properties().get("ORGANIZER").expect("an organizer");
        assert_eq!(organizer.value(), "mailto:notice@mail.harbour.example");
    }
}

/// What a file or a form may hold where an address should be.
fn hostile_address() -> impl Strategy<Value = String> {
    let domain = prop_oneof![
        Just("shop.example".to_owned()),
        Just("例子.公司".to_owned()),
        Just("shop.example\r\nRCPT TO:<victim@example.org>".to_owned()),
        Just("xn--\u{200b}.example".to_owned()),
        Just("字".repeat(80)),
        hostile_name(),
    ];
    prop_oneof![
        (hostile_name(), domain).prop_map(|(local, domain)| format!("{local}@{domain}")),
        hostile_name(),
        "[a-z]{1,8}@[a-z]{1,8}\\.example",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_address_breaks_a_mail(
        addresses in prop::array::uniform4(hostile_address()),
        kind in prop::sample::select(&NoticeKind::ALL),
    ) {
        let [recipient, support, from, bounce] = addresses;
        let mut letter = small(kind, Locale::En);
        letter.recipient = recipient;
        letter.support.email = support;
        let mut envelope = envelope("notice-9.1@mail.harbour.example");
        envelope.from.address = from;
        envelope.bounce_address = bounce;
        // Refused, by name and masked, or a mail like any other.
        match compose(&letter, &envelope, None) {
            Ok(mail) => {
                let text = String::from_utf8_lossy(&mail.bytes).into_owned();
                for line in text.split("\r\n") {
                    assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']), "{line:?}");
                }
                assert_eq!(header_names(&text), HEADERS);
                for address in [&mail.envelope_to, &mail.envelope_from] {
                    assert!(!address.contains(|c: char| c.is_whitespace() || c.is_control()), "{address:?}");
                }
            }
            Err(error) => assert!(error.to_string().contains("is not a mail address"), "{error}"),
        }
    }

    #[test]
    fn no_name_breaks_a_mail(
        names in prop::array::uniform5(hostile_name()),
        sender_name in hostile_name(),
        kind in prop::sample::select(&NoticeKind::ALL),
        locale in prop::sample::select(&Locale::ALL),
        wide in prop::bool::weighted(0.2),
    ) {
        let mut letter = if wide { large(kind, locale) } else { small(kind, locale) };
        rename(&mut letter, &names);
        check(&letter, &sender_name);
    }
}
