//! `offpeak lock list`.

use crate::api::PageQuery;
use crate::api::lock::LockView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List locks
///
/// Lists the locks that are open, the latest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak lock list --ended")]
pub struct ListArgs {
    /// Those that have ended, too
    #[arg(long)]
    pub ended: bool,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No lock: every terminal takes payments, as far as is known.";
    let query = PageQuery { q: args.ended.then(|| "all".to_owned()), ..PageQuery::default() };
    context.show_list::<LockView>("/locks", &query, &args.paging, empty, render::fleet::locks)
}
