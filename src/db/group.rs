//! Groups of terminals as budgets see them: how many are in one, and what of it is down, without reading the
//! fleet.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::schema::{merchant, site, terminal};
use crate::db::{Connection, Instant, appointment, lock, on_each, one_of, unless_empty};
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::Grouping;

/// Numbers of active terminals in these groups of a grouping; a group without any is left out.
pub fn sizes(
    connection: &mut Connection,
    grouping: &Grouping,
    values: &[&str],
) -> QueryResult<HashMap<String, u32>> {
    let active = terminal::retired.eq(false);
    let count = diesel::dsl::count_star();
    if *grouping == Grouping::Fleet {
        let all: i64 = terminal::table.filter(active).count().get_result(connection)?;
        return Ok([(String::new(), short(all))].into());
    }
    if let Grouping::Tag(key) = grouping {
        return tag_sizes(connection, key);
    }
    unless_empty!(values);
    macro_rules! of_terminals {
        ($column:expr) => {
            terminal::table
                .filter(active.and(one_of(connection, $column, values)))
                .group_by($column)
                .select(($column, count))
                .load(connection)?
        };
    }
    macro_rules! optional_of_terminals {
        ($column:expr) => {{
            let rows: Vec<(Option<String>, i64)> = of_terminals!($column);
            rows.into_iter().filter_map(|(name, count)| Some((name?, count))).collect()
        }};
    }
    let rows: Vec<(String, i64)> = match grouping {
        Grouping::Region => site::table
            .inner_join(terminal::table)
            .filter(active.and(one_of(connection, site::region, values)))
            .group_by(site::region)
            .select((site::region, count))
            .load(connection)?,
        Grouping::Site => site::table
            .inner_join(terminal::table)
            .filter(active.and(one_of(connection, site::code, values)))
            .group_by(site::code)
            .select((site::code, count))
            .load(connection)?,
        Grouping::Merchant => merchant::table
            .inner_join(site::table.inner_join(terminal::table))
            .filter(active.and(one_of(connection, merchant::number, values)))
            .group_by(merchant::number)
            .select((merchant::number, count))
            .load(connection)?,
        Grouping::AcquirerHost => of_terminals!(terminal::acquirer_host),
        Grouping::Model => of_terminals!(terminal::model),
        Grouping::Carrier => optional_of_terminals!(terminal::carrier),
        Grouping::Cell => optional_of_terminals!(terminal::cell),
        Grouping::Fleet | Grouping::Tag(_) => Vec::new(),
    };
    Ok(rows.into_iter().map(|(name, count)| (name, short(count))).collect())
}

/// Numbers of active terminals in every group of a grouping.
pub fn all_sizes(connection: &mut Connection, grouping: &Grouping) -> QueryResult<HashMap<String, u32>> {
    let active = terminal::retired.eq(false);
    let count = diesel::dsl::count_star();
    macro_rules! of_terminals {
        ($column:expr) => {
            terminal::table.filter(active).group_by($column).select(($column, count)).load(connection)?
        };
    }
    macro_rules! of_sites {
        ($column:expr) => {
            site::table
                .inner_join(terminal::table)
                .filter(active)
                .group_by($column)
                .select(($column, count))
                .load(connection)?
        };
    }
    let named = |rows: Vec<(Option<String>, i64)>| {
        rows.into_iter().filter_map(|(name, count)| Some((name?, count))).collect::<Vec<_>>()
    };
    let rows: Vec<(String, i64)> = match grouping {
        Grouping::Fleet | Grouping::Tag(_) => return sizes(connection, grouping, &[]),
        Grouping::Region => of_sites!(site::region),
        Grouping::Site => of_sites!(site::code),
        Grouping::Merchant => merchant::table
            .inner_join(site::table.inner_join(terminal::table))
            .filter(active)
            .group_by(merchant::number)
            .select((merchant::number, count))
            .load(connection)?,
        Grouping::AcquirerHost => of_terminals!(terminal::acquirer_host),
        Grouping::Model => of_terminals!(terminal::model),
        Grouping::Carrier => named(of_terminals!(terminal::carrier)),
        Grouping::Cell => named(of_terminals!(terminal::cell)),
    };
    Ok(rows.into_iter().map(|(name, count)| (name, short(count))).collect())
}

