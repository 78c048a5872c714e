//! Appointments: one terminal, one span of time, the work to do in it.

mod cancel;
mod list;
mod move_to;
mod outcome;
mod show;
mod start;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// What `offpeak appointment` can do.
#[derive(Debug, clap::Subcommand)]
pub enum AppointmentCommand {
    /// List appointments by start
    List(list::ListArgs),
    /// Show one appointment
    Show(show::ShowArgs),
    /// Move an appointment; its merchant is told
    Move(move_to::MoveArgs),
    /// Call an appointment off; its merchant is told
    Cancel(cancel::CancelArgs),
    /// Report that the work has begun
    Start(start::StartArgs),
    /// Report how an appointment ended
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
            AppointmentCommand::Start(args) => start::run(args, context),
            AppointmentCommand::Outcome(args) => outcome::run(args, context),
        }
    }
}
