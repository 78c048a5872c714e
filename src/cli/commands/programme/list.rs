//! `offpeak programme list`.

use crate::api::campaign::ProgrammeView;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// List programmes
///
/// Lists the programmes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak programme list")]
pub struct ListArgs {}

/// Runs it.
pub(super) fn run(_args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "No programme yet. Create one: offpeak programme create yearly-look --every 365d --for 15m";
    context.show_all::<ProgrammeView>("/programmes", empty, render::campaign::programmes)
}
