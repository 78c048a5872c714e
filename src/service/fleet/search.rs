//! The search of the fleet: what begins so, found by indexes, however large the fleet is.

use std::collections::HashMap;

use super::{merchant_numbers, merchant_view, site_view, terminal_view};
use crate::api::fleet::{FleetHits, SearchQuery};
use crate::db::fleet_search::{Column, ids_beginning};
use crate::db::{self, Connection};
use crate::domain::fleet::clean_text;
use crate::service::audit::page_limit;
use crate::service::{App, Error};

/// Of each kind, unless told.
const LIMIT_DEFAULT: i64 = 25;

/// Merchants, sites and terminals whose key or name begins with the query, keys first.
pub fn search(app: &App, query: &SearchQuery) -> Result<FleetHits, Error> {
    let limit = page_limit(query.limit.or(Some(LIMIT_DEFAULT)))?;
    let text = clean_text(&query.q);
    if text.is_empty() {
        return Err(Error::invalid("q", "it is empty; write how a number, serial number or name begins"));
    }
    app.database.read(|connection| {
        let mut hits = FleetHits::default();
        let mut find = |connection: &mut Connection, columns: [Column; 2]| -> Result<Vec<i64>, Error> {
            let mut ids = Vec::new();
            for column in columns {
                for id in ids_beginning(connection, column, &text, limit + 1)? {
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
            }
            let most = usize::try_from(limit).unwrap_or(usize::MAX);
            hits.more |= ids.len() > most;
            ids.truncate(most);
            Ok(ids)
        };
        let merchants = find(connection, [Column::MerchantNumber, Column::MerchantName])?;
        let sites = find(connection, [Column::SiteCode, Column::SiteName])?;
        let terminals = find(connection, [Column::TerminalSerial, Column::TerminalTid])?;
        let rows = in_order(&merchants, db::fleet::merchants_by_id(connection, &merchants)?, |row| row.id);
        hits.merchants = rows.into_iter().map(merchant_view).collect();
        let rows = in_order(&sites, db::fleet::sites_by_id(connection, &sites)?, |row| row.id);
        let numbers = merchant_numbers(connection, &rows)?;
        hits.sites = rows.into_iter().map(|row| site_view(row, &numbers)).collect();
        let rows = in_order(&terminals, db::fleet::terminals_by_id(connection, &terminals)?, |row| row.id);
        let site_ids: Vec<i64> = rows.iter().map(|row| row.site_id).collect();
        let codes: HashMap<i64, String> = db::fleet::sites_by_id(connection, &site_ids)?
            .into_iter()
            .map(|row| (row.id, row.code))
            .collect();
        hits.terminals = rows
            .into_iter()
            .map(|row| {
                let code = codes.get(&row.site_id).cloned().unwrap_or_default();
                terminal_view(row, code)
            })
            .collect();
        Ok(hits)
    })
}

fn in_order<R>(ids: &[i64], rows: Vec<R>, id_of: impl Fn(&R) -> i64) -> Vec<R> {
    let mut by_id: HashMap<i64, R> = rows.into_iter().map(|row| (id_of(&row), row)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}
