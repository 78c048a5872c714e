//! A mail server that misbehaves on purpose, at any step of the conversation: what became of the mail is
//! reported rightly, and a conversation that went wrong is never continued.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use offpeak::mail::transport::{
    Delivery, MemoryTransport, OutgoingMail, RejectionCause, SmtpTimeouts, SmtpTransport, Transport,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::free_port;

/// A step of the conversation, named by what the server has just read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Connect,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    Message,
}

/// What the server does at a step instead of saying yes.
#[derive(Clone, Debug)]
enum Misdeed {
    Answer(&'static str),
    Hang,
    Drop,
    /// Says yes, and hangs up right after.
    AnswerAndDrop(&'static str),
    /// Says nothing until the client has given up, and then says yes.
    AnswerLate(&'static str),
}

#[derive(Default)]
struct Record {
    connections: usize,
    commands: Vec<String>,
    messages: Vec<Vec<u8>>,
}

/// A server that takes commands before it has answered those before.
const PIPELINING: &str = "250-PIPELINING\r\n";

/// The server: its first misdeed is its only one.
struct Sink {
    port: u16,
    record: Arc<Mutex<Record>>,
}

impl Sink {
    async fn start(features: &'static str, misdeed: Option<(Step, Misdeed)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let record = Arc::new(Mutex::new(Record::default()));
        let misdeed = Arc::new(Mutex::new(misdeed));
        let kept = Arc::clone(&record);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock().expect("the record").connections += 1;
                let (record, misdeed) = (Arc::clone(&kept), Arc::clone(&misdeed));
                tokio::spawn(async move {
                    // A client that hangs up ends the conversation, which is no fault of the server.
                    let _ = converse(stream, features, &record, &misdeed).await;
                });
            }
        });
        Self { port, record }
    }

    fn transport(&self, credentials: &str) -> Transport {
        let quick = Duration::from_secs(1);
        let timeouts = SmtpTimeouts { connect: quick, command: quick, message: quick };
        let url = format!("smtp://{credentials}127.0.0.1:{}", self.port).parse().expect("a URL");
        Transport::Smtp(Box::new(SmtpTransport::new(url, timeouts).expect("a transport")))
    }

    fn connections(&self) -> usize {
        self.record.lock().expect("the record").connections
    }

    fn messages(&self) -> Vec<Vec<u8>> {
        self.record.lock().expect("the record").messages.clone()
    }

    fn commands(&self) -> Vec<String> {
        self.record.lock().expect("the record").commands.clone()
    }
}

async fn converse(
    stream: TcpStream,
    features: &str,
    record: &Mutex<Record>,
    misdeed: &Mutex<Option<(Step, Misdeed)>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut step = Step::Connect;
    loop {
        let good = match step {
            Step::Connect => "220 sink.example ESMTP\r\n".to_owned(),
            Step::Ehlo => format!("250-sink.example\r\n{features}250 8BITMIME\r\n"),
            Step::Auth => "235 2.7.0 welcome\r\n".to_owned(),
            Step::Mail | Step::Rcpt => "250 2.1.0 ok\r\n".to_owned(),
            Step::Data => "354 go ahead\r\n".to_owned(),
            Step::Message => "250 2.0.0 queued as 1\r\n".to_owned(),
        };
        let act = {
            let mut misdeed = misdeed.lock().expect("the misdeed");
            misdeed.take_if(|(at, _)| *at == step).map(|(_, act)| act)
        };
        match act {
            None => stream.write_all(good.as_bytes()).await?,
            Some(Misdeed::Answer(answer)) => stream.write_all(answer.as_bytes()).await?,
            Some(Misdeed::Drop) => return Ok(()),
            Some(Misdeed::Hang) => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return Ok(());
            }
            Some(Misdeed::AnswerAndDrop(answer)) => {
                stream.write_all(answer.as_bytes()).await?;
                return stream.shutdown().await;
            }
            Some(Misdeed::AnswerLate(answer)) => {
                tokio::time::sleep(Duration::from_millis(1500)).await;
                stream.write_all(answer.as_bytes()).await?;
            }
        }
        if step == Step::Data {
            let message = read_message(&mut stream).await?;
            record.lock().expect("the record").messages.push(message);
            step = Step::Message;
            continue;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        step = match line.split_whitespace().next().unwrap_or_default() {
            "EHLO" => Step::Ehlo,
            "AUTH" => Step::Auth,
            "MAIL" => Step::Mail,
            "RCPT" => Step::Rcpt,
            "DATA" => Step::Data,
            _ => return Ok(()),
        };
        record.lock().expect("the record").commands.push(line);
    }
}

async fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 || line == b".\r\n" {
            return Ok(message);
        }
        let unstuffed = line.strip_prefix(b".").unwrap_or(&line);
        message.extend_from_slice(unstuffed);
    }
}

fn mail() -> OutgoingMail {
    OutgoingMail {
        envelope_from: "bounce+1@mail.harbour.example".to_owned(),
        envelope_to: "li@shop.example".to_owned(),
        message_id: "notice-1.0@mail.harbour.example".to_owned(),
        bytes: b"Subject: x\r\n\r\n.hidden\r\n..\r\n.\r\nend\r\n".to_vec(),
    }
}

fn kind(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Accepted { .. } => "accepted".to_owned(),
        Delivery::Deferred { code, .. } => format!("deferred {code:?}"),
        Delivery::Rejected { code, .. } => format!("rejected {code} {:?}", delivery.rejection_cause()),
        Delivery::Withheld => "withheld".to_owned(),
        Delivery::Unknown { .. } => "unknown".to_owned(),
        Delivery::NoServer { .. } => "no server".to_owned(),
    }
}

#[tokio::test]
async fn every_misdeed_is_called_by_its_name_and_ends_the_connection() {
    use Misdeed::{Answer, Drop, Hang};
    use Step::{Connect, Data, Ehlo, Mail, Message, Rcpt};
    let cases: Vec<(Step, Misdeed, &str)> = vec![
        (Connect, Answer("554 5.7.1 not you\r\n"), "deferred Some(554)"),
        (Connect, Answer("421 busy\r\n"), "deferred Some(421)"),
        (Connect, Answer("what is this\r\n"), "deferred None"),
        (Connect, Hang, "deferred None"),
        (Connect, Drop, "deferred None"),
        (Ehlo, Hang, "deferred None"),
        (Mail, Answer("451 4.3.0 later\r\n"), "deferred Some(451)"),
        (Mail, Answer("550 5.1.8 bad sender\r\n"), "rejected 550 Some(Other)"),
        (Mail, Answer("354 what?\r\n"), "deferred None"),
        (Mail, Drop, "deferred None"),
        (Rcpt, Answer("450 4.7.1 greylisted\r\n"), "deferred Some(450)"),
        (Rcpt, Answer("550-5.1.1 no such\r\n550 5.1.1 user\r\n"), "rejected 550 Some(Address)"),
        (Rcpt, Answer("554 5.7.1 blocked\r\n"), "rejected 554 Some(Policy)"),
        (Rcpt, Answer("550 go away\r\n"), "rejected 550 Some(Other)"),
        (Rcpt, Hang, "deferred None"),
        (Data, Answer("451 later\r\n"), "deferred Some(451)"),
        (Data, Answer("250 ok\r\n"), "deferred None"),
        (Data, Drop, "deferred None"),
        (Message, Answer("451 4.3.0 later\r\n"), "deferred Some(451)"),
        (Message, Answer("552 5.2.2 mailbox full\r\n"), "rejected 552 Some(Other)"),
        (Message, Answer("550 5.7.1 spam\r\n"), "rejected 550 Some(Policy)"),
        (Message, Answer("354 go on\r\n"), "unknown"),
        (Message, Answer("gibberish\r\n"), "unknown"),
        (Message, Hang, "unknown"),
        (Message, Drop, "unknown"),
        (Message, Misdeed::AnswerLate("554 5.7.1 no, after all\r\n"), "unknown"),
    ];
    for ((step, misdeed, expected), features) in
        cases.iter().flat_map(|case| [(case, ""), (case, PIPELINING)])
    {
        let sink = Sink::start(features, Some((*step, misdeed.clone()))).await;
        let smtp = sink.transport("");
        let delivery = smtp.deliver(&mail()).await;
        assert_eq!(kind(&delivery), *expected, "{step:?}, {misdeed:?}: {delivery:?}");
        let again = smtp.deliver(&mail()).await;
        assert_eq!(kind(&again), "accepted", "{step:?}, {misdeed:?}, then well: {again:?}");
        assert_eq!(sink.connections(), 2, "{step:?}, {misdeed:?}: the broken connection was used again");
        // What was said in one turn with a refused sender ends in a message of nothing.
        let messages: Vec<Vec<u8>> = sink.messages().into_iter().filter(|bytes| !bytes.is_empty()).collect();
        assert_eq!(messages.last(), Some(&mail().bytes), "{step:?}, {misdeed:?}");
    }
}

