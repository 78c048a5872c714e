//! Budgets as groups: every group that a budget or the site rule speaks of, with its cap in every slot and how
//! many of its terminals are down already.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{TimeDelta, Timelike};
use chrono_tz::Tz;

use super::World;
use super::labels::NONE;
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

/// What the caps of a group depend on: groups that agree in it share one vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CapKey {
    size: u32,
    /// Limit and index into the masks of hours.
    limits: Vec<(u32, Option<usize>)>,
    /// Windows, zone and hours of a site that keeps one terminal up, by their numbers in the world.
    site_rule: Option<(u32, Tz, u32)>,
}

struct Builder<'a> {
    world: &'a World,
    /// For each budget with hours of day, whether a slot lies in them.
    masks: HashMap<(u32, u32), (usize, Vec<bool>)>,
    caps: HashMap<CapKey, Option<Arc<Vec<u32>>>>,
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
        let mut masks = HashMap::new();
        for hours in world.budgets.iter().filter_map(|budget| budget.day_minutes) {
            let number = masks.len();
            masks.entry(hours).or_insert_with(|| (number, mask_of(&world.grid, hours, fleet_zone)));
        }
        let mut builder =
            Builder { world, masks, caps: HashMap::new(), groups: Vec::new(), columns: Vec::new() };
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
        let limits = budgets
            .iter()
            .filter(|budget| budget.value.as_deref().is_none_or(|only| only == value))
            .map(|budget| (budget.cap(size), budget.day_minutes.map(|hours| self.masks[&hours].0)))
            .collect();
        // A site with one terminal is kept closed by its calendar instead.
        let site_rule = (*grouping == Grouping::Site && size > 1).then(|| {
            let site = world.site(&world.terminals[terminal]);
            (site.windows, site.time_zone, site.hours)
        });
        let cap_key = CapKey { size, limits, site_rule };
        let cap = match self.caps.get(&cap_key) {
            Some(cap) => cap.clone(),
            None => {
                let cap = self.cap_of(&cap_key).map(Arc::new);
                self.caps.insert(cap_key, cap.clone());
                cap
            }
        };
        let Some(cap) = cap else { return NONE };
        let number = u32::try_from(self.groups.len()).unwrap_or(NONE);
        self.groups.push(Group { id: grouping.group_id(value), grouping: grouping.clone(), size, cap, down });
        number
    }

    /// The caps, or `None` where nothing limits the group.
    fn cap_of(&self, key: &CapKey) -> Option<Vec<u32>> {
        let trading = key.site_rule.as_ref().map(|rule| trading_slots(self.world, rule)).unwrap_or_default();
        if key.limits.is_empty() && trading.is_empty() {
            return None;
        }
        let mut cap = vec![key.size; self.world.grid.slots() as usize];
        for (limit, mask) in &key.limits {
            let mask = mask.and_then(|number| self.masks.values().find(|(of, _)| *of == number));
            for (slot, cap) in cap.iter_mut().enumerate() {
                if mask.is_none_or(|(_, slots)| slots[slot]) {
                    *cap = (*cap).min(*limit);
                }
            }
        }
        for slot in trading {
            cap[slot] = cap[slot].min(key.size - 1);
        }
        Some(cap)
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

/// For each slot, whether any minute of it lies in the hours of day (half-open, possibly across midnight).
pub(in crate::service) fn mask_of(grid: &SlotGrid, (from, to): (u32, u32), zone: Tz) -> Vec<bool> {
    let inside = |slot: u32| {
        let start = grid.instant_of(slot);
        (0..grid.slot_minutes()).any(|minute| {
            let local = (start + TimeDelta::minutes(i64::from(minute))).with_timezone(&zone);
            let of_day = local.hour() * 60 + local.minute();
            if from < to { (from..to).contains(&of_day) } else { of_day >= from || of_day < to }
        })
    };
    (0..grid.slots()).map(inside).collect()
}
