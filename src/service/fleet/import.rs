//! Import: the files are read and checked whole, then written in one transaction, or not at all.

use std::collections::{BTreeSet, HashMap};

use crate::api::fleet::{ImportCount, ImportReport};
use crate::api::problem::RowProblem;
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::{self, Connection, DatabaseError, Failure, Instant, Table};
use crate::domain::appointment::AppointmentState;
use crate::domain::fleet::{Merchant, Site, Tags, Terminal};
use crate::fleet_files::{FleetFiles, NamedFile, OutsideReferences, RowError, RowErrors, read_each};
use crate::service::audit::{Change, record};
use crate::service::schedule::{self, Changes};
use crate::service::{Actor, App, Error};

/// Bad rows that an answer lists; all are counted.
const ROWS_SHOWN_MAX: usize = 1000;

/// Rows that are looked up and written at once.
const BATCH: usize = 5000;

/// Reads `files` (name and bytes), and makes the fleet say what they say: new natural keys are added, known
/// ones overwritten, others left alone. Every bad row is reported and then nothing is written. A second import
/// of the same files writes nothing.
pub fn import(
    app: &App,
    actor: &Actor,
    files: Vec<(String, impl AsRef<[u8]>)>,
    dry_run: bool,
) -> Result<ImportReport, Error> {
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let named =
        files.iter().map(|(name, bytes)| NamedFile::from_bytes(name.clone(), bytes.as_ref())).collect();
    let mut fleet = FleetFiles::default();
    let read = read_each(named, |record| fleet.push(record));
    drop(files);
    if let Err(errors) = read {
        // What good rows refer to in vain is said along with the bad ones.
        return Err(app.database.read(|connection| dangling_too(connection, &fleet, &errors))?);
    }
    // Rows are used up while they are written: a large fleet is not held twice.
    let outcome = app.database.write_once(|connection| {
        connection.serialize_schedule()?;
        let report = write(connection, app, actor, fleet)?;
        if dry_run || report.unchanged {
            // Rolled back: whatever was allotted or written is taken back.
            return Err(Halt::Rollback(ImportReport { dry_run, ..report }));
        }
        let change = Change::new("fleet.import", names.join(", ")).after(&report);
        record(connection, app, actor, change)?;
        Ok(report)
    });
    match outcome {
        Ok(report) | Err(Halt::Rollback(report)) => Ok(report),
        Err(Halt::Error(error)) => Err(error),
    }
}

enum Halt {
    Rollback(ImportReport),
    Error(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Error(error)
    }
}

impl From<diesel::result::Error> for Halt {
    fn from(error: diesel::result::Error) -> Self {
        Halt::Error(error.into())
    }
}

impl From<DatabaseError> for Halt {
    fn from(error: DatabaseError) -> Self {
        Halt::Error(error.into())
    }
}

impl Failure for Halt {
    fn query_error(&self) -> Option<&diesel::result::Error> {
        match self {
            Halt::Error(error) => error.query_error(),
            Halt::Rollback(_) => None,
        }
    }
}

fn write(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    fleet: FleetFiles,
) -> Result<ImportReport, Error> {
    let now = Instant::from(app.clock.now());
    let mut merchant_ids = HashMap::new();
    let mut site_ids = HashMap::new();
    resolve_outside(connection, &fleet, &mut merchant_ids, &mut site_ids)?;

    // Each list is used up on the way: a row is not needed any more once it is written.
    let rows = fleet.merchants.into_iter().map(|located| merchant_row(located.value, now));
    let merchants = upsert(connection, &MERCHANTS, rows, |key, id, _| {
        merchant_ids.insert(key.to_owned(), id);
    })?;
    let rows = fleet.sites.into_iter().map(|located| {
        let merchant_id = merchant_ids[&located.value.merchant_number];
        site_row(located.value, merchant_id, now)
    });
    let sites = upsert(connection, &SITES, rows, |key, id, _| {
        site_ids.insert(key.to_owned(), id);
    })?;
    let rows = fleet.terminals.into_iter().map(|located| {
        let site_id = site_ids[&located.value.site_code];
        terminal_row(located.value, site_id, now)
    });
    let mut changed = HashMap::new();
    let terminals = upsert(connection, &TERMINALS, rows, |_, id, updated| {
        changed.extend(updated.map(|row| (id, Whereabouts { retired: row.retired, site_id: row.site_id })));
    })?;
    call_off_stranded(connection, app, actor, &changed)?;
    let unchanged = [merchants, sites, terminals].iter().all(|count| count.created + count.updated == 0);
    Ok(ImportReport { merchants, sites, terminals, unchanged, dry_run: false })
}

