//! `offpeak lock list`.

use crate::api::lock::LockView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List locks, open ones first
///
/// Lists the locks, open ones first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak lock list")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No lock: every terminal takes payments, as far as is known.";
    context.show_list::<LockView>("/locks", &(), &args.paging, empty, render::fleet::locks)
}
