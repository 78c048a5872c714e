//! `offpeak programme pause|resume`.

use crate::api::Because;
use crate::api::campaign::ProgrammeView;
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Which programme, and why.
#[derive(Debug, clap::Args)]
pub struct ChangeArgs {
    /// The programme
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(verb: &str, args: &ChangeArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/programmes/{}/{verb}", path_segment(&args.name));
    let programme: ProgrammeView = context.client()?.post(&path, &Because { reason: args.reason.clone() })?;
    context
        .output
        .show(&programme, |screen| render::campaign::programmes(screen, std::slice::from_ref(&programme)))
}