/// Where a terminal is from now on.
struct Whereabouts {
    retired: bool,
    site_id: i64,
}

/// Appointments of terminals that are retired now, or stand at another site than when they were made, are
/// called off; the work of those that are still in service is planned again.
fn call_off_stranded(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    terminals: &HashMap<i64, Whereabouts>,
) -> Result<(), Error> {
    let ids: Vec<i64> = terminals.keys().copied().collect();
    let mut cancel = db::appointment::standing_of_terminals(connection, &ids)?;
    cancel.retain(|row| row.state.parse().is_ok_and(AppointmentState::is_movable));
    let visit_ids: Vec<i64> = cancel.iter().map(|row| row.visit_id).collect();
    let sites: HashMap<i64, i64> = db::visit::by_ids(connection, &visit_ids)?
        .into_iter()
        .map(|visit| (visit.id, visit.site_id))
        .collect();
    cancel.retain(|row| {
        let terminal = &terminals[&row.terminal_id];
        terminal.retired || sites[&row.visit_id] != terminal.site_id
    });
    for row in &cancel {
        let change = Change::new("appointment.cancel", format!("appointment {}", row.id))
            .because(Some("an import retired the terminal or took it to another site"));
        record(connection, app, actor, change)?;
    }
    schedule::apply(connection, app, Changes { cancel, ..Changes::default() })?;
    Ok(())
}

/// Natural keys that the files refer to without holding them must be in the database.
fn resolve_outside(
    connection: &mut Connection,
    fleet: &FleetFiles,
    merchant_ids: &mut HashMap<String, i64>,
    site_ids: &mut HashMap<String, i64>,
) -> Result<(), Error> {
    let outside = fleet.outside_references();
    let numbers: Vec<&str> = outside.merchant_numbers.keys().copied().collect();
    let codes: Vec<&str> = outside.site_codes.keys().copied().collect();
    for row in db::fleet::merchants_by_number(connection, &numbers)? {
        merchant_ids.insert(row.number, row.id);
    }
    for row in db::fleet::sites_by_code(connection, &codes)? {
        site_ids.insert(row.code, row.id);
    }
    let mut errors = RowErrors::default();
    unknown_merchants(&outside, merchant_ids, &mut errors);
    unknown_sites(&outside, site_ids, &mut errors);
    errors.into_result().map_err(bad_rows)
}

fn unknown_merchants(outside: &OutsideReferences<'_>, known: &HashMap<String, i64>, errors: &mut RowErrors) {
    for (number, origins) in
        outside.merchant_numbers.iter().filter(|(number, _)| !known.contains_key(**number))
    {
        origins.iter().for_each(|origin| errors.push(RowError::unknown_merchant(origin, number)));
    }
}

fn unknown_sites(outside: &OutsideReferences<'_>, known: &HashMap<String, i64>, errors: &mut RowErrors) {
    for (code, origins) in outside.site_codes.iter().filter(|(code, _)| !known.contains_key(**code)) {
        origins.iter().for_each(|origin| errors.push(RowError::unknown_site(origin, code)));
    }
}

/// The bad rows, and the good ones that refer to nothing. A bad merchant or site may be just what is referred
/// to, so where there are such, nothing is said of references to them.
fn dangling_too(connection: &mut Connection, fleet: &FleetFiles, errors: &RowErrors) -> Result<Error, Error> {
    let mut errors = errors.clone();
    let bad: BTreeSet<&str> = errors.errors.iter().map(|error| error.file.as_str()).collect();
    let merchant_files: BTreeSet<&str> = fleet.merchants.iter().map(|row| &*row.origin.file).collect();
    let site_files: BTreeSet<&str> = fleet.sites.iter().map(|row| &*row.origin.file).collect();
    let terminal_files: BTreeSet<&str> = fleet.terminals.iter().map(|row| &*row.origin.file).collect();
    let nothing_good = |file: &&str| {
        ![&merchant_files, &site_files, &terminal_files].iter().any(|files| files.contains(file))
    };
    let anything_missing = bad.iter().any(nothing_good);
    let whole = |files: &BTreeSet<&str>| !anything_missing && files.is_disjoint(&bad);
    let (merchants_whole, sites_whole) = (whole(&merchant_files), whole(&site_files));

    let outside = fleet.outside_references();
    if merchants_whole {
        let numbers: Vec<&str> = outside.merchant_numbers.keys().copied().collect();
        let known = db::fleet::merchants_by_number(connection, &numbers)?;
        let known = known.into_iter().map(|row| (row.number, row.id)).collect();
        unknown_merchants(&outside, &known, &mut errors);
    }
    if sites_whole {
        let codes: Vec<&str> = outside.site_codes.keys().copied().collect();
        let known = db::fleet::sites_by_code(connection, &codes)?;
        let known = known.into_iter().map(|row| (row.code, row.id)).collect();
        unknown_sites(&outside, &known, &mut errors);
    }
    errors.errors.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    Ok(bad_rows(errors))
}

