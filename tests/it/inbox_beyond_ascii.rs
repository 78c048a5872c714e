//! Reports about addresses beyond ASCII (RFC 6533): whatever the parts are called, however they are encoded, and in which of
//! its spellings the address stands, the notice is found, the address is suppressed, and no mailbox is shown.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{TestApp, on_sqlite, run};

const ADDRESS: &str = "店主@例子.example";

/// A till of a merchant with that address, announced; the appointment, and the Message-ID of the mail.
async fn announced(app: &TestApp) -> (i64, String) {
    app.import_small_fleet().await;
    app.post("/merchants/M2/address", json!({"email": ADDRESS})).await;
    let id = app.arrange(&["T5"], "2026-12-10 02:00").await[0];
    assert_eq!(app.work("notify").await, json!({"accepted": 1}));
    let mail = app.mail.accepted().pop().expect("a mail was sent");
    assert_eq!(mail.envelope_to, "店主@xn--fsqu00a.example");
    (id, mail.message_id)
}

/// A part of this type, encoded.
fn part(kind: &str, encoding: &str, content: &str) -> String {
    let content = content.replace('\n', "\r\n");
    let encoded = match encoding {
        "base64" => BASE64_STANDARD.encode(&content),
        "quoted-printable" => {
            let escape = |byte: u8| match byte {
                b'=' | 0x80.. => format!("={byte:02X}"),
                _ => char::from(byte).to_string(),
            };
            content.bytes().map(escape).collect()
        }
        _ => content,
    };
    format!("--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{encoded}\r\n")
}

/// A report that comes to an address of which nothing is known, and brings back the mail of this Message-ID.
async fn come_back(
    app: &TestApp,
    status: &str,
    fields: [&str; 4],
    returned: [&str; 2],
    message_id: &str,
) -> Value {
    let [kind, encoding, recipient, said] = fields;
    let report = format!(
        "Reporting-MTA: dns; mx.example\n\nOriginal-Recipient: {recipient}\nFinal-Recipient: {recipient}\n\
         Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}\n"
    );
    let mail = format!("Subject: 收银终端停机\nTo: {ADDRESS}\nMessage-ID: <{message_id}>\n\nwords\n");
    let message = format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: maintenance@offpeak.example\r\nSubject: Undelivered\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n{}{}--b--\r\n",
        part(kind, encoding, &report),
        part(returned[0], returned[1], &mail),
    );
    let (status, taken) = app.try_ingest("maintenance@offpeak.example", "", message.as_bytes()).await;
    assert!(status.is_success(), "{taken}");
    taken
}

fn suppressed(app: &TestApp) -> bool {
    app.read(|connection| Ok(offpeak::db::suppression::find(connection, ADDRESS)?.is_some()))
}

#[test]
fn the_address_counts_in_each_of_its_spellings() {
    let in_utf8 = "message/global-delivery-status";
    let in_ascii = "message/delivery-status";
    for (fields, returned, shown) in [
        (
            [in_utf8, "8bit", "utf-8; 店主@例子.example", "550 5.1.1 <店主@例子.example>: no such user"],
            ["message/global", "8bit"],
            "<店*@例子.example>",
        ),
        (
            [
                in_utf8,
                "base64",
                r"utf-8; 店\x{4E3B}@例子.example",
                r"550 5.1.1 <店\x{4E3B}@例子.example>: no such user",
            ],
            ["message/global-headers", "base64"],
            "<店*@例子.example>",
        ),
        (
            [
                in_utf8,
                "quoted-printable",
                "utf-8;店主@xn--fsqu00a.example",
                "550 5.1.1 no such user 店主@例子.example",
            ],
            ["message/global-headers", "quoted-printable"],
            " 店*@例子.example",
        ),
        (
            [
                in_ascii,
                "7bit",
                r"utf-8; \x{5E97}\x{4E3B}@\x{4F8B}\x{5B50}.example",
                r"550 5.1.1 <\x{5E97}\x{4E3B}@\x{4F8B}\x{5B50}.example>: no such user",
            ],
            ["message/global", "base64"],
            "<店*@例子.example>",
        ),
        (
            [
                in_ascii,
                "7bit",
                r"UTF-8; \x{5e97}\x{4e3b}@xn--fsqu00a.example",
                r"550 5.1.1 <\x{5e97}\x{4e3b}@XN--FSQU00A.example>: no such user",
            ],
            ["message/global-headers", "8bit"],
            "<店*@XN--FSQU00A.example>",
        ),
    ] {
        on_sqlite(|app| async move {
            let (id, message_id) = announced(&app).await;
            let taken = come_back(&app, "5.1.1", fields, returned, &message_id).await;
            assert_eq!(taken["outcome"], "bounced", "{fields:?}: {taken}");
            let notice = app.notices("bounced").await.pop().unwrap();
            let why = notice["last_error"].as_str().unwrap();
            assert!(why.starts_with("550 5.1.1 ") && why.contains(shown), "{fields:?}: {why}");
            assert!(suppressed(&app), "{fields:?}");
            assert_eq!(app.appointment(id).await["state"], "planned");
            // Nor does any other place show it: the trail, the list of those not reached.
            for place in [&app.get("/audit?limit=5").await, &app.get("/unreached").await[0]["detail"]] {
                let place = place.to_string();
                assert!(
                    place.contains("no such user") && !place.contains("店主@xn") && !place.contains("4E3B"),
                    "{place}"
                );
            }
        });
    }
}

#[test]
fn what_a_server_on_the_way_cannot_carry_goes_to_the_second_address() {
    let said = [
        ("5.6.7", "550 5.6.7 non-ASCII addresses not permitted for that recipient"),
        ("5.6.9", "554 5.6.9 UTF-8 header message cannot be transferred"),
        // The server's own number counts where the report's is unspecific.
        ("5.0.0", "553-5.6.7 SMTPUTF8 is required, but was not offered"),
    ];
    let escaped = r"utf-8; \x{5E97}\x{4E3B}@\x{4F8B}\x{5B50}.example";
    for (status, words) in said {
        for second in [Some("m2@second.example"), None] {
            run(async {
                let app = TestApp::new(None, |_| {});
                let (id, message_id) = announced(&app).await;
                if let Some(second) = second {
                    app.post("/merchants/M2/ascii-address", json!({"address": second})).await;
                }
                let fields = ["message/delivery-status", "7bit", escaped, words];
                let returned = ["message/global-headers", "quoted-printable"];
                let taken = come_back(&app, status, fields, returned, &message_id).await;
                assert_eq!(taken["outcome"], "bounced", "{words}: {taken}");
                assert!(!suppressed(&app), "{words}: the address is right, the way there is not");
                let sent = app.work("notify").await;
                let (state, unreached) =
                    (app.appointment(id).await["state"].clone(), app.get("/unreached").await);
                if let Some(second) = second {
                    assert_eq!(sent, json!({"accepted": 1}), "{words}");
                    assert_eq!(app.mail.accepted().pop().unwrap().envelope_to, second);
                    assert_eq!((state, unreached), (json!("announced"), json!([])), "{words}");
                } else {
                    assert_eq!(sent, json!({}), "{words}");
                    assert_eq!(
                        (state, &unreached[0]["reason"]),
                        (json!("planned"), &json!("came_back")),
                        "{words}"
                    );
                }
            });
        }
    }
}
