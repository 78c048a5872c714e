//! One merchant, site or terminal changed by hand: by the very rules of the import, since what stands there is read
//! again as if it came from a file with the change in it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::import::{Halt, Whereabouts, call_off_stranded, merchant_row, site_row, terminal_row};
use super::{
    find_merchant, find_site, find_terminal, merchant_numbers, merchant_view, site_view, terminal_view,
};
use crate::api::fleet::{
    FieldChange, FleetEdit, MerchantChange, MerchantView, SiteChange, SiteView, TerminalChange, TerminalView,
};
use crate::api::problem::FieldProblem;
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::{self, Connection, Instant};
use crate::domain::fleet::clean_text;
use crate::fleet_files::{FleetFiles, NamedFile, RowErrors, read_files};
use crate::service::audit::{Change, record};
use crate::service::notice::unreached::announce_to_new_address;
use crate::service::version::{Expected, Versioned};
use crate::service::world::{merchant_of, site_of, terminal_of};
use crate::service::{Actor, App, Error};

/// Changes a merchant. A new address is told of what has not been announced.
pub fn change_merchant(
    app: &App,
    actor: &Actor,
    number: &str,
    expected: &Expected,
    change: &MerchantChange,
    dry_run: bool,
) -> Result<FleetEdit<MerchantView>, Error> {
    in_transaction(app, dry_run, |connection| {
        let old = find_merchant(connection, number)?;
        let before = merchant_view(old.clone());
        expected.check(&before)?;
        let read = changed("merchants", &merchant_of(old.clone())?, change)?;
        let merchant = the_only(read.merchants, number)?;
        let now = Instant::from(app.clock.now());
        let row = MerchantRow { id: old.id, ..merchant_row(merchant, now) };
        let mut edit = edit_of(&before, merchant_view(row.clone()), dry_run)?;
        if edit.changes.is_empty() {
            return Ok(edit);
        }
        db::fleet::update_merchants(connection, std::slice::from_ref(&row))?;
        if let Some(email) = row.email.as_deref().filter(|email| old.email.as_deref() != Some(email)) {
            edit.announced = announce_to_new_address(connection, app, row.id, email)?;
        }
        write_down(connection, app, actor, "merchant.change", &before, &edit, change.reason.as_deref())?;
        Ok(edit)
    })
}

/// Changes a site. What stands there stays until somebody plans again.
pub fn change_site(
    app: &App,
    actor: &Actor,
    code: &str,
    expected: &Expected,
    change: &SiteChange,
    dry_run: bool,
) -> Result<FleetEdit<SiteView>, Error> {
    in_transaction(app, dry_run, |connection| {
        let old = find_site(connection, code)?;
        let mut numbers = merchant_numbers(connection, std::slice::from_ref(&old))?;
        let before = site_view(old.clone(), &numbers);
        expected.check(&before)?;
        let read = changed("sites", &site_of(old.clone(), before.merchant_number.clone())?, change)?;
        let site = the_only(read.sites, code)?;
        let number = site.merchant_number.clone();
        let merchant = db::fleet::merchants_by_number(connection, &[&number])?.pop().ok_or_else(|| {
            let message =
                format!("no merchant has the number `{number}`; import it first, or correct the number");
            Error::invalid("merchant_number", message)
        })?;
        numbers.insert(merchant.id, number);
        let row = SiteRow { id: old.id, ..site_row(site, merchant.id, Instant::from(app.clock.now())) };
        let edit = edit_of(&before, site_view(row.clone(), &numbers), dry_run)?;
        if !edit.changes.is_empty() {
            db::fleet::update_sites(connection, std::slice::from_ref(&row))?;
            write_down(connection, app, actor, "site.change", &before, &edit, change.reason.as_deref())?;
        }
        Ok(edit)
    })
}

