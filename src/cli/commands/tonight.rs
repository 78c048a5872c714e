//! `offpeak tonight`: what an operator looks at first.

use crate::api::plan::Tonight;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{count, plural};
use crate::cli::render;

/// See what runs now, tonight and the next nights
///
/// Shows what runs now, what comes next, the nights ahead against the budget, the gates at which campaigns
/// stand, locked terminals, and the mails by state.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak tonight")]
pub struct TonightArgs {}

/// Runs it.
pub fn run(_args: &TonightArgs, context: &Context) -> Result<(), CliError> {
    let tonight: Tonight = context.client()?.get("/tonight")?;
    context.output.show(&tonight, |screen| {
        screen.line(match tonight.locked {
            0 => format!("{}. No terminal is known to be locked.", render::instant(tonight.now)),
            locked => format!(
                "{}. {} cannot take payments: offpeak lock list",
                render::instant(tonight.now),
                plural(locked, "terminal")
            ),
        });
        screen.heading("Running now");
        if tonight.running.is_empty() {
            screen.line("  Nothing.");
        } else {
            render::appointment::list(screen, &tonight.running);
        }
        screen.heading("Next");
        if tonight.next.is_empty() {
            screen.line("  Nothing is published. Plan something: offpeak plan create");
        } else {
            render::appointment::list(screen, &tonight.next[..tonight.next.len().min(10)]);
        }
        screen.heading("Nights ahead");
        render::load::nights(screen, &tonight.nights);
        screen.heading("Gates");
        if tonight.gates.is_empty() {
            screen.line("  No campaign stands at a gate.");
        } else {
            render::campaign::gates(screen, &tonight.gates);
        }
        screen.heading("Mails");
        if tonight.notices.is_empty() {
            screen.line("  None yet.");
        }
        for (state, number) in &tonight.notices {
            screen.line(format!("  {:>7}  {state}", count(*number)));
        }
    })
}
