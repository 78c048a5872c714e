//! A part of the world: a few terminals with all that bears on them. What else is in their groups is only
//! counted, by the database, so that a question about one terminal costs the same in a fleet of a million.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::groups::{Extent, Group, Groups, groupings_of};
use super::labels::NONE;
use super::load::Builder;
use super::nights::dates_in;
use super::places::Places;
use super::{World, grid_of};
use crate::db::group::{Down, DownRow};
use crate::db::places::spans;
use crate::db::{self, Connection, Instant};
use crate::domain::budget::Grouping;
use crate::domain::ids::TerminalId;
use crate::service::{App, Error};

/// Some terminals of the world, their sites and merchants, and how large their groups are.
#[derive(Debug)]
pub struct Surroundings {
    /// These terminals alone, with their appointments that stand; rules and locks are all there.
    pub world: World,
    /// Their groups.
    pub groups: Groups,
    groupings: Vec<Grouping>,
    /// The number of each group by grouping (its place in `groupings`) and name.
    numbers: Vec<HashMap<String, u32>>,
    /// Where everybody else belongs, if that is at hand and tells all of `groupings`.
    places: Option<Arc<Places>>,
}

/// How large each group is, by grouping and name.
type Extents = HashMap<Grouping, HashMap<String, Extent>>;

impl Surroundings {
    /// Loads what bears on these terminals for the next `horizon_days`, within a transaction that keeps the
    /// schedule still. Terminals that are retired or unknown are left out.
    pub fn load(
        connection: &mut Connection,
        app: &App,
        horizon_days: u32,
        terminal_ids: &[i64],
    ) -> Result<Self, Error> {
        let world = world_of(connection, app, horizon_days, terminal_ids)?;
        let groupings = groupings_of(&world);
        let places = match Places::cover(&groupings) {
            true => app.places.at_hand(app, connection)?,
            false => None,
        };
        let mut extents = Extents::new();
        for grouping in &groupings {
            let values: HashSet<u32> =
                (0..world.terminals.len()).filter_map(|index| world.group_key(grouping, index)).collect();
            let limited = |value: &str| {
                let budgets = world.budgets.iter().filter(|budget| budget.grouping == *grouping);
                *grouping == Grouping::Site
                    || budgets
                        .into_iter()
                        .any(|budget| budget.value.as_deref().is_none_or(|only| only == value))
            };
            let values: Vec<&str> = values
                .into_iter()
                .map(|key| world.group_name(grouping, key))
                .filter(|value| limited(value))
                .collect();
            if values.is_empty() {
                continue;
            }
            let known = places.as_ref().and_then(|places| places.sizes(grouping, &values));
            let sizes = match known {
                Some(sizes) => sizes,
                None => app.group_sizes.of(connection, grouping, &values)?,
            };
            let sizes = sizes.into_iter().map(|(name, size)| (name, Extent { size, down: 0 }));
            extents.insert(grouping.clone(), sizes.collect());
        }
        match &places {
            Some(places) => count_locked(&world, places, &mut extents),
            None => {
                for row in db::group::down(connection, Down::Locked, &groupings)? {
                    for (grouping, extents) in &mut extents {
                        let name = row.group_of(grouping);
                        if let Some(extent) = name.and_then(|name| extents.get_mut(name.as_ref())) {
                            extent.down += 1;
                        }
                    }
                }
            }
        }
        let (groups, numbers) = (Groups::none(), Vec::new());
        let mut surroundings = Surroundings { world, groups, groupings, numbers, places };
        surroundings.count_sites(&extents);
        surroundings.work_out_groups(app, &extents);
        Ok(surroundings)
    }

    fn count_sites(&mut self, extents: &Extents) {
        let sizes = extents.get(&Grouping::Site);
        for site in &mut self.world.sites {
            let extent = sizes.and_then(|sizes| sizes.get(&site.code));
            site.terminal_count = extent.map_or(0, |extent| extent.size);
        }
    }

