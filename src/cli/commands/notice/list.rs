//! `offpeak notice list`.

use crate::api::notice::{NoticeQuery, NoticeView};
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List the outbox
///
/// Lists the mails to merchants: sent, waiting, refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice list --state deferred\n  \
                        offpeak notice list --kind announcement --merchant M000017")]
pub struct ListArgs {
    /// Only in this state: queued, sending, accepted, deferred, failed, bounced, expired, superseded
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only of this kind: announcement, reminder, moved, cancelled
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only to this merchant number
    #[arg(long, value_name = "NUMBER")]
    pub merchant: Option<String>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let query = NoticeQuery {
        state: args.state.clone(),
        kind: args.kind.clone(),
        merchant: args.merchant.clone(),
        ..NoticeQuery::default()
    };
    let empty = "No notice here: they are written when a plan is published. See one now: \
                 offpeak notice preview announcement";
    context.show_list::<NoticeView>("/notices", &query, &args.paging, empty, render::notice::list)
}