#[tokio::test]
async fn a_connection_that_went_well_serves_again() {
    for features in ["", PIPELINING] {
        let sink = Sink::start(features, None).await;
        let smtp = sink.transport("");
        for _ in 0..5 {
            assert_eq!(kind(&smtp.deliver(&mail()).await), "accepted");
        }
        assert_eq!(sink.connections(), 1);
        assert_eq!(sink.messages(), vec![mail().bytes; 5]);
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closed_costs_no_mail() {
    let closing = Misdeed::AnswerAndDrop("250 2.0.0 queued\r\n");
    let sink = Sink::start("", Some((Step::Message, closing))).await;
    let smtp = sink.transport("");
    assert_eq!(kind(&smtp.deliver(&mail()).await), "accepted");
    assert_eq!(kind(&smtp.deliver(&mail()).await), "accepted");
    assert_eq!((sink.connections(), sink.messages().len()), (2, 2));
}

#[tokio::test]
async fn a_delivery_that_is_cancelled_takes_its_connection_with_it() {
    let sink = Sink::start("", Some((Step::Message, Misdeed::Hang))).await;
    let smtp = sink.transport("");
    let message_is_there = async {
        while sink.messages().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let mail_to_send = mail();
    tokio::select! {
        delivery = smtp.deliver(&mail_to_send) => panic!("nobody answers: {delivery:?}"),
        () = message_is_there => {}
    }
    assert_eq!(kind(&smtp.deliver(&mail()).await), "accepted");
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn what_is_too_late_by_the_time_the_server_is_ready_is_not_handed_over() {
    let sink = Sink::start("", Some((Step::Data, Misdeed::AnswerLate("354 go ahead\r\n")))).await;
    let slow = Duration::from_secs(5);
    let timeouts = SmtpTimeouts { connect: slow, command: slow, message: slow };
    let url = format!("smtp://127.0.0.1:{}", sink.port).parse().expect("a URL");
    let smtp = Transport::Smtp(Box::new(SmtpTransport::new(url, timeouts).expect("a transport")));
    // In time until the server was asked; it takes its time for its answer.
    let delivery = smtp.deliver_if(&mail(), &|| !sink.commands().contains(&"DATA".to_owned())).await;
    assert_eq!(kind(&delivery), "withheld");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(sink.messages().iter().filter(|bytes| !bytes.is_empty()).count(), 0);
    assert_eq!(kind(&smtp.deliver(&mail()).await), "accepted");
    assert_eq!(sink.connections(), 2, "the server still waits for the message");
}

#[tokio::test]
async fn a_server_that_is_not_there_defers() {
    let url = format!("smtp://127.0.0.1:{}", free_port()).parse().expect("a URL");
    let smtp = SmtpTransport::new(url, SmtpTimeouts::default()).expect("a transport");
    assert_eq!(kind(&smtp.deliver(&mail(), &|| true).await), "deferred None");
}

#[tokio::test]
async fn a_login_is_made_and_its_refusal_is_not_the_mails_fault() {
    let sink = Sink::start("250-AUTH PLAIN LOGIN\r\n", None).await;
    assert_eq!(kind(&sink.transport("shop:s%2Fcret@").deliver(&mail()).await), "accepted");
    assert!(sink.commands().contains(&"AUTH PLAIN AHNob3AAcy9jcmV0".to_owned()), "{:?}", sink.commands());

    let refusal = Misdeed::Answer("535 5.7.8 wrong password\r\n");
    let sink = Sink::start("250-AUTH PLAIN LOGIN\r\n", Some((Step::Auth, refusal))).await;
    assert_eq!(kind(&sink.transport("shop:wrong@").deliver(&mail()).await), "deferred Some(535)");
    let sink = Sink::start("", None).await;
    assert_eq!(kind(&sink.transport("shop:any@").deliver(&mail()).await), "deferred None", "no AUTH offered");
}

#[tokio::test]
async fn an_international_address_needs_a_server_that_takes_it() {
    let mut mail = mail();
    mail.envelope_to = "店@shop.example".to_owned();
    let sink = Sink::start("250-SMTPUTF8\r\n", None).await;
    assert_eq!(kind(&sink.transport("").deliver(&mail).await), "accepted");
    let sender = sink.commands().into_iter().find(|line| line.starts_with("MAIL"));
    assert!(sender.is_some_and(|line| line.ends_with(" SMTPUTF8")), "{:?}", sink.commands());

    let sink = Sink::start("", None).await;
    let delivery = sink.transport("").deliver(&mail).await;
    assert_eq!(delivery.rejection_cause(), Some(RejectionCause::BeyondAscii), "{delivery:?}");
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn starttls_is_required_where_it_is_asked_for() {
    let sink = Sink::start("", None).await;
    let url = format!("smtp+starttls://127.0.0.1:{}", sink.port).parse().expect("a URL");
    let smtp = SmtpTransport::new(url, SmtpTimeouts::default()).expect("a transport");
    assert_eq!(kind(&smtp.deliver(&mail(), &|| true).await), "deferred None");
    assert!(sink.messages().is_empty(), "nothing goes out in the clear");
}

#[tokio::test]
async fn a_folder_keeps_one_file_a_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let transport = Transport::Folder(folder.path().join("mail"));
    for _ in 0..2 {
        assert_eq!(kind(&transport.deliver(&mail()).await), "accepted");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path().join("mail")).expect("a folder").collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let file = files[0].as_ref().expect("an entry");
    assert_eq!(file.file_name(), "notice-1.0@mail.harbour.example.eml");
    assert_eq!(std::fs::read(file.path()).expect("the mail"), mail().bytes);

    std::fs::write(folder.path().join("blocked"), "a file where the folder should be").expect("a file");
    let blocked = Transport::Folder(folder.path().join("blocked"));
    assert_eq!(kind(&blocked.deliver(&mail()).await), "deferred None");
}

#[tokio::test]
async fn memory_keeps_what_it_accepts_and_answers_as_told() {
    let memory = MemoryTransport::default();
    let transport = Transport::Memory(memory.clone());
    memory.answer_next_with(Delivery::Unknown { text: "dropped".to_owned() });
    assert_eq!(kind(&transport.deliver(&mail()).await), "unknown");
    assert_eq!(kind(&transport.deliver(&mail()).await), "accepted");
    assert_eq!(memory.accepted(), [mail()]);
    assert!(!format!("{:?}", memory.accepted()).contains("li@"), "a recipient in a log");
}
