//! The pages that the bar leads to, in its order. A page that is added gets its line here and a word in
//! `shell.txt`.

use serde::Serialize;

/// A page that the bar leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its address.
    pub path: &'static str,
    /// Its name's key: `shell.nav_<key>`.
    pub key: &'static str,
    /// It stands under *More*.
    pub more: bool,
}

const fn place(path: &'static str, key: &'static str) -> Place {
    Place { path, key, more: false }
}

const fn more(path: &'static str, key: &'static str) -> Place {
    Place { path, key, more: true }
}

/// Every one that there is.
pub const PLACES: &[Place] = &[
    place("/", "tonight"),
    place("/schedule", "schedule"),
    place("/load", "load"),
    place("/plans", "plans"),
    place("/fleet", "fleet"),
    place("/notices", "notices"),
    more("/budgets", "budgets"),
    more("/programmes", "programmes"),
];
