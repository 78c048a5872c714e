//! `offpeak notice preview`.

use crate::api::notice::{Message, PreviewRequest};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;
use crate::domain::notice::NoticeKind;

/// Put a mail into words without sending it
///
/// Puts a mail into words without queueing it: a made-up sample, or what the merchant of an appointment
/// would read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice preview announcement --locale zh-CN\n  \
                        offpeak notice preview moved --appointment 17 --html > moved.html")]
pub struct PreviewArgs {
    /// The kind: announcement, reminder, moved or cancelled
    #[arg(value_name = "KIND")]
    pub kind: NoticeKind,
    /// Language: en or zh-CN [default: the merchant's own, en for the sample]
    #[arg(long, value_name = "LOCALE")]
    pub locale: Option<String>,
    /// The visits of this appointment's merchant and night
    #[arg(long, value_name = "ID")]
    pub appointment: Option<i64>,
    /// Print the HTML part
    #[arg(long)]
    pub html: bool,
}

/// Runs it.
pub(super) fn run(args: &PreviewArgs, context: &Context) -> Result<(), CliError> {
    let request =
        PreviewRequest { kind: args.kind, locale: args.locale.clone(), appointment: args.appointment };
    let message: Message = context.client()?.post("/notices/preview", &request)?;
    context.output.show(&message, |screen| {
        if args.html { screen.line(&message.html) } else { render::notice::mail(screen, &message, None) }
    })
}