fn short(count: i64) -> u32 {
    u32::try_from(count).unwrap_or_default()
}

fn tag_sizes(connection: &mut Connection, key: &str) -> QueryResult<HashMap<String, u32>> {
    let mut sizes = HashMap::new();
    for (_, value) in tagged(connection, key)? {
        *sizes.entry(value).or_default() += 1;
    }
    Ok(sizes)
}

/// The active terminals with this tag, and its value. Tags are documents, so every terminal that may have it is read: a
/// budget by tag costs a walk.
pub fn tagged(connection: &mut Connection, key: &str) -> QueryResult<Vec<(i64, String)>> {
    let grouping = [Grouping::Tag(key.to_owned())];
    let sql = format!(
        "SELECT t.id AS terminal_id, CAST(0 AS BIGINT) AS starts_at, CAST(0 AS BIGINT) AS ends_at, {} FROM terminal t \
         JOIN site s ON s.id = t.site_id JOIN merchant m ON m.id = s.merchant_id \
         WHERE t.retired = FALSE AND (t.tags <> '{{}}' OR s.tags <> '{{}}' OR m.tags <> '{{}}')",
        columns(&grouping)
    );
    let rows: Vec<DownRow> = on_each!(connection, inner => diesel::sql_query(sql).load(inner))?;
    let tagged = |row: &DownRow| Some((row.terminal_id, row.group_of(&grouping[0])?.into_owned()));
    Ok(rows.iter().filter_map(tagged).collect())
}

/// At most `limit` terminals of a group, retired ones too, in no order; of the groupings that a terminal's or a site's
/// own column tells.
pub fn terminals_of(
    connection: &mut Connection,
    grouping: &Grouping,
    value: &str,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    macro_rules! ids {
        ($column:expr) => {
            terminal::table.filter($column.eq(value)).select(terminal::id).limit(limit).load(connection)
        };
    }
    macro_rules! ids_by_site {
        ($column:expr) => {
            site::table
                .inner_join(terminal::table)
                .filter($column.eq(value))
                .select(terminal::id)
                .limit(limit)
                .load(connection)
        };
    }
    match grouping {
        Grouping::AcquirerHost => ids!(terminal::acquirer_host),
        Grouping::Carrier => ids!(terminal::carrier),
        Grouping::Cell => ids!(terminal::cell),
        Grouping::Model => ids!(terminal::model),
        Grouping::Region => ids_by_site!(site::region),
        Grouping::Site => ids_by_site!(site::code),
        Grouping::Fleet | Grouping::Merchant | Grouping::Tag(_) => Ok(Vec::new()),
    }
}

/// Which terminals are down.
#[derive(Clone, Copy, Debug)]
pub enum Down {
    /// In a standing appointment that meets this span.
    Between(Instant, Instant),
    /// In an appointment that has begun, by its state.
    Begun,
    /// Locked.
    Locked,
}

/// A terminal that is down, with the groups that were asked for.
#[derive(Debug, QueryableByName)]
#[allow(missing_docs)]
pub struct DownRow {
    #[diesel(sql_type = BigInt)]
    pub terminal_id: i64,
    /// The epoch for a lock.
    #[diesel(sql_type = BigInt)]
    pub starts_at: Instant,
    /// The epoch for a lock.
    #[diesel(sql_type = BigInt)]
    pub ends_at: Instant,
    #[diesel(sql_type = Nullable<Text>)]
    region: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    host: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    carrier: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cell: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    model: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    merchant: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    site: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    terminal_tags: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    site_tags: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    merchant_tags: Option<String>,
}

impl DownRow {
    /// The terminal's group of a grouping that was asked for.
    pub fn group_of(&self, grouping: &Grouping) -> Option<std::borrow::Cow<'_, str>> {
        let plain = match grouping {
            Grouping::Fleet => return Some("".into()),
            Grouping::Region => &self.region,
            Grouping::AcquirerHost => &self.host,
            Grouping::Carrier => &self.carrier,
            Grouping::Cell => &self.cell,
            Grouping::Model => &self.model,
            Grouping::Merchant => &self.merchant,
            Grouping::Site => &self.site,
            Grouping::Tag(key) => {
                let documents = [&self.terminal_tags, &self.site_tags, &self.merchant_tags];
                return documents.into_iter().flatten().find_map(|text| tag(text, key)).map(Into::into);
            }
        };
        plain.as_deref().map(Into::into)
    }
}

