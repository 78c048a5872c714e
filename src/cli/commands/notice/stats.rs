//! `offpeak notice stats`.

use crate::api::notice::NoticeStats;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Show figures of the outbox
///
/// How many notices there are by kind, state and domain, how long they took, who is not reached, and which mail servers
/// refuse mail from us or are left alone for a while. The last is what the process that answers knows: name a running one
/// with --server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice stats\n  offpeak notice stats -o json")]
pub struct StatsArgs {}

/// Runs it.
pub(super) fn run(_: &StatsArgs, context: &Context) -> Result<(), CliError> {
    let stats: NoticeStats = context.client()?.get("/notices/stats")?;
    context.output.show(&stats, |screen| render::notice_stats::stats(screen, &stats))
}
