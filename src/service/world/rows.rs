//! From rows to the domain: what the database keeps as text is parsed back here.

use chrono_tz::Tz;

use crate::db::calendar::{BlackoutRow, BudgetRow, WindowRow};
use crate::db::fleet::{MerchantRow, SiteRow, TerminalRow};
use crate::domain::budget::{Budget, Limit};
use crate::domain::calendar::{Blackout, BlackoutPeriod, Recurrence, WindowRule};
use crate::domain::fleet::{FirmwareVersion, Merchant, Site, Tags, Terminal};
use crate::domain::scope::Scope;
use crate::service::Error;

fn corrupt(what: &str, key: &str, error: impl std::fmt::Display) -> Error {
    Error::Corrupt(format!("{what} `{key}` in the database cannot be read: {error}; import it again"))
}

fn tags_of(text: &str) -> Tags {
    // Most have none, and a fleet has a million of them.
    if text == "{}" {
        return Tags::new();
    }
    serde_json::from_str(text).unwrap_or_default()
}

/// A merchant from its row.
pub fn merchant_of(row: MerchantRow) -> Result<Merchant, Error> {
    let MerchantRow { id: _, number, name, locale, email, phone, tags, updated_at: _ } = row;
    let locale = locale.parse().map_err(|error| corrupt("merchant", &number, error))?;
    Ok(Merchant { number, name, locale, email, phone, tags: tags_of(&tags) })
}

/// A site from its row and its merchant's number.
pub fn site_of(row: SiteRow, merchant_number: String) -> Result<Site, Error> {
    let SiteRow {
        id: _,
        code,
        merchant_id: _,
        name,
        region,
        address,
        time_zone,
        opening_hours,
        traffic_profile,
        tags,
        updated_at: _,
    } = row;
    let time_zone = time_zone.parse::<Tz>().map_err(|error| corrupt("site", &code, error))?;
    let opening_hours = opening_hours.parse().map_err(|error| corrupt("site", &code, error))?;
    let traffic_profile = traffic_profile.parse().map_err(|error| corrupt("site", &code, error))?;
    let tags = tags_of(&tags);
    Ok(Site { code, merchant_number, name, region, address, time_zone, opening_hours, traffic_profile, tags })
}

/// A terminal from its row and its site's code.
pub fn terminal_of(row: TerminalRow, site_code: String) -> Result<Terminal, Error> {
    let TerminalRow {
        id: _,
        serial,
        site_id: _,
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
        updated_at: _,
    } = row;
    let volume = u32::try_from(volume).map_err(|error| corrupt("terminal", &serial, error))?;
    Ok(Terminal {
        serial,
        site_code,
        tid,
        mid,
        label,
        model,
        firmware: FirmwareVersion::new(&firmware),
        acquirer_host,
        carrier,
        cell,
        servicer,
        volume,
        retired,
        tags: tags_of(&tags),
    })
}

/// A window from its row.
pub fn window_of(row: &WindowRow) -> Result<(Scope, WindowRule), Error> {
    let key = row.id.to_string();
    let scope = row.scope.parse().map_err(|error| corrupt("window", &key, error))?;
    let cron = row.cron.parse().map_err(|error| corrupt("window", &key, error))?;
    let zone = zone_of("window", &key, row.time_zone.as_deref())?;
    let duration = u32::try_from(row.duration_minutes).unwrap_or_default();
    let cutoff = u32::try_from(row.cutoff_minutes).unwrap_or_default();
    let rule =
        WindowRule::new(cron, duration, cutoff, zone).map_err(|error| corrupt("window", &key, error))?;
    Ok((scope, rule))
}

/// A blackout from its row.
pub fn blackout_of(row: &BlackoutRow) -> Result<(Scope, Blackout), Error> {
    let scope = row.scope.parse().map_err(|error| corrupt("blackout", &row.name, error))?;
    let zone = zone_of("blackout", &row.name, row.time_zone.as_deref())?;
    let period: BlackoutPeriod = format!("{}..{}", row.from_local, row.to_local)
        .parse()
        .map_err(|error| corrupt("blackout", &row.name, error))?;
    let recurrence = if row.yearly { Recurrence::Yearly } else { Recurrence::Once };
    let blackout = Blackout::new(row.name.clone(), period, recurrence, zone)
        .map_err(|error| corrupt("blackout", &row.name, error))?;
    Ok((scope, blackout))
}

/// A budget from its row.
pub fn budget_of(row: &BudgetRow) -> Result<Budget, Error> {
    let key = row.id.to_string();
    let number = |value: i32| u32::try_from(value).map_err(|error| corrupt("budget", &key, error));
    let limit = match (row.limit_count, row.limit_percent) {
        (Some(count), _) => Limit::Count(number(count)?),
        (None, Some(percent)) => Limit::Percent(number(percent)?),
        (None, None) => return Err(corrupt("budget", &key, "it has no limit")),
    };
    let day_minutes = match (row.from_minute, row.to_minute) {
        (Some(from), Some(to)) => Some((number(from)?, number(to)?)),
        _ => None,
    };
    Ok(Budget {
        grouping: row.grouping_key.parse().map_err(|error| corrupt("budget", &key, error))?,
        value: row.group_value.clone(),
        limit,
        min: number(row.min_down)?,
        keep: number(row.keep_up)?,
        day_minutes,
    })
}

fn zone_of(what: &str, key: &str, name: Option<&str>) -> Result<Option<Tz>, Error> {
    name.map(|name| name.parse::<Tz>().map_err(|error| corrupt(what, key, error))).transpose()
}
