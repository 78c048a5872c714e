//! API tokens: what programs show instead of a password.

use crate::api::Because;
use crate::api::access::{MadeToken, NewToken, TokenQuery, TokenView};
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::{render, values};
use crate::domain::access::Role;

/// What `offpeak token` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak token create tms --role operator --expires 365d")]
pub enum TokenCommand {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

impl TokenCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            TokenCommand::Create(args) => create(args, context),
            TokenCommand::List(args) => list(args, context),
            TokenCommand::Revoke(args) => revoke(args, context),
        }
    }
}

/// Make a token
///
/// Makes a token, which is printed this once. A program shows it as `Authorization: Bearer …`, the command line as
/// --token or OFFPEAK_TOKEN. It may do at most what its maker may.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak token create tms --role operator --expires 365d")]
pub struct CreateArgs {
    /// What it is for
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it may do: viewer, operator, approver or admin
    #[arg(long, value_name = "ROLE")]
    pub role: Role,
    /// Only this part of the fleet: `region:NAME` or `merchant:NUMBER`
    #[arg(long = "only", value_name = "PART")]
    pub scope: Option<String>,
    /// How long it is good; without it, until it is revoked
    #[arg(long = "expires", value_name = "DAYS", value_parser = values::days)]
    pub days: Option<u32>,
}

fn create(args: &CreateArgs, context: &Context) -> Result<(), CliError> {
    let new =
        NewToken { name: args.name.clone(), role: args.role, scope: args.scope.clone(), days: args.days };
    let made: MadeToken = context.client()?.post("/tokens", &new)?;
    context.output.show(&made, |screen| {
        render::access::tokens(screen, std::slice::from_ref(&made.token));
        screen.blank();
        screen.line(&made.secret);
    })?;
    context.output.hint("Keep it where secrets are kept: it is not shown again.");
    Ok(())
}

/// List tokens, the latest first
///
/// Lists one's own tokens; on the local database, and for administrators of the whole fleet with --everybody, all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak token list")]
pub struct ListArgs {
    /// Everybody's
    #[arg(long)]
    pub everybody: bool,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let query = TokenQuery { everybody: args.everybody, ..TokenQuery::default() };
    let empty = "No token. One: offpeak token create NAME --role viewer";
    context.show_list::<TokenView>("/tokens", &query, &args.paging, empty, render::access::tokens)
}

/// End a token
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak token revoke 3 --reason 'was in a log'")]
pub struct RevokeArgs {
    /// Its number
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn revoke(args: &RevokeArgs, context: &Context) -> Result<(), CliError> {
    let because = Because { reason: args.reason.clone() };
    let token: TokenView = context.client()?.post(&format!("/tokens/{}/revoke", args.id), &because)?;
    context.output.show(&token, |screen| render::access::tokens(screen, std::slice::from_ref(&token)))
}
