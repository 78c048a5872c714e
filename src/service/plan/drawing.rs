//! The picture of a load: terminals down over time, of the fleet and of the groups that come nearest to their
//! budgets, and the peaks of each night. Groups are drawn one after the other, and only the tightest are kept: a
//! fleet has a quarter of a million of them.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::api::plan::{GroupLoad, Load, NightLoad};
use crate::domain::calendar::SlotGrid;
use crate::service::world::{Group, Groups};

/// Groups that a picture shows beside the fleet: the tightest ones.
const GROUPS_SHOWN_MAX: usize = 12;

/// A span in which one terminal is down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Down {
    /// Its place among the active terminals.
    pub(super) terminal: u32,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    /// Its appointment begins with it.
    pub(super) begins: bool,
}

/// How near a group comes to its budget; the greatest is shown first. Big groups first among equally tight ones:
/// a cell of two is always full.
#[derive(Debug, Clone, Copy)]
struct Rank<'a> {
    tightness: f64,
    widest: u32,
    id: &'a str,
}

impl Rank<'_> {
    fn compare(&self, other: &Rank<'_>) -> Ordering {
        self.tightness
            .total_cmp(&other.tightness)
            .then(self.widest.cmp(&other.widest))
            .then_with(|| other.id.cmp(self.id))
    }
}

/// The group that comes nearest to its budget in one night.
#[derive(Debug, Clone, Copy)]
struct Tightest<'a> {
    share: f64,
    down: u32,
    cap: u32,
    rank: Rank<'a>,
}

/// A night (UTC noon to noon) and its slots.
struct Night {
    date: NaiveDate,
    from: u32,
    to: u32,
}

/// Draws what is down, and what is `locked` throughout.
pub(super) fn draw(grid: &SlotGrid, groups: &Groups, locked: &HashSet<u32>, down: &[Down]) -> Load {
    let slots = grid.slots() as usize;
    let up: Vec<Down> = down.iter().filter(|item| !locked.contains(&item.terminal)).copied().collect();
    let mut fleet = vec![u32::try_from(locked.len()).unwrap_or(u32::MAX); slots];
    for (from, to) in up.iter().map(|item| slots_of(grid, item)) {
        fleet[from as usize..to as usize].iter_mut().for_each(|count| *count += 1);
    }
    let fleet_cap = groups.groups.iter().find(|group| group.id == "fleet").map(|group| group.cap.clone());

    let nights = nights_of(grid);
    let mut tightest: Vec<Option<Tightest<'_>>> = vec![None; nights.len()];
    let mut shown: Vec<(Rank<'_>, usize)> = Vec::new();
    let members = Members::of(groups, &up);
    for (number, group) in groups.groups.iter().enumerate() {
        if group.id == "fleet" || group.size < 2 || members.of_group(number).is_empty() {
            continue;
        }
        let steps = steps_of(grid, group, members.of_group(number).iter().map(|item| &up[*item as usize]));
        let share = |slot: u32, down: u32| f64::from(down) / f64::from(group.cap[slot as usize].max(1));
        let tightness = steps.iter().map(|(slot, down)| share(*slot, *down)).fold(0.0, f64::max);
        if tightness <= 0.0 {
            continue;
        }
        let widest = group.cap.iter().max().copied().unwrap_or(0);
        let rank = Rank { tightness, widest, id: &group.id };
        let place = shown.partition_point(|(known, _)| known.compare(&rank).is_gt());
        if place < GROUPS_SHOWN_MAX {
            shown.insert(place, (rank, number));
            shown.truncate(GROUPS_SHOWN_MAX);
        }
        let mut night = 0;
        for (slot, down) in steps {
            while night + 1 < nights.len() && nights[night].to <= slot {
                night += 1;
            }
            let cap = group.cap[slot as usize];
            let found = Tightest { share: share(slot, down), down, cap, rank };
            let Some(known) = tightest.get_mut(night).filter(|_| down > 0) else { continue };
            let better = known.as_ref().is_none_or(|known| {
                let order = found.share.total_cmp(&known.share).then(found.cap.cmp(&known.cap));
                order.then_with(|| found.rank.compare(&known.rank)).is_gt()
            });
            if better {
                *known = Some(found);
            }
        }
    }
    let fleet_slots = fleet_cap.as_deref().map(Vec::as_slice);
    let mut begun: HashMap<NaiveDate, u64> = HashMap::new();
    for item in down.iter().filter(|item| item.begins) {
        *begun.entry(night_of(item.starts_at)).or_default() += 1;
    }
    let nights = nights
        .iter()
        .zip(tightest)
        .map(|(night, tightest)| {
            let appointments = begun.get(&night.date).copied().unwrap_or(0);
            night_load(night, appointments, &fleet, fleet_slots, tightest)
        })
        .collect();
    let rows = shown.iter().map(|(_, number)| {
        let group = &groups.groups[*number];
        let mut load = vec![group.down; slots];
        for item in members.of_group(*number) {
            let (from, to) = slots_of(grid, &up[*item as usize]);
            load[from as usize..to as usize].iter_mut().for_each(|count| *count += 1);
        }
        GroupLoad { group: group.id.clone(), down: load, cap: Some(group.cap.to_vec()) }
    });
    let rows: Vec<GroupLoad> = rows.collect();
    let fleet_row =
        GroupLoad { group: "fleet".to_owned(), down: fleet, cap: fleet_cap.map(|cap| cap.to_vec()) };
    let groups = std::iter::once(fleet_row).chain(rows).collect();
    Load { from: grid.start(), slot_minutes: grid.slot_minutes(), groups, nights }
}

/// What is down, by group: for each group a run of indices.
struct Members {
    offsets: Vec<u32>,
    items: Vec<u32>,
}

impl Members {
    fn of(groups: &Groups, down: &[Down]) -> Self {
        let mut offsets = vec![0_u32; groups.groups.len() + 1];
        for item in down {
            for number in groups.of_terminal(item.terminal as usize) {
                offsets[number as usize + 1] += 1;
            }
        }
        for place in 1..offsets.len() {
            offsets[place] += offsets[place - 1];
        }
        let mut items = vec![0; offsets.last().copied().unwrap_or(0) as usize];
        let mut next = offsets.clone();
        for (index, item) in (0..).zip(down) {
            for number in groups.of_terminal(item.terminal as usize) {
                let place = &mut next[number as usize];
                items[*place as usize] = index;
                *place += 1;
            }
        }
        Members { offsets, items }
    }

    fn of_group(&self, number: usize) -> &[u32] {
        &self.items[self.offsets[number] as usize..self.offsets[number + 1] as usize]
    }
}

fn slots_of(grid: &SlotGrid, item: &Down) -> (u32, u32) {
    let from = grid.slot_floor(item.starts_at).min(grid.slots());
    (from, grid.slot_ceil(item.ends_at).min(grid.slots()).max(from))
}

/// The slots in which anything of a group is down, ascending, and how much of it.
fn steps_of<'a>(grid: &SlotGrid, group: &Group, items: impl Iterator<Item = &'a Down>) -> Vec<(u32, u32)> {
    let mut changes: Vec<(u32, i64)> = Vec::new();
    for (from, to) in items.map(|item| slots_of(grid, item)) {
        changes.push((from, 1));
        changes.push((to, -1));
    }
    if group.down > 0 {
        changes.push((0, i64::from(group.down)));
        changes.push((grid.slots(), -i64::from(group.down)));
    }
    changes.sort_unstable();
    let mut steps = Vec::new();
    let (mut down, mut since) = (0, 0);
    for (slot, change) in changes {
        if down > 0 {
            let count = u32::try_from(down).unwrap_or(u32::MAX);
            steps.extend((since..slot).map(|slot| (slot, count)));
        }
        down += change;
        since = slot;
    }
    steps
}

