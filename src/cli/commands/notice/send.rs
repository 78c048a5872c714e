//! `offpeak notice send`.

use std::time::Duration;

use crate::cli::commands::worker::{self, Worker};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::interrupt::Interrupt;
use crate::cli::output::count;

/// How often it is looked what has fallen due.
const AGAIN_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked whether somebody wants it to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Send the mails that are due
///
/// `offpeak serve` does this by itself. With --once what is due now is sent, within the limits that the settings give, and
/// the command ends; without, it goes on sending what falls due until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice send --once")]
pub struct SendArgs {
    /// Send what is due now, and end
    #[arg(long)]
    pub once: bool,
}

/// Runs it.
pub(super) fn run(args: &SendArgs, context: &Context) -> Result<(), CliError> {
    let interrupt = Interrupt::listen().ok().filter(|_| !args.once);
    loop {
        let run = worker::pass(Worker::Notify, context)?;
        if args.once || !run.counts.is_empty() {
            context.output.show(&run, |screen| {
                if run.counts.is_empty() {
                    screen.line("No mail was due.");
                }
                for (what, number) in &run.counts {
                    let what = match what.as_str() {
                        "closed" => "closed: too late, or no longer true",
                        "put_off" => "put off: their domain has had enough for now",
                        other => other,
                    };
                    screen.line(format!("{:>7}  {what}", count(*number)));
                }
            })?;
        }
        let Some(interrupt) = &interrupt else { return Ok(()) };
        let mut waited = Duration::ZERO;
        while waited < AGAIN_EVERY {
            if interrupt.asked() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }
}
