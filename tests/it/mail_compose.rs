//! What a merchant reads, and what a mail refers to.

use chrono::TimeDelta;
use offpeak::domain::fleet::Locale;
use offpeak::domain::notice::{NoticeKind, WorkItem, WorkKind};
use offpeak::mail::{ComposeError, ComposedMail, compose, reader};

use crate::mail_letters::{at, envelope, every_letter, large, small};

const MESSAGE_ID: &str = "notice-7.0@mail.harbour.example";

fn composed(letter: &offpeak::domain::notice::Letter) -> ComposedMail {
    compose(letter, &envelope(MESSAGE_ID), None).expect("the letter is fit to be sent")
}

#[test]
fn what_is_written() {
    for locale in Locale::ALL {
        for kind in NoticeKind::ALL {
            let mail = composed(&small(kind, locale));
            insta::assert_snapshot!(
                format!("mail_{kind}_{locale}"),
                format!("Subject: {}\n\n{}", mail.subject, mail.text)
            );
        }
        let mail = composed(&large(NoticeKind::Announcement, locale));
        insta::assert_snapshot!(
            format!("mail_thirty_terminals_{locale}"),
            format!("Subject: {}\n\n{}", mail.subject, mail.text)
        );
    }
}

/// The words of an HTML page in order, punctuation aside.
fn words_of_html(html: &str) -> Vec<String> {
    let body = html.split_once("<body").expect("a body").1;
    let mut text = String::new();
    let mut in_tag = true;
    for character in body.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if in_tag => {}
            other => text.push(other),
        }
    }
    let text =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")]
            .iter()
            .fold(text, |text, (escaped, plain)| text.replace(escaped, plain));
    words_of(&text)
}

