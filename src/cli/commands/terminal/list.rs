//! `offpeak terminal list`.

use crate::api::PageQuery;
use crate::api::fleet::TerminalView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// List terminals
///
/// Lists terminals by serial number.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak terminal list --search 1702 --limit 20")]
pub struct ListArgs {
    /// Only those whose serial or label contains this
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Runs it.
pub(super) fn run(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let query = PageQuery { q: args.search.clone(), ..PageQuery::default() };
    let empty =
        "No terminal here. Import a fleet: offpeak fleet import merchants.csv sites.csv terminals.csv";
    context.show_list::<TerminalView>("/terminals", &query, &args.paging, empty, render::fleet::terminals)
}
