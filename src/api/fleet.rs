//! Fleet: imports, lists, one terminal's history.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::appointment::AppointmentView;
use crate::api::lock::LockView;

/// What an import did, a line a kind of row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// Firms.
    pub merchants: ImportCount,
    /// Outlets.
    pub sites: ImportCount,
    /// Terminals.
    pub terminals: ImportCount,
    /// Nothing differs from what is there already.
    pub unchanged: bool,
    /// It was a dry run.
    pub dry_run: bool,
}

/// Rows of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportCount {
    /// New natural keys.
    pub created: u64,
    /// Known keys with a value that differs.
    pub updated: u64,
    /// Known keys, equal in every value.
    pub unchanged: u64,
}

/// The fleet in numbers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FleetSummary {
    /// Firms.
    pub merchants: i64,
    /// Outlets.
    pub sites: i64,
    /// Terminals that are not retired.
    pub terminals: i64,
    /// Retired terminals.
    pub retired: i64,
    /// Active terminals by region.
    pub by_region: Vec<GroupCount>,
    /// Active terminals by model and firmware, the most frequent first.
    pub by_model: Vec<GroupCount>,
}

/// How many terminals a group has.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GroupCount {
    /// The group.
    pub name: String,
    /// Its terminals.
    pub terminals: i64,
}

/// A merchant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MerchantView {
    /// Merchant number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Language of its mail.
    pub locale: String,
    /// Address of its mail.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Free labels.
    pub tags: std::collections::BTreeMap<String, String>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default)]
    pub etag: String,
}

/// A site.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SiteView {
    /// Site code.
    pub code: String,
    /// Its merchant's number.
    pub merchant_number: String,
    /// Name.
    pub name: String,
    /// Region.
    pub region: String,
    /// Postal address.
    pub address: Option<String>,
    /// IANA zone.
    pub time_zone: String,
    /// Opening hours, as in the fleet files.
    pub opening_hours: String,
    /// Kind of shop.
    pub traffic_profile: String,
    /// Free labels.
    pub tags: std::collections::BTreeMap<String, String>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default)]
    pub etag: String,
}

/// A terminal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TerminalView {
    /// Serial number.
    pub serial: String,
    /// Its site's code.
    pub site_code: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// Merchant id at the acquirer.
    pub mid: String,
    /// What the merchant calls it.
    pub label: String,
    /// Model.
    pub model: String,
    /// Installed firmware.
    pub firmware: String,
    /// Acquirer host.
    pub acquirer_host: String,
    /// Carrier.
    pub carrier: Option<String>,
    /// Radio cell or uplink.
    pub cell: Option<String>,
    /// Servicer.
    pub servicer: Option<String>,
    /// Relative volume of payments.
    pub volume: u32,
    /// Kept for its history only.
    pub retired: bool,
    /// Free labels.
    pub tags: std::collections::BTreeMap<String, String>,
}

/// A terminal with all that happened to it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TerminalHistory {
    /// The terminal.
    pub terminal: TerminalView,
    /// Its site.
    pub site: SiteView,
    /// Its merchant.
    pub merchant: MerchantView,
    /// Its appointments, the latest first.
    pub appointments: Vec<AppointmentView>,
    /// Its locks, the latest first.
    pub locks: Vec<LockView>,
    /// The next time its maintenance window opens.
    pub next_opening_at: Option<DateTime<Utc>>,
}
