//! The load of every group of a grouping, slot by slot or night by night, against its budget: the picture that shows
//! whether maintenance is staggered. It counts what stands and what was done, and reads no more of the fleet than that.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::api::plan::{GroupLoad, Load};
use crate::db;
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::{Budget, Grouping};
use crate::domain::calendar::SlotGrid;
use crate::service::world::{CapKey, Caps, Column, NONE, Night, NightRow, Places, budget_of, noon_of};
use crate::service::{App, Error};

/// The cap in a night of a group that comes up in a later one.
const NOT_YET: u32 = u32::MAX;

/// What can be drawn.
pub const HEAT_GROUPINGS: [Grouping; 6] = [
    Grouping::Fleet,
    Grouping::Region,
    Grouping::AcquirerHost,
    Grouping::Carrier,
    Grouping::Cell,
    Grouping::Model,
];

/// The load of the groups of a grouping, those that come nearest to their budgets first: of one night by slots, of
/// several by nights, each with the slot of it that comes nearest to the budget.
pub fn heat(app: &App, grouping: &Grouping, first: NaiveDate, nights: u32) -> Result<Load, Error> {
    if !(1..=31).contains(&nights) {
        return Err(Error::invalid("nights", format!("{nights} is out of range; use 1 to 31")));
    }
    if !HEAT_GROUPINGS.contains(grouping) {
        return Err(Error::invalid(
            "by",
            format!("`{grouping}` cannot be drawn; use fleet, region, host, carrier, cell or model"),
        ));
    }
    let from = noon_of(first)?;
    let dates = first.iter_days().take(nights as usize);
    let (places, budgets, locked, read) = app.database.read(|connection| {
        let budgets = db::calendar::budgets(connection)?;
        let budgets = budgets.iter().map(budget_of).collect::<Result<Vec<_>, _>>()?;
        let locked = db::lock::locked_terminals(connection)?;
        let read = app.nights.of(app, connection, dates.clone())?;
        Ok::<_, Error>((app.places.wait(connection)?, budgets, locked, read))
    })?;
    let members = Members::of(&places, grouping, locked);
    let budgets: Vec<&Budget> = budgets.iter().filter(|budget| budget.grouping == *grouping).collect();
    let counted: Vec<Counted> = read.iter().map(|night| members.count(app, night)).collect();
    let slot_minutes = if nights == 1 { app.settings.slot_minutes } else { 24 * 60 };
    let groups = match &counted[..] {
        [only] => by_slots(app, &members, grouping, &budgets, only),
        several => by_nights(app, &members, grouping, &budgets, several),
    };
    Ok(Load { from, slot_minutes, groups: tightest_first(groups), nights: Vec::new() })
}

/// Who is in which group of the grouping.
struct Members<'a> {
    places: &'a Arc<Places>,
    /// None for the fleet: everybody is in its one group.
    column: Option<&'a Column>,
    /// Ids of locked terminals, ascending.
    locked: Vec<i64>,
    /// Whether the terminal at a place is locked.
    is_locked: Vec<bool>,
}

impl<'a> Members<'a> {
    fn of(places: &'a Arc<Places>, grouping: &Grouping, locked: Vec<i64>) -> Self {
        let mut is_locked = vec![false; places.len()];
        locked.iter().filter_map(|id| places.of(*id)).for_each(|place| is_locked[place] = true);
        Members { places, column: places.column(grouping), locked, is_locked }
    }

    fn groups(&self) -> usize {
        self.column.map_or(1, |column| column.names().len())
    }

    fn group_at(&self, place: usize) -> Option<usize> {
        let number = self.column.map_or(0, |column| column.numbers[place]);
        (number != NONE).then_some(number as usize)
    }

    fn name(&self, group: usize) -> &str {
        self.column.map_or("", |column| &column.names()[group])
    }

    fn size(&self, group: usize) -> u32 {
        let all = || u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.column.map_or_else(all, |column| column.sizes[group])
    }

