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
    #[serde(default, skip_serializing_if = "String::is_empty")]
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
    #[serde(default, skip_serializing_if = "String::is_empty")]
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
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
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

/// What to change about a merchant: what is absent stays, `null` empties.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MerchantChange {
    /// Name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Language of its mail: `en` or `zh-CN`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub locale: Option<Option<String>>,
    /// Address of its mail; what is to come and has not been announced is announced at the new one.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// Telephone.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// All its free labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<std::collections::BTreeMap<String, String>>,
    /// Why; it goes onto the audit trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What to change about a site: what is absent stays, `null` empties.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteChange {
    /// The number of the merchant who owns it from now on.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub merchant_number: Option<Option<String>>,
    /// Name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Region.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub region: Option<Option<String>>,
    /// Postal address.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub address: Option<Option<String>>,
    /// IANA zone.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub time_zone: Option<Option<String>>,
    /// Opening hours, as in the fleet files: `Mon-Fri 08:00-20:00; Sat 09:00-18:00`, `24/7`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub opening_hours: Option<Option<String>>,
    /// Kind of shop.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub traffic_profile: Option<Option<String>>,
    /// All its free labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<std::collections::BTreeMap<String, String>>,
    /// Why; it goes onto the audit trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What to change about a terminal: what is absent stays, `null` empties. The appointments of one that is retired, or
/// taken to another site, are called off.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminalChange {
    /// The code of the site where it stands from now on.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub site_code: Option<Option<String>>,
    /// Terminal id at the acquirer.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub tid: Option<Option<String>>,
    /// Merchant id at the acquirer.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub mid: Option<Option<String>>,
    /// What the merchant calls it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub label: Option<Option<String>>,
    /// Model.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub model: Option<Option<String>>,
    /// Installed firmware.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub firmware: Option<Option<String>>,
    /// Acquirer host.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub acquirer_host: Option<Option<String>>,
    /// Carrier.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub carrier: Option<Option<String>>,
    /// Radio cell or uplink.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cell: Option<Option<String>>,
    /// Servicer.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub servicer: Option<Option<String>>,
    /// Relative volume of payments, 1 to 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<u32>,
    /// Kept for its history only, and never planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<bool>,
    /// All its free labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<std::collections::BTreeMap<String, String>>,
    /// Why; it goes onto the audit trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Tells a field that is `null` from one that is absent.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// What an edit did, or would do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FleetEdit<T> {
    /// As it is now.
    pub now: T,
    /// What differs from before; nothing, if it said the same already.
    pub changes: Vec<FieldChange>,
    /// Appointments that were called off.
    pub called_off: u64,
    /// Mails that were queued for a new address.
    pub announced: u64,
    /// It was a dry run: nothing was written.
    pub dry_run: bool,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// What it said.
    #[schema(value_type = Option<Object>)]
    pub before: serde_json::Value,
    /// What it says.
    #[schema(value_type = Option<Object>)]
    pub after: serde_json::Value,
}

/// What a search of the fleet found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FleetHits {
    /// Merchants whose number or name begins so.
    pub merchants: Vec<MerchantView>,
    /// Sites whose code or name begins so.
    pub sites: Vec<SiteView>,
    /// Terminals whose serial number or TID begins so.
    pub terminals: Vec<TerminalView>,
    /// There are more than these.
    pub more: bool,
}

/// What to search the fleet for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// How a number, code, serial number, TID or name begins, in whatever case.
    pub q: String,
    /// At most so many of each, 1 to 1000; 25 unless told.
    pub limit: Option<i64>,
}
