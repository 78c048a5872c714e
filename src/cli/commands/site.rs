//! Sites: the outlets of merchants.

mod set;

use crate::api::PageQuery;
use crate::api::fleet::SiteView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// What `offpeak site` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak site list")]
pub enum SiteCommand {
    List(ListArgs),
    Set(Box<set::SetArgs>),
}

impl SiteCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            SiteCommand::List(args) => list(args, context),
            SiteCommand::Set(args) => set::run(args, context),
        }
    }
}

/// List sites
///
/// Lists them in the order of their keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak site list --search north --all")]
pub struct ListArgs {
    /// Only those whose key or name contains this
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let query = PageQuery { q: args.search.clone(), ..PageQuery::default() };
    let empty = "No site here. Import a fleet: offpeak fleet import merchants.csv sites.csv terminals.csv";
    context.show_list::<SiteView>("/sites", &query, &args.paging, empty, render::fleet::sites)
}
