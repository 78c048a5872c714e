//! Loading: rows come in batches, and of each only what plans depend on is kept.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::World;
use super::fleet::{MerchantEntry, SiteEntry, TerminalEntry};
use super::labels::{Labels, Names};
use super::rows::{blackout_of, budget_of, merchant_of, site_of, terminal_of, window_of};
use super::rules::RuleSets;
use crate::db::appointment::Standing;
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::{self, Connection, Instant};
use crate::domain::budget::Budget;
use crate::domain::calendar::{Blackout, OpeningHours, SlotGrid, WindowRule};
use crate::domain::fleet::{Merchant, Site, Terminal};
use crate::domain::ids::{MerchantId, SiteId, TerminalId};
use crate::domain::scope::Scope;
use crate::service::Error;

/// Is shown every active terminal while the world is loaded: its place in the world, and all that is known of it.
pub type Visitor<'v> = dyn FnMut(usize, &Terminal, &Site, &Merchant) + 'v;

/// Rows that are read at once.
const BATCH: i64 = 20_000;

/// The whole world, on a snapshot, or while nobody may import.
pub(super) fn whole(
    connection: &mut Connection,
    now: DateTime<Utc>,
    grid: SlotGrid,
    visitor: &mut Visitor<'_>,
) -> Result<World, Error> {
    let mut builder = Builder::begin(connection)?;
    let mut after = 0;
    loop {
        let rows = db::fleet::merchants_after(connection, after, BATCH)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        rows.into_iter().try_for_each(|row| builder.add_merchant(row))?;
    }
    after = 0;
    loop {
        let rows = db::fleet::sites_after(connection, after, BATCH)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        rows.into_iter().try_for_each(|row| builder.add_site(row))?;
    }
    after = 0;
    loop {
        let rows = db::fleet::terminals_after(connection, after, BATCH)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        rows.into_iter().try_for_each(|row| builder.add_terminal(row, visitor))?;
    }
    let standing = db::appointment::standing(connection, Instant::from(now))?;
    builder.finish(connection, now, grid, standing)
}

/// A world in the making: merchants, then sites, then terminals, each by id.
pub(super) struct Builder {
    windows: Vec<(Scope, WindowRule)>,
    blackouts: Vec<(Scope, Blackout)>,
    budgets: Vec<Budget>,
    merchants: Vec<MerchantEntry>,
    sites: Vec<SiteEntry>,
    terminals: Vec<TerminalEntry>,
    regions: Names,
    hours: HashMap<String, u32>,
    hours_list: Vec<OpeningHours>,
    labels: Labels,
    rules: RuleSets,
    /// Whole, as long as terminals come.
    merchant_facts: Vec<Merchant>,
    site_facts: Vec<Site>,
}

impl Builder {
    /// Reads the rules.
    pub(super) fn begin(connection: &mut Connection) -> Result<Self, Error> {
        let windows: Vec<(Scope, WindowRule)> =
            db::calendar::windows(connection)?.iter().map(window_of).collect::<Result<_, _>>()?;
        let blackouts: Vec<(Scope, Blackout)> =
            db::calendar::blackouts(connection)?.iter().map(blackout_of).collect::<Result<_, _>>()?;
        let budgets: Vec<Budget> =
            db::calendar::budgets(connection)?.iter().map(budget_of).collect::<Result<_, _>>()?;
        let of_budgets = budgets.iter().map(|budget| &budget.grouping);
        let of_blackouts = blackouts.iter().map(|(scope, _)| &scope.grouping);
        let labels = Labels::for_groupings(of_budgets.chain(of_blackouts));
        let rules = RuleSets::new(&windows, &blackouts);
        Ok(Builder {
            windows,
            blackouts,
            budgets,
            merchants: Vec::new(),
            sites: Vec::new(),
            terminals: Vec::new(),
            regions: Names::default(),
            hours: HashMap::new(),
            hours_list: Vec::new(),
            labels,
            rules,
            merchant_facts: Vec::new(),
            site_facts: Vec::new(),
        })
    }

    pub(super) fn add_merchant(&mut self, row: MerchantRow) -> Result<(), Error> {
        let id = MerchantId(row.id);
        let merchant = merchant_of(row)?;
        let (number, has_address) = (merchant.number.clone(), merchant.email.is_some());
        self.merchants.push(MerchantEntry { id, number, has_address });
        self.merchant_facts.push(merchant);
        Ok(())
    }

    pub(super) fn add_site(&mut self, row: SiteRow) -> Result<(), Error> {
        let id = SiteId(row.id);
        let owner = MerchantId(row.merchant_id);
        let merchant = self
            .merchants
            .binary_search_by_key(&owner, |entry| entry.id)
            .map_err(|_| orphan("site", &row.code))?;
        let known = self.hours.get(&row.opening_hours).copied();
        let hours_text = known.is_none().then(|| row.opening_hours.clone());
        let site = site_of(row, self.merchants[merchant].number.clone())?;
        let hours = match (known, hours_text) {
            (Some(number), _) => number,
            (None, text) => {
                let number = short(self.hours_list.len());
                self.hours_list.push(site.opening_hours.clone());
                self.hours.insert(text.unwrap_or_default(), number);
                number
            }
        };
        let (windows, blackouts) =
            self.rules.of_site(&site.region, &self.merchants[merchant].number, &site.code);
        self.sites.push(SiteEntry {
            id,
            code: site.code.clone(),
            time_zone: site.time_zone,
            traffic_profile: site.traffic_profile,
            merchant: short(merchant),
            terminal_count: 0,
            region: self.regions.number(&site.region),
            hours,
            windows,
            blackouts,
        });
        self.site_facts.push(site);
        Ok(())
    }

    pub(super) fn add_terminal(&mut self, row: TerminalRow, visitor: &mut Visitor<'_>) -> Result<(), Error> {
        if row.retired {
            return Ok(());
        }
        let id = TerminalId(row.id);
        let place = SiteId(row.site_id);
        let site = self
            .sites
            .binary_search_by_key(&place, |entry| entry.id)
            .map_err(|_| orphan("terminal", &row.serial))?;
        let facts = &self.site_facts[site];
        let merchant = &self.merchant_facts[self.sites[site].merchant as usize];
        let terminal = terminal_of(row, facts.code.clone())?;
        self.sites[site].terminal_count += 1;
        self.labels.push(&terminal, facts, merchant);
        visitor(self.terminals.len(), &terminal, facts, merchant);
        self.terminals.push(TerminalEntry {
            id,
            serial: terminal.serial.into_boxed_str(),
            site: short(site),
            volume: terminal.volume,
        });
        Ok(())
    }

    pub(super) fn finish(
        self,
        connection: &mut Connection,
        now: DateTime<Utc>,
        grid: SlotGrid,
        mut standing: Vec<Standing>,
    ) -> Result<World, Error> {
        standing.sort_unstable_by_key(|entry| entry.id);
        let locked = db::lock::locked_terminals(connection)?.into_iter().map(TerminalId).collect();
        Ok(World {
            now,
            grid,
            merchants: self.merchants,
            sites: self.sites,
            terminals: self.terminals,
            windows: self.windows,
            blackouts: self.blackouts,
            budgets: self.budgets,
            locked,
            standing,
            regions: self.regions.names,
            hours: self.hours_list,
            labels: self.labels,
            rules: self.rules,
        })
    }
}

fn short(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn orphan(what: &str, key: &str) -> Error {
    Error::Corrupt(format!("{what} `{key}` belongs to nothing in the database; import it again"))
}
