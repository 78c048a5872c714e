//! A mail server that takes every mail, and writes down on the disk what it took before it says so.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// The server; it runs as long as the process.
pub struct Sink {
    pub port: u16,
    path: PathBuf,
}

/// A mail as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub message_id: String,
    pub recipient: String,
    /// Of its bytes.
    pub digest: String,
    /// When its last line had come, in microseconds since the epoch.
    pub at_micros: i64,
}

impl Sink {
    /// Answers DATA after `thought`, and the end of each message after `latency`.
    pub fn start(path: &Path, thought: Duration, latency: Duration) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let log = Arc::new(Mutex::new(File::create(path).expect("a log")));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                // A client that dies in the middle is what this is about.
                std::thread::spawn(move || drop(converse(stream, &log, thought, latency)));
            }
        });
        Sink { port, path: path.to_owned() }
    }

    /// What it has written down.
    pub fn log(&self) -> Vec<Taken> {
        let text = std::fs::read_to_string(&self.path).expect("the log");
        text.lines()
            .map(|line| {
                let fields: Vec<&str> = line.split('\t').collect();
                let [message_id, recipient, digest, at] = fields[..] else { panic!("{line}") };
                let (message_id, recipient) = (message_id.to_owned(), recipient.to_owned());
                Taken {
                    message_id,
                    recipient,
                    digest: digest.to_owned(),
                    at_micros: at.parse().expect("micros"),
                }
            })
            .collect()
    }
}

fn converse(
    stream: TcpStream,
    log: &Mutex<File>,
    thought: Duration,
    latency: Duration,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    let mut recipient = String::new();
    answers.write_all(b"220 sink.example ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        let answer: &[u8] = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => b"250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "RCPT" => {
                recipient = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                b"250 2.1.5 ok\r\n"
            }
            "DATA" => {
                std::thread::sleep(thought);
                answers.write_all(b"354 go ahead\r\n")?;
                let message = read_message(&mut lines)?;
                let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
                let text = String::from_utf8_lossy(&message);
                let id =
                    text.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("a Message-ID");
                let id = id.trim_end().trim_end_matches('>');
                let digest = hex::encode(Sha256::digest(&message));
                {
                    let mut log = log.lock().expect("the log");
                    log.write_all(format!("{id}\t{recipient}\t{digest}\t{at}\n").as_bytes())?;
                    log.sync_data()?;
                }
                std::thread::sleep(latency);
                b"250 2.0.0 taken\r\n"
            }
            "QUIT" => {
                answers.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => b"250 2.0.0 ok\r\n",
        };
        answers.write_all(answer)?;
    }
}

/// A message to its end; an error if the client has gone before.
fn read_message(lines: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(message);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
