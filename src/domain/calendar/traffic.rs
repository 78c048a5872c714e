//! How much trade a terminal would miss: a relative figure for each local hour of the week, by kind of shop.

mod day_shapes;

use super::slot_grid::SlotGrid;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The kind of shop, which says when it is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrafficProfile {
    /// Supermarkets and food shops: the way home from work, Saturday mornings.
    Grocery,
    /// Lunch and dinner.
    Restaurant,
    /// Coffee shops and bakeries: mornings.
    Cafe,
    /// Bars and clubs: evenings, and after midnight into Saturday and Sunday.
    Bar,
    /// Filling stations: commuters, and never quite nothing.
    Fuel,
    /// Pharmacies: mid-morning and late afternoon.
    Pharmacy,
    /// Clothes and other goods of the high street: afternoons, Saturday above all.
    Fashion,
    /// Hotels: check-out in the morning, check-in and dinner in the evening.
    Hotel,
    /// Kiosks, stations, convenience stores: commuters.
    Kiosk,
    /// Market stalls and wholesale: early mornings.
    Market,
    /// Offices, surgeries, hairdressers, workshops: office hours.
    Service,
    /// Nothing is known: every hour alike.
    #[default]
    Flat,
}

/// A kind of shop that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "kind of shop `{value}` is unknown; allowed: grocery, restaurant, cafe, bar, fuel, pharmacy, fashion, hotel, \
     kiosk, market, service, flat; use `flat` when nothing is known"
)]
pub struct TrafficProfileError {
    /// The kind as written.
    pub value: String,
}

impl TrafficProfile {
    /// Every kind, in the order of the documentation.
    pub const ALL: [TrafficProfile; 12] = [
        TrafficProfile::Grocery,
        TrafficProfile::Restaurant,
        TrafficProfile::Cafe,
        TrafficProfile::Bar,
        TrafficProfile::Fuel,
        TrafficProfile::Pharmacy,
        TrafficProfile::Fashion,
        TrafficProfile::Hotel,
        TrafficProfile::Kiosk,
        TrafficProfile::Market,
        TrafficProfile::Service,
        TrafficProfile::Flat,
    ];

    /// The name in files and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            TrafficProfile::Grocery => "grocery",
            TrafficProfile::Restaurant => "restaurant",
            TrafficProfile::Cafe => "cafe",
            TrafficProfile::Bar => "bar",
            TrafficProfile::Fuel => "fuel",
            TrafficProfile::Pharmacy => "pharmacy",
            TrafficProfile::Fashion => "fashion",
            TrafficProfile::Hotel => "hotel",
            TrafficProfile::Kiosk => "kiosk",
            TrafficProfile::Market => "market",
            TrafficProfile::Service => "service",
            TrafficProfile::Flat => "flat",
        }
    }

    /// The figure (1 to 100, relative to the busiest hour of the week) of a local hour, 0 to 23.
    pub fn figure(self, weekday: Weekday, hour: u32) -> u8 {
        let week = day_shapes::week_shape(self);
        let day = match weekday {
            Weekday::Fri => &week.friday,
            Weekday::Sat => &week.saturday,
            Weekday::Sun => &week.sunday,
            _ => &week.monday_to_thursday,
        };
        day[hour as usize % 24]
    }

    /// What a slot costs at a site in `zone`: the mean figure of its minutes, rounded up; one number a slot,
    /// from 1 to 100.
    pub fn cost_per_slot(self, zone: Tz, grid: &SlotGrid) -> Vec<u32> {
        let step_minutes = sample_minutes(grid.slot_minutes());
        let samples = grid.slot_minutes() / step_minutes;
        let figure_at = |instant: DateTime<Utc>| {
            let local = instant.with_timezone(&zone);
            u32::from(self.figure(local.weekday(), local.hour()))
        };
        let cost_of_slot = |slot: u32| {
            let step = TimeDelta::minutes(i64::from(step_minutes));
            let total: u32 =
                (0..samples as i32).map(|sample| figure_at(grid.instant_of(slot) + step * sample)).sum();
            total.div_ceil(samples)
        };
        (0..grid.slots()).map(cost_of_slot).collect()
    }
}

