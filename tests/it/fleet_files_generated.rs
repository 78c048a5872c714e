//! Generated fleets: as many terminals as asked for, every row good, the same for the same seed, and shaped as
//! the manual says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use offpeak::fleet_files::{FleetFiles, NamedFile, read_files};
use offpeak::sim::fleet::{FleetCounts, generate, write_fleet, write_fleet_files};
use sha2::{Digest, Sha256};

fn files(terminals: u32, seed: u64) -> ([Vec<u8>; 3], FleetCounts) {
    let mut files = [Vec::new(), Vec::new(), Vec::new()];
    let [merchants, sites, terminal_rows] = &mut files;
    let counts = write_fleet(terminals, seed, merchants, sites, terminal_rows).expect("in memory");
    (files, counts)
}

fn read(files: &[Vec<u8>; 3]) -> FleetFiles {
    let named = ["merchants.csv", "sites.csv", "terminals.csv"].into_iter().zip(files);
    read_files(named.map(|(name, bytes)| NamedFile::new(name, bytes.as_slice())).collect())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_same_seed_is_the_same_fleet_for_ever() {
    let (files, counts) = files(500, 7);
    let hashes: Vec<String> = files.iter().map(|file| hex::encode(Sha256::digest(file))).collect();
    // Whoever changes the generator changes these, and says so in the change log.
    assert_eq!(
        hashes,
        [
            "e6b945507fd04fee2f97b377cb6bb375e0a2e99f2d7295c43518bae71cc8bee6",
            "726cc448f5dcc67a66fa1827e0659505cf849f784aebc4ca6fbd8e5e2914a84d",
            "eb47d174d006c2cbf277e2bc7bef0aae799f79eee597a46e704fa030cd6540ff",
        ]
    );
    assert_eq!(counts.terminals, 500);
}

#[test]
fn another_seed_is_another_fleet() {
    assert_ne!(files(500, 7), files(500, 8));
}

#[test]
fn counts_are_as_asked_and_every_row_reads() {
    for (terminals, seed) in [(0, 1), (1, 1), (13, 2), (500, 7), (20_000, 3)] {
        let (files, counts) = files(terminals, seed);
        let fleet = read(&files);
        assert_eq!(counts.terminals, u64::from(terminals));
        assert_eq!(fleet.terminals.len() as u64, counts.terminals);
        assert_eq!(fleet.sites.len() as u64, counts.sites);
        assert_eq!(fleet.merchants.len() as u64, counts.merchants);
        let outside = fleet.outside_references();
        assert!(outside.merchant_numbers.is_empty() && outside.site_codes.is_empty());
    }
}

#[test]
fn what_is_read_is_what_was_generated() {
    let fleet = read(&files(2_000, 11).0);
    let firms: Vec<_> = generate(2_000, 11).collect();
    let merchants: Vec<_> = firms.iter().map(|firm| &firm.merchant).collect();
    let outlets: Vec<_> = firms.iter().flat_map(|firm| &firm.outlets).collect();
    assert!(fleet.merchants.iter().map(|row| &row.value).eq(merchants));
    assert!(fleet.sites.iter().map(|row| &row.value).eq(outlets.iter().map(|outlet| &outlet.site)));
    assert!(
        fleet.terminals.iter().map(|row| &row.value).eq(outlets.iter().flat_map(|outlet| &outlet.terminals))
    );
}

#[test]
fn three_files_come_to_be_in_a_new_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let counts = write_fleet_files(40, 1, &folder.path().join("new/fleet")).expect("writable");
    assert_eq!(counts.terminals, 40);
    let names: BTreeSet<_> = std::fs::read_dir(folder.path().join("new/fleet"))
        .expect("made")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(names, ["merchants.csv", "sites.csv", "terminals.csv"].map(String::from).into());
}

/// How many of `count` there are in a thousand.
fn per_mille(part: usize, count: usize) -> usize {
    part * 1000 / count
}

