//! The listener for mail that comes back, spoken to line by line and by Python's own clients.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::{TestApp, on_sqlite};

/// A listener over the application, until the sender goes.
async fn listening(app: &TestApp) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopping, stopped) = watch::channel(false);
    let task = tokio::spawn(app.state.workers().clone().take_mail_in(listener, stopped));
    (address, stopping, task)
}

/// A client that says lines and reads answers.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// The next answer, all lines of it.
    fn answer(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            answer += &line;
            if line.as_bytes().get(3) != Some(&b'-') {
                return answer.trim_end().to_owned();
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn ask(&mut self, line: &str) -> String {
        self.say(&format!("{line}\r\n"));
        self.answer()
    }
}

/// Has a thread that may wait do `work`.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[test]
fn it_speaks_smtp_and_takes_only_what_is_ours() {
    on_sqlite(|app| async move {
        let (address, _stopping, _task) = listening(&app).await;
        aside(move || {
            let mut client = Client::connect(address);
            assert!(client.answer().starts_with("220 "));
            assert!(client.ask("MAIL FROM:<>").starts_with("503 "));
            let hello = client.ask("EHLO mx.example");
            for word in ["PIPELINING", "SIZE 1048576", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
                assert!(hello.contains(word), "{hello}");
            }
            assert!(client.ask("RCPT TO:<maintenance@offpeak.example>").starts_with("503 "));
            assert!(client.ask("MAIL FROM:<li@shop.example> SIZE=2000000").starts_with("552 5.3.4"));
            assert!(client.ask("MAIL FROM:li@shop.example").starts_with("501 "));
            assert!(client.ask("MAIL FROM:<li@shop.example> SIZE=300 BODY=8BITMIME").starts_with("250 "));
            assert!(client.ask("RCPT TO:<somebody@elsewhere.example>").starts_with("550 5.1.1"));
            assert!(client.ask("DATA").starts_with("503 "), "nobody was taken");
            assert!(client.ask("rcpt to:<Maintenance@OFFPEAK.example>").starts_with("250 "));
            assert!(client.ask("DATA").starts_with("354 "));
            // A dot that stands alone between bare line feeds ends nothing: no mail hides within another.
            client
                .say("Subject: dots\r\n\r\n..begins with a dot\r\nbare\n.\nMAIL FROM:<x@y.example>\r\nlong ");
            client.say(&"x".repeat(70_000));
            client.say("\r\n");
            assert!(client.ask(".").starts_with("250 2.0.0"));
            assert!(client.ask("NONSENSE").starts_with("500 "));
            assert!(client.ask(&"x".repeat(5000)).starts_with("500 "), "a long line is read to its end");
            assert!(client.ask("VRFY x").starts_with("252 "));
            assert!(client.ask("RSET").starts_with("250 "));
            assert!(client.ask("QUIT").starts_with("221 "));
        })
        .await;
        let list = app.get("/inbound-mail").await["items"].clone();
        assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
        let excerpt = list[0]["excerpt"].as_str().unwrap();
        assert!(
            excerpt.starts_with(".begins with a dot bare . MAIL FROM:<x@y.example> long xxx"),
            "{excerpt}"
        );
    });
}

#[test]
fn it_speaks_lmtp_with_an_answer_for_each_recipient_and_refuses_what_is_too_large() {
    on_sqlite(|app| async move {
        let (address, _stopping, _task) = listening(&app).await;
        aside(move || {
            let mut client = Client::connect(address);
            client.answer();
            assert!(client.ask("LHLO mx.example").contains("PIPELINING"));
            client.say(
                "MAIL FROM:<>\r\nRCPT TO:<maintenance@offpeak.example>\r\nRCPT TO:<x@elsewhere.example>\r\n\
                 RCPT TO:<bounce+1@offpeak.example>\r\nDATA\r\n",
            );
            let answers: Vec<String> = (0..5).map(|_| client.answer()[..3].to_owned()).collect();
            assert_eq!(answers, ["250", "250", "550", "250", "354"]);
            client.say("From: li@shop.example\r\nAuto-Submitted: auto-replied\r\n\r\nAway\r\n.\r\n");
            assert!(client.answer().starts_with("250 ") && client.answer().starts_with("250 "));

            client.ask("MAIL FROM:<>");
            client.ask("RCPT TO:<maintenance@offpeak.example>");
            client.ask("DATA");
            for _ in 0..40 {
                client.say(&format!("{}\r\n", "x".repeat(30_000)));
            }
            assert!(client.ask(".").starts_with("552 5.3.4"));
            client.ask("MAIL FROM:<>");
            client.ask("RCPT TO:<maintenance@offpeak.example>");
            client.ask("DATA");
            assert!(client.ask("\r\n.").starts_with("554 5.6.0"), "it has no header");
        })
        .await;
        assert_eq!(app.get("/inbound-mail").await["items"], json!([]));
    });
}

#[test]
fn a_database_that_is_away_leaves_the_mail_with_its_server() {
    on_sqlite(|app| async move {
        let (address, _stopping, _task) = listening(&app).await;
        app.sql("ALTER TABLE inbound_mail RENAME TO away");
        aside(move || {
            let mut client = Client::connect(address);
            client.answer();
            client.ask("EHLO mx.example");
            client.ask("MAIL FROM:<li@shop.example>");
            client.ask("RCPT TO:<maintenance@offpeak.example>");
            client.ask("DATA");
            client.say("Subject: x\r\n\r\nx\r\n");
            assert!(client.ask(".").starts_with("451 4.3.0"));
        })
        .await;
    });
}

#[test]
fn there_are_so_many_places_and_at_the_end_everybody_is_told_to_come_again() {
    on_sqlite(|app| async move {
        let (address, stopping, task) = listening(&app).await;
        let mut clients = aside(move || {
            let mut clients: Vec<Client> = (0..20).map(|_| Client::connect(address)).collect();
            for client in &mut clients {
                assert!(client.answer().starts_with("220 "));
            }
            assert!(Client::connect(address).answer().starts_with("421 4.3.2"));
            // One goes, and there is a place again.
            assert!(clients.pop().unwrap().ask("QUIT").starts_with("221 "));
            loop {
                let mut client = Client::connect(address);
                if client.answer().starts_with("220 ") {
                    clients.push(client);
                    return clients;
                }
            }
        })
        .await;
        stopping.send(true).unwrap();
        task.await.unwrap();
        aside(move || assert!(clients[0].answer().starts_with("421 4.3.2"))).await;
    });
}

#[test]
fn pythons_clients_hand_mail_over() {
    on_sqlite(|app| async move {
        let (address, _stopping, _task) = listening(&app).await;
        let script = "import smtplib, sys\n\
            from email.message import EmailMessage\n\
            for kind in (smtplib.SMTP, smtplib.LMTP):\n\
            \x20   mail = EmailMessage()\n\
            \x20   mail['From'], mail['Subject'] = 'li@shop.example', f'by {kind.__name__}'\n\
            \x20   mail.set_content('.\\n.. dots 你好\\n')\n\
            \x20   with kind('127.0.0.1', int(sys.argv[1])) as client:\n\
            \x20       refused = client.send_message(mail, 'li@shop.example', ['maintenance@offpeak.example', 'x@y.example'])\n\
            \x20       assert list(refused) == ['x@y.example'], refused\n";
        let python = std::env::var("OFFPEAK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let output = aside(move || {
            Command::new(python).args(["-c", script, &address.port().to_string()]).output().unwrap()
        })
        .await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let list = app.get("/inbound-mail").await["items"].clone();
        let subjects: Vec<&str> =
            list.as_array().unwrap().iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects, ["by LMTP", "by SMTP"]);
        assert_eq!(list[0]["excerpt"], ". .. dots 你好");
    });
}

#[test]
fn only_this_machine_is_served_unless_told() {
    on_sqlite(|app| async move {
        // The whole of it: its folder with the database lives as long.
        let app = &app;
        let serve = async |listen: &str, from_anywhere: bool| {
            let settings = offpeak::config::Settings {
                inbound_listen: Some(listen.to_owned()),
                inbound_from_anywhere: from_anywhere,
                ..(*app.state.app().settings).clone()
            };
            let state = offpeak::boot::start(settings).unwrap();
            let stop = std::future::ready(());
            offpeak::web::serve(state, "127.0.0.1:0", stop, |_| {}).await
        };
        let refused = serve("0.0.0.0:0", false).await.unwrap_err().to_string();
        assert!(refused.contains("inbound_listen") && refused.contains("inbound_from_anywhere"), "{refused}");
        serve("0.0.0.0:0", true).await.unwrap();
        serve("127.0.0.1:0", false).await.unwrap();
        let refused = serve("nowhere", false).await.unwrap_err().to_string();
        assert!(refused.contains("nowhere"), "{refused}");
    });
}
