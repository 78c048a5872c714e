//! The fleet: lists, one terminal's history, the fleet in numbers. Import, export, edits, the search, and what the
//! pages show of one merchant or site have rooms of their own.

mod dossier;
mod edit;
mod export;
mod import;
mod search;

use std::collections::HashMap;

use crate::api::fleet::{FleetSummary, GroupCount, MerchantView, SiteView, TerminalHistory, TerminalView};
use crate::api::{Page, PageQuery};
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::db::visit::VisitRow;
use crate::db::{self, Connection};
use crate::domain::access::Part;
use crate::domain::fleet::Tags;
use crate::service::audit::{page_limit, page_of};
use crate::service::version::Versioned;
use crate::service::world::window_of;
use crate::service::{App, Error, appointment, lock};

pub use dossier::{
    MerchantDossier, SiteDossier, SiteWindow, TerminalDossier, merchant_dossier, site_dossier,
    terminal_dossier,
};
pub use edit::{change_merchant, change_site, change_terminal};
pub use export::export;
pub use import::import;
pub use search::search;

/// Appointments and locks that a terminal's history shows.
const HISTORY_MAX: i64 = 1000;

/// Rows that one page looks through for a text.
const LOOKED_THROUGH: i64 = 20_000;

/// Terminals from which on the fleet is not counted at every look.
const LARGE: i64 = 50_000;

/// The fleet in numbers; a large one as it was a moment ago.
pub fn summary(app: &App) -> Result<FleetSummary, Error> {
    app.database.read(|connection| summary_now(connection, app))
}

/// The same on the caller's snapshot.
pub(super) fn summary_now(connection: &mut Connection, app: &App) -> Result<FleetSummary, Error> {
    let is_large = |summary: &FleetSummary| summary.terminals + summary.retired > LARGE;
    app.figures.get(app, connection, "fleet", is_large, counted)
}

fn counted(connection: &mut Connection) -> Result<FleetSummary, Error> {
    let [merchants, sites, terminals, retired] = db::fleet::counts(connection)?;
    let by_region = db::fleet::terminals_by_region(connection)?;
    let by_model = db::fleet::terminals_by_firmware(connection)?;
    Ok(FleetSummary {
        merchants,
        sites,
        terminals,
        retired,
        by_region: by_region.into_iter().map(|(name, terminals)| GroupCount { name, terminals }).collect(),
        by_model: by_model
            .into_iter()
            .map(|(model, firmware, terminals)| GroupCount { name: format!("{model} {firmware}"), terminals })
            .collect(),
    })
}

/// Terminals that are not retired; of a large fleet as they were a moment ago.
pub fn active_terminals(app: &App) -> Result<i64, Error> {
    app.database.read(|connection| {
        let is_large = |count: &i64| *count > LARGE;
        app.figures.get(app, connection, "active terminals", is_large, |connection| {
            Ok(db::fleet::active_terminals(connection)?)
        })
    })
}

/// Merchants, by number.
pub fn merchants(app: &App, query: &PageQuery) -> Result<Page<MerchantView>, Error> {
    merchants_in(app, None, query)
}

/// Those of a part of the fleet, or of all of it.
pub(super) fn merchants_in(
    app: &App,
    part: Option<&Part>,
    query: &PageQuery,
) -> Result<Page<MerchantView>, Error> {
    let limit = page_limit(query.limit)?;
    app.database.read(|connection| {
        let (after, text) = (query.after.as_deref(), query.q.as_deref());
        let until = match (part, text) {
            (None, Some(_)) => db::fleet::merchant_ahead(connection, after, LOOKED_THROUGH)?,
            _ => None,
        };
        let rows = match part {
            None => db::fleet::merchant_page(connection, after, until.as_deref(), text, limit + 1)?,
            Some(part) => db::part::merchant_page(connection, part, after, text, limit + 1)?,
        };
        let items = rows.into_iter().map(merchant_view).collect();
        let page = page_of(items, limit, |view: &MerchantView| view.number.clone());
        Ok(Page { next: page.next.or(until), ..page })
    })
}

/// Sites, by code.
pub fn sites(app: &App, query: &PageQuery) -> Result<Page<SiteView>, Error> {
    sites_in(app, None, query)
}

