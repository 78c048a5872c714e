//! Versions of things that people change: a change may say which version it was made against, and is refused if
//! somebody else was quicker. A version stays while nobody has changed the thing, however far the work has gone on.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::appointment::AppointmentView;
use crate::api::budget::BudgetView;
use crate::api::calendar::{BlackoutView, WindowView};
use crate::api::campaign::{CampaignView, ProgrammeView};
use crate::api::fleet::{MerchantView, SiteView, TerminalHistory, TerminalView};
use crate::api::plan::PlanView;
use crate::api::webhook::WebhookView;
use crate::service::Error;

/// A thing that has a version.
pub trait Versioned: Serialize + Clone {
    /// What people call it, as `appointment 17`.
    fn title(&self) -> String;

    /// Where it keeps its version.
    fn etag_mut(&mut self) -> &mut String;

    /// Its version, in quotation marks.
    fn etag(&self) -> &str;

    /// Puts away what comes and goes without anybody's changing it, and what is only told beside it.
    fn settle(&mut self) {}

    /// With its version, worked out from what it holds.
    #[must_use]
    fn with_version(mut self) -> Self {
        let mut settled = self.clone();
        settled.settle();
        settled.etag_mut().clear();
        *self.etag_mut() = format!("\"{}\"", digest_of(&settled));
        self
    }
}

/// A short digest of anything that can be written as JSON.
fn digest_of(value: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    hex::encode(&Sha256::digest(bytes)[..8])
}

/// The versions that a change was made against; nothing if whoever makes it does not care.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected(Option<Vec<String>>);

impl Expected {
    /// Whatever stands there.
    pub const ANYTHING: Expected = Expected(None);

    /// One of these entity tags, as in `If-Match`: their versions count, whatever else they tell apart.
    pub fn one_of<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        Expected(Some(tags.into_iter().map(|tag| version_of(tag).to_owned()).collect()))
    }

    /// Refuses if `current` has another version; the refusal shows it.
    pub fn check<T: Versioned>(&self, current: &T) -> Result<(), Error> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let version = version_of(current.etag());
        if tags.iter().any(|tag| tag == version) {
            return Ok(());
        }
        let current_value =
            serde_json::to_value(current).map_err(|error| Error::Corrupt(error.to_string()))?;
        Err(Error::Changed {
            title: current.title(),
            etag: current.etag().to_owned(),
            current: Box::new(current_value),
        })
    }
}

/// The version within an entity tag: a proxy may have marked it as weak, and the tag of a whole answer goes on after
/// a dot.
pub fn version_of(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag.split_once('.').map_or(tag, |(version, _)| version)
}

macro_rules! versioned {
    ($($view:ty: $self:ident => $title:expr $(, settled $settled:ident => $settle:expr)?;)*) => {$(
        impl Versioned for $view {
            fn title(&$self) -> String {
                $title
            }

            fn etag_mut(&mut self) -> &mut String {
                &mut self.etag
            }

            fn etag(&self) -> &str {
                &self.etag
            }

            $(fn settle(&mut $settled) {
                $settle
            })?
        }
    )*};
}

versioned! {
    AppointmentView: self => format!("appointment {}", self.id), settled self => settle_appointment(self);
    CampaignView: self => format!("campaign {}", self.name), settled self => settle_campaign(self);
    PlanView: self => format!("plan {}", self.id), settled self => self.progress = None;
    ProgrammeView: self => format!("programme {}", self.name), settled self => self.next_due_at = None;
    WindowView: self => format!("window {}", self.id);
    BlackoutView: self => format!("blackout {}", self.id);
    BudgetView: self => format!("budget {}", self.id);
    MerchantView: self => format!("merchant {}", self.number);
    SiteView: self => format!("site {}", self.code);
    WebhookView: self => format!("webhook {}", self.id), settled self => settle_webhook(self);
    TerminalView: self => format!("terminal {}", self.serial);
}

/// Its version is the terminal's own.
impl Versioned for TerminalHistory {
    fn title(&self) -> String {
        self.terminal.title()
    }

    fn etag_mut(&mut self) -> &mut String {
        &mut self.terminal.etag
    }

    fn etag(&self) -> &str {
        &self.terminal.etag
    }
}

/// How far it is, is nobody's doing; that a gate has decided something is.
fn settle_campaign(view: &mut CampaignView) {
    view.appointments.clear();
    for wave in &mut view.waves {
        (wave.done, wave.against, wave.pending, wave.verdict, wave.said) = (0, 0, None, None, None);
    }
    (view.halted_because, view.halted_said) = (None, None);
}

/// That its merchant has been told of it changes nothing about where it stands; that it has begun does.
fn settle_appointment(view: &mut AppointmentView) {
    use crate::domain::appointment::AppointmentState;
    if view.state == AppointmentState::Announced {
        view.state = AppointmentState::Planned;
    }
    for text in [&mut view.label, &mut view.region, &mut view.merchant_name, &mut view.local_start] {
        text.clear();
    }
    (view.announced_at, view.note, view.previous) = (None, None, None);
}

fn settle_webhook(view: &mut WebhookView) {
    (view.failing_since, view.pending, view.dead) = (None, 0, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(cron: &str) -> WindowView {
        WindowView {
            id: 7,
            scope: "fleet".to_owned(),
            cron: cron.to_owned(),
            duration_minutes: 60,
            cutoff_minutes: 0,
            time_zone: None,
            etag: String::new(),
        }
        .with_version()
    }

    #[test]
    fn a_version_is_of_what_a_thing_holds() {
        let one = window("0 1 * * *");
        assert_eq!(one.etag, window("0 1 * * *").etag);
        assert_eq!(one.etag, one.clone().with_version().etag, "its own version is no part of it");
        assert_ne!(one.etag, window("0 2 * * *").etag);
        let version = version_of(&one.etag).to_owned();
        for tag in [one.etag.clone(), format!("\"{version}.aa\""), format!("W/\"{version}.bb\""), version] {
            assert!(Expected::one_of(["\"x\"", tag.as_str()]).check(&one).is_ok(), "{tag}");
        }
        assert!(Expected::ANYTHING.check(&one).is_ok());
        let refused = Expected::one_of(["\"x\""]).check(&one).expect_err("another version");
        let Error::Changed { title, etag, current } = refused else { panic!("{refused}") };
        assert_eq!((title.as_str(), &etag), ("window 7", &one.etag));
        assert_eq!(current["cron"], "0 1 * * *");
        assert!(Expected::one_of([]).check(&one).is_err(), "nothing matches an empty list");
    }
}
