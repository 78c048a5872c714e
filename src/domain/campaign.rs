//! Campaigns: work for a selection of terminals; and programmes, which keep raising it.

mod gate;
pub mod wave;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::fleet::{FirmwareVersion, Terminal};
use crate::domain::states::state_machine;

pub use gate::{Ceiling, Gate, Tally, Verdict};
pub use wave::{Share, WaveState};

state_machine! {
    /// The life of a campaign.
    pub enum CampaignState {
        /// Being written; nothing is planned for it.
        Draft = "draft" -> [Active, Cancelled];
        /// Its terminals are planned.
        Active = "active" -> [Paused, Completed, Cancelled];
        /// No further appointment is made or opened until it is resumed.
        Paused = "paused" -> [Active, Cancelled];
        /// Every terminal has its outcome.
        Completed = "completed" -> [];
        /// Called off; its standing appointments too.
        Cancelled = "cancelled" -> [];
    }
}

/// What a campaign does to a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// Installs a firmware version.
    Firmware {
        /// Name of the artifact as the terminal-management system knows it.
        artifact: String,
        /// The version that the artifact installs.
        #[schema(value_type = String)]
        version: FirmwareVersion,
        /// Models that the artifact fits; empty means every model.
        #[serde(default)]
        models: Vec<String>,
        /// Versions that may be updated from; empty means any.
        #[serde(default)]
        #[schema(value_type = Vec<String>)]
        from_versions: Vec<FirmwareVersion>,
    },
    /// Looks a terminal over.
    Inspection {
        /// Somebody comes to the site; otherwise it is done over the network.
        #[serde(default)]
        on_site: bool,
    },
}

impl Work {
    /// The word used in the database and the API.
    pub const fn kind(&self) -> &'static str {
        match self {
            Work::Firmware { .. } => "firmware",
            Work::Inspection { .. } => "inspection",
        }
    }

    /// Why a selected terminal needs no appointment for this work, if it does not.
    pub fn skip_reason(&self, terminal: &Terminal) -> Option<SkipReason> {
        match self {
            Work::Inspection { .. } => None,
            Work::Firmware { version, models, from_versions, .. } => {
                if !models.is_empty() && !models.contains(&terminal.model) {
                    Some(SkipReason::ModelMismatch)
                } else if terminal.firmware == *version {
                    Some(SkipReason::AlreadyInstalled)
                } else if !from_versions.is_empty() && !from_versions.contains(&terminal.firmware) {
                    Some(SkipReason::FromVersionMismatch)
                } else {
                    None
                }
            }
        }
    }
}

/// Why a terminal that the selector picked gets no appointment.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The firmware is already there.
    AlreadyInstalled,
    /// The artifact does not fit the model.
    ModelMismatch,
    /// The artifact does not update from the installed version.
    FromVersionMismatch,
    /// The merchant has no mail address, so it could not be told.
    NoContact,
    /// The site has no maintenance window.
    NoWindow,
    /// The work is done.
    AlreadyDone,
    /// The terminal is locked; it is planned again once it takes payments.
    Locked,
    /// Its next inspection falls due after the horizon.
    NotDue,
    /// The campaign may begin, or its merchants have been told, only after the horizon.
    NotYet,
    /// Its wave opens after the horizon, or nobody can say yet when.
    WaveNotOpen,
}

impl SkipReason {
    /// Every one.
    pub const ALL: [SkipReason; 10] = [
        SkipReason::AlreadyInstalled,
        SkipReason::ModelMismatch,
        SkipReason::FromVersionMismatch,
        SkipReason::NoContact,
        SkipReason::NoWindow,
        SkipReason::AlreadyDone,
        SkipReason::Locked,
        SkipReason::NotDue,
        SkipReason::NotYet,
        SkipReason::WaveNotOpen,
    ];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            SkipReason::AlreadyInstalled => "already_installed",
            SkipReason::ModelMismatch => "model_mismatch",
            SkipReason::FromVersionMismatch => "from_version_mismatch",
            SkipReason::NoContact => "no_contact",
            SkipReason::NoWindow => "no_window",
            SkipReason::AlreadyDone => "already_done",
            SkipReason::Locked => "locked",
            SkipReason::NotDue => "not_due",
            SkipReason::NotYet => "not_yet",
            SkipReason::WaveNotOpen => "wave_not_open",
        }
    }

    /// Whether the campaign has nothing more to do with the terminal, as things are.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            SkipReason::AlreadyInstalled
                | SkipReason::ModelMismatch
                | SkipReason::FromVersionMismatch
                | SkipReason::AlreadyDone
        )
    }

    /// What it means, and what to do about it.
    pub const fn explanation(self) -> &'static str {
        match self {
            SkipReason::AlreadyInstalled => "the terminal already runs this version",
            SkipReason::ModelMismatch => "the artifact does not fit this model",
            SkipReason::FromVersionMismatch => {
                "the artifact does not update from the installed version; plan an intermediate version first"
            }
            SkipReason::NoContact => {
                "the merchant has no mail address; import one, or arrange it by telephone"
            }
            SkipReason::NoWindow => {
                "no maintenance window applies to the site; add one with `offpeak window add`"
            }
            SkipReason::AlreadyDone => "the campaign has already finished with this terminal",
            SkipReason::Locked => {
                "the terminal is locked; it is planned again once its lock is confirmed as ended"
            }
            SkipReason::NotDue => {
                "the last inspection is recent enough; the next falls due after the horizon"
            }
            SkipReason::NotYet => {
                "the campaign may begin, or its merchants have been told, only after the horizon; plan further ahead"
            }
            SkipReason::WaveNotOpen => {
                "its wave opens after the horizon, or the one before it has no appointments yet; plan again then"
            }
        }
    }
}

/// What both a campaign and a programme say about their work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkTerms {
    /// How long a terminal is down, in minutes: download that blocks, install, restart, margin.
    pub duration_minutes: u32,
    /// 1 (whenever) to 9 (before everything else): the weight of one terminal placed.
    pub priority: u8,
    /// The least time between the merchant's mail server's acceptance of the announcement and the start, in minutes.
    pub notice_lead_minutes: u32,
}

/// When a programme raises work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Recurrence {
    /// For each terminal, so many days after its last inspection of this programme was done.
    EveryDays {
        /// From 1 to 3650.
        days: u32,
    },
    /// For the whole selection, at each time of a crontab line.
    Cron {
        /// Five-field crontab line.
        line: String,
        /// IANA zone of the line.
        zone: String,
    },
}

/// The span in which a campaign's appointments must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Nothing starts before.
    pub release_at: DateTime<Utc>,
    /// Everything has ended by.
    pub deadline_at: DateTime<Utc>,
}
