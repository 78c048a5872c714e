//! What comes back by mail: bounces hold what they took back, complaints end optional mail, calendars answer, and
//! nobody can make any of that up.

use axum::http::{Method, Request, StatusCode};
use offpeak::mail::transport::Delivery;
use offpeak::service::Actor;
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database, on_sqlite};

impl TestApp {
    /// Hands a message to the API, as `offpeak mail ingest` does.
    pub async fn try_ingest(&self, recipient: &str, sender: &str, message: &[u8]) -> (StatusCode, Value) {
        let query = [("recipient", recipient), ("sender", sender)];
        let query = serde_urlencoded::to_string(query).unwrap();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1/inbound-mail?{query}"))
            .body(axum::body::Body::from(message.to_vec()))
            .unwrap();
        request.extensions_mut().insert(Actor::local());
        self.send_request(request).await
    }

    pub async fn ingest(&self, recipient: &str, message: &str) -> Value {
        let (status, taken) = self.try_ingest(recipient, "", message.replace('\n', "\r\n").as_bytes()).await;
        assert_eq!(status, StatusCode::OK, "{taken}");
        taken
    }
}

/// What was sent last: its bounce address, its Message-ID.
fn sent(app: &TestApp) -> (String, String) {
    let mail = app.mail.accepted().pop().expect("a mail was sent");
    (mail.envelope_from, mail.message_id)
}

/// A report as Postfix writes it, about a mail to `owner@harbour-bakery.example`.
fn report(action: &str, status: &str, said: &str, returned: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example (Mail Delivery System)\nTo: somebody@offpeak.example\n\
         Subject: Undelivered Mail Returned to Sender\nMessage-Id: <{action}.{status}@mx.example>\n\
         Auto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\nThis is the mail system at host mx.example.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\nX-Postfix-Queue-ID: 4f\n\n\
         Final-Recipient: rfc822; owner@harbour-bakery.example\nOriginal-Recipient: rfc822;owner@harbour-bakery.example\n\
         Action: {action}\nStatus: {status}\nRemote-MTA: dns; mail.harbour-bakery.example\n\
         Diagnostic-Code: smtp; {said}\n\n\
         --b\nContent-Type: message/rfc822\n\n{returned}\n--b--\n"
    )
}

fn no_such_user() -> String {
    let said = "550 5.1.1 <owner@harbour-bakery.example>: no\n    such user";
    report("failed", "5.1.1", said, "Subject: lost\n\nlost\n")
}

/// A till whose announcement has been accepted, and where bounces of it come back to.
async fn announced(app: &TestApp) -> (i64, String, String) {
    app.import_small_fleet().await;
    let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
    assert_eq!(app.work("notify").await, json!({"accepted": 1}));
    assert_eq!(app.appointment(id).await["state"], "announced");
    let (bounce, message_id) = sent(app);
    (id, bounce, message_id)
}

async fn unreached(app: &TestApp) -> Vec<Value> {
    app.get("/unreached").await.as_array().unwrap().clone()
}

async fn suppressed(app: &TestApp) -> bool {
    app.read(|connection| {
        Ok(offpeak::db::suppression::find(connection, "owner@harbour-bakery.example")?.is_some())
    })
}

