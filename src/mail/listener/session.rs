//! One client of the listener, from the greeting to its end.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{HandedOver, Limits, Recipient, Verdict};

/// Bytes of a command, with its end (RFC 5321 asks for 512, RFC 6531 for more).
const COMMAND_BYTES_MAX: usize = 2048;

/// Recipients of a mail.
const RECIPIENTS_MAX: usize = 20;

/// Commands that made no sense before a client is sent away.
const MISTAKES_MAX: u32 = 20;

/// What the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Smtp,
    /// One answer a recipient at the end of a message.
    Lmtp,
}

/// What was said so far about the mail to come.
#[derive(Debug, Default)]
struct Envelope {
    sender: Option<String>,
    recipients: Vec<String>,
}

/// Says that there is no place.
pub(super) async fn turn_away(mut stream: impl AsyncWrite + Unpin, silence: Duration) {
    let said = stream.write_all(b"421 4.3.2 Too many clients at a time, come again\r\n");
    let _ = timeout(silence, said).await;
}

/// Serves one client.
pub(super) async fn hold<S: AsyncRead + AsyncWrite + Unpin, R: Recipient>(
    stream: S,
    recipient: &R,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 Offpeak takes what comes back (ESMTP, LMTP)").await?;
    let (mut protocol, mut envelope, mut mistakes) = (None, Envelope::default(), 0);
    loop {
        let line = tokio::select! {
            line = timeout(limits.silence, command(&mut stream)) => Some(line),
            () = until(&mut stop) => None,
        };
        let line = match line {
            None => return say(&mut stream, "421 4.3.2 Going away, come again").await,
            Some(Err(_)) => return say(&mut stream, "421 4.4.2 You said nothing for too long").await,
            Some(Ok(Ok(Line::Whole(line)))) => line,
            Some(Ok(Ok(Line::TooLong))) => {
                say(&mut stream, "500 5.5.2 The line is too long").await?;
                mistakes += 1;
                if mistakes > MISTAKES_MAX {
                    return Ok(());
                }
                continue;
            }
            Some(Ok(Ok(Line::End))) => return Ok(()),
            Some(Ok(Err(error))) => return Err(error),
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match (verb.to_ascii_uppercase().as_str(), protocol) {
            ("HELO", _) => {
                (protocol, envelope) = (Some(Protocol::Smtp), Envelope::default());
                "250 Offpeak".to_owned()
            }
            (verb @ ("EHLO" | "LHLO"), _) => {
                let spoken = if verb == "LHLO" { Protocol::Lmtp } else { Protocol::Smtp };
                (protocol, envelope) = (Some(spoken), Envelope::default());
                format!(
                    "250-Offpeak\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES",
                    limits.message_bytes
                )
            }
            ("RSET", _) => {
                envelope = Envelope::default();
                "250 2.0.0 Forgotten".to_owned()
            }
            ("NOOP", _) => "250 2.0.0 So be it".to_owned(),
            ("QUIT", _) => return say(&mut stream, "221 2.0.0 Goodbye").await,
            ("VRFY", _) => "252 2.5.2 Send it and see".to_owned(),
            ("MAIL" | "RCPT" | "DATA", None) => "503 5.5.1 Say EHLO or LHLO first".to_owned(),
            ("MAIL", Some(_)) => mail(&mut envelope, rest, limits),
            ("RCPT", Some(_)) => rcpt(&mut envelope, rest, recipient),
            ("DATA", Some(_)) if envelope.recipients.is_empty() => "503 5.5.1 Say RCPT first".to_owned(),
            ("DATA", Some(spoken)) => {
                say(&mut stream, "354 End with a dot").await?;
                let message = match data(&mut stream, limits).await? {
                    Some(message) => message,
                    None => return say(&mut stream, "421 4.4.2 You said nothing for too long").await,
                };
                let Envelope { sender, recipients } = std::mem::take(&mut envelope);
                let answers = if spoken == Protocol::Lmtp { recipients.len() } else { 1 };
                let verdict = match message {
                    Message::TooLarge => Verdict::Refused(format!(
                        "552 5.3.4 The message is larger than {} bytes",
                        limits.message_bytes
                    )),
                    Message::Whole(bytes) => {
                        let sender = sender.unwrap_or_default();
                        recipient.take(HandedOver { sender, recipients, bytes }).await
                    }
                };
                let answer = match verdict {
                    Verdict::Taken => "250 2.0.0 Taken".to_owned(),
                    Verdict::TryLater(why) => format!("451 4.3.0 {}", one_line(&why)),
                    Verdict::Refused(why) if why.starts_with("552 ") => why,
                    Verdict::Refused(why) => format!("554 5.6.0 {}", one_line(&why)),
                };
                vec![answer; answers].join("\r\n")
            }
            _ => "500 5.5.2 That is none of the commands known here".to_owned(),
        };
        mistakes += u32::from(answer.starts_with("50"));
        if mistakes > MISTAKES_MAX {
            return say(&mut stream, "421 4.7.0 Too much that makes no sense").await;
        }
        say(&mut stream, &answer).await?;
    }
}

/// Whoever has dropped the sender wants an end as well.
async fn until(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// `MAIL FROM:<a@b.example> SIZE=1000`.
fn mail(envelope: &mut Envelope, rest: &str, limits: Limits) -> String {
    let Some((address, parameters)) = path(rest, "FROM:") else {
        return "501 5.5.4 Write it as MAIL FROM:<address>".to_owned();
    };
    let size = parameters.split_whitespace().find_map(|word| {
        let (name, value) = word.split_once('=')?;
        name.eq_ignore_ascii_case("SIZE").then(|| value.parse::<u64>().ok())?
    });
    if size.is_some_and(|size| size > limits.message_bytes as u64) {
        return format!("552 5.3.4 The message is larger than {} bytes", limits.message_bytes);
    }
    *envelope = Envelope { sender: Some(address.to_owned()), recipients: Vec::new() };
    "250 2.1.0 From there".to_owned()
}

/// `RCPT TO:<a@b.example>`.
fn rcpt<R: Recipient>(envelope: &mut Envelope, rest: &str, recipient: &R) -> String {
    if envelope.sender.is_none() {
        return "503 5.5.1 Say MAIL first".to_owned();
    }
    let Some((address, _)) = path(rest, "TO:") else {
        return "501 5.5.4 Write it as RCPT TO:<address>".to_owned();
    };
    if !recipient.has(address) {
        return "550 5.1.1 Mail to this address is not taken here".to_owned();
    }
    if envelope.recipients.len() == RECIPIENTS_MAX {
        return "452 4.5.3 Too many recipients".to_owned();
    }
    envelope.recipients.push(address.to_owned());
    "250 2.1.5 To there".to_owned()
}

/// The address between the brackets, and what follows them.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let rest = rest.trim_start();
    let start = rest.get(..word.len())?;
    if !start.eq_ignore_ascii_case(word) {
        return None;
    }
    let inner = rest[word.len()..].trim_start().strip_prefix('<')?;
    inner.split_once('>')
}

fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(200).collect()
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), answer: &str) -> io::Result<()> {
    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    stream.flush().await
}

