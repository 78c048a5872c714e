//! Merchants, sites and terminals.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::db::schema::{merchant, site, terminal};
use crate::db::{
    Connection, INSERT_ROWS_MAX, Instant, containing, fleet_revision, insert_rows, lower, on_each, one_of,
    unless_empty,
};

/// A merchant.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = merchant, treat_none_as_null = true, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct MerchantRow {
    pub id: i64,
    pub number: String,
    pub name: String,
    pub locale: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub tags: String,
    pub updated_at: Instant,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = site, treat_none_as_null = true, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct SiteRow {
    pub id: i64,
    pub code: String,
    pub merchant_id: i64,
    pub name: String,
    pub region: String,
    pub address: Option<String>,
    pub time_zone: String,
    pub opening_hours: String,
    pub traffic_profile: String,
    pub tags: String,
    pub updated_at: Instant,
}

/// A terminal.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = terminal, treat_none_as_null = true, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct TerminalRow {
    pub id: i64,
    pub serial: String,
    pub site_id: i64,
    pub tid: String,
    pub mid: String,
    pub label: String,
    pub model: String,
    pub firmware: String,
    pub acquirer_host: String,
    pub carrier: Option<String>,
    pub cell: Option<String>,
    pub servicer: Option<String>,
    pub volume: i32,
    pub retired: bool,
    pub tags: String,
    pub updated_at: Instant,
}

/// Overwrites rows of `table` by what `copy` copies into it: for that moment a temporary table of the same name
/// stands before it.
fn overwrite(
    connection: &mut PgConnection,
    table: &str,
    copy: impl FnOnce(&mut PgConnection) -> QueryResult<usize>,
) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Target {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        columns: String,
    }
    let question = "SELECT (SELECT string_agg(format('%1$I = fresh.%1$I', attname), ', ') FROM pg_attribute \
                     WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attname <> 'id') AS columns, \
                    quote_ident(nspname) || '.' || quote_ident(relname) AS name \
                    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = $1::regclass";
    let Target { name, columns } =
        diesel::sql_query(question).bind::<diesel::sql_types::Text, _>(table).get_result(connection)?;
    connection.batch_execute(&format!("CREATE TEMPORARY TABLE {table} (LIKE {name}) ON COMMIT DROP"))?;
    copy(connection)?;
    connection.batch_execute(&format!(
        "UPDATE {name} AS old SET {columns} FROM pg_temp.{table} AS fresh WHERE old.id = fresh.id; \
         DROP TABLE pg_temp.{table}"
    ))
}