#[test]
fn a_bounce_takes_the_announcement_back_and_suppresses_the_address() {
    on_each_database(|app| async move {
        let (id, bounce, _) = announced(&app).await;
        app.clock.set(crate::support::instant("2026-12-01T10:00:00Z"));
        let taken = app.ingest(&bounce, &no_such_user()).await;
        assert_eq!(taken["outcome"], "bounced", "{taken}");
        let notice = app.notices("bounced").await.pop().unwrap();
        assert_eq!(notice["id"], taken["notice"]);
        let why = notice["last_error"].as_str().unwrap();
        assert!(why.contains("5.1.1") && !why.contains("owner@"), "{why}");

        let appointment = app.appointment(id).await;
        assert_eq!((&appointment["state"], &appointment["announced_at"]), (&json!("planned"), &Value::Null));
        assert!(appointment["note"].as_str().unwrap().starts_with("held: the announcement came back"));
        let list = unreached(&app).await;
        assert_eq!((&list[0]["merchant_number"], &list[0]["reason"]), (&json!("M2"), &json!("came_back")));
        assert_eq!(list[0]["appointments"], json!([id]));
        assert!(list[0]["detail"].as_str().unwrap().contains("such user"), "{list:?}");
        assert!(suppressed(&app).await);
        let trail = app.get("/audit?limit=20").await["items"].as_array().unwrap().clone();
        for action in ["notice.bounce", "address.suppress", "appointment.unannounce"] {
            assert!(trail.iter().any(|entry| entry["action"] == action), "{action}: {trail:?}");
        }

        // The same again, as a server hands it over twice: with a line more.
        let dump = app.dump();
        let again = format!("Received: by mx.example; later\n{}", no_such_user());
        assert_eq!(app.ingest(&bounce, &again).await["outcome"], "repeated");
        assert_eq!(app.dump(), dump, "nothing was changed");

        // It does not open, and says why.
        app.set_time("2026-12-10T02:00:00Z");
        app.work("dispatch").await;
        let appointment = app.appointment(id).await;
        assert_eq!(appointment["state"], "planned");
        assert!(appointment["note"].as_str().unwrap().contains("came back"), "{appointment}");
    });
}

#[test]
fn a_bounced_announcement_goes_to_the_new_address_or_out_again() {
    on_each_database(|app| async move {
        let (id, bounce, _) = announced(&app).await;
        app.ingest(&bounce, &no_such_user()).await;
        let change = json!({"email": "new@harbour-bakery.example"});
        app.try_post("/merchants/M2/address", change).await;
        assert_eq!(app.work("notify").await["accepted"], 1);
        assert!(unreached(&app).await.is_empty());
        app.set_time("2026-12-10T02:00:00Z");
        app.work("dispatch").await;
        assert_eq!(app.appointment(id).await["state"], "open");
    });
    on_each_database(|app| async move {
        let (id, bounce, _) = announced(&app).await;
        let taken = app.ingest(&bounce, &no_such_user()).await;
        let retried = app.try_post(&format!("/notices/{}/retry", taken["notice"]), json!({})).await;
        assert_eq!(retried.0, StatusCode::OK, "{retried:?}");
        // The first bounce, handed over once more, does not hold up the second attempt.
        app.ingest(&bounce, &no_such_user()).await;
        assert_eq!(app.work("notify").await["accepted"], 1);
        assert_eq!(app.appointment(id).await["state"], "announced");
        assert!(!suppressed(&app).await);
    });
}

#[test]
fn what_says_nothing_of_the_address_does_not_suppress_it() {
    on_each_database(|app| async move {
        let (id, bounce, _) = announced(&app).await;
        let late = report("delayed", "4.4.1", "connect: timed out", "Subject: x\n\n");
        assert_eq!(app.ingest(&bounce, &late).await["outcome"], "noted");
        let delivered = report("delivered", "2.0.0", "250 ok", "Subject: x\n\n");
        assert_eq!(app.ingest(&bounce, &delivered).await["outcome"], "noted");
        assert_eq!(app.appointment(id).await["state"], "announced", "it may still arrive");
        for (status, said) in
            [("5.2.2", "552 5.2.2 mailbox full"), ("5.7.1", "554 5.7.1 we take nothing from you")]
        {
            let taken = app.ingest(&bounce, &report("failed", status, said, "Subject: x\n\n")).await;
            assert_eq!(taken["outcome"], if status == "5.2.2" { "bounced" } else { "noted" }, "{taken}");
        }
        assert!(!suppressed(&app).await);
        assert_eq!(app.appointment(id).await["state"], "planned", "the merchant has not been told");
        assert_eq!(unreached(&app).await.len(), 1);
    });
}

