//! `offpeak notice suppress`: addresses to which nothing is sent.

use serde_json::json;

use crate::api::PageQuery;
use crate::api::notice::Suppression;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// Addresses to which nothing is sent
///
/// A mail server that says that an address does not exist puts it here by itself. Every change goes onto the audit trail
/// with its reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice suppress list")]
pub struct SuppressArgs {
    /// What to do
    #[command(subcommand)]
    pub command: SuppressCommand,
}

/// What `offpeak notice suppress` can do.
#[derive(Debug, clap::Subcommand)]
pub enum SuppressCommand {
    List(SuppressListArgs),
    Add(SuppressAddArgs),
    Remove(SuppressRemoveArgs),
}

/// List the addresses, each with why and since when
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice suppress list --search shop.example")]
pub struct SuppressListArgs {
    /// Only those that contain this
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

/// Send nothing to an address from now on
///
/// What is queued to it fails, and its visits to come are on the list of `offpeak notice unreached`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak notice suppress add old@shop.example --reason 'they wrote to us'"
)]
pub struct SuppressAddArgs {
    /// The address
    pub address: String,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Send to an address again
///
/// What failed meanwhile is not sent by itself: see `offpeak notice unreached` and `offpeak notice retry`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak notice suppress remove wang@shop.example --reason 'the mailbox is back'"
)]
pub struct SuppressRemoveArgs {
    /// The address
    pub address: String,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Runs it.
pub(super) fn run(args: &SuppressArgs, context: &Context) -> Result<(), CliError> {
    match &args.command {
        SuppressCommand::List(args) => {
            let query = PageQuery { q: args.search.clone(), ..PageQuery::default() };
            let empty = "Mail is sent to every address.";
            let draw = render::notice::suppressions;
            context.show_list::<Suppression>("/suppressions", &query, &args.paging, empty, draw)
        }
        SuppressCommand::Add(args) => {
            let body = json!({"address": args.address, "reason": args.reason});
            let row: Suppression = context.client()?.post("/suppressions", &body)?;
            context.output.show(&row, |screen| screen.line(format!("Nothing is sent to {}.", row.address)))
        }
        SuppressCommand::Remove(args) => {
            let body = json!({"address": args.address, "reason": args.reason});
            let row: Suppression = context.client()?.post("/suppressions/release", &body)?;
            context.output.show(&row, |screen| screen.line(format!("Mail is sent to {} again.", row.address)))
        }
    }
}
