//! The operators' pages in headless Chromium, against the real server: what somebody does with a mouse or a keyboard is
//! looked for on the page and in the database. The steps are in `tests/node/browser.mjs`.

mod campaigns;
mod carried;
mod chinese;
mod dialogs;
mod judged;
mod locks;
mod rules;
mod schedule;
mod waves;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use offpeak::config::Settings;
use offpeak::web;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::TestApp;

const NIGHT: &str = "2026-12-05";

/// A server on an address of its own, with its loops, until it is stopped.
struct Server {
    app: TestApp,
    base: String,
    stop: Option<oneshot::Sender<()>>,
}

impl Server {
    /// With the small fleet, and an operator and an approver who can sign in.
    async fn start() -> Server {
        Server::start_with(|_| ()).await
    }

    async fn start_with(set: impl Fn(&mut Settings)) -> Server {
        let app = TestApp::new(None, |settings| {
            settings.sign_in_on_loopback = true;
            set(settings);
        });
        app.import_small_fleet().await;
        for (name, role) in [("ann", "operator"), ("eve", "approver")] {
            let account = json!({"name": name, "role": role, "password": password_of(name)});
            app.post("/accounts", account).await;
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let (told, address) = oneshot::channel();
        let state = app.state.clone();
        let stopped = async {
            let _ = stopped.await;
        };
        tokio::spawn(web::serve(state, "127.0.0.1:0", stopped, |address| {
            let _ = told.send(address);
        }));
        let base = format!("http://{}", address.await.expect("it listens"));
        Server { app, base, stop: Some(stop) }
    }

    fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    async fn start_of(&self, id: i64) -> (String, i64) {
        let appointment = self.app.appointment(id).await;
        let starts_at = appointment["starts_at"].as_str().expect("a start").to_owned();
        (starts_at, appointment["revision"].as_i64().expect("a revision"))
    }
}

/// A password does not hold its owner's name.
fn password_of(name: &str) -> String {
    format!("{} tall ferns, watered", 30 + name.len())
}

/// Chromium, with pages by name.
struct Browser {
    child: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Browser {
    fn start(base: &str) -> Browser {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules =
            std::env::var("OFFPEAK_TEST_NODE").map_or_else(|_| home.join("target/test-node"), Into::into);
        let mut child = Command::new("node")
            .arg(home.join("tests/node/browser.mjs"))
            .arg(base)
            .arg(modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/run installs node");
        let input = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Browser { child, input, answers }
    }

    /// One step on a page; what it found there.
    fn step(&mut self, page: &str, step: &str, args: Value) -> Value {
        self.step_with(page, step, args, &json!({}))
    }

    /// The same; on a page that is not there yet, in a browser with these options.
    fn step_with(&mut self, page: &str, step: &str, args: Value, options: &Value) -> Value {
        let line = json!({"step": step, "page": page, "args": args, "options": options});
        writeln!(self.input, "{line}").expect("the browser takes it");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the browser answers");
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("no answer: `{answer}`"));
        assert!(answer.get("error").is_none(), "{}", answer["error"].as_str().unwrap_or_default());
        answer["value"].clone()
    }

    fn text(&mut self, page: &str, step: &str, args: Value) -> String {
        self.step(page, step, args).as_str().unwrap_or_default().to_owned()
    }

    /// A page behind the sign-in, which comes first.
    fn sign_in(&mut self, page: &str, name: &str, path: &str) {
        assert_eq!(self.text(page, "open", json!({"path": path})), "/sign-in");
        let who = self.text(page, "signIn", json!({"name": name, "password": password_of(name)}));
        assert!(who.contains(name), "the bar names {who}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
