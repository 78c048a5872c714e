//! Plans: made, looked at, published.

mod cancel;
mod create;
mod diff;
mod discard;
mod items;
mod list;
mod load;
mod publish;
mod show;

use crate::cli::context::Context;
use crate::cli::error::CliError;

pub use create::{ScopeArgs, outcome, solve};
pub use publish::sentence as published_sentence;

/// What `offpeak plan` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak plan create --days 30\n  offpeak plan publish 1")]
pub enum PlanCommand {
    Create(create::CreateArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Items(items::ItemsArgs),
    Diff(diff::DiffArgs),
    Load(load::LoadArgs),
    Cancel(cancel::CancelArgs),
    Publish(publish::PublishArgs),
    Discard(discard::DiscardArgs),
}

impl PlanCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            PlanCommand::Create(args) => create::run(args, context),
            PlanCommand::List(args) => list::run(args, context),
            PlanCommand::Show(args) => show::run(args, context),
            PlanCommand::Items(args) => items::run(args, context),
            PlanCommand::Diff(args) => diff::run(args, context),
            PlanCommand::Load(args) => load::run(args, context),
            PlanCommand::Cancel(args) => cancel::run(args, context),
            PlanCommand::Publish(args) => publish::run(args, context),
            PlanCommand::Discard(args) => discard::run(args, context),
        }
    }
}
