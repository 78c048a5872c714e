//! The world as planning sees it at one instant: the fleet, its calendars, its budgets as groups with a cap in
//! every slot, what is locked and what already stands. Loaded once, in one snapshot, then only read.

mod calendars;
mod groups;
mod load;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::Connection;
use crate::db::appointment::AppointmentRow;
use crate::domain::budget::Budget;
use crate::domain::calendar::{Blackout, SlotGrid, WindowRule};
use crate::domain::fleet::{Merchant, Site, Terminal};
use crate::domain::ids::{MerchantId, SiteId, TerminalId};
use crate::domain::scope::Scope;
use crate::service::{App, Error};

pub use calendars::Calendars;
pub use groups::{Group, Groups};
pub use load::{budget_of, merchant_of, site_of, terminal_of, window_of};

/// A site with its place in the world.
#[derive(Debug)]
pub struct SiteEntry {
    /// Database id.
    pub id: SiteId,
    /// The site.
    pub site: Site,
    /// Index into [`World::merchants`].
    pub merchant: usize,
    /// Its active terminals.
    pub terminal_count: u32,
}

/// A terminal with its place in the world.
#[derive(Debug)]
pub struct TerminalEntry {
    /// Database id.
    pub id: TerminalId,
    /// The terminal.
    pub terminal: Terminal,
    /// Index into [`World::sites`].
    pub site: usize,
}

/// Everything that a planning decision depends on.
#[derive(Debug)]
pub struct World {
    /// The instant it was loaded for.
    pub now: DateTime<Utc>,
    /// The slots of the horizon; the first holds `now`.
    pub grid: SlotGrid,
    /// Merchants, with their database ids.
    pub merchants: Vec<(MerchantId, Merchant)>,
    /// Sites, by database id.
    pub sites: Vec<SiteEntry>,
    /// Active terminals, by database id.
    pub terminals: Vec<TerminalEntry>,
    /// Terminal by database id.
    pub terminal_index: HashMap<TerminalId, usize>,
    /// Windows and where they apply.
    pub windows: Vec<(Scope, WindowRule)>,
    /// Blackouts and where they apply.
    pub blackouts: Vec<(Scope, Blackout)>,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// Database ids of locked terminals.
    pub locked: BTreeSet<TerminalId>,
    /// Standing appointments that end after `now`.
    pub standing: Vec<AppointmentRow>,
}

impl World {
    /// Loads the world for the next `horizon_days`, on the caller's snapshot.
    pub fn load(connection: &mut Connection, app: &App, horizon_days: u32) -> Result<World, Error> {
        let now = app.clock.now();
        let grid = grid_of(now, app.settings.slot_minutes, horizon_days)?;
        load::world(connection, now, grid)
    }

    /// A terminal's site.
    pub fn site(&self, terminal: &TerminalEntry) -> &SiteEntry {
        &self.sites[terminal.site]
    }

    /// A terminal's merchant, with its database id.
    pub fn merchant(&self, terminal: &TerminalEntry) -> &(MerchantId, Merchant) {
        &self.merchants[self.sites[terminal.site].merchant]
    }

    /// The terminal with this database id, if it is active.
    pub fn terminal(&self, id: TerminalId) -> Option<&TerminalEntry> {
        self.terminal_index.get(&id).map(|index| &self.terminals[*index])
    }
}

fn grid_of(now: DateTime<Utc>, slot_minutes: u32, horizon_days: u32) -> Result<SlotGrid, Error> {
    let end = now + TimeDelta::days(i64::from(horizon_days));
    SlotGrid::covering(now..end, slot_minutes).map_err(|error| Error::invalid("horizon_days", error))
}