/// The longest step that meets every quarter of an hour: zones may be 30 or 45 minutes off the UTC grid, and
/// a slot then holds parts of two local hours.
fn sample_minutes(slot_minutes: u32) -> u32 {
    let (mut larger, mut smaller) = (slot_minutes.max(15), slot_minutes.min(15));
    while smaller != 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    larger
}

impl FromStr for TrafficProfile {
    type Err = TrafficProfileError;

    fn from_str(text: &str) -> Result<TrafficProfile, TrafficProfileError> {
        let wanted = text.trim();
        let found = TrafficProfile::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| TrafficProfileError { value: wanted.into() })
    }
}

impl fmt::Display for TrafficProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(start: &str, slot_minutes: u32, slots: u32) -> SlotGrid {
        SlotGrid::new(start.parse().expect("an instant"), slot_minutes, slots).expect("a grid")
    }

    #[test]
    fn every_hour_has_a_figure_and_the_busiest_is_100() {
        for profile in TrafficProfile::ALL {
            let week: Vec<u8> = (0..168)
                .map(|hour| profile.figure(Weekday::try_from((hour / 24) as u8).expect("a day"), hour % 24))
                .collect();
            assert!(week.iter().all(|figure| (1..=100).contains(figure)), "{profile}");
            let busiest = if profile == TrafficProfile::Flat { 50 } else { 100 };
            assert_eq!(week.iter().max(), Some(&busiest), "{profile}");
            assert_eq!(profile.to_string().parse(), Ok(profile));
            assert_eq!(serde_json::to_string(&profile).expect("JSON"), format!("\"{profile}\""));
        }
    }

    #[test]
    fn nights_are_quiet_except_where_they_are_the_trade() {
        let at_three = |profile: TrafficProfile| profile.figure(Weekday::Tue, 3);
        assert!(
            TrafficProfile::ALL
                .iter()
                .all(|profile| *profile == TrafficProfile::Flat || at_three(*profile) <= 10)
        );
        assert!(TrafficProfile::Bar.figure(Weekday::Sat, 0) > TrafficProfile::Bar.figure(Weekday::Sat, 12));
    }

    #[test]
    fn a_slot_costs_the_mean_of_its_minutes_in_local_time() {
        // 12:00 to 13:00 UTC is 17:45 to 18:45 in Kathmandu: a quarter of one hour, three of the next.
        let profile = TrafficProfile::Service;
        let (five, six) = (profile.figure(Weekday::Tue, 17), profile.figure(Weekday::Tue, 18));
        let mean = (u32::from(five) + 3 * u32::from(six)).div_ceil(4);
        let zone = chrono_tz::Asia::Kathmandu;
        assert_eq!(profile.cost_per_slot(zone, &grid("2026-12-01T12:00:00Z", 60, 1)), [mean]);
        let quarters = profile.cost_per_slot(zone, &grid("2026-12-01T12:00:00Z", 15, 4));
        assert_eq!(quarters, [five, six, six, six].map(u32::from));
        let twelves = profile.cost_per_slot(zone, &grid("2026-12-01T12:00:00Z", 12, 5));
        let mixed = (u32::from(five) + 3 * u32::from(six)).div_ceil(4);
        assert_eq!(twelves, [u32::from(five), mixed, six.into(), six.into(), six.into()]);
    }

    #[test]
    fn the_repeated_hour_costs_twice_and_the_lost_hour_nothing() {
        let zone = chrono_tz::America::New_York;
        let bar = |hour: u32| u32::from(TrafficProfile::Bar.figure(Weekday::Sun, hour));
        let overlap = TrafficProfile::Bar.cost_per_slot(zone, &grid("2026-11-01T04:00:00Z", 60, 4));
        assert_eq!(overlap, [bar(0), bar(1), bar(1), bar(2)]);
        let gap = TrafficProfile::Bar.cost_per_slot(zone, &grid("2026-03-08T06:00:00Z", 60, 3));
        assert_eq!(gap, [bar(1), bar(3), bar(4)]);
    }

    #[test]
    fn an_unknown_kind_is_refused_with_the_known_ones() {
        assert_eq!(" Pharmacy".parse(), Ok(TrafficProfile::Pharmacy));
        let message = "casino".parse::<TrafficProfile>().expect_err("unknown").to_string();
        assert!(TrafficProfile::ALL.iter().all(|profile| message.contains(profile.as_str())), "{message}");
    }
}
