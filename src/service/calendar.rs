//! Maintenance windows and blackouts: list, add, change, remove. What they come to is shown by a room of its own.

mod preview;

use chrono_tz::Tz;

use crate::api::calendar::{BlackoutView, NewBlackout, NewWindow, WindowView};
use crate::api::{ListQuery, Page};
use crate::db::calendar::{BlackoutRow, WindowRow};
use crate::db::{self, Table};
use crate::domain::calendar::{
    Blackout, BlackoutError, BlackoutPeriod, CronLine, Recurrence, WindowRule, WindowRuleError,
};
use crate::domain::ids::{BlackoutId, WindowId};
use crate::domain::scope::Scope;
use crate::service::audit::{Change, page_cursor, page_limit, page_of, record};
use crate::service::version::{Expected, Versioned};
use crate::service::world::window_of;
use crate::service::{Actor, App, Error};

pub(super) use preview::SiteRules;
pub use preview::{preview, preview_blackout};

/// Windows, by number.
pub fn windows(app: &App, query: &ListQuery) -> Result<Page<WindowView>, Error> {
    let limit = page_limit(query.limit)?;
    let after = query.after.as_deref().map_or(Ok(0), page_cursor)?;
    let rows = app
        .database
        .read(|connection| Ok::<_, Error>(db::calendar::windows_after(connection, after, limit + 1)?))?;
    Ok(page_of(rows.into_iter().map(window_view).collect(), limit, |view: &WindowView| view.id.to_string()))
}

/// Adds a window.
pub fn add_window(app: &App, actor: &Actor, new: &NewWindow) -> Result<WindowView, Error> {
    let scope = check_window(new)?;
    app.database.write(|connection| {
        must_exist(connection, &scope)?;
        let row = window_row(db::allot(connection, Table::MaintenanceWindow, 1)?[0], &scope, new)?;
        db::calendar::insert_window(connection, row.clone())?;
        let view = window_view(row);
        record(
            connection,
            app,
            actor,
            Change::new("window.add", format!("window {}", view.id)).after(&view),
        )?;
        Ok(view)
    })
}

fn check_window(new: &NewWindow) -> Result<Scope, Error> {
    let scope: Scope = new.scope.parse().map_err(|error| Error::invalid("scope", error))?;
    if scope.window_rank().is_none() {
        let message =
            format!("`{scope}` cannot have windows; use fleet, region:NAME, merchant:NUMBER or site:CODE");
        return Err(Error::invalid("scope", message));
    }
    rule_of(&new.cron, new.duration_minutes, new.cutoff_minutes, new.time_zone.as_deref())?;
    Ok(scope)
}

fn window_row(id: i64, scope: &Scope, new: &NewWindow) -> Result<WindowRow, Error> {
    Ok(WindowRow {
        id,
        scope: scope.to_string(),
        cron: new.cron.clone(),
        duration_minutes: minutes(new.duration_minutes)?,
        cutoff_minutes: minutes(new.cutoff_minutes)?,
        time_zone: new.time_zone.clone(),
    })
}

/// One window.
pub fn window(app: &App, WindowId(id): WindowId) -> Result<WindowView, Error> {
    app.database.read(|connection| find_window(connection, id))
}

fn find_window(connection: &mut db::Connection, id: i64) -> Result<WindowView, Error> {
    let row = db::calendar::window(connection, id)?;
    row.map(window_view).ok_or_else(|| not_found("window", id, "see `offpeak window list`"))
}

/// Gives a window other terms. Appointments that stand outside them stay until somebody plans again.
pub fn change_window(
    app: &App,
    actor: &Actor,
    WindowId(id): WindowId,
    expected: &Expected,
    new: &NewWindow,
) -> Result<WindowView, Error> {
    let scope = check_window(new)?;
    app.database.write(|connection| {
        let before = find_window(connection, id)?;
        expected.check(&before)?;
        must_exist(connection, &scope)?;
        let row = window_row(id, &scope, new)?;
        db::calendar::update_window(connection, &row)?;
        let view = window_view(row);
        if view.etag != before.etag {
            let change = Change::new("window.change", format!("window {id}")).before(&before).after(&view);
            record(connection, app, actor, change)?;
        }
        Ok(view)
    })
}

