//! The background loops, once and by hand.

use crate::api::WorkerRun;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::count;

/// What `offpeak worker` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak worker run notify")]
pub enum WorkerCommand {
    Run(RunArgs),
}

impl WorkerCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            WorkerCommand::Run(args) => run(args, context),
        }
    }
}

/// Run one pass of a loop, now
///
/// Runs one pass of a loop that `offpeak serve` runs by itself. A pass does what is due and nothing else,
/// so it may be run as often as you like.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak worker run notify")]
pub struct RunArgs {
    /// The loop
    #[arg(value_name = "LOOP")]
    pub worker: Worker,
}

/// A background loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Worker {
    /// Raises the work of programmes that has fallen due, and completes campaigns that are over
    Raise,
    /// Marks appointments that passed without an outcome, and searches that have died
    Watch,
    /// Sends the mails that are due
    Notify,
    /// Opens appointments at their start
    Dispatch,
    /// Sends the messages to other systems that are due
    Deliver,
}

/// Runs one pass.
pub fn pass(worker: Worker, context: &Context) -> Result<WorkerRun, CliError> {
    let name = match worker {
        Worker::Raise => "raise",
        Worker::Watch => "watch",
        Worker::Notify => "notify",
        Worker::Dispatch => "dispatch",
        Worker::Deliver => "deliver",
    };
    context.client()?.post(&format!("/workers/{name}"), &serde_json::json!({}))
}

fn run(args: &RunArgs, context: &Context) -> Result<(), CliError> {
    let run = pass(args.worker, context)?;
    context.output.show(&run, |screen| {
        if run.counts.values().all(|number| *number == 0) {
            screen.line("Nothing was due.");
        }
        for (what, number) in run.counts.iter().filter(|(_, number)| **number > 0) {
            screen.line(format!("{:>7}  {what}", count(*number)));
        }
    })
}
