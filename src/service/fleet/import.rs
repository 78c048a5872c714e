//! Import: the files are read and checked whole, then written in one transaction, or not at all.

mod upsert;

use std::collections::{BTreeSet, HashMap};

use self::upsert::{MERCHANTS, SITES, TERMINALS, Upsert};
use crate::api::fleet::ImportReport;
use crate::api::problem::RowProblem;
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::{self, Connection, DatabaseError, Failure, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::fleet::{Merchant, Site, Tags, Terminal};
use crate::fleet_files::{
    Located, NamedFile, Outline, OutsideReferences, Record, RowError, RowErrors, read_each, read_each_again,
};
use crate::service::audit::{Change, record};
use crate::service::schedule::{self, Changes};
use crate::service::{Actor, App, Error};

/// Bad rows that an answer lists; all are counted.
const ROWS_SHOWN_MAX: usize = 1000;

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
    // Terminals are read twice, so that not all of them are held: first every row is looked at, then, when nothing
    // is wrong with any, they are read again and written as they come.
    let mut fleet = Outline::default();
    let read = read_each(named(&files), |record| fleet.push(record));
    if let Err(errors) = read {
        // What good rows refer to in vain is said along with the bad ones.
        return Err(app.database.read(|connection| dangling_too(connection, &fleet, &errors))?);
    }
    // Rows are used up while they are written: a large fleet is not held twice.
    let outcome = app.database.write_once(|connection| {
        connection.serialize_schedule()?;
        let report = write(connection, app, actor, fleet, named(&files))?;
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

fn named(files: &[(String, impl AsRef<[u8]>)]) -> Vec<NamedFile<'_>> {
    files.iter().map(|(name, bytes)| NamedFile::from_bytes(name.clone(), bytes.as_ref())).collect()
}

/// The end of a transaction that writes nothing: by a mistake, or because it was only to be tried.
pub(super) enum Halt<T = ImportReport> {
    Rollback(T),
    Error(Error),
}

impl<T> From<Error> for Halt<T> {
    fn from(error: Error) -> Self {
        Halt::Error(error)
    }
}

impl<T> From<diesel::result::Error> for Halt<T> {
    fn from(error: diesel::result::Error) -> Self {
        Halt::Error(error.into())
    }
}

impl<T> From<DatabaseError> for Halt<T> {
    fn from(error: DatabaseError) -> Self {
        Halt::Error(error.into())
    }
}

impl<T> Failure for Halt<T> {
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
    fleet: Outline,
    files: Vec<NamedFile<'_>>,
) -> Result<ImportReport, Error> {
    let now = Instant::from(app.clock.now());
    let mut merchant_ids = HashMap::new();
    let mut site_ids = HashMap::new();
    resolve_outside(connection, &fleet, &mut merchant_ids, &mut site_ids)?;
    let Outline { merchants, sites, terminals } = fleet;
    drop(terminals);

    // Each list is used up on the way: a row is not needed any more once it is written.
    let mut then = |key: &str, id, _: Option<&_>| {
        merchant_ids.insert(key.to_owned(), id);
    };
    let mut upsert = Upsert::begin(connection, &MERCHANTS)?;
    for merchant in merchants {
        upsert.push(connection, merchant_row(merchant.value, now), &mut then)?;
    }
    let merchants = upsert.finish(connection, then)?;

    let mut then = |key: &str, id, _: Option<&_>| {
        site_ids.insert(key.to_owned(), id);
    };
    let mut upsert = Upsert::begin(connection, &SITES)?;
    for Located { value: site, .. } in sites {
        let merchant_id = merchant_ids[&site.merchant_number];
        upsert.push(connection, site_row(site, merchant_id, now), &mut then)?;
    }
    let sites = upsert.finish(connection, then)?;

    let mut changed = HashMap::new();
    let mut then = |_: &str, id, updated: Option<&TerminalRow>| {
        changed.extend(updated.map(|row| (id, Whereabouts { retired: row.retired, site_id: row.site_id })));
    };
    let mut upsert = Upsert::begin(connection, &TERMINALS)?;
    let mut written = Ok(());
    let read = read_each_again(files, |record| {
        if let (Record::Terminal(Located { value: terminal, .. }), Ok(())) = (record, &written) {
            let site_id = site_ids[&terminal.site_code];
            written = upsert.push(connection, terminal_row(terminal, site_id, now), &mut then);
        }
    });
    written?;
    read.map_err(bad_rows)?;
    let terminals = upsert.finish(connection, then)?;
    call_off_stranded(connection, app, actor, &changed)?;
    let unchanged = [merchants, sites, terminals].iter().all(|count| count.created + count.updated == 0);
    Ok(ImportReport { merchants, sites, terminals, unchanged, dry_run: false })
}

/// Where a terminal is from now on.
pub(super) struct Whereabouts {
    pub(super) retired: bool,
    pub(super) site_id: i64,
}

/// Appointments of terminals that are retired now, or stand at another site than when they were made, are
/// called off; the work of those that are still in service is planned again. Says how many.
pub(super) fn call_off_stranded(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    terminals: &HashMap<i64, Whereabouts>,
) -> Result<u64, Error> {
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
            .because(Some("the terminal was retired or taken to another site"));
        record(connection, app, actor, change)?;
    }
    let called_off = cancel.len() as u64;
    schedule::apply(connection, app, Changes { cancel, ..Changes::default() })?;
    Ok(called_off)
}

/// Natural keys that the files refer to without holding them must be in the database.
fn resolve_outside(
    connection: &mut Connection,
    fleet: &Outline,
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
fn dangling_too(connection: &mut Connection, fleet: &Outline, errors: &RowErrors) -> Result<Error, Error> {
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

fn tags_text(tags: &Tags) -> String {
    serde_json::to_string(tags).unwrap_or_else(|_| "{}".to_owned())
}

pub(super) fn merchant_row(merchant: Merchant, updated_at: Instant) -> MerchantRow {
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

pub(super) fn site_row(site: Site, merchant_id: i64, updated_at: Instant) -> SiteRow {
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

pub(super) fn terminal_row(terminal: Terminal, site_id: i64, updated_at: Instant) -> TerminalRow {
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
