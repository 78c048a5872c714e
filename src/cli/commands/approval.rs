//! Four eyes: what somebody has asked for, and what a second person says to it.

use crate::api::Because;
use crate::api::approval::{ApprovalQuery, ApprovalView};
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// What `offpeak approval` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak approval list\n  offpeak approval approve 3")]
pub enum ApprovalCommand {
    List(ListArgs),
    /// Say yes to what somebody else has asked for; it is carried out at once
    #[command(after_help = "Example:\n  offpeak approval approve 3 --reason 'looked through the diff'")]
    Approve(AnswerArgs),
    /// Say no to it
    #[command(after_help = "Example:\n  offpeak approval refuse 3 --reason 'not before the holidays'")]
    Refuse(AnswerArgs),
    /// Take back what you have asked for yourself
    #[command(after_help = "Example:\n  offpeak approval withdraw 3")]
    Withdraw(AnswerArgs),
    /// Try again what was approved and could not be carried out
    #[command(after_help = "Example:\n  offpeak approval carry-out 3")]
    CarryOut(AnswerArgs),
}

impl ApprovalCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            ApprovalCommand::List(args) => list(args, context),
            ApprovalCommand::Approve(args) => answer("approve", args, context),
            ApprovalCommand::Refuse(args) => answer("refuse", args, context),
            ApprovalCommand::Withdraw(args) => answer("withdraw", args, context),
            ApprovalCommand::CarryOut(args) => answer("carry-out", args, context),
        }
    }
}

/// List what waits for a second person, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak approval list --every-state")]
pub struct ListArgs {
    /// What was answered, too
    #[arg(long)]
    pub every_state: bool,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let state = (!args.every_state).then(|| "pending".to_owned());
    let query = ApprovalQuery { state, ..ApprovalQuery::default() };
    let empty = "Nothing waits for a second person.";
    context.show_list::<ApprovalView>("/approvals", &query, &args.paging, empty, render::access::approvals)
}

/// Which request, and why.
#[derive(Debug, clap::Args)]
pub struct AnswerArgs {
    /// Its number
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn answer(verb: &str, args: &AnswerArgs, context: &Context) -> Result<(), CliError> {
    let because = Because { reason: args.reason.clone() };
    let approval: ApprovalView =
        context.client()?.post(&format!("/approvals/{}/{verb}", args.id), &because)?;
    context
        .output
        .show(&approval, |screen| render::access::approvals(screen, std::slice::from_ref(&approval)))
}
