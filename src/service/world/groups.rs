//! Budgets as groups: every group that a budget or the site rule speaks of, with its cap in every slot and how
//! many of its terminals are down already.

use std::collections::HashSet;
use std::sync::Arc;

use chrono_tz::Tz;

use super::World;
use super::caps::{CapKey, Caps};
use super::labels::NONE;
use super::places::{Column, Places};
use crate::domain::budget::{Budget, Grouping};
use crate::domain::calendar::{SlotGrid, SpanSet};

/// One group.
#[derive(Debug, Clone)]
pub struct Group {
    /// As `fleet`, `region:north`.
    pub id: String,
    /// What it groups by.
    pub grouping: Grouping,
    /// Active terminals in it.
    pub size: u32,
    /// How many may be down, in each slot of the horizon. Groups with equal caps share them.
    pub cap: Arc<Vec<u32>>,
    /// How many are locked now.
    pub down: u32,
}

/// All groups, and which of them each terminal is in.
#[derive(Debug)]
pub struct Groups {
    /// The groups, the fleet's first if it has a budget.
    pub groups: Vec<Group>,
    /// For each grouping, the group of each terminal of the world, or [`NONE`].
    columns: Vec<Vec<u32>>,
}

/// How large a group is and how many of it are locked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub(super) size: u32,
    pub(super) down: u32,
}

struct Builder<'a> {
    world: &'a World,
    caps: Caps<'a>,
    groups: Vec<Group>,
    columns: Vec<Vec<u32>>,
}

impl Groups {
    /// Works out every group of a whole world. Hours of day of a budget are read in `fleet_zone`.
    pub fn of(world: &World, fleet_zone: Tz) -> Groups {
        Groups::with(world, fleet_zone, |grouping, keys| {
            let mut extents = vec![Extent::default(); world.group_names(grouping)];
            for (terminal, key) in world.terminals.iter().zip(keys).filter(|(_, key)| **key != NONE) {
                let extent = &mut extents[*key as usize];
                extent.size += 1;
                extent.down += u32::from(world.locked.contains(&terminal.id));
            }
            extents
        })
    }

    /// The groups that budgets speak of, and of the whole fleet, with its terminals by place. What a site's own rule
    /// says is left out: a site of two tills is always full.
    pub(in crate::service) fn of_places(
        places: &Places,
        tags: &[(Grouping, Column)],
        budgets: &[Budget],
        grid: &SlotGrid,
        fleet_zone: Tz,
        locked: &HashSet<u32>,
    ) -> Groups {
        let mut caps = Caps::new(grid, budgets, fleet_zone);
        let (mut groups, mut columns) = (Vec::new(), Vec::new());
        let mut groupings: Vec<&Grouping> = budgets.iter().map(|budget| &budget.grouping).collect();
        groupings.sort();
        groupings.dedup();
        for grouping in groupings {
            let of_grouping: Vec<&Budget> =
                budgets.iter().filter(|budget| budget.grouping == *grouping).collect();
            let mut add = |value: &str, size: u32, down: u32| {
                let cap = caps.of(caps.key(&of_grouping, value, size)).filter(|_| size > 0);
                cap.map_or(NONE, |cap| {
                    let (id, grouping) = (grouping.group_id(value), grouping.clone());
                    groups.push(Group { id, grouping, size, cap, down });
                    u32::try_from(groups.len() - 1).unwrap_or(NONE)
                })
            };
            if *grouping == Grouping::Fleet {
                let size = u32::try_from(places.len()).unwrap_or(NONE);
                let number = add("", size, u32::try_from(locked.len()).unwrap_or(NONE));
                columns.push(vec![number; places.len()]);
                continue;
            }
            let tagged = || tags.iter().find(|(tag, _)| tag == grouping).map(|(_, column)| column);
            let Some(column) = places.column(grouping).or_else(tagged) else { continue };
            let mut down = vec![0; column.sizes.len()];
            for number in locked.iter().map(|place| column.numbers[*place as usize]) {
                if number != NONE {
                    down[number as usize] += 1;
                }
            }
            let named = column.names().iter().zip(&column.sizes).zip(down);
            let numbers: Vec<u32> = named.map(|((name, size), down)| add(name, *size, down)).collect();
            let number_of = |label: &u32| numbers.get(*label as usize).copied().unwrap_or(NONE);
            columns.push(column.numbers.iter().map(number_of).collect());
        }
        Groups { groups, columns }
    }

    /// No groups.
    pub(super) fn none() -> Groups {
        Groups { groups: Vec::new(), columns: Vec::new() }
    }

    /// Works out the groups of the terminals of a world; `extents` says of each key how large its group is.
    pub(super) fn with(
        world: &World,
        fleet_zone: Tz,
        extents: impl Fn(&Grouping, &[u32]) -> Vec<Extent>,
    ) -> Groups {
        let groupings = groupings_of(world);
        let caps = Caps::new(&world.grid, &world.budgets, fleet_zone);
        let mut builder = Builder { world, caps, groups: Vec::new(), columns: Vec::new() };
        for grouping in &groupings {
            let keys: Vec<u32> = (0..world.terminals.len())
                .map(|terminal| world.group_key(grouping, terminal).unwrap_or(NONE))
                .collect();
            let extents = extents(grouping, &keys);
            builder.add_grouping(grouping, keys, &extents);
        }
        Groups { groups: builder.groups, columns: builder.columns }
    }

