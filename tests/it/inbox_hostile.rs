//! Whatever is sent to us: no panic, no overflow, no more memory than there is room for.

use std::io::Write;
use std::process::{Command, Stdio};

use offpeak::mail::inbound::{What, read};
use proptest::prelude::*;

/// Messages that are built to hurt, with their names.
fn nasty() -> Vec<(&'static str, Vec<u8>)> {
    const MOST: usize = 1024 * 1024;
    let repeat = |text: &str| text.repeat(MOST / text.len()).into_bytes();
    let nested_messages = repeat("Content-Type:message/rfc822\n\n");
    let encoded = repeat("Content-Type:message/rfc822\nContent-Transfer-Encoding:base64\n\n");
    let mut multiparts = String::new();
    while multiparts.len() < MOST - 80 {
        let number = multiparts.len();
        multiparts += &format!("Content-Type: multipart/mixed; boundary={number}\n\n--{number}\n");
    }
    let digests = "Content-Type:multipart/digest;boundary=b\n\n--b\n".repeat(MOST / 48);
    let same_boundary = "Content-Type:multipart/mixed;boundary=b\n\n--b\n".repeat(MOST / 48);
    let many_parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\n".repeat(MOST / 6));
    let unclosed = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\nContent-Type: multipart/mixed; boundary=c\n\n".repeat(MOST / 50)
    );
    let headers: String = (0..MOST / 20).map(|number| format!("X-{number:06}: some\n")).collect();
    let long_header = format!("Subject: {}\n\nx", "=?utf-8?B?5L2g?= ".repeat(MOST / 20));
    let addresses = format!("To: {}\n\nx", "a@b.example, ".repeat(MOST / 15));
    let comments = format!("To: {}\n\nx", "(".repeat(MOST - 20));
    let groups = format!(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: message/delivery-status\n\n{}\n--b--\n",
        "\nAction: failed\nStatus: 5.1.1\n".repeat(MOST / 40)
    );
    let calendar =
        format!("Content-Type: text/calendar\n\nMETHOD:REPLY\n{}", "BEGIN:VEVENT\n".repeat(MOST / 14));
    let folds = format!("Content-Type: text/calendar\n\nMETHOD:REPLY\n{}", " x\n".repeat(MOST / 4));
    let html = format!("Content-Type: text/html\n\n{}", "<div>&amp;".repeat(MOST / 12));
    vec![
        ("messages within messages", nested_messages),
        ("encoded messages within messages", encoded),
        ("multiparts within multiparts", multiparts.into_bytes()),
        ("multiparts of one boundary", same_boundary.into_bytes()),
        ("digests within digests", digests.into_bytes()),
        ("many parts", many_parts.into_bytes()),
        ("multiparts that do not end", unclosed.into_bytes()),
        ("many headers", format!("{headers}\nx").into_bytes()),
        ("a long subject", long_header.into_bytes()),
        ("many recipients", addresses.into_bytes()),
        ("comments within comments", comments.into_bytes()),
        ("a long report", groups.into_bytes()),
        ("components within components", calendar.into_bytes()),
        ("a long fold", folds.into_bytes()),
        ("a large page", html.into_bytes()),
        ("zeros", vec![0; MOST]),
        ("line ends", b"\r\n".repeat(MOST / 2)),
    ]
}

#[test]
fn what_is_built_to_hurt_does_not() {
    for (name, bytes) in nasty() {
        println!("{name}: {} bytes", bytes.len());
        // On a thread with the stack that the service's own have.
        let read = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
            let began = std::time::Instant::now();
            if let Ok(mail) = read(&bytes) {
                assert!(mail.subject.chars().count() <= 300 && mail.text.chars().count() <= 1000);
                assert!(mail.recipients.len() <= 150);
            }
            println!("  {:?}", began.elapsed());
        });
        read.unwrap().join().unwrap_or_else(|_| panic!("{name}"));
    }
}

#[test]
fn what_is_built_to_hurt_takes_no_more_memory_than_a_small_machine_has() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("offpeak.db").display());
    for (name, bytes) in nasty() {
        let mut process = Command::new("sh")
            .args(["-c", "ulimit -d 300000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_offpeak")])
            .args(["--database", &database, "mail", "ingest", "--recipient", "maintenance@offpeak.example"])
            .env_remove("OFFPEAK_SERVER")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = process.wait_with_output().unwrap();
        let code = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(code, Some(0 | 65)), "{name}: {:?} {said}", output.status);
    }
}

/// Pieces of which mails are made, so that what is put together comes near to one.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"From: ",
        b"To: <a@b.example>",
        b"Subject: =?utf-8?Q?=E4?=",
        b"Message-ID: <x@y>",
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"",
        b"Content-Type: ",
        b"message/delivery-status",
        b"message/global-delivery-status",
        b"message/rfc822",
        b"text/rfc822-headers",
        b"message/feedback-report",
        b"text/calendar; method=REPLY",
        b"--b",
        b"--b--",
        b"Action: failed",
        b"Status: 5.1.1",
        b"Diagnostic-Code: smtp; 550 5.1.1",
        b"Final-Recipient: rfc822; a@b.example",
        b"Content-Transfer-Encoding: base64",
        b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT",
        b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example",
        b"UID:u",
        b"END:VEVENT",
        b"boundary=",
        b"\"",
        b";",
        b":",
        b" ",
        b"\t",
        b"=",
        b"<",
        b">",
        b"(",
        b"\\",
        b"bounce+1-1-00@x",
        b"Feedback-Type: abuse",
        b"Original-Mail-From: <",
        b"Return-Path: <",
        b"Auto-Submitted: no",
        b"\xe5\xba\x97",
        b"\xff\0",
    ];
    prop_oneof![
        8 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => "[A-Za-z-]{1,12}: [ -~]{0,30}\r\n".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn whatever_comes_is_survived(pieces in proptest::collection::vec(piece(), 0..60)) {
        let bytes = pieces.concat();
        let _ = read(&bytes);
        // And behind the head of a report, or of an answer.
        for head in [
            &b"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n"[..],
            b"Content-Type: text/calendar; method=REPLY\r\n\r\n",
        ] {
            if let Ok(mail) = read(&[head, &bytes].concat()) {
                let bounded = match mail.what {
                    What::Report(outcomes, _) => outcomes.iter().all(|outcome| outcome.diagnostic.len() < 4000),
                    What::Answer(reply) => reply.uid.len() <= 255 && reply.attendee.len() <= 320,
                    _ => true,
                };
                prop_assert!(bounded);
            }
        }
    }

    #[test]
    fn a_report_cut_off_anywhere_is_survived(at in 0..700_usize, byte in any::<u8>()) {
        let mut report = b"From: MAILER-DAEMON@mx.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
            --b\r\nContent-Type: text/plain\r\n\r\nno\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
            Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\
            Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <x@y>\r\n\r\nwords\r\n--b--\r\n".to_vec();
        let at = at.min(report.len() - 1);
        let _ = read(&report[..at]);
        report[at] = byte;
        let _ = read(&report);
    }
}
