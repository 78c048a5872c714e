//! Draws that are the same on every machine and with every version of the libraries: ChaCha's words, and
//! arithmetic that IEEE 754 defines to the last bit (no powers, no logarithms).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Draws for one purpose: another `purpose` gives other draws from the same seed.
    pub(super) fn new(purpose: &[u8; 24], seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(purpose);
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// A whole number from 0 to `count` - 1; 0 for a `count` of 0.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        let product = u64::from(self.0.next_u32()) * u64::from(count);
        (product >> 32) as u32
    }

    /// A number from above 0 to 1.
    pub(super) fn unit(&mut self) -> f64 {
        let steps = (self.0.next_u64() >> 11) + 1;
        steps as f64 / (1_u64 << 53) as f64
    }

    /// True so many times in a thousand.
    pub(super) fn per_mille(&mut self, share: u32) -> bool {
        self.below(1000) < share
    }

    /// From `least` to `most`, small numbers far more often than large ones.
    pub(super) fn skewed(&mut self, least: u32, most: u32) -> u32 {
        let unit = self.unit();
        // Cubed, so that half of the draws are in the lowest eighth of the range.
        let steps = (f64::from(most - least + 1) * (unit * unit * unit)) as u32;
        (least + steps).min(most)
    }

    /// A Pareto draw with exponent 4/3, at least 1: twice as large is 2.5 times as rare.
    pub(super) fn pareto(&mut self) -> f64 {
        let inverse = 1.0 / self.unit();
        (inverse * inverse.sqrt()).sqrt()
    }

    /// Brings a list into a random order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }

    /// One of the items, by weight.
    pub(super) fn weighted<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> u32) -> &'a T {
        let mut left = self.below(items.iter().map(&weight).sum());
        for item in items {
            match left.checked_sub(weight(item)) {
                Some(rest) => left = rest,
                None => return item,
            }
        }
        &items[items.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_keep_their_shape() {
        let mut dice = Dice::new(b" offpeak dice for a test", 1);
        let draws: Vec<_> = (0..10_000).map(|_| dice.skewed(1, 200)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&1), Some(&200)));
        let small = draws.iter().filter(|draw| **draw <= 25).count();
        assert!((4_700..5_300).contains(&small), "{small}");
        let large = (0..10_000).filter(|_| dice.pareto() >= 8.0).count();
        // 8 to the power of -4/3 is a sixteenth.
        assert!((550..700).contains(&large), "{large}");
        let heavy = (0..10_000).filter(|_| *dice.weighted(&[1, 9], |weight| *weight) == 9).count();
        assert!((8_800..9_200).contains(&heavy), "{heavy}");
    }
}
