//! The world as planning sees it at one instant: the fleet, its calendars, its budgets as groups with a cap in
//! every slot, what is locked and what already stands. Loaded once, whole or in the part that a question
//! concerns, then only read.
//!
//! A fleet has a million terminals, so what they share is kept once: names of regions, hosts and cells as
//! numbers, windows, blackouts and opening hours as sets of which a site names one. A terminal costs about a
//! hundred bytes so.

mod around;
mod calendars;
mod caps;
mod fleet;
mod groups;
mod labels;
mod load;
mod nights;
mod places;
mod rows;
mod rules;
mod sizes;

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::Connection;
use crate::db::appointment::Standing;
use crate::domain::budget::Budget;
use crate::domain::calendar::{Blackout, OpeningHours, SlotGrid, WindowRule};
use crate::domain::ids::TerminalId;
use crate::domain::scope::Scope;
use crate::service::{App, Error};

pub use around::Surroundings;
pub use calendars::Calendars;
pub(in crate::service) use caps::{CapKey, Caps};
pub use fleet::{MerchantEntry, SiteEntry, TerminalEntry};
pub use groups::{Group, Groups};
pub(in crate::service) use labels::NONE;
pub use load::Visitor;
pub use nights::KeptNights;
pub(in crate::service) use nights::{Night, NightRow, dates_in, noon_of};
pub use places::KeptPlaces;
pub(in crate::service) use places::{Column, Places};
pub use rows::{blackout_of, budget_of, merchant_of, site_of, terminal_of, window_of};
pub use sizes::KeptSizes;

use labels::Labels;
use rules::RuleSets;

/// Everything that a planning decision depends on.
#[derive(Debug)]
pub struct World {
    /// The instant it was loaded for.
    pub now: DateTime<Utc>,
    /// The slots of the horizon; the first holds `now`.
    pub grid: SlotGrid,
    /// Merchants.
    pub merchants: Vec<MerchantEntry>,
    /// Sites, by database id.
    pub sites: Vec<SiteEntry>,
    /// Active terminals, by database id.
    pub terminals: Vec<TerminalEntry>,
    /// Windows and where they apply.
    pub windows: Vec<(Scope, WindowRule)>,
    /// Blackouts and where they apply.
    pub blackouts: Vec<(Scope, Blackout)>,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// Database ids of locked terminals.
    pub locked: HashSet<TerminalId>,
    /// Standing appointments that end after `now`, by id.
    pub standing: Vec<Standing>,
    /// Names of regions; a site has the number of its own.
    regions: Vec<String>,
    /// Distinct opening hours; a site has the number of its own.
    hours: Vec<OpeningHours>,
    labels: Labels,
    rules: RuleSets,
}

impl World {
    /// Loads the world for the next `horizon_days`, on the caller's snapshot.
    pub fn load(connection: &mut Connection, app: &App, horizon_days: u32) -> Result<World, Error> {
        World::visit(connection, app, horizon_days, &mut |_, _, _, _| {})
    }

    /// Loads the world, and shows every active terminal to `visitor` with all that is known of it: the world
    /// itself keeps only what plans depend on.
    pub fn visit(
        connection: &mut Connection,
        app: &App,
        horizon_days: u32,
        visitor: &mut Visitor<'_>,
    ) -> Result<World, Error> {
        let now = app.clock.now();
        let grid = grid_of(now, app.settings.slot_minutes, horizon_days)?;
        load::whole(connection, now, grid, visitor)
    }

    /// A terminal's site.
    pub fn site(&self, terminal: &TerminalEntry) -> &SiteEntry {
        &self.sites[terminal.site as usize]
    }

    /// A terminal's merchant.
    pub fn merchant(&self, terminal: &TerminalEntry) -> &MerchantEntry {
        &self.merchants[self.site(terminal).merchant as usize]
    }

    /// The name of a site's region.
    pub fn region(&self, site: &SiteEntry) -> &str {
        &self.regions[site.region as usize]
    }

    /// A site's opening hours.
    pub fn hours(&self, site: &SiteEntry) -> &OpeningHours {
        &self.hours[site.hours as usize]
    }

    /// The place in [`World::terminals`] of the terminal with this database id, if it is active.
    pub fn index_of(&self, id: TerminalId) -> Option<usize> {
        self.terminals.binary_search_by_key(&id, |entry| entry.id).ok()
    }

    /// The terminal with this database id, if it is active.
    pub fn terminal(&self, id: TerminalId) -> Option<&TerminalEntry> {
        self.index_of(id).map(|index| &self.terminals[index])
    }
}

pub(in crate::service) fn grid_of(
    now: DateTime<Utc>,
    slot_minutes: u32,
    horizon_days: u32,
) -> Result<SlotGrid, Error> {
    let end = now + TimeDelta::days(i64::from(horizon_days));
    SlotGrid::covering(now..end, slot_minutes).map_err(|error| Error::invalid("horizon_days", error))
}
