//! Which groups each active terminal is in, kept in memory for one revision of the fleet: what is down in a span is then
//! read from the appointments alone, and joined to nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::labels::{NONE, Names};
use crate::db::{self, Connection};
use crate::domain::budget::Grouping;
use crate::service::{App, Error};

/// Terminals up to which nobody waits for them to be read.
const AT_ONCE_MAX: usize = 20_000;

/// Rows that are read at once.
const BATCH: i64 = 20_000;

/// The groupings that are kept, beside the fleet and its sites. Tags are documents, and left out.
const KEPT: [Grouping; 6] = [
    Grouping::Region,
    Grouping::Merchant,
    Grouping::AcquirerHost,
    Grouping::Carrier,
    Grouping::Cell,
    Grouping::Model,
];

/// The groups of one grouping.
#[derive(Debug, Default)]
pub(in crate::service) struct Column {
    /// Of each terminal, the number of its group or [`NONE`].
    pub(in crate::service) numbers: Vec<u32>,
    names: Names,
    /// Active terminals in each group.
    pub(in crate::service) sizes: Vec<u32>,
}

impl Column {
    fn push(&mut self, name: Option<&str>) {
        let number = name.map_or(NONE, |name| self.names.number(name));
        self.push_number(number);
    }

    fn push_number(&mut self, number: u32) {
        if number != NONE {
            let needed = self.names.names.len();
            self.sizes.resize(needed.max(self.sizes.len()), 0);
            self.sizes[number as usize] += 1;
        }
        self.numbers.push(number);
    }

    /// The groups' names, by number.
    pub(in crate::service) fn names(&self) -> &[String] {
        &self.names.names
    }

    /// The number of a group.
    pub(in crate::service) fn number_of(&self, name: &str) -> Option<u32> {
        self.names.find(name)
    }
}

/// Every active terminal and its groups, by id.
#[derive(Debug)]
pub(in crate::service) struct Places {
    ids: Vec<i64>,
    /// The id of each terminal's site.
    sites: Vec<i64>,
    columns: [Column; KEPT.len()],
}

impl Places {
    /// Active terminals.
    pub(in crate::service) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The place of a terminal among the active ones.
    pub(in crate::service) fn of(&self, terminal_id: i64) -> Option<usize> {
        // Most ids are given out in a row.
        let first = *self.ids.first()?;
        let guess = usize::try_from(terminal_id.checked_sub(first)?).ok()?;
        if self.ids.get(guess) == Some(&terminal_id) {
            return Some(guess);
        }
        self.ids.binary_search(&terminal_id).ok()
    }

    /// The site of a terminal by its place.
    pub(in crate::service) fn site_of(&self, place: usize) -> i64 {
        self.sites[place]
    }

    /// The groups of a grouping, where it is kept.
    pub(in crate::service) fn column(&self, grouping: &Grouping) -> Option<&Column> {
        KEPT.iter().position(|kept| kept == grouping).map(|place| &self.columns[place])
    }

    /// The name of a terminal's group of a grouping that is kept, if it is in one, by its place.
    pub(super) fn name_of(&self, grouping: &Grouping, place: usize) -> Option<&str> {
        let column = self.column(grouping)?;
        column.names().get(column.numbers[place] as usize).map(String::as_str)
    }

    /// Active terminals in each of these groups, if the grouping is kept.
    pub(super) fn sizes(&self, grouping: &Grouping, values: &[&str]) -> Option<HashMap<String, u32>> {
        let column = match grouping {
            Grouping::Fleet => None,
            grouping => Some(self.column(grouping)?),
        };
        let size = |value: &&str| match column {
            Some(column) => column.number_of(value).map_or(0, |number| column.sizes[number as usize]),
            None => u32::try_from(self.len()).unwrap_or(u32::MAX),
        };
        Some(values.iter().map(|value| ((*value).to_owned(), size(value))).collect())
    }

    /// A column of these terminals and their groups.
    pub(in crate::service) fn tagged(&self, pairs: Vec<(i64, String)>) -> Column {
        let values: HashMap<i64, String> = pairs.into_iter().collect();
        let mut column = Column::default();
        self.ids.iter().for_each(|id| column.push(values.get(id).map(String::as_str)));
        column
    }

    /// Whether places know enough to tell the groups of all of these.
    pub(super) fn cover(groupings: &[Grouping]) -> bool {
        groupings.iter().all(|grouping| {
            matches!(grouping, Grouping::Fleet | Grouping::Site) || KEPT.iter().any(|kept| kept == grouping)
        })
    }

