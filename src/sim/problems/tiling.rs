//! Nights cut into pieces, end to end, as many layers as the region's cap allows: the hidden plan, before it has
//! tasks.

use crate::sim::dice::Dice;

use super::zones::Night;
use super::{Plot, Shape};

/// One place in the hidden plan: a start, a duration and a calendar that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub start: u16,
    pub duration: u8,
    /// Place among the zone's calendars.
    pub calendar: u8,
}

impl Piece {
    pub(super) fn end(self) -> u16 {
        self.start + u16::from(self.duration)
    }
}

/// How long tasks are, and how densely the nights are filled.
pub(super) struct Durations {
    /// Slots, and how often of a thousand.
    slots: &'static [(u32, u32)],
    /// What comes out on average when nights are filled.
    pub mean_slots: f64,
    /// Part of the open slots that gets filled.
    pub filled: f64,
    /// How often a slot is left empty before a piece.
    holes_per_mille: u32,
    /// Whether the last region is made by other means.
    pub leaves_a_region: bool,
}

impl Durations {
    pub(super) fn of(shape: Shape) -> Durations {
        match shape {
            Shape::Loose => Durations {
                slots: &[(1, 90), (2, 200), (3, 130), (4, 360), (5, 120), (6, 50), (8, 50)],
                mean_slots: 3.45,
                filled: 0.94,
                holes_per_mille: 180,
                leaves_a_region: false,
            },
            Shape::Tight => Durations {
                slots: &[(1, 80), (2, 150), (3, 145), (4, 300), (5, 80), (6, 110), (7, 30), (8, 105)],
                mean_slots: 3.87,
                filled: 0.955,
                holes_per_mille: 170,
                leaves_a_region: false,
            },
            Shape::Adversarial => Durations {
                slots: &[(3, 130), (4, 120), (5, 240), (6, 200), (7, 220), (8, 90)],
                mean_slots: 5.4,
                filled: 1.0,
                holes_per_mille: 0,
                leaves_a_region: true,
            },
        }
    }

    fn draw(&self, dice: &mut Dice) -> u32 {
        dice.weighted(self.slots, |(_, weight)| *weight).0
    }

    fn shortest(&self) -> u32 {
        self.slots[0].0
    }

    fn longest(&self) -> u32 {
        self.slots[self.slots.len() - 1].0
    }
}

/// Exactly the plot's number of pieces, in random order; never more than its cap at once.
pub(super) fn fill(plot: &Plot<'_>, durations: &Durations, dice: &mut Dice) -> Vec<Piece> {
    let wanted = plot.tasks as usize;
    let mut pieces = Vec::with_capacity(wanted + wanted / 8);
    for _ in 0..plot.cap {
        for night in &plot.zone.nights {
            cut(night, durations, dice, &mut pieces);
        }
    }
    dice.shuffle(&mut pieces);
    pieces.truncate(wanted);
    // Too few: the first ones become two each. Four passes reach single slots.
    for _ in 0..4 {
        for at in 0..pieces.len() {
            let Piece { start, duration, calendar } = pieces[at];
            if pieces.len() == wanted {
                return pieces;
            }
            if duration > 1 {
                let half = duration / 2;
                pieces[at].duration = half;
                let start = start + u16::from(half);
                pieces.push(Piece { start, duration: duration - half, calendar });
            }
        }
    }
    pieces
}

/// Cuts one layer of a night.
fn cut(night: &Night, durations: &Durations, dice: &mut Dice, pieces: &mut Vec<Piece>) {
    let mut slot = night.begin;
    while slot < night.end {
        let open_for = |opening: &super::zones::Opening| match opening.begin <= slot {
            true => opening.end.saturating_sub(slot),
            false => 0,
        };
        let room = night.openings.iter().map(open_for).max().unwrap_or(0);
        if room == 0 || (durations.holes_per_mille > 0 && dice.per_mille(durations.holes_per_mille)) {
            slot += 1;
            continue;
        }
        let mut duration = durations.draw(dice).min(room);
        let rest = night.end - slot - duration;
        if rest > 0 && rest < durations.shortest() {
            // What is left of the night would be too short for anything.
            duration = match duration + rest <= room.min(durations.longest()) {
                true => duration + rest,
                false => (duration + rest).saturating_sub(durations.shortest()).max(1),
            };
        }
        let opening = dice.weighted(&night.openings, |opening| match open_for(opening) >= duration {
            true => opening.weight,
            false => 0,
        });
        pieces.push(Piece { start: slot as u16, duration: duration as u8, calendar: opening.calendar });
        slot += duration;
    }
}