/// Those of a part of the fleet, or of all of it.
pub(super) fn sites_in(app: &App, part: Option<&Part>, query: &PageQuery) -> Result<Page<SiteView>, Error> {
    let limit = page_limit(query.limit)?;
    app.database.read(|connection| {
        let (after, text) = (query.after.as_deref(), query.q.as_deref());
        let until = match (part, text) {
            (None, Some(_)) => db::fleet::site_ahead(connection, after, LOOKED_THROUGH)?,
            _ => None,
        };
        let rows = match part {
            None => db::fleet::site_page(connection, after, until.as_deref(), text, limit + 1)?,
            Some(part) => db::part::site_page(connection, part, after, text, limit + 1)?,
        };
        let numbers = merchant_numbers(connection, &rows)?;
        let items = rows.into_iter().map(|row| site_view(row, &numbers)).collect();
        let page = page_of(items, limit, |view: &SiteView| view.code.clone());
        Ok(Page { next: page.next.or(until), ..page })
    })
}

/// Terminals, by serial.
pub fn terminals(app: &App, query: &PageQuery) -> Result<Page<TerminalView>, Error> {
    terminals_in(app, None, query)
}

/// Those of a part of the fleet, or of all of it.
pub(super) fn terminals_in(
    app: &App,
    part: Option<&Part>,
    query: &PageQuery,
) -> Result<Page<TerminalView>, Error> {
    let limit = page_limit(query.limit)?;
    app.database.read(|connection| {
        let (after, text) = (query.after.as_deref(), query.q.as_deref());
        let until = match (part, text) {
            (None, Some(_)) => db::fleet::terminal_ahead(connection, after, LOOKED_THROUGH)?,
            _ => None,
        };
        let rows = match part {
            None => db::fleet::terminal_page(connection, after, until.as_deref(), text, limit + 1)?,
            Some(part) => db::part::terminal_page(connection, part, after, text, limit + 1)?,
        };
        let mut ids: Vec<i64> = rows.iter().map(|row| row.site_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let codes: HashMap<i64, String> =
            db::fleet::sites_by_id(connection, &ids)?.into_iter().map(|row| (row.id, row.code)).collect();
        let items = rows
            .into_iter()
            .map(|row| {
                let code = codes.get(&row.site_id).cloned().unwrap_or_default();
                terminal_view(row, code)
            })
            .collect();
        let page = page_of(items, limit, |view: &TerminalView| view.serial.clone());
        Ok(Page { next: page.next.or(until), ..page })
    })
}

/// One terminal with all that happened to it.
pub fn history(app: &App, serial: &str) -> Result<TerminalHistory, Error> {
    app.database.read(|connection| {
        let terminal = find_terminal(connection, serial)?;
        let site = db::fleet::sites_by_id(connection, &[terminal.site_id])?
            .pop()
            .ok_or_else(|| Error::Corrupt(format!("terminal `{serial}` has no site")))?;
        let merchant = db::fleet::merchants_by_id(connection, &[site.merchant_id])?
            .pop()
            .ok_or_else(|| Error::Corrupt(format!("site `{}` has no merchant", site.code)))?;
        let filter = db::appointment::Filter { serial: Some(serial), ..Default::default() };
        let rows = db::appointment::list(connection, &filter, HISTORY_MAX)?;
        let mut appointments = appointment::views(connection, rows)?;
        appointments.reverse();
        let rows = db::lock::list(connection, Some(terminal.id), false, None, HISTORY_MAX)?;
        let locks = lock::views(connection, rows)?;
        let next_opening_at = next_opening(connection, app, &site, &merchant)?;
        let numbers = HashMap::from([(merchant.id, merchant.number.clone())]);
        let code = site.code.clone();
        Ok(TerminalHistory {
            terminal: terminal_view(terminal, code),
            site: site_view(site, &numbers),
            merchant: merchant_view(merchant),
            appointments,
            locks,
            next_opening_at,
        })
    })
}

/// The next time that a window of the site opens; blackouts are not taken off.
fn next_opening(
    connection: &mut Connection,
    app: &App,
    site: &SiteRow,
    merchant: &MerchantRow,
) -> Result<Option<chrono::DateTime<chrono::Utc>>, Error> {
    use crate::domain::budget::Grouping;
    let zone: chrono_tz::Tz = site.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let mut best: Option<(u8, chrono::DateTime<chrono::Utc>)> = None;
    for row in db::calendar::windows(connection)? {
        let (scope, rule) = window_of(&row)?;
        let applies = match &scope.grouping {
            Grouping::Fleet => true,
            Grouping::Region => scope.value == site.region,
            Grouping::Merchant => scope.value == merchant.number,
            Grouping::Site => scope.value == site.code,
            _ => false,
        };
        let Some(rank) = scope.window_rank().filter(|_| applies) else { continue };
        let Some(opening) = rule.current_or_next_opening(zone, app.clock.now()) else { continue };
        let better = match best {
            None => true,
            Some((known, at)) => rank > known || (rank == known && opening.start < at),
        };
        if better {
            best = Some((rank, opening.start));
        }
    }
    Ok(best.map(|(_, at)| at))
}

/// Sites and merchants by id.
type Places = (HashMap<i64, SiteRow>, HashMap<i64, MerchantRow>);

/// The sites of these visits and their merchants.
pub(super) fn places_of<'a>(
    connection: &mut Connection,
    visits: impl Iterator<Item = &'a VisitRow>,
) -> Result<Places, Error> {
    let (mut sites, mut merchants): (Vec<i64>, Vec<i64>) =
        visits.map(|visit| (visit.site_id, visit.merchant_id)).unzip();
    for ids in [&mut sites, &mut merchants] {
        ids.sort_unstable();
        ids.dedup();
    }
    let sites = db::fleet::sites_by_id(connection, &sites)?;
    let merchants = db::fleet::merchants_by_id(connection, &merchants)?;
    Ok((
        sites.into_iter().map(|row| (row.id, row)).collect(),
        merchants.into_iter().map(|row| (row.id, row)).collect(),
    ))
}

