//! Terminals as hardware: models with their serial numbers, and firmware versions as fleets have them: most on
//! the newest or the one before, a tail that nobody has updated.

use crate::domain::fleet::FirmwareVersion;
use crate::sim::dice::Dice;

/// How many serial numbers a model has; a prime, so that [`Model::serial`] gives each of them once.
const SERIALS: u64 = 9_999_991;

pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) is_wired: bool,
    weight: u32,
    serial: fn(u64) -> String,
    /// Newest first.
    firmwares: &'static [&'static str],
}

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "A920",
        is_wired: false,
        weight: 35,
        serial: |number| format!("082{number:07}"),
        firmwares: &["3.10.2", "3.10.0", "3.9.4", "3.8.1", "3.2.0", "2.14.7"],
    },
    Model {
        name: "V240m",
        is_wired: false,
        weight: 15,
        serial: |number| dashed("80", number),
        firmwares: &["7.4.1", "7.4.0", "7.2.12", "7.2.3", "6.9.0"],
    },
    Model {
        name: "Move5000",
        is_wired: false,
        weight: 20,
        serial: |number| format!("20213CT{number:08}"),
        firmwares: &["28.10.2", "28.9.0", "28.6.3", "27.3.1"],
    },
    Model {
        name: "S1F2",
        is_wired: false,
        weight: 10,
        serial: |number| format!("2011{number:012}"),
        firmwares: &["1.0.34", "1.0.33", "1.0.9", "1.0.2"],
    },
    Model {
        name: "N910",
        is_wired: false,
        weight: 20,
        serial: |number| format!("N9NL{number:08}"),
        firmwares: &["2.3.11", "2.3.8", "2.2.0", "2.1.5-rc2"],
    },
    Model {
        name: "A80",
        is_wired: true,
        weight: 40,
        serial: |number| format!("085{number:07}"),
        firmwares: &["3.10.2", "3.10.0", "3.9.4", "3.7.0"],
    },
    Model {
        name: "P400",
        is_wired: true,
        weight: 35,
        serial: |number| dashed("27", number),
        firmwares: &["7.4.1", "7.3.0", "7.2.3", "6.11.5"],
    },
    Model {
        name: "Lane3000",
        is_wired: true,
        weight: 25,
        serial: |number| format!("19327RC{number:08}"),
        firmwares: &["28.10.2", "28.7.1", "27.3.1"],
    },
];

/// Nine digits in groups of three.
fn dashed(prefix: &str, number: u64) -> String {
    let digits = format!("{prefix}{number:07}");
    format!("{}-{}-{}", &digits[..3], &digits[3..6], &digits[6..])
}

/// What of its hardware a firm has in common: it buys one model of each kind, and updates all of it at once.
#[derive(Clone, Copy)]
pub(super) struct Equipment {
    wired: usize,
    mobile: usize,
    versions_behind: u32,
}

impl Equipment {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut model = |is_wired: bool| {
            let fitting: Vec<usize> =
                (0..MODELS.len()).filter(|model| MODELS[*model].is_wired == is_wired).collect();
            *dice.weighted(&fitting, |model| MODELS[*model].weight)
        };
        let (wired, mobile) = (model(true), model(false));
        let versions_behind =
            *dice.weighted(&[0, 1, 2, 3, 4, 5], |behind| [450, 280, 130, 80, 40, 20][*behind as usize]);
        Equipment { wired, mobile, versions_behind }
    }

    /// The index of the firm's model in [`MODELS`].
    pub(super) const fn model(&self, is_wired: bool) -> usize {
        if is_wired { self.wired } else { self.mobile }
    }

    /// The firm's version of a model, or for one terminal in twelve that an update passed by, an older one.
    pub(super) fn firmware(&self, dice: &mut Dice, model: &Model) -> FirmwareVersion {
        let missed = if dice.per_mille(83) { 1 + dice.below(2) } else { 0 };
        let behind = (self.versions_behind + missed) as usize;
        FirmwareVersion::new(model.firmwares[behind.min(model.firmwares.len() - 1)])
    }
}

impl Model {
    /// The serial number of the model's `index`-th terminal: no two are the same, and neighbours are not
    /// consecutive.
    pub(super) fn serial(&self, index: u32) -> String {
        (self.serial)((u64::from(index) * 6_180_339 + 2_718_281) % SERIALS)
    }
}