    /// The groups of a terminal (its place in the world), ascending.
    pub fn of_terminal(&self, terminal: usize) -> impl Iterator<Item = u32> + '_ {
        self.columns.iter().map(move |column| column[terminal]).filter(|number| *number != NONE)
    }
}

/// Every grouping that a budget or the site rule speaks of.
pub(super) fn groupings_of(world: &World) -> Vec<Grouping> {
    let mut groupings: Vec<Grouping> = world.budgets.iter().map(|budget| budget.grouping.clone()).collect();
    groupings.push(Grouping::Site);
    groupings.sort();
    groupings.dedup();
    groupings
}

impl World {
    /// The number of a terminal's group among those of the grouping.
    pub(super) fn group_key(&self, grouping: &Grouping, terminal: usize) -> Option<u32> {
        let entry = &self.terminals[terminal];
        match grouping {
            Grouping::Fleet => Some(0),
            Grouping::Region => Some(self.site(entry).region),
            Grouping::Merchant => Some(self.site(entry).merchant),
            Grouping::Site => Some(entry.site),
            other => self.labels.number(other, terminal),
        }
    }

    /// The name of a group by its number.
    pub(super) fn group_name(&self, grouping: &Grouping, key: u32) -> &str {
        let key = key as usize;
        match grouping {
            Grouping::Fleet => "",
            Grouping::Region => &self.regions[key],
            Grouping::Merchant => &self.merchants[key].number,
            Grouping::Site => &self.sites[key].code,
            other => &self.labels.names(other)[key],
        }
    }

    /// How many groups of the grouping there are.
    fn group_names(&self, grouping: &Grouping) -> usize {
        match grouping {
            Grouping::Fleet => 1,
            Grouping::Region => self.regions.len(),
            Grouping::Merchant => self.merchants.len(),
            Grouping::Site => self.sites.len(),
            other => self.labels.names(other).len(),
        }
    }
}

impl Builder<'_> {
    /// Adds the groups of a grouping in the order of their first terminals.
    fn add_grouping(&mut self, grouping: &Grouping, mut keys: Vec<u32>, extents: &[Extent]) {
        let world = self.world;
        let budgets: Vec<&Budget> =
            world.budgets.iter().filter(|budget| budget.grouping == *grouping).collect();
        let mut numbers: Vec<Option<u32>> = vec![None; world.group_names(grouping)];
        let mut limits_anybody = false;
        for (terminal, key) in keys.iter_mut().enumerate().filter(|(_, key)| **key != NONE) {
            let place = *key as usize;
            *key = match numbers[place] {
                Some(number) => number,
                None => {
                    let number = self.add_group(grouping, *key, &budgets, extents[place], terminal);
                    *numbers[place].insert(number)
                }
            };
            limits_anybody |= *key != NONE;
        }
        if limits_anybody {
            self.columns.push(keys);
        }
    }

    /// The number of a new group, or [`NONE`] where nothing limits it.
    fn add_group(
        &mut self,
        grouping: &Grouping,
        key: u32,
        budgets: &[&Budget],
        Extent { size, down }: Extent,
        terminal: usize,
    ) -> u32 {
        let world = self.world;
        let value = world.group_name(grouping, key);
        let mut key = self.caps.key(budgets, value, size);
        // A site with one terminal is kept closed by its calendar instead.
        key.site_rule = (*grouping == Grouping::Site && size > 1).then(|| {
            let site = world.site(&world.terminals[terminal]);
            (site.windows, site.time_zone, site.hours)
        });
        let trading = |key: &CapKey| key.site_rule.as_ref().map(|rule| trading_slots(world, rule));
        let cap = self.caps.with_trading(key, |key| trading(key).unwrap_or_default());
        let Some(cap) = cap else { return NONE };
        let number = u32::try_from(self.groups.len()).unwrap_or(NONE);
        self.groups.push(Group { id: grouping.group_id(value), grouping: grouping.clone(), size, cap, down });
        number
    }
}

/// The slots of the site's windows in which the shop is open.
fn trading_slots(world: &World, (windows, zone, hours): &(u32, Tz, u32)) -> Vec<usize> {
    let horizon = world.grid.horizon();
    let openings: SpanSet = world
        .window_set(*windows)
        .iter()
        .flat_map(|index| world.windows[*index].1.openings(*zone, horizon.clone()))
        .filter_map(|opening| opening.span().clipped(&horizon))
        .collect();
    let trading = openings.intersect(&world.hours[*hours as usize].open_spans(*zone, horizon));
    trading
        .iter()
        .flat_map(|span| world.grid.slot_floor(span.start())..world.grid.slot_ceil(span.end()))
        .map(|slot| slot as usize)
        .collect()
}
