//! Time zones: their calendars, each with a profile of its own, and the nights that come of them.

use crate::domain::problem::{Calendar, ProblemBuilder, Profile};
use crate::sim::dice::Dice;

use super::{DAY_SLOTS, FIRST_SLOT, SLOTS, Shape};

/// Calendars of one time zone.
pub(super) struct Zone {
    /// The number of its first calendar in the problem.
    pub first_calendar: u32,
    pub calendars: u32,
    pub nights: Vec<Night>,
    /// Slots in which any of its calendars is open, of those in which work is planned.
    pub open_slots: u32,
}

/// What is open in one night of a zone.
pub(super) struct Night {
    pub begin: u32,
    pub end: u32,
    pub openings: Vec<Opening>,
}

/// One calendar's opening.
pub(super) struct Opening {
    pub begin: u32,
    pub end: u32,
    /// Place among the zone's calendars.
    pub calendar: u8,
    /// How many use it, against the others.
    pub weight: u32,
}

/// When the night begins in each zone, in slots after midnight UTC.
const NIGHTFALL: [u32; 6] = [24, 16, 12, 88, 84, 66];

/// Trade by the hour, from the quietest one on.
const TRADE: [u32; 24] = [
    20, 24, 48, 95, 280, 460, 620, 720, 850, 950, 930, 780, 780, 850, 860, 800, 620, 450, 300, 200, 100, 50,
    30, 20,
];
/// And by the day: the problem begins on a Tuesday.
const TRADE_BY_DAY_PERCENT: [u32; 7] = [100, 107, 115, 120, 132, 150, 125];

/// Nights of the calendar of short nights, and the length of each.
pub(super) const SHORT_NIGHTS: u32 = 26;
pub(super) const SHORT_NIGHT_SLOTS: u32 = 4;

/// How a calendar repeats.
struct Habit {
    offset: u32,
    length: u32,
    /// Which days of the week.
    days: [bool; 7],
    weight: u32,
}

/// Adds the six zones' calendars and profiles to the problem.
pub(super) fn add_zones(
    builder: &mut ProblemBuilder,
    dice: &mut Dice,
    shape: Shape,
    calendars: u32,
) -> Vec<Zone> {
    let mut first_calendar = 0;
    NIGHTFALL
        .iter()
        .map(|&nightfall| {
            let blackouts = [5 + dice.below(24), 5 + dice.below(24)];
            let mut nights: Vec<Vec<Opening>> = (0..=SLOTS / DAY_SLOTS).map(|_| Vec::new()).collect();
            for calendar in 0..calendars {
                let habit = habit(dice, calendar);
                let mut dark = blackouts.to_vec();
                if shape == Shape::Loose {
                    // Shops have days of their own on which they want to be left alone.
                    dark.extend((0..dice.below(3)).map(|_| 4 + dice.below(26)));
                }
                let open = openings(nightfall, &habit, &dark);
                for &(night, begin, end) in &open {
                    if begin >= FIRST_SLOT {
                        let calendar = calendar as u8;
                        nights[night].push(Opening { begin, end, calendar, weight: habit.weight });
                    }
                }
                let number = first_calendar + calendar;
                add(builder, dice, number, nightfall, open.into_iter().map(|(_, begin, end)| (begin, end)));
            }
            let zone = zone(first_calendar, calendars, nights);
            first_calendar += calendars;
            zone
        })
        .collect()
}

/// Adds a calendar of nights of an hour, as long as one task: [`short_night`] says when.
pub(super) fn add_short_nights(builder: &mut ProblemBuilder, dice: &mut Dice, number: u32) {
    let begins = (0..SHORT_NIGHTS).map(short_night);
    add(builder, dice, number, 0, begins.map(|begin| (begin, begin + SHORT_NIGHT_SLOTS)));
}

/// When the short night begins.
pub(super) fn short_night(night: u32) -> u32 {
    FIRST_SLOT + (night + 1) * DAY_SLOTS + 8
}

fn habit(dice: &mut Dice, calendar: u32) -> Habit {
    // The first three of every zone are the common ones: all nights, four hours.
    if calendar < 3 {
        return Habit { offset: 8 * calendar, length: 16, days: [true; 7], weight: 40 + dice.below(60) };
    }
    let nights = *dice.weighted(&[(7, 70), (5, 20), (3, 10)], |(_, weight)| *weight);
    let first = dice.below(7) as usize;
    let mut days = [false; 7];
    for day in 0..nights.0 {
        days[(first + day) % 7] = true;
    }
    let length = dice.weighted(&[(8, 20), (12, 20), (16, 30), (20, 18), (24, 12)], |(_, weight)| *weight).0;
    // Inside what the common ones leave open together.
    let offset = 4 * dice.below((32 - length) / 4 + 1);
    Habit { offset, length, days, weight: 10 + dice.below(50) }
}

/// Nights with their openings; the night before the first day counts as night 0.
fn openings(nightfall: u32, habit: &Habit, dark: &[u32]) -> Vec<(usize, u32, u32)> {
    (0..=SLOTS / DAY_SLOTS)
        .filter(|night| habit.days[(night % 7) as usize] && !dark.contains(night))
        .filter_map(|night| {
            let begin = (night * DAY_SLOTS + nightfall + habit.offset).checked_sub(DAY_SLOTS)?;
            let end = begin + habit.length;
            (end <= SLOTS).then_some((night as usize, begin, end))
        })
        .collect()
}

fn zone(first_calendar: u32, calendars: u32, nights: Vec<Vec<Opening>>) -> Zone {
    let nights: Vec<Night> = nights
        .into_iter()
        .filter_map(|openings| {
            let begin = openings.iter().map(|opening| opening.begin).min()?;
            let end = openings.iter().map(|opening| opening.end).max()?;
            Some(Night { begin, end, openings })
        })
        .collect();
    let mut open = vec![false; SLOTS as usize];
    for opening in nights.iter().flat_map(|night| &night.openings) {
        open[opening.begin as usize..opening.end as usize].fill(true);
    }
    let open_slots = open.into_iter().filter(|&open| open).count() as u32;
    Zone { first_calendar, calendars, nights, open_slots }
}

fn add(
    builder: &mut ProblemBuilder,
    dice: &mut Dice,
    number: u32,
    nightfall: u32,
    open: impl Iterator<Item = (u32, u32)>,
) {
    let mut week = Vec::with_capacity(7 * 24);
    for percent in TRADE_BY_DAY_PERCENT {
        for hour in 0..24 {
            // The quietest hour is five hours after nightfall.
            let trade = TRADE[((hour + 48 - nightfall / 4 - 5) % 24) as usize];
            week.push((trade * percent * (65 + dice.below(70)) / 10_000).max(1));
        }
    }
    let cost: Vec<u32> = (0..SLOTS as usize).map(|slot| week[slot / 4 % week.len()]).collect();
    builder.add_calendar(Calendar { id: format!("c{number}"), open: open.collect(), cutoff_slots: 0 });
    builder.add_profile(Profile { id: format!("p{number}"), cost });
}