/// One merchant.
pub fn merchant(app: &App, number: &str) -> Result<MerchantView, Error> {
    app.database.read(|connection| Ok(merchant_view(find_merchant(connection, number)?)))
}

/// One site.
pub fn site(app: &App, code: &str) -> Result<SiteView, Error> {
    app.database.read(|connection| {
        let row = find_site(connection, code)?;
        let numbers = merchant_numbers(connection, std::slice::from_ref(&row))?;
        Ok(site_view(row, &numbers))
    })
}

/// The merchant with this number.
pub(super) fn find_merchant(connection: &mut Connection, number: &str) -> Result<MerchantRow, Error> {
    db::fleet::merchants_by_number(connection, &[number])?.pop().ok_or_else(|| Error::NotFound {
        what: "merchant",
        key: number.to_owned(),
        remedy: "see `offpeak merchant list`",
    })
}

/// The site with this code.
pub(super) fn find_site(connection: &mut Connection, code: &str) -> Result<SiteRow, Error> {
    db::fleet::sites_by_code(connection, &[code])?.pop().ok_or_else(|| Error::NotFound {
        what: "site",
        key: code.to_owned(),
        remedy: "see `offpeak site list`",
    })
}

/// The terminal with this serial number.
pub(super) fn find_terminal(connection: &mut Connection, serial: &str) -> Result<TerminalRow, Error> {
    db::fleet::terminals_by_serial(connection, &[serial])?.pop().ok_or_else(|| Error::NotFound {
        what: "terminal",
        key: serial.to_owned(),
        remedy: "see `offpeak terminal list`",
    })
}

fn merchant_numbers(connection: &mut Connection, sites: &[SiteRow]) -> Result<HashMap<i64, String>, Error> {
    let mut ids: Vec<i64> = sites.iter().map(|row| row.merchant_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = db::fleet::merchants_by_id(connection, &ids)?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

fn tags_of(text: &str) -> Tags {
    serde_json::from_str(text).unwrap_or_default()
}

fn merchant_view(row: MerchantRow) -> MerchantView {
    let MerchantRow { id: _, number, name, locale, email, phone, tags, updated_at: _ } = row;
    let (tags, etag) = (tags_of(&tags), String::new());
    MerchantView { number, name, locale, email, phone, tags, etag }.with_version()
}

fn site_view(row: SiteRow, numbers: &HashMap<i64, String>) -> SiteView {
    SiteView {
        merchant_number: numbers.get(&row.merchant_id).cloned().unwrap_or_default(),
        code: row.code,
        name: row.name,
        region: row.region,
        address: row.address,
        time_zone: row.time_zone,
        opening_hours: row.opening_hours,
        traffic_profile: row.traffic_profile,
        tags: tags_of(&row.tags),
        etag: String::new(),
    }
    .with_version()
}

fn terminal_view(row: TerminalRow, site_code: String) -> TerminalView {
    TerminalView {
        etag: String::new(),
        site_code,
        serial: row.serial,
        tid: row.tid,
        mid: row.mid,
        label: row.label,
        model: row.model,
        firmware: row.firmware,
        acquirer_host: row.acquirer_host,
        carrier: row.carrier,
        cell: row.cell,
        servicer: row.servicer,
        volume: u32::try_from(row.volume).unwrap_or_default(),
        retired: row.retired,
        tags: tags_of(&row.tags),
    }
    .with_version()
}
