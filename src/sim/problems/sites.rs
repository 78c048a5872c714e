//! Shops of 1 to 200 terminals: who they belong to, and which pieces of the hidden plan are theirs.

use crate::sim::dice::Dice;

use super::crew::{Crew, Draft, HOSTS, Shop};
use super::tiling::Piece;
use super::zones::Zone;
use super::{Shape, windows};

const SITE_TASKS_MAX: u32 = 200;
/// How far to look for a piece that does not get into the way of the shop's others.
const LOOK_AHEAD: usize = 64;

/// Sizes of shops and how often of a thousand; the rest is from 11 on.
const SIZES: [(u32, u32); 11] = [
    (1, 466),
    (2, 240),
    (3, 120),
    (4, 68),
    (5, 15),
    (6, 15),
    (7, 14),
    (8, 14),
    (9, 14),
    (10, 14),
    (SITE_TASKS_MAX, 20),
];

/// The trade of a shop, in units of its profile; the rest is from 11 on.
const VOLUMES: [(u32, u32); 11] = [
    (1, 192),
    (2, 185),
    (3, 146),
    (4, 108),
    (5, 80),
    (6, 61),
    (7, 46),
    (8, 32),
    (9, 28),
    (10, 22),
    (60, 100),
];

/// Hosts and chains, and how large they are.
pub(super) struct Firms {
    hosts: [(u32, u32); HOSTS as usize],
    /// Running sums: few chains are large.
    chains: Vec<f64>,
}

impl Firms {
    pub(super) fn draw(dice: &mut Dice, tasks: u32) -> Firms {
        let mut sum = 0.0;
        let chains = (1..=(tasks / 900).clamp(3, 2000))
            .map(|rank| {
                // To the power of 3/4.
                let root = f64::from(rank).sqrt();
                sum += 1.0 / (root * root.sqrt());
                sum
            })
            .collect();
        Firms { hosts: std::array::from_fn(|host| (host as u32, 4 + dice.below(17))), chains }
    }

    /// Number of chains.
    pub(super) fn chains(&self) -> u32 {
        self.chains.len() as u32
    }

    /// A shop with this calendar; four of ten belong to a chain.
    pub(super) fn shop(&self, calendar: u32, dice: &mut Dice) -> Shop {
        let volume = match dice.weighted(&VOLUMES, |(_, weight)| *weight).0 {
            volume @ ..=10 => volume,
            most => dice.skewed(11, most),
        };
        let host = dice.weighted(&self.hosts, |(_, weight)| *weight).0;
        let chain = dice.per_mille(390).then(|| {
            let drawn = dice.unit() * self.chains[self.chains.len() - 1];
            self.chains.partition_point(|&sum| sum < drawn) as u32
        });
        Shop { calendar, volume, host, chain }
    }
}

fn size(dice: &mut Dice) -> u32 {
    match dice.weighted(&SIZES, |(_, weight)| *weight).0 {
        size @ ..=10 => size,
        most => ((14.0 * dice.pareto()) as u32 + 1).min(most),
    }
}

/// Makes shops of a region's pieces, calendar by calendar.
pub(super) fn settle<F: FnMut(Option<u32>)>(
    crew: &mut Crew<F>,
    firms: &Firms,
    zone: &Zone,
    pieces: Vec<Piece>,
    shape: Shape,
    dice: &mut Dice,
) {
    let mut pieces = pieces;
    // Stable, so that the order within a calendar stays random.
    pieces.sort_by_key(|piece| piece.calendar);
    let mut rest = pieces.as_mut_slice();
    while let Some(first) = rest.first() {
        let calendar = first.calendar;
        let same = rest.partition_point(|piece| piece.calendar == calendar);
        let wanted = (size(dice) as usize).min(same);
        let taken = gather(&mut rest[..same], wanted);
        let (mine, others) = rest.split_at_mut(taken);
        rest = others;

        let shop = firms.shop(zone.first_calendar + u32::from(calendar), dice);
        crew.open_site(site_cap(taken).max(peak(mine)));
        let cells = crew.region_cells();
        let cell = dice.below(cells);
        // In one shop of five some terminals reach another cell.
        let second = if taken > 1 && dice.per_mille(200) { dice.below(cells) } else { cell };
        for piece in mine {
            let (start, end) = (u32::from(piece.start), u32::from(piece.end()));
            let (release, deadline) = windows::draw(shape, start, end, dice);
            let cell = if second != cell && dice.per_mille(350) { second } else { cell };
            let (duration, weight) = (end - start, 1 + dice.below(3));
            crew.add_task(&shop, &Draft { duration, release, deadline, weight, cell, start: Some(start) });
        }
    }
}

/// Half of a shop may be down, and one at least.
fn site_cap(tasks: usize) -> u32 {
    (tasks as u32 / 2).max(1)
}

/// Brings pieces that a shop of `wanted` can take to the front, and returns how many there are.
fn gather(pieces: &mut [Piece], wanted: usize) -> usize {
    let cap = site_cap(wanted) as usize;
    for taken in 1..wanted {
        let fits = |piece: &Piece| {
            let overlap = |mine: &&Piece| mine.start < piece.end() && piece.start < mine.end();
            taken < cap || pieces[..taken].iter().filter(overlap).count() < cap
        };
        let ahead = (taken + LOOK_AHEAD).min(pieces.len());
        match pieces[taken..ahead].iter().position(fits) {
            Some(at) => pieces.swap(taken, taken + at),
            None => return taken,
        }
    }
    wanted
}

/// How many of the pieces are down at once, at most.
fn peak(pieces: &[Piece]) -> u32 {
    let at_once = |slot: u16| pieces.iter().filter(|piece| piece.start <= slot && slot < piece.end()).count();
    match pieces {
        [_] => 1,
        // The most is reached when one begins.
        _ => pieces.iter().map(|piece| at_once(piece.start)).max().unwrap_or(0) as u32,
    }
}