macro_rules! keyed_table {
    ($table:ident, $row:ident, $key:ident, $all:ident, $by_keys:ident, $by_ids:ident, $insert:ident, $update:ident, $page:ident, $ahead:ident, $batch:ident, $also:ident) => {
        /// Every row, by id.
        pub fn $all(connection: &mut Connection) -> QueryResult<Vec<$row>> {
            $table::table.order($table::id).load(connection)
        }

        /// Rows above the id `after`, by id, at most `limit`.
        pub fn $batch(connection: &mut Connection, after: i64, limit: i64) -> QueryResult<Vec<$row>> {
            $table::table.filter($table::id.gt(after)).order($table::id).limit(limit).load(connection)
        }

        /// The rows with these natural keys, in no order.
        pub fn $by_keys(connection: &mut Connection, keys: &[&str]) -> QueryResult<Vec<$row>> {
            unless_empty!(keys);
            $table::table.filter(one_of(connection, $table::$key, keys)).load(connection)
        }

        /// The rows with these ids, in no order.
        pub fn $by_ids(connection: &mut Connection, ids: &[i64]) -> QueryResult<Vec<$row>> {
            unless_empty!(ids);
            $table::table.filter(one_of(connection, $table::id, ids)).load(connection)
        }

        /// Adds rows.
        pub fn $insert(connection: &mut Connection, rows: &[$row]) -> QueryResult<()> {
            if !rows.is_empty() {
                fleet_revision::change(connection)?;
            }
            insert_rows!(connection, $table::table, rows)
        }

        /// Overwrites rows by id.
        pub fn $update(connection: &mut Connection, rows: &[$row]) -> QueryResult<()> {
            if !rows.is_empty() {
                fleet_revision::change(connection)?;
            }
            match connection {
                Connection::Postgres(inner) if rows.len() > INSERT_ROWS_MAX => {
                    overwrite(inner, stringify!($table), |inner| {
                        diesel::copy_from($table::table).from_insertable(rows).execute(inner)
                    })
                }
                _ => {
                    for row in rows {
                        on_each!(connection, inner => {
                            diesel::update($table::table.find(row.id)).set(row).execute(inner)
                        })?;
                    }
                    Ok(())
                }
            }
        }

        /// Rows after the natural key `after`, up to `until`, by natural key, at most `limit`; only those whose key or
        /// name contains `text`, in whatever case.
        pub fn $page(
            connection: &mut Connection,
            after: Option<&str>,
            until: Option<&str>,
            text: Option<&str>,
            limit: i64,
        ) -> QueryResult<Vec<$row>> {
            let mut query = $table::table.into_boxed();
            if let Some(after) = after {
                query = query.filter($table::$key.gt(after.to_owned()));
            }
            if let Some(until) = until {
                query = query.filter($table::$key.le(until.to_owned()));
            }
            if let Some(text) = text {
                let pattern = containing(text);
                query = query.filter(
                    lower($table::$key)
                        .like(pattern.clone())
                        .escape('!')
                        .or(lower($table::$also).like(pattern).escape('!')),
                );
            }
            query.order($table::$key).limit(limit).load(connection)
        }

        /// The natural key of the row that lies so many rows behind the natural key `after`.
        pub fn $ahead(
            connection: &mut Connection,
            after: Option<&str>,
            rows: i64,
        ) -> QueryResult<Option<String>> {
            $table::table
                .filter($table::$key.gt(after.unwrap_or_default().to_owned()))
                .order($table::$key)
                .offset(rows - 1)
                .select($table::$key)
                .first(connection)
                .optional()
        }
    };
}

keyed_table!(
    merchant,
    MerchantRow,
    number,
    merchants,
    merchants_by_number,
    merchants_by_id,
    insert_merchants,
    update_merchants,
    merchant_page,
    merchant_ahead,
    merchants_after,
    name
);
keyed_table!(
    site,
    SiteRow,
    code,
    sites,
    sites_by_code,
    sites_by_id,
    insert_sites,
    update_sites,
    site_page,
    site_ahead,
    sites_after,
    name
);
keyed_table!(
    terminal,
    TerminalRow,
    serial,
    terminals,
    terminals_by_serial,
    terminals_by_id,
    insert_terminals,
    update_terminals,
    terminal_page,
    terminal_ahead,
    terminals_after,
    label
);

/// Nobody else puts anything into words for these merchants until the transaction's end.
pub fn lock_merchants(connection: &mut Connection, ids: &[i64]) -> QueryResult<()> {
    unless_empty!(ids);
    match connection {
        Connection::Postgres(inner) => merchant::table
            .filter(merchant::id.eq_any(ids))
            .order(merchant::id)
            .select(merchant::id)
            .for_no_key_update()
            .load::<i64>(inner)
            .map(drop),
        Connection::Sqlite(_) => Ok(()),
    }
}

/// The first active terminal of a site.
pub fn terminal_of_site(connection: &mut Connection, site_code: &str) -> QueryResult<Option<i64>> {
    site::table
        .inner_join(terminal::table)
        .filter(site::code.eq(site_code).and(terminal::retired.eq(false)))
        .select(terminal::id)
        .order(terminal::id)
        .first(connection)
        .optional()
}

/// Gives a merchant another address.
pub fn set_email(
    connection: &mut Connection,
    merchant_id: i64,
    email: &str,
    now: Instant,
) -> QueryResult<()> {
    diesel::update(merchant::table.find(merchant_id))
        .set((merchant::email.eq(Some(email)), merchant::updated_at.eq(now)))
        .execute(connection)
        .map(drop)
}

/// Ids of the active terminals of these sites.
pub fn terminals_of_sites(connection: &mut Connection, site_ids: &[i64]) -> QueryResult<Vec<i64>> {
    unless_empty!(site_ids);
    let active = one_of(connection, terminal::site_id, site_ids).and(terminal::retired.eq(false));
    terminal::table.filter(active).select(terminal::id).load(connection)
}

