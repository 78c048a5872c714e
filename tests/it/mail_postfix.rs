//! Mail through a real server: Postfix on 127.0.0.1, delivering to a Maildir. See `tests/mail/postfix.sh`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use offpeak::domain::fleet::Locale;
use offpeak::domain::notice::NoticeKind;
use offpeak::mail::compose;
use offpeak::mail::transport::{
    Delivery, OutgoingMail, RejectionCause, SmtpTimeouts, SmtpTransport, Transport,
};
use serde_json::Value;

use crate::mail_letters::{envelope, small};
use crate::mail_parsers::{check, every_mail, expectation};
use crate::support::free_port;

/// Lines for Postfix's `main.cf` and `master.cf`.
#[derive(Default)]
pub(crate) struct Extra {
    pub(crate) main: String,
    pub(crate) master: String,
}

/// A running Postfix. Dropping it, or dying, stops it and removes its folder.
pub(crate) struct Postfix {
    process: Child,
    folder: PathBuf,
    pub(crate) plain_port: u16,
    tls_port: u16,
}

impl Postfix {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| Extra::default())
    }

    /// One with more settings; they may speak of its folder.
    pub(crate) fn start_with(extra: impl FnOnce(&Path) -> Extra) -> Self {
        let folder = tempfile::Builder::new().prefix("offpeak-postfix-").tempdir().expect("a folder").keep();
        let (plain_port, tls_port) = (free_port(), free_port());
        let Extra { main, master } = extra(&folder);
        fs::write(folder.join("main"), main).expect("settings");
        fs::write(folder.join("master"), master).expect("settings");
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mail/postfix.sh");
        let mut process = Command::new("sh")
            .arg(script)
            .arg(&folder)
            .args([plain_port.to_string(), tls_port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        if line.trim() != "ready" {
            let mut complaint = String::new();
            process.stderr.take().expect("its errors").read_to_string(&mut complaint).expect("its complaint");
            let _ = fs::remove_dir_all(&folder);
            panic!("{complaint}");
        }
        Self { process, folder, plain_port, tls_port }
    }

    pub(crate) fn transport(&self, url: &str) -> Transport {
        let url = url
            .replace("PLAIN", &self.plain_port.to_string())
            .replace("TLS", &self.tls_port.to_string())
            .replace("ROOT", &self.folder.join("root.pem").display().to_string());
        let url = url.parse().expect("a URL");
        Transport::Smtp(Box::new(SmtpTransport::new(url, SmtpTimeouts::default()).expect("a transport")))
    }

    /// Waits until `count` mails have arrived; gives them by Message-ID.
    pub(crate) fn arrived(&self, count: usize) -> BTreeMap<String, PathBuf> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let files = files_of(&self.folder.join("maildir/all/new"));
            if files.len() >= count {
                return files.into_iter().map(|file| (message_id(&file), file)).collect();
            }
            assert!(Instant::now() < patience, "{} of {count} mails arrived:\n{}", files.len(), self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Every mail in the mailbox, once nothing is left in the server's queue.
    pub(crate) fn drained(&self) -> Vec<PathBuf> {
        let patience = Instant::now() + Duration::from_secs(120);
        let queues = ["maildrop", "incoming", "active", "deferred"];
        // An entry of the queue is a file, maybe some folders down.
        fn holds_files(folder: &Path) -> bool {
            let Ok(entries) = fs::read_dir(folder) else { return false };
            entries.flatten().any(|entry| entry.path().is_file() || holds_files(&entry.path()))
        }
        while queues.iter().any(|queue| holds_files(&self.folder.join("queue").join(queue))) {
            assert!(Instant::now() < patience, "the queue does not empty:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        files_of(&self.folder.join("maildir/all/new"))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("maillog")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    // The folder comes with the first mail.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

pub(crate) fn message_id(file: &Path) -> String {
    let source = fs::read(file).expect("the mail");
    let source = String::from_utf8_lossy(&source);
    let line = source.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("a Message-ID");
    line.trim_end().trim_end_matches('>').to_owned()
}

/// What follows the head that the servers on the way have added to.
fn body(source: &[u8]) -> String {
    let text = String::from_utf8_lossy(source).replace("\r\n", "\n");
    text.split_once("\n\n").expect("a body").1.to_owned()
}

#[tokio::test]
async fn every_mail_arrives_as_it_was_written() {
    let postfix = Postfix::start();
    let smtp = postfix.transport("smtp://127.0.0.1:PLAIN");
    let mails = every_mail();
    for (name, _, mail) in &mails {
        let delivery = smtp.deliver(&OutgoingMail::from(mail.clone())).await;
        assert!(
            matches!(&delivery, Delivery::Accepted { response } if response.starts_with("250 ")),
            "{name}: {delivery:?}"
        );
    }
    let arrived = postfix.arrived(mails.len());
    let manifest: Vec<Value> = mails
        .iter()
        .map(|(name, letter, mail)| {
            let file = &arrived[&mail.message_id];
            let delivered = fs::read(file).expect("the mail");
            assert_eq!(body(&delivered), body(&mail.bytes), "{name}: not a byte more or less");
            assert!(delivered.starts_with(b"Return-Path: <bounce+7f3a@mail.harbour.example>"), "{name}");
            expectation(name, file, letter, mail)
        })
        .collect();
    assert_eq!(arrived.len(), mails.len());
    let folder = tempfile::tempdir().expect("a folder");
    check(folder.path(), &manifest);

    // Many mails, and one connection: the lines of the log that say "connect from".
    assert_eq!(postfix.log().matches(": connect from").count(), 1, "{}", postfix.log());
}

#[tokio::test]
async fn tls_is_verified_and_refusals_are_understood() {
    let postfix = Postfix::start();
    let letter = small(NoticeKind::Announcement, Locale::ZhCn);
    let mail = |number: u32, recipient: &str| {
        let mut letter = letter.clone();
        letter.recipient = recipient.to_owned();
        let id = format!("notice-{number}.0@mail.harbour.example");
        OutgoingMail::from(compose(&letter, &envelope(&id), None).expect("a mail"))
    };
    let somebody = "owner@riverside.example";
    for (number, url) in
        [(1, "smtps://127.0.0.1:TLS?ca=ROOT"), (2, "smtp+starttls://127.0.0.1:PLAIN?ca=ROOT")]
    {
        let delivery = postfix.transport(url).deliver(&mail(number, somebody)).await;
        assert!(matches!(delivery, Delivery::Accepted { .. }), "{url}: {delivery:?}");
    }
    for url in ["smtps://127.0.0.1:TLS", "smtp+starttls://127.0.0.1:PLAIN"] {
        let delivery = postfix.transport(url).deliver(&mail(3, somebody)).await;
        let Delivery::Deferred { code: None, text } = delivery else { panic!("{url}: {delivery:?}") };
        assert!(text.contains("certificate"), "{url}: {text}");
    }

    let smtp = postfix.transport("smtp://127.0.0.1:PLAIN");
    let gone = smtp.deliver(&mail(4, "gone@riverside.example")).await;
    assert_eq!(gone.rejection_cause(), Some(RejectionCause::Address), "{gone:?}");
    assert!(!format!("{gone:?}").contains("gone@"), "{gone:?}");
    let later = smtp.deliver(&mail(5, "later@riverside.example")).await;
    assert!(matches!(later, Delivery::Deferred { code: Some(451), .. }), "{later:?}");
    let stranger = smtp.deliver(&mail(6, "店@例子.公司")).await;
    assert!(matches!(stranger, Delivery::Accepted { .. }), "{stranger:?}");
    assert_eq!(postfix.arrived(3).len(), 3);
}
