//! Waves of a campaign and their gates.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::campaign::{CampaignState, WaveState};
use crate::domain::said::Said;

/// A wave to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWave {
    /// How large: a share (`1%`), a count (`50`), or `rest` for the last.
    pub share: String,
    /// So long after its last outcome the next wave waits, in minutes; a day unless told.
    pub soak_minutes: Option<u32>,
    /// What has to have gone well before the next wave opens.
    #[serde(default)]
    pub gate: NewGate,
}

/// The waves of a campaign, changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaves {
    /// Every wave in order, the last `rest`. Those that have begun are named as they are; a draft may do without any.
    pub waves: Vec<NewWave>,
    /// Why; it goes onto the audit trail.
    pub reason: Option<String>,
}

/// A gate to create.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGate {
    /// Least share of terminals that went well, in percent; 95 unless told.
    pub success_percent_min: Option<u32>,
    /// At most so many may fail, a count (`3`) or a share (`5%`): the next one pauses the campaign.
    pub failures_max: Option<String>,
    /// Least number of terminals that had their turn (or all of the wave, if it has fewer); 10 unless told.
    pub sample_min: Option<u32>,
}

/// A wave and how far it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WaveView {
    /// From 1.
    pub number: u32,
    /// How large: a share, a count, or `rest`.
    pub share: String,
    /// State.
    pub state: WaveState,
    /// Its terminals, once they are drawn; the last wave takes whatever is left.
    pub terminals: Option<u32>,
    /// So long after its last outcome the next wave waits, in minutes.
    pub soak_minutes: u32,
    /// Least share that went well, in percent.
    pub success_percent_min: u32,
    /// At most so many may fail.
    pub failures_max: Option<String>,
    /// Least number of terminals that had their turn.
    pub sample_min: u32,
    /// Terminals that went well.
    pub done: u32,
    /// Terminals that failed, were missed, went silent, or have been locked since.
    pub against: u32,
    /// Terminals with an appointment and no outcome yet; not counted in the last wave.
    pub pending: Option<u32>,
    /// When it opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When its gate was passed.
    pub passed_at: Option<DateTime<Utc>>,
    /// What its gate says, in words.
    pub verdict: Option<String>,
    /// The same as data, for whoever says it in another language.
    #[serde(default)]
    pub said: Option<Said>,
}

/// A gate at which a campaign stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GateView {
    /// The campaign.
    pub campaign: String,
    /// Its state: active, or paused by this gate or by somebody.
    pub campaign_state: CampaignState,
    /// How many waves the campaign has.
    pub waves: u32,
    /// The wave whose gate it is.
    pub wave: WaveView,
}
