//! Budgets as groups: every group that a budget or the site rule speaks of, with its cap in every slot and how
//! many of its terminals are down already.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{TimeDelta, Timelike};
use chrono_tz::Tz;

use crate::domain::budget::{Budget, Grouping};
use crate::domain::calendar::{OpeningHours, SpanSet};
use crate::service::world::World;

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
    /// For each terminal of the world, its groups, ascending.
    pub of_terminal: Vec<Vec<u32>>,
}

/// What the caps of a group depend on: groups that agree in it share one vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CapKey {
    size: u32,
    /// Limit and index into the masks of hours.
    limits: Vec<(u32, Option<usize>)>,
    /// Windows, zone and hours of a site that keeps one terminal up.
    site_rule: Option<(Vec<usize>, Tz, OpeningHours)>,
}

struct Builder<'a> {
    world: &'a World,
    /// For each budget with hours of day, whether a slot lies in them.
    masks: HashMap<(u32, u32), (usize, Vec<bool>)>,
    caps: HashMap<CapKey, Option<Arc<Vec<u32>>>>,
    groups: Vec<Group>,
    of_terminal: Vec<Vec<u32>>,
}

impl Groups {
    /// Works out every group of the world. Hours of day of a budget are read in `fleet_zone`.
    pub fn of(world: &World, fleet_zone: Tz) -> Groups {
        let mut groupings: Vec<&Grouping> = world.budgets.iter().map(|budget| &budget.grouping).collect();
        groupings.push(&Grouping::Site);
        groupings.sort();
        groupings.dedup();

        let mut masks = HashMap::new();
        for hours in world.budgets.iter().filter_map(|budget| budget.day_minutes) {
            let number = masks.len();
            masks.entry(hours).or_insert_with(|| (number, mask_of(world, hours, fleet_zone)));
        }
        let of_terminal = vec![Vec::new(); world.terminals.len()];
        let mut builder = Builder { world, masks, caps: HashMap::new(), groups: Vec::new(), of_terminal };
        for grouping in groupings {
            builder.add_grouping(grouping);
        }
        Groups { groups: builder.groups, of_terminal: builder.of_terminal }
    }
}

impl Builder<'_> {
    fn add_grouping(&mut self, grouping: &Grouping) {
        let world = self.world;
        let budgets: Vec<&Budget> =
            world.budgets.iter().filter(|budget| budget.grouping == *grouping).collect();
        let mut members: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        for (index, entry) in world.terminals.iter().enumerate() {
            let site = world.site(entry);
            let merchant = &world.merchants[site.merchant].1;
            if let Some(value) = grouping.group_of(&entry.terminal, &site.site, merchant) {
                let terminals = members.entry(value).or_default();
                if terminals.is_empty() {
                    order.push(value);
                }
                terminals.push(index);
            }
        }
        for value in order {
            self.add_group(grouping, value, &budgets, &members[value]);
        }
    }

    fn add_group(&mut self, grouping: &Grouping, value: &str, budgets: &[&Budget], terminals: &[usize]) {
        let world = self.world;
        let size = u32::try_from(terminals.len()).unwrap_or(u32::MAX);
        let limits = budgets
            .iter()
            .filter(|budget| budget.value.as_deref().is_none_or(|only| only == value))
            .map(|budget| (budget.cap(size), budget.day_minutes.map(|hours| self.masks[&hours].0)))
            .collect();
        let entry = &world.terminals[terminals[0]];
        // A site with one terminal is kept closed by its calendar instead.
        let site_rule = (*grouping == Grouping::Site && size > 1).then(|| {
            let site = &world.site(entry).site;
            (world.windows_of(entry), site.time_zone, site.opening_hours.clone())
        });
        let key = CapKey { size, limits, site_rule };
        let cap = match self.caps.get(&key) {
            Some(cap) => cap.clone(),
            None => {
                let cap = self.cap_of(&key).map(Arc::new);
                self.caps.insert(key, cap.clone());
                cap
            }
        };
        let Some(cap) = cap else { return };
        let down =
            terminals.iter().filter(|index| world.locked.contains(&world.terminals[**index].id)).count();
        let number = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        for index in terminals {
            self.of_terminal[*index].push(number);
        }
        self.groups.push(Group {
            id: grouping.group_id(value),
            grouping: grouping.clone(),
            size,
            cap,
            down: u32::try_from(down).unwrap_or(u32::MAX),
        });
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
fn trading_slots(world: &World, (windows, zone, hours): &(Vec<usize>, Tz, OpeningHours)) -> Vec<usize> {
    let horizon = world.grid.horizon();
    let openings: SpanSet = windows
        .iter()
        .flat_map(|index| world.windows[*index].1.openings(*zone, horizon.clone()))
        .filter_map(|opening| opening.span().clipped(&horizon))
        .collect();
    let trading = openings.intersect(&hours.open_spans(*zone, horizon));
    trading
        .iter()
        .flat_map(|span| world.grid.slot_floor(span.start())..world.grid.slot_ceil(span.end()))
        .map(|slot| slot as usize)
        .collect()
}

/// For each slot, whether any minute of it lies in the hours of day (half-open, possibly across midnight).
fn mask_of(world: &World, (from, to): (u32, u32), zone: Tz) -> Vec<bool> {
    let inside = |slot: u32| {
        let start = world.grid.instant_of(slot);
        (0..world.grid.slot_minutes()).any(|minute| {
            let local = (start + TimeDelta::minutes(i64::from(minute))).with_timezone(&zone);
            let of_day = local.hour() * 60 + local.minute();
            if from < to { (from..to).contains(&of_day) } else { of_day >= from || of_day < to }
        })
    };
    (0..world.grid.slots()).map(inside).collect()
}
