//! `offpeak plan items`.

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

/// Runs it.
pub(super) fn run(args: &ItemsArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/plans/{}/items", args.id);
    let limit = (!args.paging.all && !args.unplaced).then_some(args.paging.limit);
    let mut page = context.client()?.list::<PlanItem>(&path, &(), args.paging.after.as_deref(), limit)?;
    if args.unplaced {
        page.items.retain(|item| item.unplaced.is_some());
    }
    context.output.show(&page, |screen| {
        if page.items.is_empty() {
            screen.line(if args.unplaced {
                "Every terminal of this plan has a place."
            } else {
                "This plan has no work: no active campaign picks a terminal that needs an appointment."
            });
        } else {
            render::plan::items(screen, &page.items);
        }
    })?;
    if page.next.is_some() {
        context.output.hint("There is more: add --all.");
    }
    Ok(())
}
