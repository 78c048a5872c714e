//! `offpeak mail inbox` and `offpeak mail done`: what came in and waits for somebody.

use serde_json::json;

use crate::api::inbound::{InboundQuery, InboundView};
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List mail that came in and that nobody could be found for
///
/// What people write to the sender of notices, reports about mails that are not known here. With why, and the beginning
/// of the text until somebody has seen to it. After 30 days a mail is forgotten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak mail inbox\n  offpeak mail inbox --outcome bounced")]
pub struct InboxArgs {
    /// Mail of which this was made: kept, bounced, noted, complaint or answered
    #[arg(long, value_name = "OUTCOME", default_value = "kept")]
    pub outcome: String,
    /// With what somebody has seen to
    #[arg(long)]
    pub done: bool,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &InboxArgs, context: &Context) -> Result<(), CliError> {
    let query = InboundQuery {
        outcome: Some(args.outcome.clone()),
        done: Some(args.done),
        ..InboundQuery::default()
    };
    let empty =
        "No such mail. What comes back is taken in by `offpeak mail ingest`, or by setting inbound_listen.";
    context.show_list::<InboundView>("/inbound-mail", &query, &args.paging, empty, render::inbound::list)
}

/// Say that a mail has been seen to
///
/// It leaves the list, and the beginning of its text is forgotten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak mail done 12")]
pub struct DoneArgs {
    /// The mail's number
    pub id: i64,
}

/// Runs it.
pub(super) fn done(args: &DoneArgs, context: &Context) -> Result<(), CliError> {
    let view: InboundView = context.client()?.post(&format!("/inbound-mail/{}/done", args.id), &json!({}))?;
    context.output.show(&view, |screen| screen.line(format!("Mail {} has been seen to.", view.id)))
}