    /// Reads them; none, if there are more than `most`.
    fn read(connection: &mut Connection, most: usize) -> Result<Option<Places>, Error> {
        let mut places = Places { ids: Vec::new(), sites: Vec::new(), columns: Default::default() };
        let [region, merchant, host, carrier, cell, model] = &mut places.columns;
        let mut sites: Vec<(i64, u32, u32)> = Vec::new();
        loop {
            let after = sites.last().map_or(0, |(id, _, _)| *id);
            let rows = db::places::sites_after(connection, after, BATCH)?;
            if rows.is_empty() {
                break;
            }
            let named = rows.into_iter().map(|(id, region_name, merchant_number)| {
                (id, region.names.number(&region_name), merchant.names.number(&merchant_number))
            });
            sites.extend(named);
            if sites.len() > most {
                return Ok(None);
            }
        }
        region.sizes = vec![0; region.names.names.len()];
        merchant.sizes = vec![0; merchant.names.names.len()];
        let mut after = 0;
        loop {
            let rows = db::places::terminals_after(connection, after, BATCH)?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in rows {
                let site = sites.binary_search_by_key(&row.site_id, |(id, _, _)| *id);
                let site = site.map_err(|_| {
                    Error::Corrupt(format!("terminal {} belongs to no site; import it again", row.id))
                })?;
                region.push_number(sites[site].1);
                merchant.push_number(sites[site].2);
                host.push(Some(&row.acquirer_host));
                carrier.push(row.carrier.as_deref());
                cell.push(row.cell.as_deref());
                model.push(Some(&row.model));
                places.sites.push(row.site_id);
                places.ids.push(row.id);
            }
            if places.ids.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(places))
    }
}

#[derive(Debug, Default)]
struct Known {
    /// The revision of the fleet that they are of.
    at: Option<(i64, Arc<Places>)>,
    /// The revision that turned out to have many.
    many: Option<i64>,
    /// Somebody reads them at this moment, beside.
    under_way: bool,
}

/// The places of the fleet as it is now.
#[derive(Debug, Default)]
pub struct KeptPlaces {
    known: Mutex<Known>,
}

impl KeptPlaces {
    /// The places as the caller's transaction sees the fleet, where they are at hand or soon read; otherwise they are
    /// being read beside, and the database has to be asked.
    pub(in crate::service) fn at_hand(
        &self,
        app: &App,
        connection: &mut Connection,
    ) -> Result<Option<Arc<Places>>, Error> {
        // Asked before anything is read: a change that comes between is in what is read, and the next revision.
        let Some(revision) = db::fleet_revision::current(connection)? else { return Ok(None) };
        if let Some(known) = self.of_revision(revision) {
            return Ok(Some(known));
        }
        if self.lock().many != Some(revision) {
            if let Some(places) = Places::read(connection, AT_ONCE_MAX)? {
                return Ok(Some(self.keep(revision, places)));
            }
            self.lock().many = Some(revision);
        }
        self.read_beside(app);
        Ok(None)
    }

    /// The places as the caller's transaction sees the fleet, however long that takes.
    pub(in crate::service) fn wait(&self, connection: &mut Connection) -> Result<Arc<Places>, Error> {
        let revision = db::fleet_revision::current(connection)?.unwrap_or_default();
        if let Some(known) = self.of_revision(revision) {
            return Ok(known);
        }
        let places = Places::read(connection, usize::MAX)?;
        places
            .map(|places| self.keep(revision, places))
            .ok_or_else(|| Error::Corrupt("a fleet without end".to_owned()))
    }

    /// Reads them beside, unless somebody does.
    pub(in crate::service) fn read_beside(&self, app: &App) {
        if std::mem::replace(&mut self.lock().under_way, true) {
            return;
        }
        let app = app.clone();
        std::thread::spawn(move || {
            let read = app.database.read(|connection| app.places.wait(connection).map(drop));
            if let Err(error) = read {
                tracing::warn!(%error, "the groups of the fleet could not be read");
            }
            app.places.lock().under_way = false;
        });
    }

    fn of_revision(&self, revision: i64) -> Option<Arc<Places>> {
        let known = self.lock();
        known.at.as_ref().filter(|(of, _)| *of == revision).map(|(_, places)| Arc::clone(places))
    }

    fn keep(&self, revision: i64, places: Places) -> Arc<Places> {
        let places = Arc::new(places);
        self.lock().at = Some((revision, Arc::clone(&places)));
        places
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
