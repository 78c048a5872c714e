//! Merchants, sites and terminals as plans see them: what they are known by, and the numbers of what they share.

use chrono_tz::Tz;

use crate::domain::calendar::TrafficProfile;
use crate::domain::ids::{MerchantId, SiteId, TerminalId};

/// A merchant.
#[derive(Debug)]
pub struct MerchantEntry {
    /// Database id.
    pub id: MerchantId,
    /// Natural key.
    pub number: String,
    /// Whether it can be told by mail.
    pub has_address: bool,
}

/// A site with its place in the world.
#[derive(Debug)]
pub struct SiteEntry {
    /// Database id.
    pub id: SiteId,
    /// Natural key.
    pub code: String,
    /// IANA zone of its local rules.
    pub time_zone: Tz,
    /// How busy each hour of the week is.
    pub traffic_profile: TrafficProfile,
    /// Index into [`super::World::merchants`].
    pub merchant: u32,
    /// Its active terminals, in the whole fleet.
    pub terminal_count: u32,
    /// Number of its region's name.
    pub(super) region: u32,
    /// Number of its opening hours.
    pub(super) hours: u32,
    /// Number of the set of windows that apply to it.
    pub(super) windows: u32,
    /// Number of the set of blackouts that apply to all of it.
    pub(super) blackouts: u32,
}

/// A terminal with its place in the world.
#[derive(Debug)]
pub struct TerminalEntry {
    /// Database id.
    pub id: TerminalId,
    /// Natural key.
    pub serial: Box<str>,
    /// Index into [`super::World::sites`].
    pub site: u32,
    /// What a minute of its downtime weighs.
    pub volume: u32,
}
