//! `offpeak campaign activate|pause|resume|pass|cancel`: one step in a campaign's life.

use crate::api::Because;
use crate::api::campaign::CampaignView;
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Which campaign, and why.
#[derive(Debug, clap::Args)]
pub struct ChangeArgs {
    /// The campaign
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A step in a campaign's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// From draft to active.
    Activate,
    /// From active to paused.
    Pause,
    /// From paused to active.
    Resume,
    /// The next wave, whatever the gate says.
    Pass,
    /// Called off.
    Cancel,
}

/// Runs it.
pub(super) fn run(step: Step, args: &ChangeArgs, context: &Context) -> Result<(), CliError> {
    let verb = match step {
        Step::Activate => "activate",
        Step::Pause => "pause",
        Step::Resume => "resume",
        Step::Pass => "pass",
        Step::Cancel => "cancel",
    };
    let path = format!("/campaigns/{}/{verb}", path_segment(&args.name));
    let campaign: CampaignView = context.client()?.post(&path, &Because { reason: args.reason.clone() })?;
    context.output.show(&campaign, |screen| render::campaign::one(screen, &campaign))?;
    if matches!(step, Step::Activate | Step::Resume | Step::Pass) {
        context.output.hint("Next: offpeak plan create");
    }
    Ok(())
}
