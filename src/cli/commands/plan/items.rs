//! `offpeak plan items`.

use serde::Serialize;

use crate::api::plan::PlanItem;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List what a plan does to each terminal
///
/// Lists what a plan does to each terminal: its start, or why it has none and the smallest change that
/// would place it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan items 3 --unplaced")]
pub struct ItemsArgs {
    /// The plan
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Only terminals without a place
    #[arg(long)]
    pub unplaced: bool,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

#[derive(Serialize)]
struct Query {
    unplaced: bool,
}

/// Runs it.
pub(super) fn run(args: &ItemsArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/plans/{}/items", args.id);
    let empty = if args.unplaced {
        "Every terminal of this plan has a place."
    } else {
        "This plan has no work: no active campaign picks a terminal that needs an appointment."
    };
    let query = Query { unplaced: args.unplaced };
    context.show_list::<PlanItem>(&path, &query, &args.paging, empty, render::plan::items)
}