#[test]
fn a_report_is_known_by_the_message_id_that_it_brings_back() {
    on_each_database(|app| async move {
        let (_, _, message_id) = announced(&app).await;
        for headers in [
            format!("Message-ID: <{message_id}>\nSubject: x\n\nwords\n"),
            format!("Message-ID: <{message_id}x>\nSubject: x\n\nwords\n"),
        ] {
            let message = report("failed", "5.0.0", "550-5.1.1 unknown", &headers)
                .replace("message/rfc822", "text/rfc822-headers");
            let taken = app.ingest("maintenance@offpeak.example", &message).await;
            let known = headers.contains(&format!("<{message_id}>"));
            assert_eq!(taken["outcome"], if known { "bounced" } else { "kept" }, "{taken}");
        }
        assert!(suppressed(&app).await, "the server's own number counts where the report's is unspecific");
    });
}

#[test]
fn nobody_can_suppress_a_merchant_by_guessing() {
    on_each_database(|app| async move {
        let (id, bounce, message_id) = announced(&app).await;
        let dump = |app: &TestApp| -> Vec<String> {
            app.dump().into_iter().filter(|line| !line.starts_with("inbound_mail")).collect()
        };
        let before = dump(&app);
        let (notice, rest) = bounce["bounce+".len()..].split_once('-').unwrap();
        let mut guesses = vec![
            format!("bounce+{notice}@offpeak.example"),
            format!("bounce+{notice}-1-00000000000000000000@offpeak.example"),
            format!("bounce+{}-{rest}", notice.parse::<i64>().unwrap() + 1),
        ];
        // The number of a notice is no secret; the rest of its Message-ID is.
        let (front, back) = message_id.rsplit_once('.').unwrap().0.rsplit_once('.').unwrap();
        guesses.push(format!("{front}.{back}.0000000000000000@offpeak.example"));
        for guess in guesses {
            let returned = format!("Message-ID: <{guess}>\nReturn-Path: <{guess}>\n\n");
            let message = report("failed", "5.1.1", "550 5.1.1 no such user", &returned)
                .replace("somebody@offpeak.example", &guess)
                .replace("failed.5.1.1@mx", &guess);
            assert_eq!(app.ingest(&guess, &message).await["outcome"], "kept", "{guess}");
            assert_eq!(dump(&app)[..before.len() - 1], before[..before.len() - 1], "{guess}");
        }
        assert_eq!(app.appointment(id).await["state"], "announced");
        assert!(!suppressed(&app).await);
    });
}

#[test]
fn a_bounce_that_is_faster_than_our_own_writing_counts() {
    on_each_database(|app| async move {
        let (id, bounce, _) = announced(&app).await;
        // The server took it, and whoever sent it died before that was written down.
        app.sql("UPDATE notice SET state = 'sending', accepted_at = NULL");
        app.sql("UPDATE appointment SET state = 'planned', announced_at = NULL");
        assert_eq!(app.ingest(&bounce, &no_such_user()).await["outcome"], "bounced");
        app.work("notify").await;
        assert_eq!(app.notices("bounced").await.len(), 1, "it is not sent again");
        assert_eq!(unreached(&app).await[0]["appointments"], json!([id]));
    });
}

#[test]
fn what_a_telephone_call_announced_a_bounce_does_not_take_back() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
        app.mail.answer_next_with(Delivery::Deferred { code: Some(451), text: "later".to_owned() });
        app.work("notify").await;
        app.set_time("2026-12-02T09:00:00Z");
        app.try_post("/visits/1/told", json!({"who": "Ms Baker"})).await;
        app.set_time("2026-12-02T12:00:00Z");
        assert_eq!(app.work("notify").await["accepted"], 1);
        let (bounce, _) = sent(&app);
        assert_eq!(app.ingest(&bounce, &no_such_user()).await["outcome"], "bounced");
        assert_eq!(app.appointment(id).await["state"], "announced", "Ms Baker knows");
        assert!(suppressed(&app).await);
    });
}

fn complaint(bounce: &str, kind: &str) -> String {
    format!(
        "From: <staff@isp.example>\nTo: abuse@offpeak.example\nSubject: complaint\nMessage-ID: <c.{kind}@isp.example>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nThis is an email abuse report.\n\
         --b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: x/1\nVersion: 1\n\
         Original-Mail-From: <{bounce}>\n\n\
         --b\nContent-Type: message/rfc822\n\nFrom: x@y.example\nSubject: y\n\nz\n--b--\n"
    )
}