/// Removes a window.
pub fn remove_window(
    app: &App,
    actor: &Actor,
    WindowId(id): WindowId,
    expected: &Expected,
) -> Result<(), Error> {
    app.database.write(|connection| {
        let before = find_window(connection, id)?;
        expected.check(&before)?;
        db::calendar::delete_window(connection, id)?;
        let change = Change::new("window.remove", format!("window {id}")).before(&before);
        record(connection, app, actor, change)?;
        Ok(())
    })
}

/// Blackouts, by number.
pub fn blackouts(app: &App, query: &ListQuery) -> Result<Page<BlackoutView>, Error> {
    let limit = page_limit(query.limit)?;
    let after = query.after.as_deref().map_or(Ok(0), page_cursor)?;
    let rows = app
        .database
        .read(|connection| Ok::<_, Error>(db::calendar::blackouts_after(connection, after, limit + 1)?))?;
    Ok(page_of(rows.into_iter().map(blackout_view).collect(), limit, |view: &BlackoutView| {
        view.id.to_string()
    }))
}

/// Adds a blackout. Appointments that already stand in it stay until somebody plans again.
pub fn add_blackout(app: &App, actor: &Actor, new: &NewBlackout) -> Result<BlackoutView, Error> {
    let (scope, _) = check_blackout(new)?;
    app.database.write(|connection| {
        must_exist(connection, &scope)?;
        let row = blackout_row(db::allot(connection, Table::Blackout, 1)?[0], &scope, new);
        db::calendar::insert_blackout(connection, row.clone())?;
        let view = blackout_view(row);
        let change = Change::new("blackout.add", format!("blackout {}", view.id)).after(&view);
        record(connection, app, actor, change)?;
        Ok(view)
    })
}

fn check_blackout(new: &NewBlackout) -> Result<(Scope, Blackout), Error> {
    let scope: Scope = new.scope.parse().map_err(|error| Error::invalid("scope", error))?;
    let zone = new.time_zone.as_deref().map(parse_zone).transpose()?;
    let invalid = |error: BlackoutError| {
        Error::invalid(if matches!(error, BlackoutError::Name) { "name" } else { "from" }, error)
    };
    let period: BlackoutPeriod =
        format!("{}..{}", new.from.trim(), new.to.trim()).parse().map_err(invalid)?;
    let recurrence = if new.yearly { Recurrence::Yearly } else { Recurrence::Once };
    let name = crate::domain::fleet::clean_text(&new.name);
    let blackout = Blackout::new(name, period, recurrence, zone).map_err(invalid)?;
    Ok((scope, blackout))
}

fn blackout_row(id: i64, scope: &Scope, new: &NewBlackout) -> BlackoutRow {
    BlackoutRow {
        id,
        name: crate::domain::fleet::clean_text(&new.name),
        scope: scope.to_string(),
        from_local: new.from.trim().to_owned(),
        to_local: new.to.trim().to_owned(),
        yearly: new.yearly,
        time_zone: new.time_zone.clone(),
    }
}

/// One blackout.
pub fn blackout(app: &App, BlackoutId(id): BlackoutId) -> Result<BlackoutView, Error> {
    app.database.read(|connection| find_blackout(connection, id))
}

fn find_blackout(connection: &mut db::Connection, id: i64) -> Result<BlackoutView, Error> {
    let row = db::calendar::blackout(connection, id)?;
    row.map(blackout_view).ok_or_else(|| not_found("blackout", id, "see `offpeak blackout list`"))
}

