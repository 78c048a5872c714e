//! A fleet that never was: heavy-tailed chains, shops of every kind in several countries and zones, terminals
//! with the models, versions, carriers and cells that real ones have. The same size and seed give the same
//! fleet, on every machine.
//!
//! `docs/fleet-files.md` records the choices: what shares, what sizes.

mod hardware;
mod names;
mod places;
mod shops;

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;

use crate::domain::fleet::{Merchant, Site, Tags, Terminal};
use crate::fleet_files::{FileFormat, RecordWriter};
use crate::sim::dice::Dice;

use hardware::{Equipment, MODELS};
use places::{COUNTRIES, Country, Region};
use shops::{SHOPS, Shop};

/// Most terminals of a generated fleet: serial and terminal numbers are unique up to here.
pub const TERMINALS_MAX: u32 = 5_000_000;

/// No firm has more of them, so that a firm at a time fits into memory.
const FIRM_TERMINALS_MAX: u32 = 20_000;

/// A merchant with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firm {
    /// The merchant.
    pub merchant: Merchant,
    /// Its sites, at least one.
    pub outlets: Vec<Outlet>,
}

/// A site with its terminals, 1 to 200 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// The site.
    pub site: Site,
    /// Its terminals.
    pub terminals: Vec<Terminal>,
}

/// How much was generated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FleetCounts {
    /// Merchants.
    pub merchants: u64,
    /// Sites.
    pub sites: u64,
    /// Terminals.
    pub terminals: u64,
}

/// The firms of a fleet of exactly `terminals` terminals (at most [`TERMINALS_MAX`]), one after the other.
pub fn generate(terminals: u32, seed: u64) -> FleetGenerator {
    let terminals = terminals.min(TERMINALS_MAX);
    FleetGenerator {
        dice: Dice::new(b" offpeak virtual fleet 1", seed),
        terminals_wanted: terminals,
        terminals_made: 0,
        firms_made: 0,
        sites_made: 0,
        made_by_model: [0; MODELS.len()],
    }
}

/// Writes a fleet as three CSV files, a firm at a time.
pub fn write_fleet(
    terminals: u32,
    seed: u64,
    merchants_csv: impl Write,
    sites_csv: impl Write,
    terminals_csv: impl Write,
) -> Result<FleetCounts> {
    let mut merchants = RecordWriter::<_, Merchant>::new(merchants_csv, FileFormat::Csv)?;
    let mut sites = RecordWriter::<_, Site>::new(sites_csv, FileFormat::Csv)?;
    let mut terminal_rows = RecordWriter::<_, Terminal>::new(terminals_csv, FileFormat::Csv)?;
    let mut counts = FleetCounts::default();
    for firm in generate(terminals, seed) {
        merchants.write(&firm.merchant)?;
        counts.merchants += 1;
        for outlet in &firm.outlets {
            sites.write(&outlet.site)?;
            counts.sites += 1;
            for terminal in &outlet.terminals {
                terminal_rows.write(terminal)?;
                counts.terminals += 1;
            }
        }
    }
    merchants.finish()?;
    sites.finish()?;
    terminal_rows.finish()?;
    Ok(counts)
}

/// Writes a fleet as `merchants.csv`, `sites.csv` and `terminals.csv` in a folder, which is made if it is not
/// there.
pub fn write_fleet_files(terminals: u32, seed: u64, folder: &Path) -> Result<FleetCounts> {
    std::fs::create_dir_all(folder)?;
    let create = |name: &str| File::create(folder.join(name));
    write_fleet(terminals, seed, create("merchants.csv")?, create("sites.csv")?, create("terminals.csv")?)
}

/// See [`generate`].
pub struct FleetGenerator {
    dice: Dice,
    terminals_wanted: u32,
    terminals_made: u32,
    firms_made: u32,
    sites_made: u32,
    made_by_model: [u32; MODELS.len()],
}

/// What the sites of a firm have in common.
struct FirmPlan {
    number: String,
    name: String,
    shop: &'static Shop,
    country: &'static Country,
    home: &'static Region,
    host: &'static str,
    sites: u32,
    equipment: Equipment,
}

impl Iterator for FleetGenerator {
    type Item = Firm;

    fn next(&mut self) -> Option<Firm> {
        let missing = self.terminals_wanted - self.terminals_made;
        if missing == 0 {
            return None;
        }
        self.firms_made += 1;
        let plan = self.plan_firm();
        // Even in a small fleet no firm is most of it.
        let mut room = missing.min((self.terminals_wanted / 8).clamp(12, FIRM_TERMINALS_MAX));
        let mut outlets = Vec::new();
        for index in 1..=plan.sites {
            let (least, most) = plan.shop.terminals;
            let terminals = self.dice.skewed(least, most).min(room);
            if terminals == 0 {
                break;
            }
            room -= terminals;
            outlets.push(self.outlet(&plan, index, terminals));
        }
        let merchant = self.merchant(&plan, outlets.len());
        Some(Firm { merchant, outlets })
    }
}

impl FleetGenerator {
    fn plan_firm(&mut self) -> FirmPlan {
        let dice = &mut self.dice;
        let country = dice.weighted(COUNTRIES, |country| country.weight);
        let home = dice.weighted(country.regions, |region| region.weight);
        let shop = dice.weighted(SHOPS, |shop| shop.weight);
        let is_chain = shop.has_chains && dice.per_mille(150);
        let sites = if is_chain { 1 + dice.pareto().min(2000.0) as u32 } else { 1 };
        FirmPlan {
            number: format!("M{:07}", self.firms_made),
            name: names::firm_name(dice, country.language, shop),
            shop,
            country,
            home,
            host: dice.weighted(country.hosts, |(_, weight)| *weight).0,
            sites,
            equipment: Equipment::draw(dice),
        }
    }