    fn count(&self, app: &App, night: &Night) -> Counted {
        // A terminal that is locked is counted as such, and not again for what stands.
        let counts = |row: &NightRow, place: usize| match row.state {
            AppointmentState::Done | AppointmentState::Failed => true,
            state => state.is_standing() && !self.is_locked[place],
        };
        let group_of = |(row, place): (&NightRow, Option<usize>)| {
            let place = place.filter(|place| counts(row, *place))?;
            self.group_at(place)
        };
        let of_rows: Vec<Option<usize>> = night.places_among(self.places).map(group_of).collect();
        let mut ends = vec![0; self.groups()];
        of_rows.iter().flatten().for_each(|group| ends[*group] += 1);
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut spans = vec![(0, 0); sum];
        let mut next = ends.clone();
        for (row, group) in night.rows.iter().zip(of_rows) {
            if let Some(group) = group {
                next[group] -= 1;
                spans[next[group]] = row.slots;
            }
        }
        // What is locked now is down from now on.
        let slots = night.grid.slots() as usize;
        let since = night.grid.slot_floor(app.clock.now().max(night.grid.start())) as usize;
        let mut locked = vec![0; self.groups()];
        if since < slots {
            let groups = self.locked.iter().filter_map(|id| self.group_at(self.places.of(*id)?));
            groups.for_each(|group| locked[group] += 1);
        }
        Counted { grid: night.grid, begins: next, ends, spans, locked, since }
    }
}

/// What is down in one night, group by group.
struct Counted {
    grid: SlotGrid,
    /// For each group, where its spans begin and end.
    begins: Vec<usize>,
    ends: Vec<usize>,
    /// In slots, half-open.
    spans: Vec<(u16, u16)>,
    /// For each group, how many are locked, and from which slot on that counts.
    locked: Vec<u32>,
    since: usize,
}

impl Counted {
    /// Adds what is down of a group to `down`, a number for each slot; the slots that changed, if anything did.
    fn add_to(&self, down: &mut [u32], group: usize) -> Option<Range<usize>> {
        let spans = &self.spans[self.begins[group]..self.ends[group]];
        let (mut touched, all): (Option<Range<usize>>, _) = (None, down.len());
        let mut add = |slots: Range<usize>, count: u32| {
            down[slots.clone()].iter_mut().for_each(|slot| *slot += count);
            touched = Some(match touched.take() {
                Some(known) => known.start.min(slots.start)..known.end.max(slots.end),
                None => slots,
            });
        };
        spans.iter().for_each(|(from, to)| add(usize::from(*from)..usize::from(*to), 1));
        if self.locked[group] > 0 {
            add(self.since..all, self.locked[group]);
        }
        touched
    }
}

fn by_slots(
    app: &App,
    members: &Members<'_>,
    grouping: &Grouping,
    budgets: &[&Budget],
    night: &Counted,
) -> Vec<GroupLoad> {
    let mut caps = Caps::new(&night.grid, budgets, app.settings.fleet_time_zone);
    let mut groups = Vec::new();
    for group in 0..members.groups() {
        let mut down = vec![0; night.grid.slots() as usize];
        if night.add_to(&mut down, group).is_some() || *grouping == Grouping::Fleet {
            let name = members.name(group);
            let key = caps.key(budgets, name, members.size(group));
            let cap = caps.of(key).map(|cap| cap.to_vec());
            groups.push(GroupLoad { group: grouping.group_id(name), down, cap });
        }
    }
    groups
}

