//! Rows with natural keys: new ones are added, known ones overwritten where they differ.

use std::collections::HashMap;

use crate::api::fleet::ImportCount;
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::{self, Connection, Table};
use crate::service::Error;

/// Rows that are looked up and written at once.
const BATCH: usize = 5000;

/// A row with a natural key.
pub(super) trait Keyed: Clone {
    fn key(&self) -> &str;
    fn id(&mut self) -> &mut i64;
    /// Equal but for the id and the time of the last change.
    fn says_the_same(&self, other: &Self) -> bool;
}

macro_rules! keyed {
    ($row:ident, $key:ident) => {
        impl Keyed for $row {
            fn key(&self) -> &str {
                &self.$key
            }
            fn id(&mut self) -> &mut i64 {
                &mut self.id
            }
            fn says_the_same(&self, other: &Self) -> bool {
                let other = $row { id: self.id, updated_at: self.updated_at, ..other.clone() };
                *self == other
            }
        }
    };
}

keyed!(MerchantRow, number);
keyed!(SiteRow, code);
keyed!(TerminalRow, serial);

/// A table that files say something of.
pub(super) struct Target<R> {
    table: Table,
    /// The first rows, by id: whether there are any.
    first: fn(&mut Connection, i64, i64) -> diesel::QueryResult<Vec<R>>,
    known: fn(&mut Connection, &[&str]) -> diesel::QueryResult<Vec<R>>,
    insert: fn(&mut Connection, &[R]) -> diesel::QueryResult<()>,
    update: fn(&mut Connection, &[R]) -> diesel::QueryResult<()>,
}

pub(super) static MERCHANTS: Target<MerchantRow> = Target {
    table: Table::Merchant,
    first: db::fleet::merchants_after,
    known: db::fleet::merchants_by_number,
    insert: db::fleet::insert_merchants,
    update: db::fleet::update_merchants,
};

pub(super) static SITES: Target<SiteRow> = Target {
    table: Table::Site,
    first: db::fleet::sites_after,
    known: db::fleet::sites_by_code,
    insert: db::fleet::insert_sites,
    update: db::fleet::update_sites,
};

pub(super) static TERMINALS: Target<TerminalRow> = Target {
    table: Table::Terminal,
    first: db::fleet::terminals_after,
    known: db::fleet::terminals_by_serial,
    insert: db::fleet::insert_terminals,
    update: db::fleet::update_terminals,
};

/// Writes what differs, a batch at a time.
pub(super) struct Upsert<R: 'static> {
    target: &'static Target<R>,
    is_empty: bool,
    batch: Vec<R>,
    count: ImportCount,
}

impl<R: Keyed> Upsert<R> {
    pub(super) fn begin(connection: &mut Connection, target: &'static Target<R>) -> Result<Self, Error> {
        let is_empty = (target.first)(connection, i64::MIN, 1)?.is_empty();
        Ok(Upsert { target, is_empty, batch: Vec::with_capacity(BATCH), count: ImportCount::default() })
    }

    /// Takes a row. `then` is told the key and the id of every row that has been written, and the row itself if it
    /// was overwritten.
    pub(super) fn push(
        &mut self,
        connection: &mut Connection,
        row: R,
        then: impl FnMut(&str, i64, Option<&R>),
    ) -> Result<(), Error> {
        self.batch.push(row);
        if self.batch.len() == BATCH { self.write(connection, then) } else { Ok(()) }
    }

    /// Writes the rest.
    pub(super) fn finish(
        mut self,
        connection: &mut Connection,
        then: impl FnMut(&str, i64, Option<&R>),
    ) -> Result<ImportCount, Error> {
        self.write(connection, then)?;
        Ok(self.count)
    }

    fn write(
        &mut self,
        connection: &mut Connection,
        mut then: impl FnMut(&str, i64, Option<&R>),
    ) -> Result<(), Error> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let target = self.target;
        let known: HashMap<String, R> = if self.is_empty {
            HashMap::new()
        } else {
            let keys: Vec<&str> = batch.iter().map(R::key).collect();
            let known = (target.known)(connection, &keys)?;
            known.into_iter().map(|row| (row.key().to_owned(), row)).collect()
        };
        let (mut created, mut updated) = (Vec::with_capacity(batch.len()), Vec::new());
        for mut row in batch {
            let Some(old) = known.get(row.key()) else {
                created.push(row);
                continue;
            };
            *row.id() = *old.clone().id();
            if row.says_the_same(old) {
                self.count.unchanged += 1;
                let id = *row.id();
                then(row.key(), id, None);
            } else {
                updated.push(row);
            }
        }
        let fresh = db::allot(connection, target.table, created.len())?;
        for (row, id) in created.iter_mut().zip(fresh) {
            *row.id() = id;
            then(row.key(), id, None);
        }
        for row in &mut updated {
            let id = *row.id();
            then(row.key(), id, Some(row));
        }
        (target.insert)(connection, &created)?;
        (target.update)(connection, &updated)?;
        self.count.created += created.len() as u64;
        self.count.updated += updated.len() as u64;
        Ok(())
    }
}