fn tag(text: &str, key: &str) -> Option<String> {
    if text == "{}" {
        return None;
    }
    let mut tags: std::collections::BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    tags.remove(key)
}

/// The columns that `groupings` need; the others are not read.
fn columns(groupings: &[Grouping]) -> String {
    let by_tag = groupings.iter().any(|grouping| matches!(grouping, Grouping::Tag(_)));
    let wanted = |grouping: Grouping| groupings.contains(&grouping);
    [
        ("s.region", "region", wanted(Grouping::Region)),
        ("t.acquirer_host", "host", wanted(Grouping::AcquirerHost)),
        ("t.carrier", "carrier", wanted(Grouping::Carrier)),
        ("t.cell", "cell", wanted(Grouping::Cell)),
        ("t.model", "model", wanted(Grouping::Model)),
        ("m.number", "merchant", wanted(Grouping::Merchant)),
        ("s.code", "site", wanted(Grouping::Site)),
        ("t.tags", "terminal_tags", by_tag),
        ("s.tags", "site_tags", by_tag),
        ("m.tags", "merchant_tags", by_tag),
    ]
    .map(|(column, name, wanted)| {
        let column = if wanted { column } else { "NULL" };
        format!("{column} AS {name}")
    })
    .join(", ")
}

/// What meets a span has started no earlier: the longest appointment says how far back a start may lie.
pub(super) fn earliest_start(connection: &mut Connection, from: Instant) -> QueryResult<Instant> {
    let longest: Longest = on_each!(connection, inner => diesel::sql_query(
        "SELECT max(ends_at - starts_at) AS length FROM appointment").get_result(inner))?;
    Ok(from.before(longest.length.unwrap_or_default()))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

#[derive(QueryableByName)]
struct Longest {
    #[diesel(sql_type = Nullable<BigInt>)]
    length: Option<i64>,
}

/// Active terminals that are down, with their groups of `groupings`. Reads what is down and nothing else.
pub fn down(connection: &mut Connection, which: Down, groupings: &[Grouping]) -> QueryResult<Vec<DownRow>> {
    let columns = columns(groupings);
    // The span is asked first and the fleet after it: a CROSS JOIN is what keeps SQLite to this order.
    let fleet = if groupings.iter().any(|grouping| matches!(grouping, Grouping::Merchant | Grouping::Tag(_)))
    {
        "CROSS JOIN terminal t CROSS JOIN site s CROSS JOIN merchant m WHERE s.merchant_id = m.id AND"
    } else {
        "CROSS JOIN terminal t CROSS JOIN site s WHERE"
    };
    let joined = format!("{fleet} t.id = a.terminal_id AND s.id = t.site_id AND t.retired = FALSE");
    let sql = match which {
        Down::Between(from, to) => {
            // The span alone picks the index, which holds all that is asked of an appointment: the empty text
            // keeps the state out of the choice.
            let earliest = earliest_start(connection, from)?.micros();
            let (from, to) = (from.micros(), to.micros());
            format!(
                "SELECT a.terminal_id, a.starts_at, a.ends_at, {columns} FROM appointment a {joined} \
                 AND a.starts_at >= {earliest} AND a.starts_at < {to} AND a.ends_at > {from} \
                 AND (a.state || '') IN ({})",
                quoted(&appointment::standing_words())
            )
        }
        Down::Begun => format!(
            "SELECT a.terminal_id, a.starts_at, a.ends_at, {columns} FROM appointment a {joined} \
             AND a.state IN ({})",
            quoted(&[AppointmentState::Open.as_str(), AppointmentState::Running.as_str()])
        ),
        Down::Locked => format!(
            "SELECT a.terminal_id, CAST(0 AS BIGINT) AS starts_at, CAST(0 AS BIGINT) AS ends_at, {columns} FROM (SELECT DISTINCT terminal_id \
             FROM terminal_lock WHERE state IN ({})) a {joined}",
            quoted(&lock::down_words())
        ),
    };
    on_each!(connection, inner => diesel::sql_query(sql).load(inner))
}