fn words_of(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_says_what_the_text_says() {
    for (name, letter) in every_letter() {
        let mail = composed(&letter);
        assert_eq!(words_of_html(&mail.html), words_of(&mail.text), "{name}");
    }
}

#[test]
fn a_merchant_finds_everything_needed() {
    for (name, letter) in every_letter() {
        let mail = composed(&letter);
        let stands = letter.kind.is_ahead() && letter.visits.iter().any(|visit| !visit.cancelled);
        for visit in &letter.visits {
            for fact in [&visit.site_name, &visit.site_code] {
                assert!(mail.text.contains(fact.as_str()), "{name}: {fact}");
            }
            for terminal in &visit.terminals {
                assert!(mail.text.contains(&terminal.label) && mail.text.contains(&terminal.tid), "{name}");
            }
        }
        for lock in &letter.locks {
            let reference = format!("L-{}", lock.number);
            for fact in [&lock.site_name, &lock.site_code, &lock.label, &lock.tid, &reference] {
                assert!(mail.text.contains(fact.as_str()), "{name}: {fact}");
            }
        }
        let link = letter.manage_url.as_deref();
        assert!(link.is_none_or(|link| mail.text.contains(link)), "{name}: the link");
        for fact in [&letter.support.phone, &letter.support.email, &letter.support.name] {
            assert!(mail.text.contains(fact.as_str()), "{name}: {fact}");
        }
        let settle = if letter.locale == Locale::En { "settle the batch" } else { "结算" };
        let unlock = if letter.locale == Locale::En { "45 minutes" } else { "45分钟" };
        assert_eq!(mail.text.contains(settle), stands, "{name}");
        let may_lock = letter.kind != NoticeKind::Missed && letter.kind != NoticeKind::Cancelled;
        assert_eq!(mail.text.contains(unlock), stands || (may_lock && !letter.kind.is_ahead()), "{name}");
        assert_eq!(
            letter.reason.is_some(),
            letter.reason.as_ref().is_some_and(|reason| mail.text.contains(reason))
        );
        assert!(mail.html.contains(&format!("<html lang=\"{}\">", letter.locale)), "{name}");
        assert!(mail.html.matches("<table").count() == mail.html.matches("role=\"presentation\"").count());
    }
}

#[test]
fn terminals_without_times_stand_in_the_order_given() {
    for locale in Locale::ALL {
        let mail = composed(&large(NoticeKind::Cancelled, locale));
        for words in [&mail.text, &mail.html] {
            let numbers: Vec<u32> = words
                .split("TID ")
                .skip(1)
                .map(|rest| rest[..8].parse().expect("a number of eight digits"))
                .collect();
            assert_eq!(numbers.len(), 30);
            assert!(numbers.is_sorted(), "{locale}: {numbers:?}");
        }
    }
}

#[test]
fn a_technician_is_announced() {
    let mut letter = small(NoticeKind::Announcement, Locale::En);
    assert!(!composed(&letter).text.contains("technician"));
    letter.visits[0].terminals[0].work =
        vec![WorkItem { kind: WorkKind::OnSiteInspection, title: "yearly seal check".to_owned() }];
    let text = composed(&letter).text;
    assert!(text.contains("yearly seal check") && text.contains("A technician comes"), "{text}");
}

#[test]
fn in_the_night_when_the_clocks_go_back_every_time_has_its_offset() {
    let mut letter = small(NoticeKind::Announcement, Locale::En);
    let (starts_at, ends_at) = (at("2026-11-01T05:30:00Z"), at("2026-11-01T06:15:00Z"));
    let visit = &mut letter.visits[0];
    (visit.starts_at, visit.ends_at) = (starts_at, ends_at);
    (visit.terminals[0].starts_at, visit.terminals[0].ends_at) = (starts_at, ends_at - TimeDelta::minutes(5));
    let mut second = visit.terminals[0].clone();
    (second.starts_at, second.ends_at) = (starts_at + TimeDelta::minutes(35), ends_at);
    visit.terminals.push(second);
    let mail = composed(&letter);
    assert!(mail.subject.contains("Sun 1 Nov, 01:30 (UTC−4)–01:15 (UTC−5)"), "{}", mail.subject);
    for times in ["\n  01:30 (UTC−4)–01:10 (UTC−5) ", "\n  01:05 (UTC−5)–01:15 (UTC−5) "] {
        assert!(mail.text.contains(times), "{}", mail.text);
    }
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    for (name, letter) in every_letter() {
        assert_eq!(composed(&letter), composed(&letter), "{name}");
        let other = compose(&letter, &envelope("notice-8.0@mail.harbour.example"), None).expect("a mail");
        assert_ne!(other.bytes, composed(&letter).bytes, "{name}: the boundaries follow the Message-ID");
    }
}

#[test]
fn a_mail_refers_to_its_visits_roots_and_not_to_itself() {
    let letter = small(NoticeKind::Announcement, Locale::En);
    let head = |mail: &ComposedMail| {
        String::from_utf8_lossy(&mail.bytes).split("\r\n\r\n").next().expect("a head").replace("\r\n ", " ")
    };
    let root = letter.visits[0].root_message_id.clone();
    let first = compose(&letter, &envelope(&root), None).expect("a mail");
    assert!(!head(&first).contains("References") && !head(&first).contains("In-Reply-To"));
    let later = composed(&letter);
    assert!(head(&later).contains(&format!("In-Reply-To: <{root}>\r\nReferences: <{root}>")));
    let wide = composed(&large(NoticeKind::Reminder, Locale::En));
    assert_eq!(head(&wide).matches(".root@mail.harbour.example>").count(), 4, "one parent, three references");
}

#[test]
fn the_envelope_is_the_notices_own() {
    let mut letter = small(NoticeKind::Announcement, Locale::En);
    letter.recipient = "li@例子.公司".to_owned();
    let mail = composed(&letter);
    assert_eq!(mail.envelope_from, "bounce+7f3a@mail.harbour.example");
    assert_eq!(mail.envelope_to, "li@xn--fsqu00a.xn--55qx5d");
    assert!(mail.bytes.is_ascii());
    letter.recipient = "店@例子.公司".to_owned();
    let mail = composed(&letter);
    assert_eq!(mail.envelope_to, "店@xn--fsqu00a.xn--55qx5d", "only the local part needs SMTPUTF8");
    assert!(!mail.bytes.is_ascii());
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let refused = |change: &dyn Fn(&mut offpeak::domain::notice::Letter)| {
        let mut letter = small(NoticeKind::Announcement, Locale::En);
        change(&mut letter);
        compose(&letter, &envelope(MESSAGE_ID), None).expect_err("it cannot be sent")
    };
    assert!(matches!(refused(&|letter| letter.visits.clear()), ComposeError::Empty));
    let error = refused(&|letter| letter.recipient = "li@shop.example\r\nBcc: x@y.example".to_owned());
    assert!(matches!(error, ComposeError::Address { .. }));
    assert!(!error.to_string().contains("li@"), "{error}");
    for link in [
        "javascript:alert(1)",
        "https://x.example/\r\nX: y",
        "//x.example",
        "https://x.example/\" onclick=\"",
    ] {
        assert!(
            matches!(refused(&|letter| letter.manage_url = Some(link.to_owned())), ComposeError::Link(_)),
            "{link}"
        );
    }
    assert!(matches!(
        refused(&|letter| letter.visits[0].root_message_id = "a>b@c".to_owned()),
        ComposeError::MessageId(_)
    ));
}

#[test]
fn a_stored_mail_can_be_read_again() {
    for (name, letter) in every_letter() {
        let mail = composed(&letter);
        let read = reader::read(&mail.bytes).expect("a mail");
        assert_eq!(read.subject, mail.subject, "{name}");
        assert_eq!(read.message_id, mail.message_id);
        assert_eq!(read.date, Some(at("2026-11-18T08:00:00Z")));
        assert_eq!(read.from, "Harbour Payments <notice@mail.harbour.example>");
        assert_eq!(read.to, format!("{} <owner@riverside.example>", letter.merchant_name));
        assert_eq!(read.text.replace("\r\n", "\n").trim_end(), mail.text.trim_end(), "{name}");
        assert_eq!(read.html.replace("\r\n", "\n").trim_end(), mail.html.trim_end(), "{name}");
        let files = if letter.kind.is_ahead() { letter.visits.len() } else { 0 };
        assert_eq!(read.attachments.len(), files, "{name}");
        for attachment in read.attachments {
            assert!(
                attachment.name.ends_with(".ics") && attachment.content.starts_with(b"BEGIN:VCALENDAR\r\n")
            );
        }
    }
    assert!(reader::read(b"").is_err());
}