#[test]
fn a_complaint_ends_optional_mail_and_only_that() {
    on_each_database(|app| async move {
        let (_, announcement, _) = announced(&app).await;
        // Of the promise itself nobody can do without; somebody has to hear of it.
        let taken = app.ingest("abuse@offpeak.example", &complaint(&announcement, "abuse")).await;
        assert_eq!(taken["outcome"], "kept", "{taken}");
        assert!(taken["why"].as_str().unwrap().contains("M2"), "{taken}");
        app.set_time("2026-12-09T03:00:00Z");
        assert_eq!(app.work("notify").await["accepted"], 1);
        let (reminder, _) = sent(&app);
        let wanted = |app: &TestApp| -> bool {
            app.read(|connection| {
                let merchant = offpeak::db::fleet::merchants_by_number(connection, &["M2"])?.pop().unwrap();
                Ok(!offpeak::db::merchant_answer::does_without_optional(connection, merchant.id)?)
            })
        };
        app.ingest("abuse@offpeak.example", &complaint(&reminder, "not-spam")).await;
        assert!(wanted(&app));
        let taken = app.ingest("abuse@offpeak.example", &complaint(&reminder, "fraud")).await;
        assert_eq!(taken["outcome"], "complaint", "{taken}");
        assert!(!wanted(&app));
        let made_up = complaint("bounce+1-1-00000000000000000000@offpeak.example", "abuse");
        let made_up = made_up.replace("<c.", "<d.");
        assert_eq!(app.ingest("abuse@offpeak.example", &made_up).await["outcome"], "kept");
    });
}

/// An answer as calendars send it.
fn answer(uid: &str, attendee: &str, partstat: &str, more: &str) -> String {
    format!(
        "From: <{attendee}>\nTo: maintenance@offpeak.example\nSubject: {partstat}\n\
         Message-ID: <{partstat}.{}@shop.example>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
         Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{partstat}\n\
         --b\nContent-Type: text/calendar; charset=utf-8; method=REPLY\n\n\
         BEGIN:VCALENDAR\nPRODID:-//x//EN\nVERSION:2.0\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20261202T000000Z\n\
         ATTENDEE;CN=\"Baker; M\";PARTSTAT={partstat}:mailto:{attendee}\n{more}END:VEVENT\nEND:VCALENDAR\n--b--\n",
        more.len()
    )
}

#[test]
fn a_calendar_answers_for_whom_it_was_asked() {
    on_each_database(|app| async move {
        let (_, _, _) = announced(&app).await;
        let uid: String =
            app.read(|connection| Ok(offpeak::db::visit::by_ids(connection, &[1])?.pop().unwrap().uid));
        let to = "maintenance@offpeak.example";
        let owner = "owner@harbour-bakery.example";
        let answers = async |word: &str| app.get(&format!("/answers?answer={word}")).await["items"].clone();

        let taken = app.ingest(to, &answer(&uid, "somebody@else.example", "ACCEPTED", "")).await;
        assert_eq!(taken["outcome"], "kept", "{taken}");
        let taken = app.ingest(to, &answer("visit.1.0@offpeak.example", owner, "ACCEPTED", "")).await;
        assert_eq!(taken["outcome"], "kept", "{taken}");
        let taken = app.ingest(to, &answer(&uid, owner, "ACCEPTED", "SEQUENCE:7\n")).await;
        assert_eq!(taken["outcome"], "noted", "{taken}");
        assert_eq!(answers("confirmed").await, json!([]));

        let taken =
            app.ingest(to, &answer(&uid, "Owner@Harbour-Bakery.example", "ACCEPTED", "SEQUENCE:0\n")).await;
        assert_eq!(taken["outcome"], "answered", "{taken}");
        let confirmed = answers("confirmed").await;
        assert_eq!(
            (&confirmed[0]["merchant_number"], &confirmed[0]["via"]),
            (&json!("M2"), &json!("calendar"))
        );

        app.ingest(to, &answer(&uid, owner, "DECLINED", "COMMENT:we bake then\\, sorry\n")).await;
        let other = answers("wants_another_time").await;
        assert_eq!(other[0]["words"], "we bake then, sorry");
        assert_eq!(answers("confirmed").await, json!([]));
        let counter = answer(&uid, owner, "TENTATIVE", "DTSTART:20261211T030000Z\n")
            .replace("METHOD:REPLY", "METHOD:COUNTER");
        app.ingest(to, &counter).await;
        assert_eq!(answers("wants_another_time").await[0]["words"], "proposes 2026-12-11 03:00 UTC");
        let trail = app.get("/audit?limit=3").await["items"].clone();
        assert_eq!(
            (&trail[0]["action"], &trail[0]["actor"]),
            (&json!("visit.answer"), &json!("merchant:M2"))
        );
    });
}

