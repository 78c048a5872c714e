//! The fleet: merchants own sites, sites hold terminals. These are the values that files carry and that the
//! database keeps; each is known by its natural key (merchant number, site code, terminal serial).

mod text;
mod version;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use text::{clean_text, clean_text_to, is_email_address, is_invisible};
pub use version::FirmwareVersion;

use crate::domain::calendar::{OpeningHours, TrafficProfile};

/// The language a merchant is written to in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Locale {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Chinese as written in mainland China.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl Locale {
    /// Every language that notices are written in.
    pub const ALL: [Locale; 2] = [Locale::En, Locale::ZhCn];

    /// The BCP 47 tag: `en`, `zh-CN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::ZhCn => "zh-CN",
        }
    }
}

impl std::fmt::Display for Locale {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::str::FromStr for Locale {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Locale::ALL
            .into_iter()
            .find(|locale| locale.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("`{text}` is not a language that notices are written in; use en or zh-CN"))
    }
}

/// Free labels on a merchant, site or terminal: `key=value`, several separated by `;` in a CSV cell.
pub type Tags = BTreeMap<String, String>;

/// The firm that owns sites and whom we mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// Natural key: the acquirer's number for the firm.
    pub number: String,
    /// Name as the merchant writes it.
    pub name: String,
    /// The language of its mail.
    pub locale: Locale,
    /// Where notices go; `None` means that it cannot be told by mail, so nothing is planned for it.
    pub email: Option<String>,
    /// Whom the operators ring.
    pub phone: Option<String>,
    /// Free labels.
    #[serde(default)]
    pub tags: Tags,
}

/// An outlet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Natural key.
    pub code: String,
    /// The merchant's natural key.
    pub merchant_number: String,
    /// Name as the merchant knows it.
    pub name: String,
    /// The operator's region, the usual grouping of windows and budgets.
    pub region: String,
    /// Postal address, for an inspection by a visit.
    pub address: Option<String>,
    /// IANA zone of every local rule of the site.
    pub time_zone: Tz,
    /// When the site serves customers, in its own zone.
    pub opening_hours: OpeningHours,
    /// Kind of shop, which says how busy each hour of the week is.
    pub traffic_profile: TrafficProfile,
    /// Free labels.
    #[serde(default)]
    pub tags: Tags,
}

/// One payment terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// Natural key: the manufacturer's serial number.
    pub serial: String,
    /// The site's natural key.
    pub site_code: String,
    /// Terminal id at the acquirer.
    pub tid: String,
    /// Merchant id at the acquirer.
    pub mid: String,
    /// What the merchant calls it ("Till 3").
    pub label: String,
    /// Hardware model.
    pub model: String,
    /// Installed firmware.
    pub firmware: FirmwareVersion,
    /// The acquirer host it authorises against.
    pub acquirer_host: String,
    /// Mobile carrier or uplink provider; `None` where it is wired.
    pub carrier: Option<String>,
    /// Radio cell or uplink it shares with its neighbours.
    pub cell: Option<String>,
    /// Whose technicians come.
    pub servicer: Option<String>,
    /// Volume of payments relative to other terminals, 1 to 1000: what a minute of its downtime weighs.
    pub volume: u32,
    /// A retired terminal is kept for its history and never planned.
    #[serde(default)]
    pub retired: bool,
    /// Free labels.
    #[serde(default)]
    pub tags: Tags,
}
