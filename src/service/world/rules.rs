//! Which windows and blackouts apply where: sites with the same rules share one set of them.

use std::collections::HashMap;

use super::labels::differs_within_site;
use super::{TerminalEntry, World};
use crate::domain::budget::Grouping;
use crate::domain::calendar::{Blackout, OpeningHours, SpanSet, WindowRule};
use crate::domain::scope::Scope;

/// Sets of windows and of blackouts, each once.
#[derive(Debug, Default)]
pub(super) struct RuleSets {
    windows: Sets,
    blackouts: Sets,
    /// Blackouts of a scope in which only some of a site's terminals may lie.
    within_sites: Vec<usize>,
    windows_by_scope: ByScope,
    blackouts_by_scope: ByScope,
}

#[derive(Debug, Default)]
struct Sets {
    known: HashMap<Vec<usize>, u32>,
    sets: Vec<Vec<usize>>,
}

/// Indices of rules by the sites that they are for.
#[derive(Debug, Default)]
struct ByScope {
    fleet: Vec<usize>,
    regions: HashMap<String, Vec<usize>>,
    merchants: HashMap<String, Vec<usize>>,
    sites: HashMap<String, Vec<usize>>,
}

impl Sets {
    fn number(&mut self, set: Vec<usize>) -> u32 {
        if let Some(number) = self.known.get(&set) {
            return *number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(set.clone());
        self.known.insert(set, number);
        number
    }
}

impl ByScope {
    fn of<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Self {
        let mut by_scope = ByScope::default();
        for (index, scope) in scopes.enumerate() {
            let map = match scope.grouping {
                Grouping::Fleet => {
                    by_scope.fleet.push(index);
                    continue;
                }
                Grouping::Region => &mut by_scope.regions,
                Grouping::Merchant => &mut by_scope.merchants,
                Grouping::Site => &mut by_scope.sites,
                _ => continue,
            };
            map.entry(scope.value.clone()).or_default().push(index);
        }
        by_scope
    }

    /// What applies to a site, the narrowest scope first.
    fn levels(&self, region: &str, merchant: &str, site: &str) -> [&[usize]; 4] {
        [
            self.sites.get(site).map_or(&[], Vec::as_slice),
            self.merchants.get(merchant).map_or(&[], Vec::as_slice),
            self.regions.get(region).map_or(&[], Vec::as_slice),
            &self.fleet,
        ]
    }
}

impl RuleSets {
    pub(super) fn new(windows: &[(Scope, WindowRule)], blackouts: &[(Scope, Blackout)]) -> Self {
        let within_sites = blackouts.iter().enumerate();
        let within_sites = within_sites.filter(|(_, (scope, _))| differs_within_site(&scope.grouping));
        RuleSets {
            windows: Sets::default(),
            blackouts: Sets::default(),
            within_sites: within_sites.map(|(index, _)| index).collect(),
            windows_by_scope: ByScope::of(windows.iter().map(|(scope, _)| scope)),
            blackouts_by_scope: ByScope::of(blackouts.iter().map(|(scope, _)| scope)),
        }
    }

    /// The numbers of a site's set of windows (those of the narrowest scope that has any) and of its set of
    /// blackouts (all that hold the whole site).
    pub(super) fn of_site(&mut self, region: &str, merchant: &str, site: &str) -> (u32, u32) {
        let windows = self.windows_by_scope.levels(region, merchant, site);
        let narrowest = windows.into_iter().find(|level| !level.is_empty()).unwrap_or(&[]);
        let windows = self.windows.number(narrowest.to_vec());
        let mut blackouts = self.blackouts_by_scope.levels(region, merchant, site).concat();
        blackouts.sort_unstable();
        (windows, self.blackouts.number(blackouts))
    }
}

impl World {
    /// Indices of the windows of a terminal's site: those of the narrowest scope that has any.
    pub fn windows_of(&self, terminal: &TerminalEntry) -> &[usize] {
        self.window_set(self.site(terminal).windows)
    }

    /// The windows of a set by its number.
    pub(super) fn window_set(&self, number: u32) -> &[usize] {
        &self.rules.windows.sets[number as usize]
    }

    /// Indices of the blackouts that apply to a terminal.
    pub fn blackouts_of(&self, terminal: &TerminalEntry) -> Vec<usize> {
        let mut blackouts = self.rules.blackouts.sets[self.site(terminal).blackouts as usize].clone();
        blackouts.extend(self.own_blackouts(terminal));
        blackouts.sort_unstable();
        blackouts
    }

    /// Indices of the blackouts that apply to a terminal beside those of its whole site.
    pub(super) fn own_blackouts(&self, terminal: &TerminalEntry) -> Vec<usize> {
        if self.rules.within_sites.is_empty() {
            return Vec::new();
        }
        let Some(place) = self.index_of(terminal.id) else { return Vec::new() };
        let holds = |scope: &Scope| {
            let number = self.labels.number(&scope.grouping, place);
            number.is_some_and(|number| self.labels.names(&scope.grouping)[number as usize] == scope.value)
        };
        let own = self.rules.within_sites.iter().copied();
        own.filter(|index| holds(&self.blackouts[*index].0)).collect()
    }

    /// The trading hours in which a terminal is its site's only one, so that it is never touched in them.
    pub fn closed_only(&self, terminal: &TerminalEntry) -> Option<&OpeningHours> {
        let site = self.site(terminal);
        (site.terminal_count == 1).then(|| self.hours(site))
    }

    /// The blackouts that apply to a terminal, as instants within the horizon, each with its name.
    pub fn blackout_spans(&self, terminal: &TerminalEntry) -> Vec<(&str, SpanSet)> {
        let zone = self.site(terminal).time_zone;
        self.blackouts_of(terminal)
            .into_iter()
            .map(|index| {
                let blackout = &self.blackouts[index].1;
                (blackout.name(), blackout.spans(zone, self.grid.horizon()))
            })
            .collect()
    }
}
