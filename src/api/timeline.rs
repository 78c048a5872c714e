//! The timeline: regions, their sites, the sites' terminals, and what is planned for them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::appointment::AppointmentView;

/// What a timeline is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TimelineQuery {
    /// The first night; this one unless told.
    pub night: Option<NaiveDate>,
    /// How many nights, 1 to 31; 1 unless told.
    pub nights: Option<u32>,
    /// A site's code, a terminal's serial number or a merchant's number.
    pub q: Option<String>,
    /// Only this region.
    pub region: Option<String>,
    /// Only appointments in this state; several separated by commas.
    pub state: Option<String>,
    /// Only appointments with work of this campaign.
    pub campaign: Option<String>,
    /// Regions whose sites are left out, separated by commas.
    pub closed: Option<String>,
    /// Sites without an appointment as well.
    pub every_site: Option<bool>,
    /// Sites on the page, 1 to 200; 25 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// A page of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Its nights.
    pub nights: Vec<NaiveDate>,
    /// Length of a slot in minutes.
    pub slot_minutes: u32,
    /// Every region of the page, and those left out between them.
    pub regions: Vec<TimelineRegion>,
    /// What to pass as `after` for the page that follows; none on the last.
    pub next: Option<String>,
}

/// A region of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimelineRegion {
    /// Its name.
    pub name: String,
    /// Its sites, with work or without.
    pub site_count: i64,
    /// Its sites are left out.
    pub closed: bool,
    /// Those of its sites that are on the page.
    pub sites: Vec<TimelineSite>,
}

/// A site of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimelineSite {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its merchant's name.
    pub merchant_name: String,
    /// Its zone.
    pub time_zone: String,
    /// Its terminals that have appointments here.
    pub terminals: Vec<TimelineTerminal>,
}

/// A terminal of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimelineTerminal {
    /// Its serial number.
    pub serial: String,
    /// What the merchant calls it.
    pub label: String,
    /// What is planned for it, the earliest first.
    pub appointments: Vec<AppointmentView>,
}
