//! How many of a group may be down, slot by slot. Groups that agree in what theirs depend on share one vector: a fleet
//! has a quarter of a million groups.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{TimeDelta, Timelike};
use chrono_tz::Tz;

use crate::domain::budget::Budget;
use crate::domain::calendar::SlotGrid;

/// What the caps of a group depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::service) struct CapKey {
    pub(super) size: u32,
    /// Limit and index into the masks of hours.
    limits: Vec<(u32, Option<usize>)>,
    /// Windows, zone and hours of a site that keeps one terminal up, by their numbers in the world.
    pub(super) site_rule: Option<(u32, Tz, u32)>,
}

/// The caps of groups in the slots of one grid.
pub(in crate::service) struct Caps<'a> {
    grid: &'a SlotGrid,
    /// For each hours of day that a budget has, whether a slot lies in them.
    masks: Vec<((u32, u32), Vec<bool>)>,
    known: HashMap<CapKey, Option<Arc<Vec<u32>>>>,
}

impl<'a> Caps<'a> {
    /// For these budgets. Their hours of day are read in `fleet_zone`.
    pub(in crate::service) fn new(
        grid: &'a SlotGrid,
        budgets: &[impl std::borrow::Borrow<Budget>],
        fleet_zone: Tz,
    ) -> Self {
        let mut masks: Vec<((u32, u32), Vec<bool>)> = Vec::new();
        for hours in budgets.iter().filter_map(|budget| budget.borrow().day_minutes) {
            if masks.iter().all(|(known, _)| *known != hours) {
                masks.push((hours, mask_of(grid, hours, fleet_zone)));
            }
        }
        Caps { grid, masks, known: HashMap::new() }
    }

    /// What the caps of the group `value` depend on; `budgets` are all those of its grouping.
    pub(in crate::service) fn key(&self, budgets: &[&Budget], value: &str, size: u32) -> CapKey {
        let mask = |hours: (u32, u32)| self.masks.iter().position(|(known, _)| *known == hours);
        let limits = budgets
            .iter()
            .filter(|budget| budget.value.as_deref().is_none_or(|only| only == value))
            .map(|budget| (budget.cap(size), budget.day_minutes.and_then(mask)))
            .collect();
        CapKey { size, limits, site_rule: None }
    }

    /// The caps, or `None` where nothing limits the group. In the `trading` slots of a site one terminal stays up.
    pub(super) fn with_trading(
        &mut self,
        key: CapKey,
        trading: impl FnOnce(&CapKey) -> Vec<usize>,
    ) -> Option<Arc<Vec<u32>>> {
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let trading = trading(&key);
        let limited = !key.limits.is_empty() || !trading.is_empty();
        let cap = limited.then(|| {
            let mut cap = vec![key.size; self.grid.slots() as usize];
            for (limit, mask) in &key.limits {
                let mask = mask.map(|number| &self.masks[number].1);
                for (slot, cap) in cap.iter_mut().enumerate() {
                    if mask.is_none_or(|slots| slots[slot]) {
                        *cap = (*cap).min(*limit);
                    }
                }
            }
            for slot in trading {
                cap[slot] = cap[slot].min(key.size - 1);
            }
            Arc::new(cap)
        });
        self.known.insert(key, cap.clone());
        cap
    }

    /// The caps by budgets alone, or `None` where none speaks of the group.
    pub(in crate::service) fn of(&mut self, key: CapKey) -> Option<Arc<Vec<u32>>> {
        self.with_trading(key, |_| Vec::new())
    }
}

/// For each slot, whether any minute of it lies in the hours of day (half-open, possibly across midnight).
fn mask_of(grid: &SlotGrid, (from, to): (u32, u32), zone: Tz) -> Vec<bool> {
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
