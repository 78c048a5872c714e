//! Webhooks against a real receiver: what is signed, what is tried again, what is given up, and whom nothing is sent
//! to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, postgres_url, run};

/// One request as it came.
#[derive(Clone, Debug)]
struct Came {
    headers: Value,
    body: String,
}

impl Came {
    fn header(&self, name: &str) -> String {
        self.headers[name].as_str().unwrap_or_default().to_owned()
    }
}

/// A receiver that answers each request with the next of these, and with the last of them for ever.
fn receiver(answers: &[&str]) -> (SocketAddr, Receiver<Came>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut number = 0;
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let answer = answers[number.min(answers.len() - 1)].clone();
            if receive(stream, &answer, &tell) {
                number += 1;
            }
        }
    });
    (address, told)
}

fn receive(stream: TcpStream, answer: &str, tell: &Sender<Came>) -> bool {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let (mut headers, mut length, mut line) = (json!({}), 0, String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap_or(0);
            }
            headers[name.to_ascii_lowercase()] = json!(value);
        } else if line.trim_end().is_empty() {
            break;
        }
        line.clear();
    }
    if headers == json!({}) {
        return false;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a whole body");
    let body = String::from_utf8(body).expect("UTF-8");
    let _ = tell.send(Came { headers, body });
    let mut stream = stream;
    let _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    true
}

fn on_each(test: impl AsyncFn(TestApp)) {
    for url in [None, Some(postgres_url())] {
        run(async {
            let app = TestApp::new(url.clone(), |settings| {
                settings.webhook_plain_http = true;
                settings.webhook_private_targets = true;
            });
            // The receiver's library holds the signed time against its own clock.
            app.set_time(&chrono::Utc::now().to_rfc3339());
            test(app).await;
        });
    }
}

async fn add(app: &TestApp, address: SocketAddr, kinds: Value) -> (i64, String) {
    let added = app.post("/webhooks", json!({"url": format!("http://{address}/hook"), "kinds": kinds})).await;
    (added["webhook"]["id"].as_i64().unwrap(), added["secret"].as_str().unwrap().to_owned())
}

/// Has the PyPI package `standardwebhooks` verify what came.
fn verified(secret: &str, came: &Came, body: &str) -> bool {
    let python = std::env::var("OFFPEAK_TEST_PYTHON").expect("tests/run sets it");
    let script = "import sys, json\nfrom standardwebhooks.webhooks import Webhook\nq = json.load(sys.stdin)\n\
        Webhook(q['secret']).verify(q['body'].encode(), q['headers'])\n";
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Python");
    let question = json!({"secret": secret, "headers": came.headers, "body": body}).to_string();
    child.stdin.take().unwrap().write_all(question.as_bytes()).expect("it reads");
    child.wait().expect("it ends").success()
}

fn later(app: &TestApp, seconds: i64) {
    let then = app.clock.now() + chrono::TimeDelta::seconds(seconds);
    app.set_time(&then.to_rfc3339());
}

#[test]
fn what_happens_arrives_signed() {
    on_each(async |app| {
        app.import_small_fleet().await;
        let (address, came) = receiver(&["200 OK"]);
        let (id, secret) = add(&app, address, json!(["lock", "plan"])).await;
        app.post("/locks", json!({"serial": "T1", "cause": "dark"})).await;
        app.post("/budgets", json!({"grouping": "fleet", "limit": {"count": 3}})).await;
        assert_eq!(app.work("deliver").await["delivered"], 1, "of budgets it does not hear");
        let message = came.recv().unwrap();
        assert!(verified(&secret, &message, &message.body), "{message:?}");
        assert!(!verified(&secret, &message, &message.body.replace("dark", "bright")));
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["type"], "lock.report");
        assert_eq!(
            (&body["data"]["kind"], &body["data"]["state"]),
            (&json!("lock"), &json!("reported")),
            "{body}"
        );
        assert!(message.header("user-agent").starts_with("Offpeak/"));

        // A new secret: both sign for a day.
        let rotated = app.post(&format!("/webhooks/{id}/rotate"), json!({})).await;
        let new = rotated["secret"].as_str().unwrap();
        let pinged = app.post(&format!("/webhooks/{id}/ping"), json!({})).await;
        assert_eq!((&pinged["state"], &pinged["last_status"]), (&json!("delivered"), &json!(200)));
        let message = came.recv().unwrap();
        assert_eq!(message.header("webhook-id"), pinged["message_id"].as_str().unwrap());
        assert!([&secret, new].iter().all(|secret| verified(secret, &message, &message.body)));
        later(&app, 86_401);
        app.post(&format!("/webhooks/{id}/ping"), json!({})).await;
        let message = came.recv().unwrap();
        assert_eq!(message.header("webhook-signature").split(' ').count(), 1, "the old one signs no more");
        // Secrets are shown once, and stand nowhere on the trail.
        let everything = format!("{} {}", app.get("/webhooks").await, app.get("/audit?limit=1000").await);
        assert!(!everything.contains("whsec_") && !everything.contains(&secret[6..]));
    });
}

