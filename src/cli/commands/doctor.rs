//! `offpeak doctor`.

use crate::api::doctor::{Diagnosis, Health};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::{Screen, plural};
use crate::cli::{local, render};

/// Check the whole installation: settings, mail, database, work that is stuck
///
/// Makes a list of checks, each ok, a warning or a problem with its remedy: settings, the mail server up to the point
/// where a mail would begin, time zone data, the database's schema, clock, encryption, disk and integrity, mails that
/// do not go, searches that died. Changes nothing and sends no mail. With `--server` the server makes them where it
/// runs, which is the better place to ask. Ends with 1 if there is a problem.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak doctor\n  offpeak doctor --server https://offpeak.example --strict"
)]
pub struct DoctorArgs {
    /// End with 1 for a warning too
    #[arg(long)]
    pub strict: bool,
}

/// Runs it.
pub(super) fn run(args: &DoctorArgs, context: &Context) -> Result<(), CliError> {
    let diagnosis: Diagnosis = match &context.globals.server {
        Some(_) => context.client()?.get("/doctor")?,
        None => local::examine(&context.globals)?,
    };
    context.output.show(&diagnosis, |screen: &mut Screen| render::doctor::diagnosis(screen, &diagnosis))?;
    let bad = |health: Health| diagnosis.checks.iter().filter(|check| check.health == health).count();
    let (problems, warnings) = (bad(Health::Problem), bad(Health::Warning));
    if problems == 0 && !(args.strict && warnings > 0) {
        return Ok(());
    }
    let found = format!("{} and {}", plural(problems, "problem"), plural(warnings, "warning"));
    Err(CliError::new(ErrorKind::Refused, format!("not well: {found}")))
}