    fn work_out_groups(&mut self, app: &App, extents: &Extents) {
        let world = &self.world;
        self.groups = Groups::with(world, app.settings.fleet_time_zone, |grouping, keys| {
            let known = extents.get(grouping);
            let highest = keys.iter().filter(|key| **key != NONE).max();
            let count = highest.map_or(0, |key| *key as usize + 1);
            let mut found = vec![Extent::default(); count];
            for key in keys.iter().filter(|key| **key != NONE).collect::<BTreeSet<_>>() {
                let name = world.group_name(grouping, *key);
                if let Some(extent) = known.and_then(|known| known.get(name)) {
                    found[*key as usize] = *extent;
                }
            }
            found
        });
        self.numbers = vec![HashMap::new(); self.groupings.len()];
        for (number, Group { id, grouping, .. }) in (0..).zip(&self.groups.groups) {
            let Some(place) = self.groupings.iter().position(|known| known == grouping) else { continue };
            let name = match grouping {
                Grouping::Fleet => "",
                other => id.strip_prefix(&format!("{other}:")).unwrap_or(id),
            };
            self.numbers[place].insert(name.to_owned(), number);
        }
    }

    /// For each group, terminals down in each slot: nobody yet; see [`Self::count`].
    pub fn no_load(&self) -> Vec<Vec<u32>> {
        vec![vec![0; self.world.grid.slots() as usize]; self.groups.groups.len()]
    }

    /// Counts what is down in `slots` in `load`: for each group, terminals down in each slot. Locked terminals are counted
    /// in [`Group::down`] instead. Asks the database, or, with an `app`, the nights that it keeps: not within a
    /// transaction that has changed anything.
    pub fn count(
        &self,
        connection: &mut Connection,
        app: Option<&App>,
        slots: Range<u32>,
        load: &mut [Vec<u32>],
    ) -> Result<(), Error> {
        if slots.is_empty() {
            return Ok(());
        }
        let grid = &self.world.grid;
        let (from, to) = (grid.instant_of(slots.start), grid.instant_of(slots.end));
        // Of a span, what lies within these slots.
        let within = |starts_at: DateTime<Utc>, ends_at: DateTime<Utc>| {
            let first = grid.slot_floor(starts_at).max(slots.start);
            let end = grid.slot_ceil(ends_at).min(slots.end);
            (first < end).then_some(first as usize..end as usize)
        };
        let mut add = |number: u32, slots: Range<usize>| {
            load[number as usize][slots].iter_mut().for_each(|count| *count += 1);
        };
        let Some(places) = &self.places else {
            let between = Down::Between(Instant::from(from), Instant::from(to));
            for row in db::group::down(connection, between, &self.groupings)? {
                if let Some(slots) = within(row.starts_at.utc(), row.ends_at.utc()) {
                    self.each_group(&row, |number| add(number, slots.clone()));
                }
            }
            return Ok(());
        };
        let members = self.members(places);
        let mut add_terminal = |terminal_id: i64, place: Option<usize>, slots: Range<usize>| {
            if let Some(place) = place.filter(|_| !self.is_locked(terminal_id)) {
                let numbers = members.iter().filter_map(|member| member(place));
                numbers.for_each(|number| add(number, slots.clone()));
            }
        };
        if let Some(app) = app {
            for night in app.nights.of(app, connection, dates_in(from..to))? {
                // Both grids have the same slots; this one begins so many of them later.
                let later =
                    (night.grid.start() - grid.start()).num_minutes() / i64::from(grid.slot_minutes());
                let slot_here =
                    |slot: u16| (i64::from(slot) + later).clamp(slots.start.into(), slots.end.into());
                for (row, place) in night.places_among(places) {
                    let [first, end] = [row.slots.0, row.slots.1].map(slot_here);
                    if first < end && row.state.is_standing() {
                        add_terminal(row.terminal_id, place, first as usize..end as usize);
                    }
                }
            }
            return Ok(());
        }
        let standing = db::appointment::standing_words();
        for (terminal_id, starts_at, ends_at) in
            spans(connection, &standing, Instant::from(from), Instant::from(to))?
        {
            if let Some(slots) = within(starts_at.utc(), ends_at.utc()) {
                add_terminal(terminal_id, places.of(terminal_id), slots);
            }
        }
        Ok(())
    }

