//! Campaigns and programmes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::wave::{NewWave, WaveView};
use crate::domain::campaign::{CampaignState, Recurrence, SkipReason, Work};
use crate::domain::said::Said;

/// A campaign to create.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// Unique name: letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// What is done.
    pub work: Work,
    /// Which terminals: a selector, `all` for every one.
    pub selector: String,
    /// How long a terminal is down, in minutes.
    pub duration_minutes: u32,
    /// 1 to 9; 5 unless told.
    pub priority: Option<u8>,
    /// Notice lead in minutes; the setting `notice_lead_minutes` unless told.
    pub notice_lead_minutes: Option<u32>,
    /// Nothing starts before; now unless told.
    pub release_at: Option<DateTime<Utc>>,
    /// Everything has ended by.
    pub deadline_at: DateTime<Utc>,
    /// Leave it a draft; active unless told.
    #[serde(default)]
    pub draft: bool,
    /// Slices that open one after the other; the last is `rest`. Without any, everything is planned at once.
    #[serde(default)]
    pub waves: Vec<NewWave>,
}

/// A campaign and how far it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CampaignView {
    /// Unique name.
    pub name: String,
    /// State.
    pub state: CampaignState,
    /// What is done.
    pub work: Work,
    /// Which terminals.
    pub selector: String,
    /// How long a terminal is down, in minutes.
    pub duration_minutes: u32,
    /// 1 to 9.
    pub priority: u8,
    /// Notice lead in minutes.
    pub notice_lead_minutes: u32,
    /// Nothing starts before.
    pub release_at: DateTime<Utc>,
    /// Everything has ended by.
    pub deadline_at: DateTime<Utc>,
    /// The programme that raised it.
    pub programme: Option<String>,
    /// Its appointments by state.
    pub appointments: std::collections::BTreeMap<String, i64>,
    /// Its waves, in order.
    pub waves: Vec<WaveView>,
    /// Why it is paused, if its gate has paused it.
    pub halted_because: Option<String>,
    /// The same as data, for whoever says it in another language.
    #[serde(default)]
    pub halted_said: Option<Said>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// Which terminals a campaign picks, and which of those it skips.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Targets {
    /// Terminals that the selector picks.
    pub selected: u64,
    /// Of these, terminals that still need an appointment.
    pub to_plan: u64,
    /// Of these, terminals that have a standing appointment for it.
    pub scheduled: u64,
    /// Of these, terminals that need or get none, by reason.
    pub skipped: Vec<SkippedCount>,
    /// Each skipped terminal; at most 10,000 are listed.
    pub skipped_terminals: Vec<SkippedTerminal>,
}

/// How many terminals were skipped for one reason.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SkippedCount {
    /// The reason.
    pub reason: SkipReason,
    /// In words, with what to do.
    pub explanation: String,
    /// How many.
    pub terminals: u64,
}

/// A skipped terminal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SkippedTerminal {
    /// Serial number.
    pub serial: String,
    /// Why.
    pub reason: SkipReason,
}

/// A programme to create.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProgramme {
    /// Unique name.
    pub name: String,
    /// Somebody comes to the site.
    #[serde(default)]
    pub on_site: bool,
    /// Which terminals.
    pub selector: String,
    /// When work falls due.
    pub recurrence: Recurrence,
    /// Within how many days after falling due it must be done; 30 unless told.
    pub term_days: Option<u32>,
    /// How long a terminal is down, in minutes.
    pub duration_minutes: u32,
    /// 1 to 9; 3 unless told.
    pub priority: Option<u8>,
    /// Notice lead in minutes; the setting unless told.
    pub notice_lead_minutes: Option<u32>,
}

/// A programme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProgrammeView {
    /// Unique name.
    pub name: String,
    /// Somebody comes to the site.
    pub on_site: bool,
    /// Which terminals.
    pub selector: String,
    /// When work falls due.
    pub recurrence: Recurrence,
    /// Within how many days it must be done.
    pub term_days: u32,
    /// How long a terminal is down, in minutes.
    pub duration_minutes: u32,
    /// 1 to 9.
    pub priority: u8,
    /// Notice lead in minutes.
    pub notice_lead_minutes: u32,
    /// It raises nothing for the time being.
    pub paused: bool,
    /// When a crontab line raises the next campaign.
    pub next_due_at: Option<DateTime<Utc>>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// What a programme would come to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProgrammePreview {
    /// Active terminals that it picks.
    pub picked: u64,
    /// Active terminals in all.
    pub terminals: u64,
    /// When it raises work: for one that counts days now, for terminals that never had it, and so many days later.
    pub due: Vec<DateTime<Utc>>,
}
