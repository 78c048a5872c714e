//! What filters make of our mails: SpamAssassin and rspamd, on every notice in both languages as a Postfix delivered it.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use offpeak::mail::transport::{Delivery, OutgoingMail};
use offpeak::mail::{DkimKey, compose};
use serde_json::Value;

use crate::mail_dkim::key;
use crate::mail_letters::{envelope, every_letter};
use crate::mail_postfix::Postfix;
use crate::support::free_port;

/// The most that SpamAssassin may hold against a mail.
const SCORE_MAX: f64 = 1.0;

/// Every letter as it is sent, signed, delivered by Postfix: its name and its file.
async fn delivered(postfix: &Postfix, folder: &Path) -> Vec<(String, PathBuf)> {
    let (path, _) = key(folder, "rsa");
    let dkim = DkimKey::read(&path, "offpeak", "mail.harbour.example").expect("a key");
    let smtp = postfix.transport("smtp://127.0.0.1:PLAIN");
    let mut names = Vec::new();
    for (number, (name, mut letter)) in every_letter().into_iter().enumerate() {
        let mut envelope = envelope(&format!("notice.{number}.8f1c3a52d4e6b790@mail.harbour.example"));
        // A mail that was written just now: filters mind one that is weeks old.
        envelope.date = chrono::Utc::now();
        // Under a top level that there is: rspamd takes an address below any other, shown as it is, for one that hides.
        let link = "https://merchant.example.com/m/visit/AQEBAAAAAAAAAAEAAAAAAAAAAQAAAAABxJ4xTm9uZQ";
        letter.manage_url = Some(link.to_owned());
        if letter.kind.is_optional() {
            envelope.unsubscribe_url = Some(link.replace("visit", "optional"));
        }
        let mail = compose(&letter, &envelope, Some(&dkim)).expect("a mail");
        let delivery = smtp.deliver(&OutgoingMail::from(mail)).await;
        assert!(matches!(delivery, Delivery::Accepted { .. }), "{name}: {delivery:?}");
        names.push((name, envelope.message_id));
    }
    let arrived = postfix.arrived(names.len());
    names.into_iter().map(|(name, id)| (name, arrived[&id].clone())).collect()
}

/// An rspamd of one's own, that asks nobody on the network.
struct Rspamd {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Rspamd {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("offpeak-rspamd-").tempdir().expect("a folder");
        let port = free_port();
        let settings = folder.path().join("local.d");
        fs::create_dir(&settings).unwrap();
        let write = |name: &str, text: &str| fs::write(settings.join(name), text).unwrap();
        write("worker-normal.inc", &format!("bind_socket = \"127.0.0.1:{port}\";\ncount = 1;\n"));
        for worker in ["controller", "proxy", "fuzzy"] {
            write(&format!("worker-{worker}.inc"), "enabled = false;\n");
        }
        write("logging.inc", "type = \"console\";\n");
        // Nobody answers there: what would be asked of the network has no say.
        write("options.inc", "dns { timeout = 0.1s; retransmits = 1; nameserver = [\"127.0.0.1:1\"]; }\n");
        let shown = folder.path().display();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new("rspamd")
            .args(["-f", "-i", "-c", "/etc/rspamd/rspamd.conf"])
            .args(["LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR"].map(|name| format!("--var={name}={shown}")))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("rspamd: {error}; tests/run installs what the tests use"));
        let rspamd = Rspamd { process, folder, port };
        let patience = Instant::now() + Duration::from_secs(300);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "rspamd does not listen:\n{}", rspamd.log());
            std::thread::sleep(Duration::from_millis(200));
        }
        rspamd
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What it would do with the mail in `file`, and its whole answer.
    fn action(&self, file: &Path) -> (String, String) {
        let server = format!("127.0.0.1:{}", self.port);
        let output = Command::new("rspamc")
            .args([
                "-h",
                &server,
                "--json",
                "--from",
                "bounce+7f3a@mail.harbour.example",
                "--ip",
                "192.0.2.10",
                "--hostname",
                "mail.harbour.example",
                "--helo",
                "mail.harbour.example",
                "symbols",
            ])
            .arg(file)
            .output()
            .expect("rspamc");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // The answer stands below a line that names the file.
        let answer: Value = said
            .find('{')
            .and_then(|at| serde_json::from_str(&said[at..]).ok())
            .unwrap_or_else(|| panic!("rspamc: {said}\n{}", self.log()));
        (answer["action"].as_str().unwrap_or_default().to_owned(), answer.to_string())
    }
}

impl Drop for Rspamd {
    fn drop(&mut self) {
        // Its workers go with their parent when it is asked to go.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn rspamd_has_nothing_to_do_with_any_mail() {
    let folder = tempfile::tempdir().unwrap();
    let postfix = Postfix::start();
    let mails = delivered(&postfix, folder.path()).await;
    let rspamd = Rspamd::start();
    let mut wrong = Vec::new();
    for (name, file) in &mails {
        let (action, answer) = rspamd.action(file);
        if action != "no action" {
            wrong.push(format!("{name}: {action}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // It does act on what every filter knows.
    let gtube = folder.path().join("gtube.eml");
    fs::write(&gtube, "From: a@b.example\r\nSubject: x\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n")
        .unwrap();
    assert_eq!(rspamd.action(&gtube).0, "reject");
}

/// SpamAssassin's score of each file.
fn scores(files: &[PathBuf]) -> Vec<(f64, String)> {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("spamassassin")
        .args(["-L", "-p", "/dev/null", "--cf=use_bayes 0", "--cf=score ALL_TRUSTED 0"])
        .args(files)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("spamassassin: {error}; tests/run installs what the tests use"));
    let said = String::from_utf8_lossy(&output.stdout).replace("\n\t", " ");
    said.lines()
        .filter_map(|line| line.strip_prefix("X-Spam-Status: "))
        .map(|line| {
            let score = line.split("score=").nth(1).and_then(|rest| rest.split_whitespace().next());
            (score.and_then(|score| score.parse().ok()).expect("a score"), line.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn spamassassin_holds_nothing_against_any_mail() {
    let folder = tempfile::tempdir().unwrap();
    let postfix = Postfix::start();
    let mails = delivered(&postfix, folder.path()).await;
    let mut files: Vec<PathBuf> = mails.iter().map(|(_, file)| file.clone()).collect();
    let gtube = folder.path().join("gtube.eml");
    fs::write(&gtube, "From: a@b.example\nSubject: x\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n")
        .unwrap();
    files.push(gtube);
    let mut scores = scores(&files);
    assert_eq!(scores.len(), files.len(), "one score a mail");
    assert!(scores.pop().unwrap().0 > 100.0, "it does know what is not wanted");
    let wrong: Vec<String> = mails
        .iter()
        .zip(&scores)
        .filter(|(_, (score, _))| *score > SCORE_MAX)
        .map(|((name, _), (_, line))| format!("{name}: {line}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let most = scores.iter().map(|(score, _)| *score).fold(f64::MIN, f64::max);
    println!("{} mails, the highest score is {most}", scores.len());
}
