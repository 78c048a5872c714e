//! `offpeak appointment outcome`.

use crate::api::appointment::{AppointmentView, Outcome, OutcomeReport};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Report how an appointment ended
///
/// Reports how an appointment ended: this is how a terminal-management system, or a technician, closes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak appointment outcome 17 done --firmware 3.2.0\n  \
                        offpeak appointment outcome 17 failed --note 'no answer after the restart'")]
pub struct OutcomeArgs {
    /// The appointment
    #[arg(value_name = "ID")]
    pub id: i64,
    /// How it ended
    #[arg(value_name = "OUTCOME")]
    pub outcome: OutcomeWord,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The firmware that the terminal reports now
    #[arg(long, value_name = "VERSION")]
    pub firmware: Option<String>,
}

/// How an appointment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OutcomeWord {
    /// The work is done and the terminal takes payments
    Done,
    /// It is not; the terminal counts as locked until somebody says otherwise
    Failed,
}

/// Runs it.
pub(super) fn run(args: &OutcomeArgs, context: &Context) -> Result<(), CliError> {
    let report = OutcomeReport {
        outcome: match args.outcome {
            OutcomeWord::Done => Outcome::Done,
            OutcomeWord::Failed => Outcome::Failed,
        },
        note: args.note.clone(),
        firmware: args.firmware.clone(),
    };
    let ended: AppointmentView =
        context.client()?.post(&format!("/appointments/{}/outcome", args.id), &report)?;
    context.output.show(&ended, |screen| render::appointment::one(screen, &ended))?;
    if args.outcome == OutcomeWord::Failed {
        context.output.hint("The terminal counts as locked: offpeak lock list");
    }
    Ok(())
}