#[test]
fn a_fleet_has_the_shape_of_a_real_one() {
    let firms: Vec<_> = generate(60_000, 5).collect();
    let outlets: Vec<_> = firms.iter().flat_map(|firm| &firm.outlets).collect();
    let terminals: Vec<_> = outlets.iter().flat_map(|outlet| &outlet.terminals).collect();

    // Most firms have one site; the largest tenth of the firms has more than half of the terminals.
    assert!(
        (820..920)
            .contains(&per_mille(firms.iter().filter(|firm| firm.outlets.len() == 1).count(), firms.len()))
    );
    let mut sizes: Vec<usize> =
        firms.iter().map(|firm| firm.outlets.iter().map(|outlet| outlet.terminals.len()).sum()).collect();
    sizes.sort_unstable();
    let largest: usize = sizes.iter().rev().take(firms.len() / 10).sum();
    assert!(per_mille(largest, terminals.len()) > 500, "{}", per_mille(largest, terminals.len()));
    assert!(firms.iter().map(|firm| firm.outlets.len()).max() >= Some(50));

    let at_sites: Vec<usize> = outlets.iter().map(|outlet| outlet.terminals.len()).collect();
    assert_eq!(at_sites.iter().min(), Some(&1));
    assert!(at_sites.iter().max() <= Some(&200) && at_sites.iter().max() >= Some(&150));

    // Zones with and without daylight saving time, off the hour, and the half-hour one.
    let zones: BTreeSet<_> = outlets.iter().map(|outlet| outlet.site.time_zone.name()).collect();
    for zone in [
        "Asia/Shanghai",
        "Asia/Urumqi",
        "America/New_York",
        "Europe/London",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Australia/Adelaide",
    ] {
        assert!(zones.contains(zone), "{zone}");
    }
    let in_china = outlets.iter().filter(|outlet| outlet.site.region.starts_with("cn-")).count();
    assert!((350..650).contains(&per_mille(in_china, outlets.len())), "{in_china}");

    let retired = terminals.iter().filter(|terminal| terminal.retired).count();
    assert!((8..12).contains(&per_mille(retired, terminals.len())), "{retired}");
    let silent = firms.iter().filter(|firm| firm.merchant.email.is_none()).count();
    assert!((2..9).contains(&per_mille(silent, firms.len())), "{silent}");
    for email in firms.iter().filter_map(|firm| firm.merchant.email.as_ref()) {
        assert!(email.ends_with(".example"), "{email}");
    }

    // A cell is of one carrier and one region, and is shared; what is wired has neither carrier nor cell.
    let mut cells: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>, usize)> = BTreeMap::new();
    for outlet in &outlets {
        for terminal in &outlet.terminals {
            assert_eq!(terminal.carrier.is_some(), terminal.cell.is_some());
            if let (Some(carrier), Some(cell)) = (&terminal.carrier, &terminal.cell) {
                let (carriers, regions, size) = cells.entry(cell).or_default();
                carriers.insert(carrier);
                regions.insert(&outlet.site.region);
                *size += 1;
            }
        }
    }
    assert!(cells.values().all(|(carriers, regions, _)| carriers.len() == 1 && regions.len() == 1));
    let mobile: usize = cells.values().map(|(_, _, size)| size).sum();
    assert!((250..600).contains(&per_mille(mobile, terminals.len())), "{mobile}");
    assert!((10..60).contains(&(mobile / cells.len())), "{} in {} cells", mobile, cells.len());

    // Every model has a spread of versions; keys and terminal ids are unique.
    let mut versions: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for terminal in &terminals {
        versions.entry(&terminal.model).or_default().insert(terminal.firmware.as_str());
    }
    assert!(versions.len() == 8 && versions.values().all(|versions| versions.len() >= 3), "{versions:?}");
    let serials: BTreeSet<_> = terminals.iter().map(|terminal| &terminal.serial).collect();
    let tids: BTreeSet<_> = terminals.iter().map(|terminal| &terminal.tid).collect();
    assert_eq!((serials.len(), tids.len()), (terminals.len(), terminals.len()));
}
