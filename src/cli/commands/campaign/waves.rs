//! `offpeak campaign waves`.

use crate::api::campaign::CampaignView;
use crate::api::wave::{NewGate, NewWave, NewWaves, WaveView};
use crate::cli::client::path_segment;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::{render, values};
use crate::domain::campaign::WaveState;

/// Change the waves of a campaign that have not begun
///
/// Those that have begun stay as they are; the waves named here take the place of all others.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak campaign waves fw-3.2.0 --wave 5% --wave rest --soak 48h --gate success=98%"
)]
pub struct WavesArgs {
    /// The campaign
    #[arg(value_name = "NAME")]
    pub name: String,
    /// A wave to come: a share (`1%`), a count (`50`) or `rest`, which comes last; given once for each
    #[arg(long = "wave", value_name = "SIZE", required = true)]
    pub waves: Vec<String>,
    /// So long the next wave waits after the last outcome of one [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = values::minutes)]
    pub soak: Option<u32>,
    /// What has to have gone well before the next wave opens: `success=95%`, `failures=3` (or `5%`), `sample=10`,
    /// separated by commas
    #[arg(long, value_name = "RULES", value_parser = super::create::gate)]
    pub gate: Option<NewGate>,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &WavesArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/campaigns/{}", path_segment(&args.name));
    let client = context.client()?;
    let before: CampaignView = client.get(&path)?;
    let begun = before.waves.iter().take_while(|wave| wave.state != WaveState::Waiting).map(as_it_is);
    let to_come = args.waves.iter().map(|share| NewWave {
        share: share.clone(),
        soak_minutes: args.soak,
        gate: args.gate.clone().unwrap_or_default(),
    });
    let waves = NewWaves { waves: begun.chain(to_come).collect(), reason: args.reason.clone() };
    let changed: CampaignView = client.put(&format!("{path}/waves"), &before.etag, &waves)?;
    context.output.show(&changed, |screen| render::campaign::one(screen, &changed))
}

fn as_it_is(wave: &WaveView) -> NewWave {
    NewWave {
        share: wave.share.clone(),
        soak_minutes: Some(wave.soak_minutes),
        gate: NewGate {
            success_percent_min: Some(wave.success_percent_min),
            failures_max: wave.failures_max.clone(),
            sample_min: Some(wave.sample_min),
        },
    }
}
