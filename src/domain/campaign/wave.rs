//! Waves: slices of a campaign that open one after the other, and who is in which.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::domain::campaign::{Ceiling, Gate};
use crate::domain::states::state_machine;

state_machine! {
    /// The life of a wave.
    pub enum WaveState {
        /// The gate of the wave before has not passed: nothing of it opens, and nobody is told of it.
        Waiting = "waiting" -> [Open];
        /// Its appointments open.
        Open = "open" -> [Passed, Halted];
        /// Its gate has paused the campaign.
        Halted = "halted" -> [Open, Passed];
        /// Its gate has let the next one open.
        Passed = "passed" -> [];
    }
}

/// The share of a campaign's last wave, in words.
pub const REST: &str = "rest";

/// How large a wave is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Hundredths of a percent of the campaign's terminals; rounded up, so never none.
    Percent(u32),
    /// So many terminals.
    Count(u32),
    /// Everything that is left.
    Rest,
}

impl Share {
    fn terminals_of(self, total: usize) -> usize {
        match self {
            Share::Percent(hundredths) => (total * hundredths as usize).div_ceil(10_000),
            Share::Count(count) => count as usize,
            Share::Rest => total,
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let unknown =
            || format!("`{text}` is not the size of a wave; use a share (`1%`), a count (`50`) or `rest`");
        if text == REST {
            return Ok(Share::Rest);
        }
        if let Some(percent) = text.strip_suffix('%') {
            let (whole, part) = percent.trim().split_once('.').unwrap_or((percent.trim(), ""));
            let digits = |text: &str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 2 {
                return Err(unknown());
            }
            let whole: u32 = whole.parse().map_err(|_| unknown())?;
            let part: u32 = format!("{part:0<2}").parse().map_err(|_| unknown())?;
            return match whole * 100 + part {
                hundredths @ 1..=9_999 => Ok(Share::Percent(hundredths)),
                _ => Err(format!("`{text}` is out of range; use 0.01% to 99.99%, or `rest`")),
            };
        }
        match text.parse::<u32>() {
            Ok(0) => Err(format!("`{text}` terminals are no wave; use 1 or more")),
            Ok(count) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Share::Count(count)),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Share::Percent(hundredths) if hundredths % 100 == 0 => write!(formatter, "{}%", hundredths / 100),
            Share::Percent(hundredths) => {
                let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
                write!(formatter, "{}%", text.trim_end_matches('0'))
            }
            Share::Count(count) => write!(formatter, "{count}"),
            Share::Rest => formatter.write_str(REST),
        }
    }
}

/// Where a terminal stands, as far as spreading needs it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Serial number.
    pub serial: &'a str,
    /// Its site's code.
    pub site: &'a str,
    /// Its site's region.
    pub region: &'a str,
}

/// The places, by index, in the order in which waves are filled: every beginning of it holds its share of each
/// region, and as many sites as it can. The order depends on `name`, the serial numbers and the codes alone, so that
/// it is the same whenever it is asked for, and not the one in which terminals were made.
pub fn spread(name: &str, places: &[Place<'_>]) -> Vec<usize> {
    let number = |text: &str| {
        let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(text).finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        u64::from_be_bytes(first)
    };
    let chance: Vec<u64> = places.iter().map(|place| number(place.serial)).collect();
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|index| (places[*index].site, chance[*index], places[*index].serial));
    // The first of each site before the second of any.
    let mut turn = vec![0_u32; places.len()];
    for pair in order.windows(2) {
        if places[pair[0]].site == places[pair[1]].site {
            turn[pair[1]] = turn[pair[0]] + 1;
        }
    }
    let mut by_region: HashMap<&str, Vec<usize>> = HashMap::new();
    for index in order {
        by_region.entry(places[index].region).or_default().push(index);
    }
    let mut ranked = Vec::with_capacity(places.len());
    for (region, mut members) in by_region {
        members.sort_unstable_by_key(|index| (turn[*index], chance[*index], places[*index].serial));
        // Regions of the same size do not all give their first at the same moment.
        let (size, shift) = (members.len() as u128, u128::from(number(region) % 1_000));
        for (rank, index) in (0_u128..).zip(members) {
            ranked.push(((rank * 1_000 + shift) * (1 << 40) / size, chance[index], index));
        }
    }
    ranked.sort_unstable_by_key(|(fraction, chance, index)| (*fraction, *chance, places[*index].serial));
    ranked.into_iter().map(|(_, _, index)| index).collect()
}

/// How many terminals each wave gets of `total`.
pub fn sizes(shares: &[Share], total: usize) -> Vec<usize> {
    let mut left = total;
    let taken = shares.iter().map(|share| {
        let size = share.terminals_of(total).min(left);
        left -= size;
        size
    });
    taken.collect()
}

