//! One bit a slot: starts that a calendar allows, starts that a group forbids. A month of quarter hours is 45
//! words, so a question about every start of a task costs less than a walk over them.

use std::rc::Rc;

/// One bit a slot, shared by whoever asks again.
pub(super) type Bits = Rc<[u64]>;

/// Words for so many slots.
pub(super) fn words(slots: u32) -> usize {
    slots.div_ceil(64) as usize
}

/// Sets the bits of `[begin, end)`.
pub(super) fn set_run(bits: &mut [u64], begin: u32, end: u32) {
    if begin >= end {
        return;
    }
    let (first, last) = (begin as usize / 64, (end - 1) as usize / 64);
    for (word, bits) in bits.iter_mut().enumerate().take(last + 1).skip(first) {
        *bits |= mask(word, begin, end - 1);
    }
}

/// The bits of one word that lie in `[from, last]`.
fn mask(word: usize, from: u32, last: u32) -> u64 {
    let begin = word as u32 * 64;
    let low = u64::MAX << from.saturating_sub(begin).min(63);
    let high = u64::MAX >> (63 - last.saturating_sub(begin).min(63));
    low & high
}

/// Turns slots into starts: a bit is set when any of the `duration` bits from it on was.
pub(super) fn smear(bits: &mut [u64], duration: u32) {
    let mut covered = 1;
    while covered < duration {
        let shift = covered.min(duration - covered);
        let (over, by) = ((shift / 64) as usize, shift % 64);
        for word in 0..bits.len() {
            let low = bits.get(word + over).copied().unwrap_or(0);
            let high = bits.get(word + over + 1).copied().unwrap_or(0);
            // Words are only read ahead of where they are written.
            bits[word] |= if by == 0 { low } else { low >> by | high << (64 - by) };
        }
        covered += shift;
    }
}

/// The bits that are set in `[from, last]`, ascending; `word` gives the words.
pub(super) fn ones(from: u32, last: u32, word: impl Fn(usize) -> u64) -> impl Iterator<Item = u32> {
    let words = if from <= last { from as usize / 64..last as usize / 64 + 1 } else { 0..0 };
    words.flat_map(move |at| {
        let mut left = word(at) & mask(at, from, last);
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (bit < 64).then_some(at as u32 * 64 + bit)
        })
    })
}

/// The last bit that is set in `[from, last]`.
pub(super) fn last_one(from: u32, last: u32, word: impl Fn(usize) -> u64) -> Option<u32> {
    if from > last {
        return None;
    }
    (from as usize / 64..=last as usize / 64).rev().find_map(|at| {
        let found = word(at) & mask(at, from, last);
        (found != 0).then(|| at as u32 * 64 + 63 - found.leading_zeros())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOTS: u32 = 200;

    fn some() -> Vec<u64> {
        let mut bits = vec![0; words(SLOTS)];
        for (begin, end) in [(3, 5), (63, 65), (100, 100), (120, 128), (190, 200)] {
            set_run(&mut bits, begin, end);
        }
        bits
    }

    #[test]
    fn runs_are_half_open_and_found_again() {
        let bits = some();
        let all: Vec<u32> = ones(0, SLOTS - 1, |at| bits[at]).collect();
        let expected: Vec<u32> = (3..5).chain(63..65).chain(120..128).chain(190..200).collect();
        assert_eq!(all, expected);
        for from in 0..SLOTS {
            for last in 0..SLOTS {
                let within = || expected.iter().copied().filter(|&bit| from <= bit && bit <= last);
                assert!(ones(from, last, |at| bits[at]).eq(within()));
                assert_eq!(last_one(from, last, |at| bits[at]), within().next_back());
            }
        }
    }

    #[test]
    fn smearing_is_looking_ahead() {
        for duration in [1, 2, 3, 7, 63, 64, 65, 130] {
            let plain = some();
            let mut smeared = plain.clone();
            smear(&mut smeared, duration);
            for start in 0..SLOTS {
                let ahead = ones(start, (start + duration - 1).min(SLOTS - 1), |at| plain[at]).next();
                assert_eq!(smeared[start as usize / 64] >> (start % 64) & 1 == 1, ahead.is_some());
            }
        }
    }
}