/// Changes a terminal. The appointments of one that is retired or goes elsewhere are called off.
pub fn change_terminal(
    app: &App,
    actor: &Actor,
    serial: &str,
    expected: &Expected,
    change: &TerminalChange,
    dry_run: bool,
) -> Result<FleetEdit<TerminalView>, Error> {
    in_transaction(app, dry_run, |connection| {
        let old = find_terminal(connection, serial)?;
        let old_code = db::fleet::sites_by_id(connection, &[old.site_id])?.pop().map(|site| site.code);
        let old_code = old_code.ok_or_else(|| Error::Corrupt(format!("terminal `{serial}` has no site")))?;
        let before = terminal_view(old.clone(), old_code.clone());
        expected.check(&before)?;
        let read = changed("terminals", &terminal_of(old.clone(), old_code)?, change)?;
        let terminal = the_only(read.terminals, serial)?;
        let code = terminal.site_code.clone();
        let site = db::fleet::sites_by_code(connection, &[&code])?.pop().ok_or_else(|| {
            let message = format!("no site has the code `{code}`; import it first, or correct the code");
            Error::invalid("site_code", message)
        })?;
        let now = Instant::from(app.clock.now());
        let row = TerminalRow { id: old.id, ..terminal_row(terminal, site.id, now) };
        let mut edit = edit_of(&before, terminal_view(row.clone(), code), dry_run)?;
        if edit.changes.is_empty() {
            return Ok(edit);
        }
        db::fleet::update_terminals(connection, std::slice::from_ref(&row))?;
        let whereabouts = Whereabouts { retired: row.retired, site_id: row.site_id };
        edit.called_off = call_off_stranded(connection, app, actor, &HashMap::from([(row.id, whereabouts)]))?;
        write_down(connection, app, actor, "terminal.change", &before, &edit, change.reason.as_deref())?;
        Ok(edit)
    })
}

/// Runs an edit; a dry run is rolled back.
fn in_transaction<T>(
    app: &App,
    dry_run: bool,
    work: impl FnOnce(&mut Connection) -> Result<FleetEdit<T>, Error>,
) -> Result<FleetEdit<T>, Error> {
    let outcome = app.database.write_once(|connection| {
        connection.serialize_schedule()?;
        let edit = work(connection)?;
        if dry_run { Err(Halt::Rollback(edit)) } else { Ok(edit) }
    });
    match outcome {
        Ok(edit) | Err(Halt::Rollback(edit)) => Ok(edit),
        Err(Halt::Error(error)) => Err(error),
    }
}

/// What a file with `now` in it, and in that `change`, would be read as.
fn changed(table: &str, now: &impl Serialize, change: &impl Serialize) -> Result<FleetFiles, Error> {
    let corrupt = |error: serde_json::Error| Error::Corrupt(error.to_string());
    let mut fields = serde_json::to_value(now).map_err(corrupt)?;
    let change = serde_json::to_value(change).map_err(corrupt)?;
    let (Value::Object(fields), Value::Object(change)) = (&mut fields, change) else {
        return Err(Error::Corrupt("an edit is an object".to_owned()));
    };
    fields.extend(change.into_iter().filter(|(name, _)| name != "reason"));
    let line = serde_json::to_vec(fields).map_err(corrupt)?;
    read_files(vec![NamedFile::from_bytes(format!("{table}.jsonl"), line)]).map_err(by_field)
}

fn by_field(errors: RowErrors) -> Error {
    let problem = |error: crate::fleet_files::RowError| {
        let value = error.value.map(|value| format!("`{value}` ")).unwrap_or_default();
        FieldProblem {
            field: error.column.unwrap_or_default(),
            message: format!("{value}{}; {}", error.message, error.remedy),
        }
    };
    Error::Fields(errors.errors.into_iter().map(problem).collect())
}

fn the_only<T>(rows: Vec<crate::fleet_files::Located<T>>, key: &str) -> Result<T, Error> {
    let row = rows.into_iter().next();
    row.map(|row| row.value).ok_or_else(|| Error::Corrupt(format!("`{key}` cannot be read back")))
}

fn edit_of<T: Versioned>(before: &T, now: T, dry_run: bool) -> Result<FleetEdit<T>, Error> {
    let corrupt = |error: serde_json::Error| Error::Corrupt(error.to_string());
    let old = serde_json::to_value(before).map_err(corrupt)?;
    let new = serde_json::to_value(&now).map_err(corrupt)?;
    let differing = |(field, after): (&String, &Value)| {
        let before = old.get(field).cloned().unwrap_or_default();
        let differs = field != "etag" && before != *after;
        differs.then(|| FieldChange { field: field.clone(), before, after: after.clone() })
    };
    let changes = new.as_object().into_iter().flatten().filter_map(differing).collect();
    Ok(FleetEdit { now, changes, called_off: 0, announced: 0, dry_run })
}

fn write_down<T: Versioned>(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    action: &'static str,
    before: &T,
    edit: &FleetEdit<T>,
    reason: Option<&str>,
) -> Result<(), Error> {
    let reason = reason.map(clean_text).filter(|reason| !reason.is_empty());
    let change = Change::new(action, before.title()).before(before).after(&edit.now);
    record(connection, app, actor, change.because(reason.as_deref()))?;
    Ok(())
}