/// The date of the evening of the UTC night that holds `instant`.
fn night_of(instant: DateTime<Utc>) -> NaiveDate {
    (instant - TimeDelta::hours(12)).date_naive()
}

fn nights_of(grid: &SlotGrid) -> Vec<Night> {
    let (mut date, last) = (night_of(grid.start()), night_of(grid.horizon().end - TimeDelta::seconds(1)));
    let mut nights = Vec::new();
    while date <= last {
        let noon = date.and_hms_opt(12, 0, 0).map_or(grid.start(), |noon| noon.and_utc());
        let to = grid.slot_ceil(noon + TimeDelta::days(1)).min(grid.slots());
        nights.push(Night { date, from: grid.slot_floor(noon), to });
        date = date + Days::new(1);
    }
    nights
}

fn night_load(
    night: &Night,
    appointments: u64,
    fleet: &[u32],
    fleet_cap: Option<&[u32]>,
    tightest: Option<Tightest<'_>>,
) -> NightLoad {
    let slots = night.from..night.to;
    let peak_slot = slots.max_by_key(|slot| (fleet[*slot as usize], std::cmp::Reverse(*slot)));
    NightLoad {
        night: night.date,
        appointments,
        peak_down: peak_slot.map_or(0, |slot| fleet[slot as usize]),
        fleet_cap: peak_slot.and_then(|slot| fleet_cap.map(|cap| cap[slot as usize])),
        tightest_group: tightest.map(|tightest| tightest.rank.id.to_owned()),
        tightest_down: tightest.map_or(0, |tightest| tightest.down),
        tightest_cap: tightest.map_or(0, |tightest| tightest.cap),
    }
}