/// A row with a natural key.
trait Keyed: Clone {
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
struct Target<R> {
    table: Table,
    /// The first rows, by id: whether there are any.
    first: fn(&mut Connection, i64, i64) -> diesel::QueryResult<Vec<R>>,
    known: fn(&mut Connection, &[&str]) -> diesel::QueryResult<Vec<R>>,
    insert: fn(&mut Connection, &[R]) -> diesel::QueryResult<()>,
    update: fn(&mut Connection, &[R]) -> diesel::QueryResult<()>,
}

const MERCHANTS: Target<MerchantRow> = Target {
    table: Table::Merchant,
    first: db::fleet::merchants_after,
    known: db::fleet::merchants_by_number,
    insert: db::fleet::insert_merchants,
    update: db::fleet::update_merchants,
};

const SITES: Target<SiteRow> = Target {
    table: Table::Site,
    first: db::fleet::sites_after,
    known: db::fleet::sites_by_code,
    insert: db::fleet::insert_sites,
    update: db::fleet::update_sites,
};

const TERMINALS: Target<TerminalRow> = Target {
    table: Table::Terminal,
    first: db::fleet::terminals_after,
    known: db::fleet::terminals_by_serial,
    insert: db::fleet::insert_terminals,
    update: db::fleet::update_terminals,
};

/// Writes what differs, a batch at a time; `then` is told the key and the id of every row, and the row itself if
/// it was overwritten.
fn upsert<R: Keyed>(
    connection: &mut Connection,
    target: &Target<R>,
    mut rows: impl Iterator<Item = R>,
    mut then: impl FnMut(&str, i64, Option<&R>),
) -> Result<ImportCount, Error> {
    let mut count = ImportCount::default();
    let is_empty = (target.first)(connection, i64::MIN, 1)?.is_empty();
    loop {
        let batch: Vec<R> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(count);
        }
        let known: HashMap<String, R> = if is_empty {
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
                count.unchanged += 1;
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
        count.created += created.len() as u64;
        count.updated += updated.len() as u64;
    }
}

fn tags_text(tags: &Tags) -> String {
    serde_json::to_string(tags).unwrap_or_else(|_| "{}".to_owned())
}

fn merchant_row(merchant: Merchant, updated_at: Instant) -> MerchantRow {
    let Merchant { number, name, locale, email, phone, tags } = merchant;
    MerchantRow {
        id: 0,
        number,
        name,
        locale: locale.to_string(),
        email,
        phone,
        tags: tags_text(&tags),
        updated_at,
    }
}

fn site_row(site: Site, merchant_id: i64, updated_at: Instant) -> SiteRow {
    let Site {
        code,
        merchant_number: _,
        name,
        region,
        address,
        time_zone,
        opening_hours,
        traffic_profile,
        tags,
    } = site;
    SiteRow {
        id: 0,
        code,
        merchant_id,
        name,
        region,
        address,
        time_zone: time_zone.name().to_owned(),
        opening_hours: opening_hours.to_string(),
        traffic_profile: traffic_profile.to_string(),
        tags: tags_text(&tags),
        updated_at,
    }
}

fn terminal_row(terminal: Terminal, site_id: i64, updated_at: Instant) -> TerminalRow {
    let Terminal {
        serial,
        site_code: _,
        tid,
        mid,
        label,
        model,
        firmware,
        acquirer_host,
        carrier,
        cell,
        servicer,
        volume,
        retired,
        tags,
    } = terminal;
    TerminalRow {
        id: 0,
        serial,
        site_id,
        tid,
        mid,
        label,
        model,
        firmware: firmware.to_string(),
        acquirer_host,
        carrier,
        cell,
        servicer,
        volume: i32::try_from(volume).unwrap_or(i32::MAX),
        retired,
        tags: tags_text(&tags),
        updated_at,
    }
}

fn bad_rows(errors: RowErrors) -> Error {
    let rows = errors.errors.into_iter().take(ROWS_SHOWN_MAX).map(row_problem).collect();
    Error::BadRows { rows, count: errors.total }
}

fn row_problem(error: RowError) -> RowProblem {
    let RowError { file, line, column, value, message, remedy } = error;
    RowProblem { file, line: line.unwrap_or(0), column, value, message, remedy }
}