enum Line {
    Whole(String),
    TooLong,
    End,
}

/// The next command, without its end.
async fn command(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let ended = piece(stream, &mut line, COMMAND_BYTES_MAX).await?;
        too_long |= line.len() >= COMMAND_BYTES_MAX;
        match ended {
            Piece::End => return Ok(Line::End),
            Piece::Line if too_long => return Ok(Line::TooLong),
            Piece::Line => break,
            // Read on to the line's end, and forget it.
            Piece::Part => line.clear(),
        }
    }
    Ok(Line::Whole(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

enum Message {
    Whole(Vec<u8>),
    TooLarge,
}

/// A message up to the line with a dot alone; `None` if the client fell silent. Nothing but CRLF ends a line here, so
/// that nobody hides one mail within another.
async fn data(stream: &mut (impl AsyncBufRead + Unpin), limits: Limits) -> io::Result<Option<Message>> {
    let (mut message, mut too_large) = (Vec::new(), false);
    let (mut line, mut at_line_start, mut cr_before) = (Vec::new(), true, false);
    loop {
        line.clear();
        let Ok(ended) = timeout(limits.silence, piece(stream, &mut line, 64 * 1024)).await else {
            return Ok(None);
        };
        if matches!(ended?, Piece::End) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if at_line_start && line == b".\r\n" {
            return Ok(Some(if too_large { Message::TooLarge } else { Message::Whole(message) }));
        }
        let stuffed = at_line_start && line.first() == Some(&b'.');
        // A long line comes in pieces, and its CR and LF may be in two of them.
        at_line_start = line.ends_with(b"\r\n") || (line == b"\n" && cr_before);
        cr_before = line.last() == Some(&b'\r');
        too_large |= message.len() + line.len() > limits.message_bytes;
        if too_large {
            message = Vec::new();
        } else {
            message.extend_from_slice(&line[usize::from(stuffed)..]);
        }
    }
}

enum Piece {
    /// Up to and with a line feed.
    Line,
    /// As much as was allowed.
    Part,
    /// The client has gone.
    End,
}

/// Adds to `line` up to its end, at most `most` bytes.
async fn piece(
    stream: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    most: usize,
) -> io::Result<Piece> {
    loop {
        let buffer = stream.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(Piece::End);
        }
        let room = buffer.len().min(most - line.len());
        match buffer[..room].iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                line.extend_from_slice(&buffer[..=end]);
                stream.consume(end + 1);
                return Ok(Piece::Line);
            }
            None => {
                line.extend_from_slice(&buffer[..room]);
                stream.consume(room);
                if line.len() >= most {
                    return Ok(Piece::Part);
                }
            }
        }
    }
}
