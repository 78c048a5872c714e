//! Accounts: who may sign in, and what he may do.

use std::io::BufRead;

use crate::api::Because;
use crate::api::access::{AccountView, Invitation, NewAccount, RoleChange};
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;
use crate::domain::access::Role;

/// What `offpeak user` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak user add alice --role operator")]
pub enum UserCommand {
    Add(AddArgs),
    List(ListArgs),
    SetRole(SetRoleArgs),
    /// Close an account: its sessions end, and its tokens do nothing
    #[command(after_help = "Example:\n  offpeak user disable alice --reason 'has left'")]
    Disable(NameArgs),
    /// Open a closed account again
    #[command(after_help = "Example:\n  offpeak user enable alice")]
    Enable(NameArgs),
    /// Take somebody's password away and print a one-time link under which he sets another
    #[command(after_help = "Example:\n  offpeak user reset-password alice")]
    ResetPassword(NameArgs),
}

impl UserCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            UserCommand::Add(args) => add(args, context),
            UserCommand::List(args) => list(args, context),
            UserCommand::SetRole(args) => set_role(args, context),
            UserCommand::Disable(args) => change("disable", args, context),
            UserCommand::Enable(args) => change("enable", args, context),
            UserCommand::ResetPassword(args) => reset_password(args, context),
        }
    }
}

/// Make an account
///
/// Makes an account and prints a one-time link under which its owner sets the password, so that nobody else knows it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak user add alice --role operator --only region:north\n  \
                        offpeak user add robot --role viewer --password-stdin")]
pub struct AddArgs {
    /// The name to sign in with
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What he may do: viewer, operator, approver or admin
    #[arg(long, value_name = "ROLE")]
    pub role: Role,
    /// Only this part of the fleet: `region:NAME` or `merchant:NUMBER`
    #[arg(long = "only", value_name = "PART")]
    pub scope: Option<String>,
    /// Read the password from standard input instead of printing a link
    #[arg(long)]
    pub password_stdin: bool,
}

fn add(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let password = if args.password_stdin { Some(line_of_stdin()?) } else { None };
    let new = NewAccount { name: args.name.clone(), role: args.role, scope: args.scope.clone(), password };
    let invitation: Invitation = context.client()?.post("/accounts", &new)?;
    context.output.show(&invitation, |screen| render::access::invitation(screen, &invitation))
}

fn line_of_stdin() -> Result<String, CliError> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| CliError::usage(format!("standard input cannot be read: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// List the accounts, by name
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak user list")]
pub struct ListArgs {}

fn list(ListArgs {}: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "Nobody can sign in yet. The first: offpeak user add NAME --role admin";
    context.show_all::<AccountView>("/accounts", empty, render::access::accounts)
}

/// Say what somebody may do from now on
///
/// Says what somebody may do from now on. His sessions end: he signs in again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak user set-role alice approver --reason 'stands in for Bob'")]
pub struct SetRoleArgs {
    /// The name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// viewer, operator, approver or admin
    #[arg(value_name = "ROLE")]
    pub role: Role,
    /// Only this part of the fleet; without it, all of it
    #[arg(long = "only", value_name = "PART")]
    pub scope: Option<String>,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn set_role(args: &SetRoleArgs, context: &Context) -> Result<(), CliError> {
    let change = RoleChange { role: args.role, scope: args.scope.clone(), reason: args.reason.clone() };
    let path = format!("/accounts/{}/role", path_segment(&args.name));
    let account: AccountView = context.client()?.post(&path, &change)?;
    context.output.show(&account, |screen| render::access::accounts(screen, std::slice::from_ref(&account)))
}

/// Whose account, and why.
#[derive(Debug, clap::Args)]
pub struct NameArgs {
    /// The name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

impl NameArgs {
    fn path(&self, verb: &str) -> String {
        format!("/accounts/{}/{verb}", path_segment(&self.name))
    }

    fn because(&self) -> Because {
        Because { reason: self.reason.clone() }
    }
}

fn change(verb: &str, args: &NameArgs, context: &Context) -> Result<(), CliError> {
    let account: AccountView = context.client()?.post(&args.path(verb), &args.because())?;
    context.output.show(&account, |screen| render::access::accounts(screen, std::slice::from_ref(&account)))
}

fn reset_password(args: &NameArgs, context: &Context) -> Result<(), CliError> {
    let invitation: Invitation = context.client()?.post(&args.path("reset-password"), &args.because())?;
    context.output.show(&invitation, |screen| render::access::invitation(screen, &invitation))
}
