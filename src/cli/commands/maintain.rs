//! `offpeak maintain`: ad-hoc maintenance, at a time of somebody's choosing, under the same rules.

use crate::api::appointment::{Maintenance, MaintenanceResult};
use crate::api::problem::Refusal;
use crate::cli::context::{Context, shell_quoted};
use crate::cli::error::CliError;
use crate::cli::output::plural;
use crate::cli::{render, values};

/// Take terminals down at a time of your choice, if that is legal
///
/// Takes terminals down at a time of your choice, under every rule that plans keep: windows, blackouts,
/// budgets, the notice lead. What a rule refuses is said, with the nearest legal time and the command for
/// it. Either every terminal gets its appointment or none does.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    offpeak maintain --terminal 0820000042 --at 'tonight 02:00' --for 20m \\\n    \
    --reason 'card reader swallows cards'\n  \
    offpeak maintain --terminal 0820000042 --at now --for 20m \\\n    \
    --reason 'keys are compromised' --emergency")]
pub struct MaintainArgs {
    /// Serial number of a terminal; may be given several times
    #[arg(long = "terminal", value_name = "SERIAL", required = true, num_args = 1..)]
    pub terminals: Vec<String>,
    /// When: `tonight 02:00`, `Sat 02:00`, `2026-12-01 02:00` in each site's zone, or RFC 3339
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// How long each is down
    #[arg(long = "for", value_name = "DURATION", value_parser = values::minutes)]
    pub duration_minutes: u32,
    /// Why; the merchant reads it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do not wait for the notice lead (no other rule is broken); the merchant is mailed at once
    #[arg(long)]
    pub emergency: bool,
    /// Only say whether it is legal
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs it.
pub fn run(args: &MaintainArgs, context: &Context) -> Result<(), CliError> {
    let request = Maintenance {
        serials: args.terminals.clone(),
        at: args.at.clone(),
        duration_minutes: args.duration_minutes,
        reason: args.reason.clone(),
        emergency: args.emergency,
        dry_run: args.dry_run,
    };
    let result: MaintenanceResult =
        context.client()?.post("/maintenance", &request).map_err(|error| with_ways_out(error, args))?;
    context.output.show(&result, |screen| {
        if result.dry_run {
            screen.line("Legal. It was a dry run: nothing was written.");
        } else {
            screen.line(format!("Arranged: {}.", plural(result.appointments.len(), "appointment")));
            render::appointment::list(screen, &result.appointments);
        }
    })?;
    if !result.dry_run {
        context.output.hint(if args.emergency {
            "offpeak serve mails the merchant at once; where it does not run: offpeak worker run notify"
        } else {
            "The announcement waits in the outbox: offpeak notice list"
        });
    }
    Ok(())
}

/// Adds a ready-made command for the nearest legal time, and the way around the notice rule if that alone says no.
fn with_ways_out(mut error: CliError, args: &MaintainArgs) -> CliError {
    let Some(problem) = error.problem.as_deref() else { return error };
    let refusals = problem.refusals.clone();
    // Every refused terminal must name the same nearest time for one command to serve all.
    let nearest: Vec<_> = refusals.iter().map(|refusal| refusal.nearest_legal_at).collect();
    if let Some(Some(latest)) = nearest.iter().max().filter(|_| nearest.iter().all(Option::is_some)) {
        let at = latest.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        error = error.hint(format!("Nearest legal time: {}", command(args, &at, args.emergency)));
    }
    if !refusals.is_empty() && refusals.iter().all(is_about_notice) {
        error = error.hint(format!("If it cannot wait: {}", command(args, &args.at, true)));
    }
    error
}

fn is_about_notice(refusal: &Refusal) -> bool {
    refusal.rule == "notice_lead"
}

fn command(args: &MaintainArgs, at: &str, emergency: bool) -> String {
    let mut command = "offpeak maintain".to_owned();
    for serial in &args.terminals {
        command.push_str(&format!(" --terminal {}", shell_quoted(serial)));
    }
    command.push_str(&format!(
        " --at {} --for {} --reason {}",
        shell_quoted(at),
        render::minutes_in_words(args.duration_minutes),
        shell_quoted(&args.reason)
    ));
    if emergency {
        command.push_str(" --emergency");
    }
    command
}
