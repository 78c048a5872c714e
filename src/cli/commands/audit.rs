//! The audit trail.

use crate::api::AuditView;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::output::{Screen, Table};
use crate::cli::render::{instant, optional};

/// What `offpeak audit` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak audit list")]
pub enum AuditCommand {
    List(ListArgs),
}

impl AuditCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            AuditCommand::List(args) => list(args, context),
        }
    }
}

/// List what was done, the latest first
///
/// Lists who did what, when and why; `-o json` also has what stood there before and after.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak audit list --limit 20")]
pub struct ListArgs {
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    context.show_list::<AuditView>("/audit", &(), &args.paging, "Nothing was done yet.", draw)
}

fn draw(screen: &mut Screen, entries: &[AuditView]) {
    let mut table = Table::new(["id", "at", "who", "what", "to", "why"]);
    for entry in entries {
        table.row([
            entry.id.to_string(),
            instant(entry.at),
            entry.actor.clone(),
            entry.action.clone(),
            entry.subject.clone(),
            optional(entry.reason.as_ref()),
        ]);
    }
    screen.table(table);
}