/// Of each night the slot that comes nearest to the budget, or has the most down.
fn by_nights(
    app: &App,
    members: &Members<'_>,
    grouping: &Grouping,
    budgets: &[&Budget],
    nights: &[Counted],
) -> Vec<GroupLoad> {
    let zone = app.settings.fleet_time_zone;
    let mut caps: Vec<Caps<'_>> = nights.iter().map(|night| Caps::new(&night.grid, budgets, zone)).collect();
    // Groups whose caps depend on the same: what they are is worked out once a night.
    let mut kinds: HashMap<CapKey, usize> = HashMap::new();
    let Some(first) = caps.first() else { return Vec::new() };
    let kind_of: Vec<usize> = (0..members.groups())
        .map(|group| {
            let (key, next) = (first.key(budgets, members.name(group), members.size(group)), kinds.len());
            *kinds.entry(key).or_insert(next)
        })
        .collect();
    let mut found: Vec<Option<GroupLoad>> = vec![None; members.groups()];
    // What the cap of each kind is in the first slot of each night.
    let mut first_caps: Vec<Vec<Option<u32>>> = Vec::new();
    for (number, (night, caps)) in nights.iter().zip(&mut caps).enumerate() {
        let mut of_kind: Vec<Option<Arc<Vec<u32>>>> = vec![None; kinds.len()];
        kinds.iter().for_each(|(key, kind)| of_kind[*kind] = caps.of(key.clone()));
        let mut down = vec![0; night.grid.slots() as usize];
        for (group, found) in found.iter_mut().enumerate() {
            let cap = of_kind[kind_of[group]].as_deref().map(Vec::as_slice);
            let touched = night.add_to(&mut down, group);
            if touched.is_none() && found.is_none() && *grouping != Grouping::Fleet {
                continue;
            }
            let load = found.get_or_insert_with(|| GroupLoad {
                group: grouping.group_id(members.name(group)),
                down: vec![0; nights.len()],
                cap: cap.map(|_| vec![NOT_YET; nights.len()]),
            });
            let slot = touched.clone().map_or(0, |touched| tightest(&down, cap, touched));
            load.down[number] = down[slot];
            if let (Some(known), Some(cap)) = (&mut load.cap, cap) {
                known[number] = cap[slot];
            }
            down[touched.unwrap_or_default()].fill(0);
        }
        let firsts = of_kind.iter().map(|cap| cap.as_ref().and_then(|cap| cap.first().copied()));
        first_caps.push(firsts.collect::<Vec<_>>());
    }
    for (group, load) in found.iter_mut().enumerate() {
        let Some(cap) = load.as_mut().and_then(|load| load.cap.as_mut()) else { continue };
        for (night, cap) in cap.iter_mut().enumerate().filter(|(_, cap)| **cap == NOT_YET) {
            *cap = first_caps[night][kind_of[group]].unwrap_or_default();
        }
    }
    found.into_iter().flatten().collect()
}

/// The slot of `touched`, or the first of all, that comes nearest to the budget, or has the most down.
fn tightest(down: &[u32], cap: Option<&[u32]>, touched: Range<usize>) -> usize {
    let rank = |slot: usize| (share(down[slot], cap.map(|cap| cap[slot])), down[slot]);
    let mut best = (rank(0), 0);
    for slot in touched {
        let rank = rank(slot);
        if rank.0.total_cmp(&best.0.0).then(rank.1.cmp(&best.0.1)).is_gt() {
            best = (rank, slot);
        }
    }
    best.1
}

fn share(down: u32, cap: Option<u32>) -> f64 {
    cap.map_or(0.0, |cap| if cap == 0 { f64::from(down) * 2.0 } else { f64::from(down) / f64::from(cap) })
}

fn tightest_first(groups: Vec<GroupLoad>) -> Vec<GroupLoad> {
    let tightness = |group: &GroupLoad| {
        let caps = group.cap.as_deref();
        let shares =
            group.down.iter().enumerate().map(|(slot, down)| share(*down, caps.map(|cap| cap[slot])));
        shares.fold(0.0, f64::max)
    };
    let peak = |group: &GroupLoad| group.down.iter().max().copied().unwrap_or_default();
    let mut ranked: Vec<(f64, u32, GroupLoad)> =
        groups.into_iter().map(|group| (tightness(&group), peak(&group), group)).collect();
    ranked.sort_unstable_by(|a, b| {
        b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then_with(|| a.2.group.cmp(&b.2.group))
    });
    ranked.into_iter().map(|(_, _, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_told_by_the_slot_that_comes_nearest_to_its_budget() {
        let (down, cap) = ([0, 5, 4, 0, 1, 3], [1, 10, 5, 5, 5, 2]);
        assert_eq!(tightest(&down[..4], Some(&cap[..4]), 1..3), 2);
        assert_eq!(tightest(&down, Some(&cap), 1..6), 5);
        assert_eq!(tightest(&down, None, 1..6), 1);
        assert_eq!(tightest(&[0, 0], Some(&[0, 3]), 1..2), 0, "nothing is down");
        assert!(share(1, Some(0)) > 1.0, "over a budget of none");
    }
}