/// Checks that waves can follow each other.
pub fn check(waves: &[(Share, Gate)]) -> Result<(), String> {
    let Some(((last, _), before)) = waves.split_last() else { return Ok(()) };
    if waves.len() > 20 {
        return Err(format!("{} waves are too many; use at most 20", waves.len()));
    }
    if *last != Share::Rest {
        return Err(format!("the last wave is `{last}`, which may leave terminals over; end with `rest`"));
    }
    if let Some(place) = before.iter().position(|(share, _)| *share == Share::Rest) {
        return Err(format!("wave {} is `rest`, so nothing is left for those after it", place + 1));
    }
    let percent: u32 = before
        .iter()
        .map(|(share, _)| match share {
            Share::Percent(hundredths) => *hundredths,
            _ => 0,
        })
        .sum();
    if percent >= 10_000 {
        return Err("the waves before the rest take 100 % or more; leave something for `rest`".to_owned());
    }
    for (_, gate) in waves {
        if gate.success_percent_min > 100 {
            return Err(format!("success of {} % is out of range; use 0 to 100", gate.success_percent_min));
        }
        if gate.sample_min == 0 || gate.sample_min > 1_000_000 {
            return Err(format!("a sample of {} is out of range; use 1 to 1000000", gate.sample_min));
        }
        if let Some(Ceiling::Percent(percent)) = gate.failures_max
            && percent > 100
        {
            return Err(format!("failures of {percent} % are out of range; use 0% to 100%"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Place, Share, sizes, spread};
    use proptest::prelude::*;

    #[test]
    fn a_size_reads_as_it_is_written() {
        for (text, share) in [
            ("1%", Share::Percent(100)),
            ("0.5%", Share::Percent(50)),
            ("12.25%", Share::Percent(1225)),
            ("50", Share::Count(50)),
            ("rest", Share::Rest),
        ] {
            assert_eq!(text.parse(), Ok(share));
            assert_eq!(share.to_string(), text);
        }
        for text in ["", "0", "0%", "100%", "-1", "+5", "1.234%", ".5%", "a%", "1e3", "9999999999", "1 0%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_percent_of_eleven_is_one() {
        assert_eq!(sizes(&[Share::Percent(100), Share::Rest], 11), [1, 10]);
        assert_eq!(sizes(&[Share::Count(20), Share::Rest], 11), [11, 0]);
    }

    proptest! {
        #[test]
        fn every_beginning_is_spread_and_the_order_of_making_does_not_matter(
            homes in prop::collection::vec((0_usize..4, 0_usize..12), 1..300),
            cut in 0_usize..300,
            seed in any::<u64>(),
        ) {
            let names: Vec<(String, String, String)> = homes
                .iter()
                .enumerate()
                .map(|(number, (region, site))| {
                    (format!("T{number}"), format!("S{region}-{site}"), format!("r{region}"))
                })
                .collect();
            let places: Vec<Place<'_>> = names
                .iter()
                .map(|(serial, site, region)| Place { serial, site, region })
                .collect();
            let order = spread("fw", &places);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..places.len()).collect::<Vec<_>>(), "each once");

            let mut shuffled: Vec<usize> = (0..places.len()).collect();
            shuffled.sort_by_key(|index| (*index as u64).wrapping_mul(seed | 1).rotate_left(17));
            let moved: Vec<Place<'_>> = shuffled.iter().map(|index| places[*index]).collect();
            let again: Vec<&str> = spread("fw", &moved).into_iter().map(|index| moved[index].serial).collect();
            let first: Vec<&str> = order.iter().map(|index| places[*index].serial).collect();
            prop_assert_eq!(again, first);

            let cut = cut.min(places.len());
            for region in 0..4 {
                let name = format!("r{region}");
                let of_region = |indices: &[usize]| {
                    indices.iter().filter(|index| places[**index].region == name).count()
                };
                let (all, taken) = (of_region(&order), of_region(&order[..cut]));
                let fair = all as f64 * cut as f64 / places.len() as f64;
                prop_assert!((taken as f64 - fair).abs() <= 4.0, "{} of {} in {}", taken, fair, name);
                // No site gives its second before each of its region has given its first.
                let mut given: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
                for index in order[..cut].iter().filter(|index| places[**index].region == name) {
                    *given.entry(places[*index].site).or_default() += 1;
                }
                if given.values().any(|count| *count > 1) {
                    let sites: std::collections::HashSet<&str> =
                        places.iter().filter(|place| place.region == name).map(|place| place.site).collect();
                    prop_assert_eq!(given.len(), sites.len());
                }
            }
        }
    }
}
