//! How many terminals large groups have: counted once for each revision of the fleet, since to count a million of them
//! takes longer than everything else that an edit does.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use diesel::QueryResult;

use crate::db::{self, Connection};
use crate::domain::budget::Grouping;

/// Sizes by grouping and group, as they were counted for one revision.
#[derive(Debug, Default)]
pub struct KeptSizes {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    revision: Option<i64>,
    sizes: HashMap<(Grouping, String), u32>,
}

impl KeptSizes {
    /// Active terminals in each of these groups, as the caller's transaction sees the fleet.
    pub(in crate::service) fn of(
        &self,
        connection: &mut Connection,
        grouping: &Grouping,
        values: &[&str],
    ) -> QueryResult<HashMap<String, u32>> {
        // What is small is counted from an index, and there are many of it.
        let small = matches!(grouping, Grouping::Site | Grouping::Merchant | Grouping::Cell);
        // Read before anything is counted: a change that comes between is in the count, and the next revision.
        let revision = if small { None } else { db::fleet_revision::current(connection)? };
        let Some(revision) = revision else { return db::group::sizes(connection, grouping, values) };
        let of = |value: &str| (grouping.clone(), value.to_owned());
        let mut known = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.revision != Some(revision) {
                *known = Known { revision: Some(revision), sizes: HashMap::new() };
            }
            let known_of = |value: &&str| Some(((*value).to_owned(), *known.sizes.get(&of(value))?));
            values.iter().filter_map(known_of).collect::<HashMap<String, u32>>()
        };
        let missing: Vec<&str> = values.iter().copied().filter(|value| !known.contains_key(*value)).collect();
        if missing.is_empty() {
            return Ok(known);
        }
        let counted = db::group::sizes(connection, grouping, &missing)?;
        let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for value in missing {
            let size = counted.get(value).copied().unwrap_or_default();
            if kept.revision == Some(revision) {
                kept.sizes.insert(of(value), size);
            }
            known.insert(value.to_owned(), size);
        }
        Ok(known)
    }
}
