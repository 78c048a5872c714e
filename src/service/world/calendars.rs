//! Which windows and blackouts apply where, and the slot calendars that come of it: terminals with the same
//! rules share one.

use std::collections::HashMap;

use crate::domain::calendar::{Blackout, OpeningHours, SlotCalendar, SpanSet, WindowRule, site_calendar};
use crate::service::world::{TerminalEntry, World};

/// Slot calendars, each computed once.
#[derive(Debug, Default)]
pub struct Calendars {
    known: HashMap<CalendarKey, usize>,
    calendars: Vec<SlotCalendar>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CalendarKey {
    windows: Vec<usize>,
    blackouts: Vec<usize>,
    zone: chrono_tz::Tz,
    closed_only: Option<OpeningHours>,
}

impl World {
    /// Indices of the windows of a terminal's site: those of the narrowest scope that has any.
    pub fn windows_of(&self, terminal: &TerminalEntry) -> Vec<usize> {
        let site = self.site(terminal);
        let merchant = &self.merchants[site.merchant].1;
        let applying: Vec<(u8, usize)> = self
            .windows
            .iter()
            .enumerate()
            .filter(|(_, (scope, _))| scope.holds(&terminal.terminal, &site.site, merchant))
            .filter_map(|(index, (scope, _))| scope.window_rank().map(|rank| (rank, index)))
            .collect();
        let narrowest = applying.iter().map(|(rank, _)| *rank).max();
        applying.into_iter().filter(|(rank, _)| Some(*rank) == narrowest).map(|(_, index)| index).collect()
    }

    /// Indices of the blackouts that apply to a terminal.
    pub fn blackouts_of(&self, terminal: &TerminalEntry) -> Vec<usize> {
        let site = self.site(terminal);
        let merchant = &self.merchants[site.merchant].1;
        let applies =
            |scope: &crate::domain::scope::Scope| scope.holds(&terminal.terminal, &site.site, merchant);
        (0..self.blackouts.len()).filter(|index| applies(&self.blackouts[*index].0)).collect()
    }

    /// The trading hours in which a terminal is its site's only one, so that it is never touched in them.
    pub fn closed_only(&self, terminal: &TerminalEntry) -> Option<&OpeningHours> {
        let site = self.site(terminal);
        (site.terminal_count == 1).then_some(&site.site.opening_hours)
    }

    /// Whether a terminal would have openings if its site's trading hours did not count.
    pub fn opens_while_trading(&self, terminal: &TerminalEntry) -> bool {
        let rules: Vec<WindowRule> =
            self.windows_of(terminal).into_iter().map(|index| self.windows[index].1.clone()).collect();
        let blackouts: Vec<&Blackout> =
            self.blackouts_of(terminal).into_iter().map(|index| &self.blackouts[index].1).collect();
        let zone = self.site(terminal).site.time_zone;
        !site_calendar(&rules, zone, &blackouts, None, &self.grid).open.is_empty()
    }

    /// The blackouts that apply to a terminal, as instants within the horizon, each with its name.
    pub fn blackout_spans(&self, terminal: &TerminalEntry) -> Vec<(&str, SpanSet)> {
        let zone = self.site(terminal).site.time_zone;
        self.blackouts_of(terminal)
            .into_iter()
            .map(|index| {
                let blackout = &self.blackouts[index].1;
                (blackout.name(), blackout.spans(zone, self.grid.horizon()))
            })
            .collect()
    }
}

impl Calendars {
    /// The index of the terminal's calendar; equal rules give equal indices.
    pub fn of(&mut self, world: &World, terminal: &TerminalEntry) -> usize {
        let key = CalendarKey {
            windows: world.windows_of(terminal),
            blackouts: world.blackouts_of(terminal),
            zone: world.site(terminal).site.time_zone,
            closed_only: world.closed_only(terminal).cloned(),
        };
        if let Some(index) = self.known.get(&key) {
            return *index;
        }
        let rules: Vec<WindowRule> =
            key.windows.iter().map(|index| world.windows[*index].1.clone()).collect();
        let blackouts: Vec<&Blackout> =
            key.blackouts.iter().map(|index| &world.blackouts[*index].1).collect();
        let calendar = site_calendar(&rules, key.zone, &blackouts, key.closed_only.as_ref(), &world.grid);
        self.calendars.push(calendar);
        self.known.insert(key, self.calendars.len() - 1);
        self.calendars.len() - 1
    }

    /// Every calendar asked for so far, by index.
    pub fn all(&self) -> &[SlotCalendar] {
        &self.calendars
    }
}