#[test]
fn what_does_not_arrive_is_tried_again_under_the_same_id() {
    on_each(async |app| {
        app.import_small_fleet().await;
        let (address, came) = receiver(&["500 Oops", "302 Found", "200 OK"]);
        let (id, secret) = add(&app, address, json!([])).await;
        app.post("/locks", json!({"serial": "T1", "cause": "dark"})).await;
        app.post("/locks", json!({"serial": "T2", "cause": "dark"})).await;
        assert_eq!(app.work("deliver").await["failed"], 1, "after a failure the others wait");
        let first = came.recv().unwrap();
        assert_eq!(app.work("deliver").await.as_object().unwrap().len(), 0, "it is left alone for a while");
        later(&app, 6);
        app.work("deliver").await;
        let waiting = app.get(&format!("/webhooks/{id}/deliveries?state=pending")).await;
        let errors = waiting.to_string();
        assert!(errors.contains("no redirect is followed"), "{errors}");
        came.recv().unwrap();
        later(&app, 3600);
        assert_eq!(app.work("deliver").await["delivered"], 2);
        let ids: Vec<String> =
            [came.recv().unwrap(), came.recv().unwrap()].iter().map(|one| one.header("webhook-id")).collect();
        assert!(ids.contains(&first.header("webhook-id")), "{ids:?}");
        assert_ne!(ids[0], ids[1]);
        let view = app.get(&format!("/webhooks/{id}")).await;
        assert_eq!((&view["pending"], &view["failing_since"]), (&json!(0), &Value::Null));
        // By hand it is sent once more, as the same message.
        let delivery = app.get(&format!("/webhooks/{id}/deliveries")).await["items"][0].clone();
        app.post(&format!("/webhooks/{id}/deliveries/{}/redeliver", delivery["id"]), json!({})).await;
        app.work("deliver").await;
        let again = came.recv().unwrap();
        assert_eq!(again.header("webhook-id"), delivery["message_id"].as_str().unwrap());
        assert!(
            verified(&secret, &again, &again.body)
                || again.header("webhook-timestamp") != first.header("webhook-timestamp")
        );
    });
}

