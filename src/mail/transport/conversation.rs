//! A connection to a mail server, and how a mail goes over it: in as few turns as the server allows.
//!
//! Where it offers PIPELINING (RFC 2920), sender, recipient and DATA are said in one turn, and each is answered for
//! itself. The message goes in one piece with its end.

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use memchr::memmem;

/// A connection that has been greeted.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    pipelines: bool,
}

impl Conversation {
    /// Asks what the server offers beyond what the library remembers of it.
    pub(super) async fn begin(
        mut connection: AsyncSmtpConnection,
        hello_name: &ClientId,
    ) -> Result<Self, Error> {
        let offered = connection.command(Ehlo::new(hello_name.clone())).await?;
        let pipelines = offered.message().any(|line| line.trim().eq_ignore_ascii_case("PIPELINING"));
        Ok(Conversation { connection, pipelines })
    }

    pub(super) fn offers(&self, extension: Extension) -> bool {
        self.connection.server_info().supports_feature(extension)
    }

    /// MAIL FROM, and what follows it, if all is said in one turn; the answer to MAIL FROM.
    pub(super) async fn sender(
        &mut self,
        from: &Address,
        parameters: Vec<MailParameter>,
        to: &Address,
    ) -> Result<Response, Error> {
        let sender = Mail::new(Some(from.clone()), parameters);
        if self.pipelines {
            let recipient = Rcpt::new(to.clone(), Vec::new());
            return self.connection.command(format!("{sender}{recipient}{Data}")).await;
        }
        self.connection.command(sender).await
    }

    /// The answer to RCPT TO.
    pub(super) async fn recipient(&mut self, to: &Address) -> Result<Response, Error> {
        match self.pipelines {
            true => self.connection.read_response().await,
            false => self.connection.command(Rcpt::new(to.clone(), Vec::new())).await,
        }
    }

    /// The answer to DATA.
    pub(super) async fn data(&mut self) -> Result<Response, Error> {
        match self.pipelines {
            true => self.connection.read_response().await,
            false => self.connection.command(Data).await,
        }
    }

    /// The answer to the message.
    pub(super) async fn message(&mut self, bytes: &[u8]) -> Result<Response, Error> {
        match str::from_utf8(bytes) {
            Ok(text) => self.connection.command(on_the_wire(text)).await,
            // The library ends the message with a line end of its own.
            Err(_) => self.connection.message(bytes.strip_suffix(b"\r\n").unwrap_or(bytes)).await,
        }
    }
}

/// A message with its dots doubled, and with its end (RFC 5321, 4.5.2).
fn on_the_wire(text: &str) -> String {
    let mut wire = String::with_capacity(text.len() + text.len() / 64 + 8);
    if text.starts_with('.') {
        wire.push('.');
    }
    let mut written = 0;
    for at in memmem::find_iter(text.as_bytes(), "\r\n.") {
        let dot = at + "\r\n".len();
        wire.push_str(&text[written..dot]);
        wire.push('.');
        written = dot;
    }
    wire.push_str(&text[written..]);
    if !wire.ends_with("\r\n") {
        wire.push_str("\r\n");
    }
    wire.push_str(".\r\n");
    wire
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dots_are_doubled_where_a_line_begins() {
        for (text, wire) in [
            ("a.b\r\n", "a.b\r\n.\r\n"),
            (".\r\n..\r\n.x", "..\r\n...\r\n..x\r\n.\r\n"),
            ("", "\r\n.\r\n"),
            ("x\r\n.\r\n.\r\n", "x\r\n..\r\n..\r\n.\r\n"),
        ] {
            assert_eq!(on_the_wire(text), wire, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_server_reads_what_was_written(lines in prop::collection::vec("[.a ]{0,4}", 0..8)) {
            let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let wire = on_the_wire(&text);
            let end = wire.strip_suffix(".\r\n").expect("its end");
            prop_assert!(!end.split("\r\n").any(|line| line == "."), "nothing ends it before: {:?}", wire);
            let read: String =
                end.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            prop_assert_eq!(read, if text.is_empty() { "\r\n".to_owned() } else { text });
        }
    }
}