    fn merchant(&mut self, plan: &FirmPlan, sites: usize) -> Merchant {
        let dice = &mut self.dice;
        // Only small firms have no address on file.
        let has_email = sites > 1 || !dice.per_mille(6);
        let segment = match sites {
            1 => "independent",
            2..50 => "chain",
            _ => "enterprise",
        };
        Merchant {
            email: has_email.then(|| names::mail_address(dice, &plan.name, self.firms_made)),
            phone: Some(names::phone(dice, plan.country)),
            locale: plan.country.language.locale(),
            number: plan.number.clone(),
            name: plan.name.clone(),
            tags: tag("segment", segment),
        }
    }

    fn outlet(&mut self, plan: &FirmPlan, index: u32, terminals: u32) -> Outlet {
        self.sites_made += 1;
        let dice = &mut self.dice;
        // Large chains spread over the country, small ones stay at home.
        let region = match plan.sites {
            6.. if dice.per_mille(500) => dice.weighted(plan.country.regions, |region| region.weight),
            _ => plan.home,
        };
        let (city, time_zone) = *dice.pick(region.cities);
        let language = plan.country.language;
        let (name, address) = names::site_name_and_address(dice, language, &plan.name, city, plan.sites == 1);
        let hours = dice.weighted(plan.shop.hours, |(_, weight)| *weight).0;
        let site = Site {
            code: format!("S{:07}-{index:04}", self.firms_made),
            merchant_number: plan.number.clone(),
            name,
            region: region.name.to_owned(),
            address: Some(address),
            time_zone,
            opening_hours: hours.parse().expect("a test reads the hours of every kind of shop"),
            traffic_profile: plan.shop.profile,
            tags: tag(
                "location",
                dice.weighted(&[("street", 6), ("mall", 3), ("station", 1)], |(_, weight)| *weight).0,
            ),
        };
        let terminals = self.terminals(plan, region, &site, terminals);
        Outlet { site, terminals }
    }

    fn terminals(&mut self, plan: &FirmPlan, region: &Region, site: &Site, count: u32) -> Vec<Terminal> {
        let dice = &mut self.dice;
        // One site in eight has other hardware than the rest of its firm: it came with a takeover.
        let equipment = if dice.per_mille(125) { Equipment::draw(dice) } else { plan.equipment };
        // A neighbourhood of about 150 terminals; all of a carrier's terminals in it are in the same cell.
        let in_region = f64::from(self.terminals_wanted) * places::region_share(plan.country, region);
        let neighbourhood = dice.below(1 + (in_region / 150.0) as u32);
        let usual_carrier = *dice.weighted(plan.country.carriers, |(_, _, weight)| *weight);
        let servicer = region.servicers[usize::from(dice.per_mille(300))];
        let mid = format!("898{}{:08}", plan.shop.category_code, self.sites_made);
        let mut numbers = [0; 3];
        let mut terminals = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let is_wired = dice.per_mille(plan.shop.wired_per_mille);
            let is_self_service = is_wired && dice.per_mille(plan.shop.self_service_per_mille);
            let model_index = equipment.model(is_wired);
            let model = &MODELS[model_index];
            let carrier = (!is_wired).then(|| match dice.per_mille(900) {
                true => usual_carrier,
                false => *dice.weighted(plan.country.carriers, |(_, _, weight)| *weight),
            });
            let number = &mut numbers[usize::from(is_self_service) + 2 * usize::from(!is_wired)];
            *number += 1;
            let index = self.made_by_model[model_index];
            self.made_by_model[model_index] += 1;
            let volume = f64::from(plan.shop.volume_least) * dice.pareto();
            terminals.push(Terminal {
                serial: model.serial(index),
                site_code: site.code.clone(),
                tid: (10_000_000 + self.terminals_made).to_string(),
                mid: mid.clone(),
                label: names::label(plan.country.language, is_self_service, is_wired, *number),
                model: model.name.to_owned(),
                firmware: equipment.firmware(dice, model),
                acquirer_host: plan.host.to_owned(),
                cell: carrier.map(|(_, network_code, _)| {
                    format!("{}-{network_code}-{}-{neighbourhood:04}", plan.country.mobile_code, region.name)
                }),
                carrier: carrier.map(|(name, _, _)| name.to_owned()),
                servicer: Some(servicer.to_owned()),
                volume: (volume as u32).clamp(1, 1000),
                retired: dice.per_mille(10),
                tags: if is_self_service { tag("till", "self-service") } else { Tags::new() },
            });
            self.terminals_made += 1;
        }
        terminals
    }
}

fn tag(name: &str, value: &str) -> Tags {
    Tags::from([(name.to_owned(), value.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::OpeningHours;

    #[test]
    fn the_hours_of_every_kind_of_shop_read() {
        for (hours, _) in SHOPS.iter().flat_map(|shop| shop.hours) {
            assert!(hours.parse::<OpeningHours>().is_ok(), "{hours}");
        }
    }

    #[test]
    fn shares_are_of_a_thousand() {
        assert_eq!(SHOPS.iter().map(|shop| shop.weight).sum::<u32>(), 1000);
        assert_eq!(COUNTRIES.iter().map(|country| country.weight).sum::<u32>(), 1000);
    }
}