#[test]
fn after_days_without_an_answer_it_is_given_up() {
    on_each(async |app| {
        app.import_small_fleet().await;
        let (address, _came) = receiver(&["503 Busy"]);
        let (gone, _gone_came) = receiver(&["410 Gone"]);
        let (id, _) = add(&app, address, json!(["lock"])).await;
        let (other, _) = add(&app, gone, json!(["lock"])).await;
        app.post("/locks", json!({"serial": "T1", "cause": "dark"})).await;
        app.work("deliver").await;
        let view = app.get(&format!("/webhooks/{other}")).await;
        assert_eq!((&view["enabled"], &view["dead"]), (&json!(false), &json!(1)), "{view}");
        assert!(view["disabled_why"].as_str().unwrap().contains("410"));
        later(&app, 3 * 86_400);
        app.work("deliver").await;
        let dead = app.get(&format!("/webhooks/{id}/deliveries?state=dead")).await["items"].clone();
        assert_eq!((dead.as_array().unwrap().len(), &dead[0]["last_status"]), (1, &json!(503)), "{dead}");
        app.post("/locks", json!({"serial": "T2", "cause": "dark"})).await;
        later(&app, 2 * 86_400);
        app.work("deliver").await;
        let view = app.get(&format!("/webhooks/{id}")).await;
        assert_eq!(view["enabled"], false, "{view}");
        let trail = app.get("/audit?q=webhook.disable").await;
        assert_eq!(trail["items"].as_array().unwrap().len(), 2);
        // Nothing is kept for one that is disabled; enabled again it begins afresh.
        app.post("/locks", json!({"serial": "T3", "cause": "dark"})).await;
        assert_eq!(app.get(&format!("/webhooks/{id}")).await["pending"], 0);
        let (status, refused) = app.try_post(&format!("/webhooks/{id}/ping"), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refused}");
        let (there, came) = receiver(&["204 No Content"]);
        let terms = json!({"url": format!("http://{there}/"), "kinds": ["lock"], "enabled": true});
        let (status, changed) = app.send(Method::PUT, &format!("/api/v1/webhooks/{id}"), Some(terms)).await;
        assert_eq!((status, &changed["failing_since"]), (StatusCode::OK, &Value::Null), "{changed}");
        app.post(&format!("/webhooks/{id}/deliveries/{}/redeliver", dead[0]["id"]), json!({})).await;
        app.work("deliver").await;
        assert_eq!(came.recv().unwrap().header("webhook-id"), dead[0]["message_id"].as_str().unwrap());
        let (status, _) = app.send(Method::DELETE, &format!("/api/v1/webhooks/{id}"), None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    });
}

#[test]
fn a_message_is_written_with_what_it_tells_of_or_not_at_all() {
    on_each(async |app| {
        app.import_generated(40, 6).await;
        app.post("/windows", json!({"scope": "fleet", "cron": "0 1 * * *", "duration_minutes": 240})).await;
        let (address, _came) = receiver(&["200 OK"]);
        let (id, _) = add(&app, address, json!(["plan", "appointment", "notice"])).await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 15, "deadline_at": (chrono::Utc::now() + chrono::TimeDelta::days(20)).to_rfc3339()});
        app.post("/campaigns", campaign).await;
        let plan = app.plan(json!({})).await;
        app.post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        let messages = app.get(&format!("/webhooks/{id}/deliveries?limit=1000")).await["items"].clone();
        let kinds: Vec<&str> =
            messages.as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["plan.publish", "plan.solved", "plan.create"], "a publication is one message");
        let accepted = app.work("notify").await["accepted"].as_u64().unwrap();
        let messages = app.get(&format!("/webhooks/{id}/deliveries?limit=1000")).await["items"].clone();
        let notices = messages.as_array().unwrap().iter().filter(|row| row["kind"] == "notice.state");
        assert_eq!(notices.count() as u64, accepted);
        // What is refused leaves no word.
        let (status, _) = app.try_post(&format!("/plans/{}/publish", plan["id"]), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        let again = app.get(&format!("/webhooks/{id}/deliveries?limit=1000")).await["items"].clone();
        assert_eq!(again.as_array().unwrap().len(), messages.as_array().unwrap().len());
    });
}

#[test]
fn nothing_is_sent_to_this_machine_unless_somebody_allows_it() {
    run(async {
        let app = TestApp::new(None, |_| {});
        for url in [
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]:8080/",
            "https://169.254.169.254/latest",
            "http://hooks.example/",
            "ftp://hooks.example/",
            "x",
        ] {
            let (status, answer) = app.try_post("/webhooks", json!({"url": url})).await;
            assert_eq!(
                (status, &answer["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid")),
                "{url}: {answer}"
            );
        }
        let (status, answer) =
            app.try_post("/webhooks", json!({"url": "https://hooks.example/", "kinds": ["weather"]})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        // A name that leads here is found out when it is looked up.
        let (address, came) = receiver(&["200 OK"]);
        let added = app.post("/webhooks", json!({"url": "https://hooks.example/"})).await;
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        let name = if host.trim().is_empty() { "ip6-localhost" } else { host.trim() };
        app.sql(&format!("UPDATE webhook SET url = 'https://{name}:{}/'", address.port()));
        let pinged = app.post(&format!("/webhooks/{}/ping", added["webhook"]["id"]), json!({})).await;
        assert_eq!(pinged["state"], "pending", "{pinged}");
        assert!(came.try_recv().is_err());
    });
}

#[test]
fn what_a_gate_decides_is_told() {
    on_each(async |app| {
        app.import_small_fleet().await;
        let (address, came) = receiver(&["200 OK"]);
        add(&app, address, json!(["gate"])).await;
        let deadline = app.clock.now() + chrono::TimeDelta::days(20);
        app.post(
            "/campaigns",
            json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 20, "deadline_at": deadline, "waves": [{"share": "30%"}, {"share": "rest"}]}),
        )
        .await;
        assert_eq!(app.work("deliver").await, json!({}), "of the campaign it does not hear");
        app.post("/campaigns/look/pass", json!({"reason": "the pilots are fine"})).await;
        assert_eq!(app.work("deliver").await["delivered"], 1);
        let body: Value = serde_json::from_str(&came.recv().unwrap().body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["id"], &body["data"]["reason"]),
            (&json!("gate.pass"), &json!("look wave 1"), &json!("passed by hand: the pilots are fine")),
            "{body}"
        );
    });
}
