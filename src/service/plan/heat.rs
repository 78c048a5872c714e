//! The load of every group of a grouping, slot by slot or night by night, against its budget: the picture that shows
//! whether maintenance is staggered. It counts what stands and what was done, and reads no more of the fleet than that.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::kept::{Drawn, LARGE, Subject};
use crate::api::plan::{GroupLoad, Load};
use crate::db::group::{self, Down};
use crate::db::{self, Connection, Instant};
use crate::domain::budget::{Budget, Grouping};
use crate::domain::calendar::SlotGrid;
use crate::service::world::{budget_of, mask_of};
use crate::service::{App, Error};

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
    let place = HEAT_GROUPINGS.iter().position(|known| known == grouping);
    let place = place.ok_or_else(|| {
        Error::invalid(
            "by",
            format!("`{grouping}` cannot be drawn; use fleet, region, host, carrier, cell or model"),
        )
    })?;
    let from = first
        .and_hms_opt(12, 0, 0)
        .map(|noon| noon.and_utc())
        .ok_or_else(|| Error::invalid("night", format!("{first} is out of range")))?;
    let subject = Subject::Heat { grouping: place, first, nights };
    let grouping = grouping.clone();
    app.loads.get(app, subject, move |connection, app| drawn(connection, app, &grouping, from, nights))
}

fn drawn(
    connection: &mut Connection,
    app: &App,
    grouping: &Grouping,
    from: DateTime<Utc>,
    nights: u32,
) -> Result<Drawn, Error> {
    let to = from + TimeDelta::days(i64::from(nights));
    let grid = SlotGrid::covering(from..to, app.settings.slot_minutes)
        .map_err(|error| Error::Corrupt(format!("the slots of a load: {error}")))?;
    let budgets = db::calendar::budgets(connection)?.iter().map(budget_of).collect::<Result<Vec<_>, _>>()?;
    let budgets: Vec<Budget> = budgets.into_iter().filter(|budget| budget.grouping == *grouping).collect();
    let mut down: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let empty = || vec![0; grid.slots() as usize];
    let at = |micros: i64| DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let mut terminals = 0;
    for row in group::heat(connection, grouping, Instant::from(from), Instant::from(to))? {
        terminals += row.terminals;
        let Some(name) = row.name else { continue };
        let slots = down.entry(name).or_insert_with(empty);
        let last = grid.slot_ceil(at(row.ends_at)).min(grid.slots());
        for slot in grid.slot_floor(at(row.starts_at))..last {
            slots[slot as usize] += u32::try_from(row.terminals).unwrap_or(u32::MAX);
        }
    }
    // What is locked now is down from now on.
    let since = grid.slot_floor(app.clock.now().max(from));
    for row in group::down(connection, Down::Locked, std::slice::from_ref(grouping))? {
        let Some(name) = row.group_of(grouping) else { continue };
        let slots = down.entry(name.into_owned()).or_insert_with(empty);
        slots.iter_mut().skip(since as usize).for_each(|count| *count += 1);
    }
    if *grouping == Grouping::Fleet {
        down.entry(String::new()).or_insert_with(empty);
    }
    let names: Vec<&str> = down.keys().map(String::as_str).collect();
    let sizes = app.group_sizes.of(connection, grouping, &names)?;
    let masks: Vec<Option<Vec<bool>>> = budgets
        .iter()
        .map(|budget| Some(mask_of(&grid, budget.day_minutes?, app.settings.fleet_time_zone)))
        .collect();
    let mut groups: Vec<GroupLoad> = down
        .into_iter()
        .map(|(name, down)| {
            let size = sizes.get(&name).copied().unwrap_or_default();
            let cap = cap_of(&budgets, &masks, &name, size, grid.slots() as usize);
            let group = grouping.group_id(&name);
            let whole = GroupLoad { group, down, cap };
            if nights == 1 { whole } else { by_nights(&whole, nights as usize) }
        })
        .collect();
    groups.sort_by(|a, b| {
        let peak = |group: &GroupLoad| group.down.iter().max().copied().unwrap_or_default();
        tightness(b).total_cmp(&tightness(a)).then(peak(b).cmp(&peak(a))).then_with(|| a.group.cmp(&b.group))
    });
    let slot_minutes = if nights == 1 { grid.slot_minutes() } else { 24 * 60 };
    Ok(Drawn { load: Load { from, slot_minutes, groups, nights: Vec::new() }, is_large: terminals > LARGE })
}

/// How many of a group may be down in each slot; none where no budget speaks of it.
fn cap_of(
    budgets: &[Budget],
    masks: &[Option<Vec<bool>>],
    name: &str,
    size: u32,
    slots: usize,
) -> Option<Vec<u32>> {
    let mut cap: Option<Vec<u32>> = None;
    for (budget, mask) in budgets.iter().zip(masks) {
        if budget.value.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let limit = budget.cap(size);
        for (slot, cap) in cap.get_or_insert_with(|| vec![size; slots]).iter_mut().enumerate() {
            if mask.as_ref().is_none_or(|mask| mask[slot]) {
                *cap = (*cap).min(limit);
            }
        }
    }
    cap
}

fn share(down: u32, cap: Option<u32>) -> f64 {
    cap.map_or(0.0, |cap| if cap == 0 { f64::from(down) * 2.0 } else { f64::from(down) / f64::from(cap) })
}

fn tightness(group: &GroupLoad) -> f64 {
    let caps = group.cap.as_deref();
    let shares = group.down.iter().enumerate().map(|(slot, down)| share(*down, caps.map(|cap| cap[slot])));
    shares.fold(0.0, f64::max)
}

/// Of each night the slot that comes nearest to the budget, or has the most down.
fn by_nights(whole: &GroupLoad, nights: usize) -> GroupLoad {
    let length = whole.down.len() / nights.max(1);
    let caps = whole.cap.as_deref();
    let tightest = |night: usize| {
        let slots = night * length..(night + 1) * length;
        let rank = |slot: &usize| (share(whole.down[*slot], caps.map(|cap| cap[*slot])), whole.down[*slot]);
        slots
            .rev()
            .max_by(|a, b| rank(a).0.total_cmp(&rank(b).0).then(rank(a).1.cmp(&rank(b).1)))
            .unwrap_or_default()
    };
    let slots: Vec<usize> = (0..nights).map(tightest).collect();
    GroupLoad {
        group: whole.group.clone(),
        down: slots.iter().map(|slot| whole.down[*slot]).collect(),
        cap: caps.map(|cap| slots.iter().map(|slot| cap[*slot]).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_is_told_by_the_slot_that_comes_nearest_to_its_budget() {
        let whole = GroupLoad {
            group: "region:north".to_owned(),
            down: vec![5, 4, 0, 0, 1, 3],
            cap: Some(vec![10, 5, 5, 5, 5, 2]),
        };
        let nights = by_nights(&whole, 2);
        assert_eq!(nights.down, [4, 3]);
        assert_eq!(nights.cap, Some(vec![5, 2]));
        assert!(tightness(&nights) > 1.0);
        let free = GroupLoad { cap: None, ..whole };
        assert_eq!(by_nights(&free, 2).down, [5, 3]);
    }
}