/// A merchant's terminals that are not retired, by serial number.
pub fn terminals_of_merchant(connection: &mut Connection, merchant_id: i64) -> QueryResult<Vec<TerminalRow>> {
    terminal::table
        .inner_join(site::table)
        .filter(site::merchant_id.eq(merchant_id).and(terminal::retired.eq(false)))
        .order(terminal::serial)
        .select(terminal::all_columns)
        .load(connection)
}

/// A merchant's sites after the code `after`, by code, at most `limit`.
pub fn sites_of_merchant(
    connection: &mut Connection,
    merchant_id: i64,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<SiteRow>> {
    let mut query = site::table.filter(site::merchant_id.eq(merchant_id)).into_boxed();
    if let Some(after) = after {
        query = query.filter(site::code.gt(after.to_owned()));
    }
    query.order(site::code).limit(limit).load(connection)
}

/// Terminals of a site after the serial number `after`, retired ones too, by serial number, at most `limit`.
pub fn terminals_of_site(
    connection: &mut Connection,
    site_id: i64,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<TerminalRow>> {
    let mut query = terminal::table.filter(terminal::site_id.eq(site_id)).into_boxed();
    if let Some(after) = after {
        query = query.filter(terminal::serial.gt(after.to_owned()));
    }
    query.order(terminal::serial).limit(limit).load(connection)
}

/// How many terminals of a merchant are not retired.
pub fn count_of_merchant(connection: &mut Connection, merchant_id: i64) -> QueryResult<i64> {
    terminal::table
        .inner_join(site::table)
        .filter(site::merchant_id.eq(merchant_id).and(terminal::retired.eq(false)))
        .count()
        .get_result(connection)
}

/// Notes the firmware that a terminal reports.
pub fn set_firmware(
    connection: &mut Connection,
    terminal_id: i64,
    firmware: &str,
    now: Instant,
) -> QueryResult<()> {
    diesel::update(terminal::table.find(terminal_id))
        .set((terminal::firmware.eq(firmware), terminal::updated_at.eq(now)))
        .execute(connection)
        .map(drop)
}

/// How many terminals are not retired.
pub fn active_terminals(connection: &mut Connection) -> QueryResult<i64> {
    terminal::table.filter(terminal::retired.eq(false)).count().get_result(connection)
}

/// Numbers of merchants, sites, active and retired terminals.
pub fn counts(connection: &mut Connection) -> QueryResult<[i64; 4]> {
    Ok([
        merchant::table.count().get_result(connection)?,
        site::table.count().get_result(connection)?,
        active_terminals(connection)?,
        terminal::table.filter(terminal::retired.eq(true)).count().get_result(connection)?,
    ])
}

/// Active terminals by region.
pub fn terminals_by_region(connection: &mut Connection) -> QueryResult<Vec<(String, i64)>> {
    terminal::table
        .inner_join(site::table)
        .filter(terminal::retired.eq(false))
        .group_by(site::region)
        .select((site::region, diesel::dsl::count_star()))
        .order(site::region)
        .load(connection)
}

/// Active terminals by model and firmware, the most frequent first.
pub fn terminals_by_firmware(connection: &mut Connection) -> QueryResult<Vec<(String, String, i64)>> {
    terminal::table
        .filter(terminal::retired.eq(false))
        .group_by((terminal::model, terminal::firmware))
        .select((terminal::model, terminal::firmware, diesel::dsl::count_star()))
        .order((diesel::dsl::count_star().desc(), terminal::model, terminal::firmware))
        .load(connection)
}

/// The time zones of sites in a region, of a merchant, or of all; of so many of them at most.
pub fn zones_in(
    connection: &mut Connection,
    region: Option<&str>,
    merchant_number: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<String>> {
    let mut query = site::table.inner_join(merchant::table).into_boxed();
    if let Some(region) = region {
        query = query.filter(site::region.eq(region.to_owned()));
    }
    if let Some(number) = merchant_number {
        query = query.filter(merchant::number.eq(number.to_owned()));
    }
    query.limit(limit).select(site::time_zone).load(connection)
}
