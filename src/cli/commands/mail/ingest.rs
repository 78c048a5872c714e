//! `offpeak mail ingest`: one message from a mail server's pipe.

use std::io::Read;

use crate::api::inbound::{InboundEnvelope, Ingested};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::service::inbox::MESSAGE_BYTES_MAX;

/// Take in one message that came back, from standard input
///
/// For a pipe from Postfix, procmail or maildrop: bounces, complaints and answers from calendars; docs/mail.md has the
/// lines for Postfix. The exit code is that of sysexits.h, by which the mail server knows what to do: 0 it was taken,
/// 65 it is no message or too large and goes back to who wrote it, 75 not now, and the server keeps it and tries again.
/// Everything that may be mended here, settings and command line among it, is 75: no bounce is lost by a slip.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak mail ingest --recipient 'bounce+41-1-0f…@mail.example'")]
pub struct IngestArgs {
    /// To whom it was sent (RCPT TO)
    #[arg(long, value_name = "ADDRESS")]
    pub recipient: Option<String>,
    /// By whom (MAIL FROM); empty for a report
    #[arg(long, value_name = "ADDRESS")]
    pub sender: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &IngestArgs, context: &Context) -> Result<(), CliError> {
    take(args, context).map_err(|error| {
        let kind = match error.kind {
            ErrorKind::NotTaken | ErrorKind::OutputClosed => error.kind,
            _ => ErrorKind::NotNow,
        };
        CliError { kind, ..error }
    })
}

fn take(args: &IngestArgs, context: &Context) -> Result<(), CliError> {
    let mut message = Vec::new();
    // One byte more than may be, to see that there is more.
    let most = MESSAGE_BYTES_MAX as u64 + 1;
    std::io::stdin().take(most).read_to_end(&mut message).map_err(|error| {
        CliError::new(ErrorKind::NotNow, format!("standard input cannot be read: {error}"))
    })?;
    let envelope = InboundEnvelope { recipient: args.recipient.clone(), sender: args.sender.clone() };
    let taken: Result<Ingested, CliError> =
        context.client()?.post_bytes("/inbound-mail", &envelope, "message/rfc822", message);
    let taken = taken.map_err(|error| match &error.problem {
        Some(problem) if problem.code == "invalid" && problem.detail.starts_with("message: ") => {
            CliError { kind: ErrorKind::NotTaken, ..error }
        }
        _ => error,
    })?;
    context.output.show(&taken, |screen| screen.line(format!("{}: {}", taken.outcome, taken.why)))
}
