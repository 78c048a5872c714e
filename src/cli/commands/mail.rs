//! Mail that comes back.

mod inbox;
mod ingest;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak mail` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak mail inbox")]
pub enum MailCommand {
    Ingest(ingest::IngestArgs),
    Inbox(inbox::InboxArgs),
    Done(inbox::DoneArgs),
}

impl MailCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            MailCommand::Ingest(args) => ingest::run(args, context),
            MailCommand::Inbox(args) => inbox::run(args, context),
            MailCommand::Done(args) => inbox::done(args, context),
        }
    }
}
