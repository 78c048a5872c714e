//! Webhooks: other systems that are told what happens.

mod add;
mod deliveries;
mod list;
mod ping;
mod redeliver;
mod remove;
mod rotate;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak webhook` can do.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak webhook add https://hooks.example/offpeak --kind appointment,lock"
)]
pub enum WebhookCommand {
    List(list::ListArgs),
    Add(add::AddArgs),
    Remove(remove::RemoveArgs),
    Ping(ping::PingArgs),
    Rotate(rotate::RotateArgs),
    Deliveries(deliveries::DeliveriesArgs),
    Redeliver(redeliver::RedeliverArgs),
}

impl WebhookCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            WebhookCommand::List(args) => list::run(args, context),
            WebhookCommand::Add(args) => add::run(args, context),
            WebhookCommand::Remove(args) => remove::run(args, context),
            WebhookCommand::Ping(args) => ping::run(args, context),
            WebhookCommand::Rotate(args) => rotate::run(args, context),
            WebhookCommand::Deliveries(args) => deliveries::run(args, context),
            WebhookCommand::Redeliver(args) => redeliver::run(args, context),
        }
    }
}
