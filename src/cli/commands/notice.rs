//! Notices: the mails to merchants.

mod list;
mod preview;
mod send;
mod show;
mod stats;
mod suppress;
mod unreached;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak notice` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak notice preview announcement --locale zh-CN")]
pub enum NoticeCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Preview(preview::PreviewArgs),
    Unreached(unreached::UnreachedArgs),
    Told(unreached::ToldArgs),
    Override(unreached::OverrideArgs),
    Retry(unreached::RetryArgs),
    Send(send::SendArgs),
    Suppress(suppress::SuppressArgs),
    Stats(stats::StatsArgs),
}

impl NoticeCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            NoticeCommand::List(args) => list::run(args, context),
            NoticeCommand::Show(args) => show::run(args, context),
            NoticeCommand::Preview(args) => preview::run(args, context),
            NoticeCommand::Unreached(args) => unreached::run(args, context),
            NoticeCommand::Told(args) => unreached::told(args, context),
            NoticeCommand::Override(args) => unreached::go_on(args, context),
            NoticeCommand::Retry(args) => unreached::retry(args, context),
            NoticeCommand::Send(args) => send::run(args, context),
            NoticeCommand::Suppress(args) => suppress::run(args, context),
            NoticeCommand::Stats(args) => stats::run(args, context),
        }
    }
}
