//! What can be asked for: exactly what is carried out, and a digest of it and of what it refers to.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api::appointment::Maintenance;
use crate::api::wave::{NewGate, NewWave, NewWaves};
use crate::db::{self, Connection};
use crate::domain::said::{Said, Saying};
use crate::service::Error;

/// A request, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Asked {
    PublishPlan {
        plan: i64,
        /// New and moved appointments together.
        terminals: u64,
        #[serde(default)]
        moved: u64,
        reason: Option<String>,
    },
    StartCampaign {
        campaign: String,
        terminals: u64,
        reason: Option<String>,
    },
    SetWaves {
        campaign: String,
        request: NewWaves,
    },
    PassGate {
        campaign: String,
        wave: i32,
        reason: Option<String>,
    },
    Emergency {
        request: Maintenance,
    },
    GoOn {
        visit: i64,
        reason: Option<String>,
    },
}

impl Asked {
    pub(super) fn action(&self) -> &'static str {
        match self {
            Asked::PublishPlan { .. } => "plan.publish",
            Asked::StartCampaign { .. } => "campaign.activate",
            Asked::SetWaves { .. } => "campaign.waves",
            Asked::PassGate { .. } => "campaign.pass",
            Asked::Emergency { .. } => "maintenance.emergency",
            Asked::GoOn { .. } => "notice.override",
        }
    }

    pub(super) fn subject(&self) -> String {
        match self {
            Asked::PublishPlan { plan, .. } => format!("plan {plan}"),
            Asked::StartCampaign { campaign, .. }
            | Asked::SetWaves { campaign, .. }
            | Asked::PassGate { campaign, .. } => format!("campaign {campaign}"),
            Asked::Emergency { request } => match request.serials.as_slice() {
                [serial] => format!("terminal {serial}"),
                serials => format!("{} terminals", serials.len()),
            },
            Asked::GoOn { visit, .. } => format!("visit {visit}"),
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Asked::PublishPlan { reason, .. }
            | Asked::StartCampaign { reason, .. }
            | Asked::PassGate { reason, .. }
            | Asked::GoOn { reason, .. } => reason.as_deref(),
            Asked::SetWaves { request, .. } => request.reason.as_deref(),
            Asked::Emergency { request } => Some(&request.reason),
        }
    }

    /// The whole in words.
    pub(super) fn words(&self) -> String {
        match self {
            Asked::PublishPlan { plan, terminals, moved: 0, .. } => {
                format!("publish plan {plan}, with {terminals} appointments")
            }
            Asked::PublishPlan { plan, terminals, moved, .. } => {
                let new = terminals.saturating_sub(*moved);
                format!("publish plan {plan}, which makes {new} appointments and moves {moved}")
            }
            Asked::StartCampaign { campaign, terminals, .. } => {
                format!("start the campaign {campaign}, for {terminals} terminals")
            }
            Asked::SetWaves { campaign, request } => {
                let waves: Vec<String> = request.waves.iter().map(words_of).collect();
                format!("change the waves of the campaign {campaign} to {}", waves.join(", then "))
            }
            Asked::PassGate { campaign, wave, .. } => {
                format!("let wave {wave} of the campaign {campaign} pass whatever its gate says")
            }
            Asked::Emergency { request } => format!(
                "maintain {} at {} for {} minutes without the notice that merchants are promised",
                request.serials.join(", "),
                request.at,
                request.duration_minutes
            ),
            Asked::GoOn { visit, .. } => {
                format!("go on with visit {visit} though its merchant has not been told in time")
            }
        }
    }

    /// The same as data, for whoever says it in another language.
    pub(super) fn said(&self) -> Said {
        match self {
            Asked::PublishPlan { plan, terminals, moved, .. } => Saying::AskedPublish.with([
                ("plan", plan.to_string().into()),
                ("created", terminals.saturating_sub(*moved).into()),
                ("moved", (*moved).into()),
            ]),
            Asked::StartCampaign { campaign, terminals, .. } => Saying::AskedStart
                .with([("campaign", campaign.as_str().into()), ("terminals", (*terminals).into())]),
            Asked::SetWaves { campaign, request } => {
                let shares: Vec<&str> = request.waves.iter().map(|wave| wave.share.as_str()).collect();
                Saying::AskedWaves
                    .with([("campaign", campaign.as_str().into()), ("shares", shares.join(", ").into())])
            }
            Asked::PassGate { campaign, wave, .. } => {
                Saying::AskedGate.with([("campaign", campaign.as_str().into()), ("wave", (*wave).into())])
            }
            Asked::Emergency { request } => Saying::AskedEmergency.with([
                ("terminals", request.serials.join(", ").into()),
                ("start", request.at.as_str().into()),
                ("length_minutes", request.duration_minutes.into()),
            ]),
            Asked::GoOn { visit, .. } => Saying::AskedGoOn.with([("visit", visit.to_string().into())]),
        }
    }

    pub(super) fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Corrupt(error.to_string()))
    }

    pub(super) fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map_err(|error| Error::Corrupt(format!("a request cannot be read: {error}")))
    }

    /// Over the request and what it refers to, as both are now.
    pub(super) fn digest(&self, connection: &mut Connection) -> Result<String, Error> {
        let referred = match self {
            Asked::PublishPlan { plan, .. } => db::plan::digest(connection, *plan)?,
            Asked::StartCampaign { campaign, .. } | Asked::SetWaves { campaign, .. } => {
                db::campaign::digest(connection, campaign)?
            }
            // The wave that stands at its gate now: once it has passed, the request is about nothing.
            Asked::PassGate { campaign, .. } => {
                db::wave::at_gate(connection, campaign)?.map(|wave| wave.to_string()).unwrap_or_default()
            }
            Asked::Emergency { .. } => String::new(),
            Asked::GoOn { visit, .. } => db::visit::digest(connection, *visit)?,
        };
        let text = format!("{}\0{referred}", self.to_json()?);
        Ok(hex::encode(Sha256::digest(text.as_bytes())))
    }
}

/// A wave in a few words: `10% (soak 1440 minutes, success 95 %)`; what is not said is as usual.
fn words_of(wave: &NewWave) -> String {
    let NewGate { success_percent_min, failures_max, sample_min } = &wave.gate;
    let mut said: Vec<String> = Vec::new();
    said.extend(wave.soak_minutes.map(|minutes| format!("soak {minutes} minutes")));
    said.extend(success_percent_min.map(|percent| format!("success {percent} %")));
    said.extend(failures_max.as_ref().map(|most| format!("failures {most}")));
    said.extend(sample_min.map(|least| format!("sample {least}")));
    if said.is_empty() { wave.share.clone() } else { format!("{} ({})", wave.share, said.join(", ")) }
}

/// Whether a time says the same tomorrow as today; `now` is as soon as a second person agrees.
pub(super) fn is_fixed(at: &str) -> bool {
    let at = at.trim();
    at.eq_ignore_ascii_case("now") || at.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_wanders_is_not_fixed() {
        for at in ["now", "2026-12-01 02:00", "2026-12-01T02:00:00Z"] {
            assert!(is_fixed(at), "{at}");
        }
        for at in ["tonight 02:00", "tomorrow 02:00", "Mon 02:00", ""] {
            assert!(!is_fixed(at), "{at}");
        }
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let asked = Asked::GoOn { visit: 7, reason: Some("agreed by telephone".to_owned()) };
        let text = asked.to_json().expect("it is written");
        let again = Asked::from_json(&text).expect("it is read").to_json();
        assert_eq!(again.expect("it is written"), text);
    }
}
