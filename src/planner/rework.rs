//! Fewer broken promises by doing it again: some who are not at home are taken out, those they kept from their home go
//! back there, and all who are left look for a place once more, in another order.
//!
//! What breaks more promises than before is undone. What breaks as many is kept, since it is another plan, from which
//! others can be reached.

use std::cmp::Reverse;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Stop;
use super::board::Board;
use super::booth::MOVE;
use super::clearing::{Clearing, DEPTH};
use super::crowd::Crowd;
use super::tolls::Toll;

/// So many are taken out.
const TAKEN_OUT: std::ops::RangeInclusive<usize> = 2..=8;
/// They stand no further from each other.
const NEAR_SLOTS: u32 = 48;
/// Those make way who would pay hardly more elsewhere, in hundredths of a move; and for one that looks for a place, so
/// many ways are tried.
const MORE_HUNDREDTHS: i64 = 3;
const TRIES: usize = 4;
/// One round of so many begins where something is lost, the others where anybody stands.
const AIMED_ONE_OF: u32 = 2;
/// What is lost, and who would make way, is looked at again after so many rounds.
const LOOK_EVERY_ROUNDS: usize = 16;

/// Tries it so many times for each hundred of those who are not at home.
pub(super) fn rework(
    board: &mut Board<'_>,
    crowd: &Crowd,
    toll: &Toll,
    rounds_percent: usize,
    random: &mut ChaCha8Rng,
    stop: &Stop<'_>,
) {
    let tables = board.tables;
    let mut away = vec![Vec::new(); tables.slots as usize];
    let (clearing, guests) = Clearing::with_guests(board, crowd, toll);
    for &task in &guests {
        if let Some(home) = tables.home(task) {
            away[home as usize].push(task);
        }
    }
    let rounds = (guests.len() * rounds_percent).div_ceil(100);
    let mut rework = Rework { clearing, guests, away, losses: Vec::new(), random };
    for round in 0..rounds {
        if stop.now() {
            return;
        }
        if round % LOOK_EVERY_ROUNDS == 0 {
            rework.look();
        }
        rework.once();
    }
}

struct Rework<'c, 'b, 't> {
    clearing: Clearing<'b, 't>,
    /// Those who were not at home in the beginning.
    guests: Vec<u32>,
    /// By slot: those who were announced there and have been away.
    away: Vec<Vec<u32>>,
    /// What is lost in each slot in which something is, the slots before it included.
    losses: Vec<(u32, i64)>,
    random: &'c mut ChaCha8Rng,
}

/// One that is taken out.
struct Out {
    task: u32,
    duration: u32,
    /// What it pays at least elsewhere.
    elsewhere: i64,
    luck: u32,
}

impl Rework<'_, '_, '_> {
    fn look(&mut self) {
        self.clearing.offers.ask_again(MOVE * MORE_HUNDREDTHS / 100);
        self.losses = self.clearing.offers.losses();
        let mut sum = 0;
        for (_, lost) in &mut self.losses {
            sum += (*lost).min(MOVE);
            *lost = sum;
        }
    }

    fn once(&mut self) {
        let Some(center) = self.center() else { return };
        let (mut out, freed) = self.take_out(center);
        self.send_home(&mut out, freed);
        out.sort_unstable_by_key(|out| (Reverse(out.duration), out.luck));
        if out.iter().all(|out| self.put_in(out)) {
            for (task, home) in self.clearing.offers.who_left() {
                self.away[home as usize].push(task);
            }
            self.clearing.offers.keep();
        } else {
            self.clearing.offers.undo(0);
        }
    }

    /// A slot where something is lost, or where somebody stands who was not at home.
    fn center(&mut self) -> Option<u32> {
        let total = self.losses.last().map_or(0, |&(_, sum)| sum);
        if total > 0 && self.random.random_ratio(1, AIMED_ONE_OF) {
            let at = self.random.random_range(0..total);
            return self
                .losses
                .get(self.losses.partition_point(|&(_, sum)| sum <= at))
                .map(|&(slot, _)| slot);
        }
        let at = self.random.random_range(0..self.guests.len().max(1));
        self.guests.get(at).and_then(|&task| self.clearing.offers.board.start(task))
    }

    /// Takes out some who stand near a slot, the nearest first; and in which slots.
    fn take_out(&mut self, center: u32) -> (Vec<Out>, std::ops::Range<u32>) {
        let offers = &mut self.clearing.offers;
        let tables = offers.board.tables;
        let wanted = self.random.random_range(TAKEN_OUT);
        let mut chosen: Vec<u32> = Vec::new();
        for distance in 0..NEAR_SLOTS {
            let before = center.checked_sub(distance);
            let after = (distance > 0).then_some(center + distance).filter(|&slot| slot < tables.slots);
            let mut here: Vec<u32> =
                before.into_iter().chain(after).flat_map(|slot| offers.guests_at(slot)).collect();
            while chosen.len() < wanted && !here.is_empty() {
                chosen.push(here.swap_remove(self.random.random_range(0..here.len())));
            }
            if chosen.len() == wanted {
                break;
            }
        }
        let mut freed = center..center;
        let mut out = Vec::new();
        for task in chosen {
            let Some(start) = offers.board.start(task) else { continue };
            let Some(elsewhere) = offers.dislodge(task) else { continue };
            let duration = tables.problem.duration(task);
            freed = freed.start.min(start)..freed.end.max(start + duration);
            out.push(Out { task, duration, elsewhere, luck: self.random.random() });
        }
        (out, freed)
    }

    /// Sends home whoever finds its home free: of those who are out, and of others who were announced near the slots.
    fn send_home(&mut self, out: &mut Vec<Out>, freed: std::ops::Range<u32>) {
        let offers = &mut self.clearing.offers;
        let tables = offers.board.tables;
        out.retain(|out| {
            let home = tables.home(out.task).filter(|&home| offers.board.fits(out.task, home));
            let Some(home) = home else { return true };
            offers.place(out.task, home);
            offers.offer(out.task, out.elsewhere);
            false
        });
        for home in (freed.start + 1).saturating_sub(tables.longest)..freed.end {
            let away = &mut self.away[home as usize];
            away.retain(|&task| offers.board.start(task) != Some(home));
            for &task in away.iter() {
                if offers.board.start(task).is_some() && offers.board.fits(task, home) {
                    let Some(elsewhere) = offers.dislodge(task) else { continue };
                    offers.place(task, home);
                    offers.offer(task, elsewhere);
                }
            }
        }
    }

    /// Finds a place for one that is out; says no if that breaks more promises than have been mended.
    fn put_in(&mut self, out: &Out) -> bool {
        if !self.clearing.find_place(out.task, DEPTH, TRIES) {
            return false;
        }
        self.clearing.offers.offer(out.task, out.elsewhere);
        self.clearing.offers.broken_count() <= 0
    }
}
