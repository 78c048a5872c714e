//! `offpeak notice show`.

use crate::api::notice::{Message, NoticeView};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::render;

/// Read a mail as the merchant does
///
/// Shows a notice's life and the mail as the merchant reads it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice show 12\n  offpeak notice show 12 --raw > mail.eml")]
pub struct ShowArgs {
    /// The notice
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Print the message itself, byte for byte as it goes over the wire
    #[arg(long, conflicts_with = "html")]
    pub raw: bool,
    /// Print the HTML part
    #[arg(long)]
    pub html: bool,
}

/// Runs it.
pub(super) fn run(args: &ShowArgs, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let path = format!("/notices/{}", args.id);
    if args.raw {
        let message = client.download(&format!("{path}/raw"), &())?;
        return context.output.bytes(&message);
    }
    let notice: NoticeView = client.get(&path)?;
    let message: Option<Message> = match client.get(&format!("{path}/message")) {
        Ok(message) => Some(message),
        // It has nothing left to say: what it was about has changed.
        Err(error) if error.kind == ErrorKind::Conflict => None,
        Err(error) => return Err(error),
    };
    if args.html {
        let html = message.map(|message| message.html).unwrap_or_default();
        return context.output.bytes(html.as_bytes());
    }
    context.output.show(&notice, |screen| render::notice::one(screen, &notice, message.as_ref()))
}
