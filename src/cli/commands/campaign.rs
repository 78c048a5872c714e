//! Campaigns: work for a selection of terminals.

mod change;
mod create;
mod list;
mod show;
mod targets;
mod waves;

use crate::cli::context::Context;
use crate::cli::error::CliError;

pub use change::{ChangeArgs, Step};
pub use create::{CreateCommand, FirmwareArgs, InspectionArgs, TermArgs};

/// What `offpeak campaign` can do.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak campaign create firmware fw-3.2.0 --artifact a920-3.2.0.zip --version 3.2.0 \\\n    --selector 'model = \"A920\"' --for 20m --deadline 2026-12-20"
)]
pub enum CampaignCommand {
    /// Create a campaign
    #[command(subcommand)]
    Create(CreateCommand),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Targets(targets::TargetsArgs),
    /// Let a draft campaign be planned
    #[command(after_help = "Example:\n  offpeak campaign activate fw-3.2.0")]
    Activate(ChangeArgs),
    /// Make and open no further appointment for a campaign
    #[command(after_help = "Example:\n  offpeak campaign pause fw-3.2.0 --reason 'receipts are cut short'")]
    Pause(ChangeArgs),
    /// Go on with a paused campaign
    #[command(after_help = "Example:\n  offpeak campaign resume fw-3.2.0 --reason 'fixed by the vendor'")]
    Resume(ChangeArgs),
    /// Let the next wave open whatever its gate says
    ///
    /// It needs a reason. A campaign that the gate had paused goes on.
    #[command(
        after_help = "Example:\n  offpeak campaign pass fw-3.2.0 --reason 'two of the three had a dead battery'"
    )]
    Pass(ChangeArgs),
    Waves(waves::WavesArgs),
    /// Call a campaign off, and its appointments; their merchants are told
    #[command(after_help = "Example:\n  offpeak campaign cancel fw-3.2.0 --reason 'withdrawn by the vendor'")]
    Cancel(ChangeArgs),
}

impl CampaignCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            CampaignCommand::Create(command) => command.run(context),
            CampaignCommand::List(args) => list::run(args, context),
            CampaignCommand::Show(args) => show::run(args, context),
            CampaignCommand::Targets(args) => targets::run(args, context),
            CampaignCommand::Activate(args) => change::run(Step::Activate, args, context),
            CampaignCommand::Pause(args) => change::run(Step::Pause, args, context),
            CampaignCommand::Resume(args) => change::run(Step::Resume, args, context),
            CampaignCommand::Pass(args) => change::run(Step::Pass, args, context),
            CampaignCommand::Waves(args) => waves::run(args, context),
            CampaignCommand::Cancel(args) => change::run(Step::Cancel, args, context),
        }
    }
}
