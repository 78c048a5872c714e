//! Appointments: one terminal, one span of time, the work to do in it.

mod cancel;
mod list;
mod move_to;
mod outcome;
mod pin;
mod show;
mod start;

use crate::api::appointment::BatchAction;
use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak appointment` can do.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak appointment move 17 --at 'Sat 02:00' --reason 'stock-taking on Friday'"
)]
pub enum AppointmentCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Move(move_to::MoveArgs),
    Cancel(cancel::CancelArgs),
    /// Keep appointments where they are, whatever is planned
    ///
    /// Keeps appointments where they are: a plan with `--replan` moves what stands, but not what is pinned.
    #[command(after_help = "Example:\n  offpeak appointment pin 17 18 --reason 'agreed with the merchant'")]
    Pin(pin::PinArgs),
    /// Let plans move appointments again
    ///
    /// Lets a plan with `--replan` move appointments again that were pinned.
    #[command(after_help = "Example:\n  offpeak appointment unpin 17 18")]
    Unpin(pin::PinArgs),
    Start(start::StartArgs),
    Outcome(outcome::OutcomeArgs),
}

impl AppointmentCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            AppointmentCommand::List(args) => list::run(args, context),
            AppointmentCommand::Show(args) => show::run(args, context),
            AppointmentCommand::Move(args) => move_to::run(args, context),
            AppointmentCommand::Cancel(args) => cancel::run(args, context),
            AppointmentCommand::Pin(args) => pin::run(args, BatchAction::Pin, context),
            AppointmentCommand::Unpin(args) => pin::run(args, BatchAction::Unpin, context),
            AppointmentCommand::Start(args) => start::run(args, context),
            AppointmentCommand::Outcome(args) => outcome::run(args, context),
        }
    }
}
