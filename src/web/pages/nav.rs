//! The pages that the bar leads to, in its order. A page that is added gets its line here and a word in
//! `shell.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::context::PageContext;
use crate::web::routes::{Asks, page_table};

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
const PLACES: &[Place] = &[
    place("/", "tonight"),
    place("/schedule", "schedule"),
    place("/load", "load"),
    place("/campaigns", "campaigns"),
    place("/plans", "plans"),
    place("/fleet", "fleet"),
    place("/notices", "notices"),
    place("/approvals", "approvals"),
    more("/locks", "locks"),
    more("/budgets", "budgets"),
    more("/programmes", "programmes"),
    more("/audit", "audit"),
    more("/users", "users"),
    more("/tokens", "tokens"),
];

/// What each page asks of whoever comes.
static ASKS: LazyLock<HashMap<&'static str, Asks>> = LazyLock::new(|| page_table().into_iter().collect());

/// Those that let the reader in; none before somebody has signed in.
pub(super) fn places_for(page_context: &PageContext) -> Vec<Place> {
    let open = |place: &&Place| ASKS.get(place.path).is_none_or(|asks| page_context.opens(*asks));
    PLACES.iter().filter(|_| page_context.leads_on).filter(open).copied().collect()
}

/// Where a reader begins who asked for the front page and may not see it.
pub(in crate::web) fn way_in(page_context: &PageContext) -> Option<&'static str> {
    let asked_for_front = page_context.address == PLACES[0].path;
    places_for(page_context).first().map(|place| place.path).filter(|_| asked_for_front)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_a_page_that_says_what_it_asks() {
        for place in PLACES {
            assert!(ASKS.contains_key(place.path), "{}", place.path);
        }
    }
}