#[test]
fn what_machines_write_is_ignored_and_never_answered() {
    on_each_database(|app| async move {
        let (_, bounce, _) = announced(&app).await;
        let before = app.dump();
        let sent = app.mail.accepted().len();
        for header in
            ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes", "Precedence: auto_reply"]
        {
            let message = format!(
                "From: li@shop.example\nSubject: Away\nMessage-ID: <{}@x>\n{header}\n\nI am away.\n",
                header.len()
            );
            assert_eq!(app.ingest(&bounce, &message).await["outcome"], "ignored", "{header}");
        }
        let from_nobody = "From: li@shop.example\nSubject: Away\n\nI am away.\n";
        assert_eq!(app.ingest("maintenance@offpeak.example", from_nobody).await["outcome"], "ignored");
        assert_eq!(app.dump(), before);
        app.work("notify").await;
        assert_eq!(app.mail.accepted().len(), sent);
    });
}

#[test]
fn what_people_write_waits_for_an_operator_and_is_forgotten() {
    on_each_database(|app| async move {
        let message = "From: Li <li@shop.example>\r\nSubject: =?utf-8?B?5L2g5aW9?=\r\nMessage-ID: <1@shop.example>\r\n\
                       Content-Type: text/plain; charset=utf-8\r\n\r\nPlease call me.\r\nLi\r\n";
        let to = "maintenance@offpeak.example";
        let (_, taken) = app.try_ingest(to, "li@shop.example", message.as_bytes()).await;
        assert_eq!(taken["outcome"], "kept");
        let list = app.get("/inbound-mail").await["items"].clone();
        assert_eq!(list.as_array().unwrap().len(), 1);
        let mail = &list[0];
        assert_eq!((&mail["sender"], &mail["subject"]), (&json!("li@shop.example"), &json!("你好")));
        assert_eq!((&mail["excerpt"], &mail["recipient"]), (&json!("Please call me. Li"), &json!(to)));

        let path = format!("/inbound-mail/{}/done", mail["id"]);
        let done = app.post(&path, json!({})).await;
        assert_eq!(done["excerpt"], Value::Null, "its text is forgotten");
        assert_eq!(app.try_post(&path, json!({})).await.0, StatusCode::CONFLICT);
        assert_eq!(app.try_post("/inbound-mail/99/done", json!({})).await.0, StatusCode::NOT_FOUND);
        assert_eq!(app.get("/inbound-mail").await["items"], json!([]));
        assert_eq!(app.get("/inbound-mail?done=true").await["items"].as_array().unwrap().len(), 1);

        app.set_time("2027-01-02T09:00:00Z");
        assert_eq!(app.work("watch").await["forgotten_mails"], 1);
        assert_eq!(app.get("/inbound-mail?done=true").await["items"], json!([]));
    });
}

#[test]
fn what_is_no_mail_is_refused_with_the_reason() {
    on_sqlite(|app| async move {
        for nothing in [&b""[..], b"\r\n\r\n"] {
            let (status, problem) = app.try_ingest("x@offpeak.example", "", nothing).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{nothing:?}");
            assert!(problem["detail"].as_str().unwrap().contains("not a mail message"), "{problem}");
        }
        let large = format!("Subject: x\r\n\r\n{}", "x".repeat(1024 * 1024));
        let (status, problem) = app.try_ingest("x@offpeak.example", "", large.as_bytes()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(problem["detail"].as_str().unwrap().contains("1024 KiB"), "{problem}");
        let (status, _) = app.send(Method::GET, "/api/v1/inbound-mail?outcome=lost", None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}
