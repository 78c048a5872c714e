//! Plans: made, looked at, published.

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

/// What `offpeak plan` can do.
#[derive(Debug, clap::Subcommand)]
pub enum PlanCommand {
    /// Plan the active campaigns into a draft
    Create(create::CreateArgs),
    /// List plans, the latest first
    List(list::ListArgs),
    /// Show a plan's report
    Show(show::ShowArgs),
    /// List what a plan does to each terminal
    Items(items::ItemsArgs),
    /// Show what a plan would change of what stands now
    Diff(diff::DiffArgs),
    /// Draw the load per night against the budgets
    Load(load::LoadArgs),
    /// Verify a plan and make it stand: appointments and mails in one step
    Publish(publish::PublishArgs),
    /// Put a draft away
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
            PlanCommand::Publish(args) => publish::run(args, context),
            PlanCommand::Discard(args) => discard::run(args, context),
        }
    }
}