    /// For each grouping, which of the groups here a terminal is in, by its place.
    fn members<'a>(&'a self, places: &'a Places) -> Vec<Box<dyn Fn(usize) -> Option<u32> + 'a>> {
        let member = |(grouping, numbers): (&Grouping, &'a HashMap<String, u32>)| {
            let member: Box<dyn Fn(usize) -> Option<u32> + 'a> = match (grouping, places.column(grouping)) {
                (Grouping::Fleet, _) => {
                    let number = numbers.get("").copied();
                    Box::new(move |_| number)
                }
                (Grouping::Site, _) => {
                    let ids: HashMap<i64, u32> = self
                        .world
                        .sites
                        .iter()
                        .filter_map(|site| Some((site.id.0, *numbers.get(&site.code)?)))
                        .collect();
                    Box::new(move |place| ids.get(&places.site_of(place)).copied())
                }
                (_, Some(column)) => {
                    let mut here = vec![NONE; column.names().len()];
                    for (name, number) in numbers {
                        if let Some(label) = column.number_of(name) {
                            here[label as usize] = *number;
                        }
                    }
                    Box::new(move |place| {
                        let label = column.numbers[place] as usize;
                        here.get(label).copied().filter(|number| *number != NONE)
                    })
                }
                (_, None) => Box::new(|_| None),
            };
            member
        };
        self.groupings.iter().zip(&self.numbers).map(member).collect()
    }

    fn is_locked(&self, terminal_id: i64) -> bool {
        self.world.locked.contains(&TerminalId(terminal_id))
    }

    /// For each group, terminals that are down at this moment, locked or at work.
    pub fn down_now(&self, connection: &mut Connection) -> Result<Vec<u32>, Error> {
        let mut down: Vec<u32> = self.groups.groups.iter().map(|group| group.down).collect();
        for row in db::group::down(connection, Down::Begun, &self.groupings)? {
            self.each_group(&row, |number| down[number as usize] += 1);
        }
        Ok(down)
    }

    fn each_group(&self, row: &DownRow, mut then: impl FnMut(u32)) {
        if self.is_locked(row.terminal_id) {
            return;
        }
        for (grouping, numbers) in self.groupings.iter().zip(&self.numbers) {
            let name = row.group_of(grouping);
            if let Some(number) = name.and_then(|name| numbers.get(name.as_ref()).copied()) {
                then(number);
            }
        }
    }
}

/// Counts the terminals that are locked in their groups.
fn count_locked(world: &World, places: &Places, extents: &mut Extents) {
    for place in world.locked.iter().filter_map(|terminal| places.of(terminal.0)) {
        for (grouping, extents) in &mut *extents {
            let name = match grouping {
                Grouping::Fleet => Some(""),
                Grouping::Site => {
                    let site = world.sites.iter().find(|site| site.id.0 == places.site_of(place));
                    site.map(|site| site.code.as_str())
                }
                _ => places.name_of(grouping, place),
            };
            if let Some(extent) = name.and_then(|name| extents.get_mut(name)) {
                extent.down += 1;
            }
        }
    }
}

/// The terminals with their sites and merchants, and what stands of them.
fn world_of(
    connection: &mut Connection,
    app: &App,
    horizon_days: u32,
    terminal_ids: &[i64],
) -> Result<World, Error> {
    let now = app.clock.now();
    let grid = grid_of(now, app.settings.slot_minutes, horizon_days)?;
    let sorted = |mut ids: Vec<i64>| {
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let mut terminals = db::fleet::terminals_by_id(connection, &sorted(terminal_ids.to_vec()))?;
    terminals.sort_unstable_by_key(|row| row.id);
    let site_ids = sorted(terminals.iter().map(|row| row.site_id).collect());
    let mut sites = db::fleet::sites_by_id(connection, &site_ids)?;
    sites.sort_unstable_by_key(|row| row.id);
    let merchant_ids = sorted(sites.iter().map(|row| row.merchant_id).collect());
    let mut merchants = db::fleet::merchants_by_id(connection, &merchant_ids)?;
    merchants.sort_unstable_by_key(|row| row.id);
    let standing =
        db::appointment::standing_at(connection, &sorted(terminal_ids.to_vec()), Instant::from(now))?;
    let mut builder = Builder::begin(connection)?;
    merchants.into_iter().try_for_each(|row| builder.add_merchant(row))?;
    sites.into_iter().try_for_each(|row| builder.add_site(row))?;
    terminals.into_iter().try_for_each(|row| builder.add_terminal(row, &mut |_, _, _, _| {}))?;
    builder.finish(connection, now, grid, standing)
}
