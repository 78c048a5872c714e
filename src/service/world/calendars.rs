//! Slot calendars: terminals with the same rules share one, which is computed once.

use std::collections::HashMap;

use super::{TerminalEntry, World};
use crate::domain::calendar::{Blackout, SlotCalendar, WindowRule, site_calendar};

/// Slot calendars, each computed once.
#[derive(Debug, Default)]
pub struct Calendars {
    known: HashMap<CalendarKey, usize>,
    calendars: Vec<SlotCalendar>,
}

/// What a calendar depends on, in the numbers of the world's sets.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CalendarKey {
    windows: u32,
    blackouts: u32,
    own_blackouts: Vec<usize>,
    zone: chrono_tz::Tz,
    closed_only: Option<u32>,
}

impl Calendars {
    /// The index of the terminal's calendar; equal rules give equal indices.
    pub fn of(&mut self, world: &World, terminal: &TerminalEntry) -> usize {
        let site = world.site(terminal);
        self.with(world, terminal, (site.terminal_count == 1).then_some(site.hours))
    }

    /// Whether a terminal would have openings if its site's trading hours did not count.
    pub fn opens_while_trading(&mut self, world: &World, terminal: &TerminalEntry) -> bool {
        let index = self.with(world, terminal, None);
        !self.calendars[index].open.is_empty()
    }

    fn with(&mut self, world: &World, terminal: &TerminalEntry, closed_only: Option<u32>) -> usize {
        let site = world.site(terminal);
        let key = CalendarKey {
            windows: site.windows,
            blackouts: site.blackouts,
            own_blackouts: world.own_blackouts(terminal),
            zone: site.time_zone,
            closed_only,
        };
        if let Some(index) = self.known.get(&key) {
            return *index;
        }
        let rules: Vec<WindowRule> =
            world.windows_of(terminal).iter().map(|index| world.windows[*index].1.clone()).collect();
        let blackouts: Vec<&Blackout> =
            world.blackouts_of(terminal).into_iter().map(|index| &world.blackouts[index].1).collect();
        let hours = closed_only.map(|_| world.hours(site));
        self.calendars.push(site_calendar(&rules, key.zone, &blackouts, hours, &world.grid));
        self.known.insert(key, self.calendars.len() - 1);
        self.calendars.len() - 1
    }

    /// Every calendar asked for so far, by index.
    pub fn all(&self) -> &[SlotCalendar] {
        &self.calendars
    }
}