/// Gives a blackout other terms. Appointments that stand in it stay until somebody plans again.
pub fn change_blackout(
    app: &App,
    actor: &Actor,
    BlackoutId(id): BlackoutId,
    expected: &Expected,
    new: &NewBlackout,
) -> Result<BlackoutView, Error> {
    let (scope, _) = check_blackout(new)?;
    app.database.write(|connection| {
        let before = find_blackout(connection, id)?;
        expected.check(&before)?;
        must_exist(connection, &scope)?;
        let row = blackout_row(id, &scope, new);
        db::calendar::update_blackout(connection, &row)?;
        let view = blackout_view(row);
        if view.etag != before.etag {
            let change =
                Change::new("blackout.change", format!("blackout {id}")).before(&before).after(&view);
            record(connection, app, actor, change)?;
        }
        Ok(view)
    })
}

/// Removes a blackout.
pub fn remove_blackout(
    app: &App,
    actor: &Actor,
    BlackoutId(id): BlackoutId,
    expected: &Expected,
) -> Result<(), Error> {
    app.database.write(|connection| {
        let before = find_blackout(connection, id)?;
        expected.check(&before)?;
        db::calendar::delete_blackout(connection, id)?;
        let change = Change::new("blackout.remove", format!("blackout {id}")).before(&before);
        record(connection, app, actor, change)?;
        Ok(())
    })
}

fn rule_of(cron: &str, duration: u32, cutoff: u32, zone: Option<&str>) -> Result<WindowRule, Error> {
    let line: CronLine = cron.parse().map_err(|error| Error::invalid("cron", error))?;
    let zone = zone.map(parse_zone).transpose()?;
    WindowRule::new(line, duration, cutoff, zone).map_err(|error| match error {
        WindowRuleError::Duration { .. } => Error::invalid("duration_minutes", error),
        WindowRuleError::Cutoff { .. } => Error::invalid("cutoff_minutes", error),
    })
}

/// An IANA zone by its name.
pub fn parse_zone(name: &str) -> Result<Tz, Error> {
    name.parse().map_err(|_| {
        Error::invalid("time_zone", format!("`{name}` is not an IANA time zone; write it as Asia/Shanghai"))
    })
}

fn must_exist(connection: &mut db::Connection, scope: &Scope) -> Result<(), Error> {
    use crate::domain::budget::Grouping;
    let found = match scope.grouping {
        Grouping::Merchant => !db::fleet::merchants_by_number(connection, &[&scope.value])?.is_empty(),
        Grouping::Site => !db::fleet::sites_by_code(connection, &[&scope.value])?.is_empty(),
        _ => true,
    };
    if found {
        return Ok(());
    }
    Err(Error::NotFound {
        what: "scope",
        key: scope.to_string(),
        remedy: "import it first, or see `offpeak site list`",
    })
}

fn minutes(value: u32) -> Result<i32, Error> {
    i32::try_from(value)
        .map_err(|_| Error::invalid("duration_minutes", format!("{value} minutes is too long")))
}

pub(super) fn not_found(what: &'static str, id: i64, remedy: &'static str) -> Error {
    Error::NotFound { what, key: id.to_string(), remedy }
}

fn window_view(row: WindowRow) -> WindowView {
    let unsigned = |value: i32| u32::try_from(value).unwrap_or_default();
    debug_assert!(window_of(&row).is_ok());
    WindowView {
        id: row.id,
        scope: row.scope,
        cron: row.cron,
        duration_minutes: unsigned(row.duration_minutes),
        cutoff_minutes: unsigned(row.cutoff_minutes),
        time_zone: row.time_zone,
        etag: String::new(),
    }
    .with_version()
}

fn blackout_view(row: BlackoutRow) -> BlackoutView {
    let BlackoutRow { id, name, scope, from_local, to_local, yearly, time_zone } = row;
    let etag = String::new();
    BlackoutView { id, name, scope, from: from_local, to: to_local, yearly, time_zone, etag }.with_version()
}
