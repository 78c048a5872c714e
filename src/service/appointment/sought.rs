//! Which appointments of a large group a short span holds: the nights that are kept tell, where the database would have
//! to join its way through everybody.

use chrono::TimeDelta;

use crate::db::Connection;
use crate::db::appointment::Filter;
use crate::domain::budget::Grouping;
use crate::service::world::{NightRow, dates_in};
use crate::service::{App, Error};

/// In a longer span a page is soon filled by walking through it.
const SPAN_MAX: TimeDelta = TimeDelta::hours(25);

/// More than so many are not asked for one by one.
const IDS_MAX: usize = 3_000;

/// The first `limit` appointments that the filter wants, if all it says of them beside its span is a group and states, and
/// those of terminals that are retired, whose group the database has to say; none if all have to be sought there.
pub(super) fn in_nights(
    connection: &mut Connection,
    app: &App,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Option<Vec<i64>>, Error> {
    let Filter { group: Some((grouping, value)), ends_after: Some(from), starts_before: Some(to), .. } =
        filter
    else {
        return Ok(None);
    };
    let says_more = filter.serial.is_some()
        || filter.site_code.is_some()
        || filter.campaign_id.is_some()
        || filter.ids.is_some()
        || filter.terminal_ids.is_some()
        || filter.part.is_some();
    let (from, to) = (from.utc(), to.utc());
    if says_more || to <= from || to - from > SPAN_MAX || **grouping == Grouping::Site {
        return Ok(None);
    }
    let Some(places) = app.places.at_hand(app, connection)? else { return Ok(None) };
    let Some(column) = places.column(grouping) else { return Ok(None) };
    let Some(number) = column.number_of(value) else { return Ok(None) };
    let (mut found, mut retired) = (Vec::new(), Vec::new());
    for night in app.nights.of(app, connection, dates_in(from..to))? {
        let meets = |row: &&NightRow| row.starts_at.utc() < to && from < row.ends_at.utc();
        let is_wanted = |row: &&NightRow| filter.states.is_empty() || filter.states.contains(&row.state);
        for row in night.rows.iter().filter(meets).filter(is_wanted) {
            match places.of(row.terminal_id) {
                None => retired.push(row.appointment_id),
                Some(place) if column.numbers[place] == number => {
                    found.push((row.starts_at, row.appointment_id))
                }
                Some(_) => {}
            }
        }
    }
    found.retain(|place| filter.after.is_none_or(|after| *place > after));
    found.sort_unstable();
    // What reaches over noon is in two nights.
    found.dedup();
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let ids: Vec<i64> = found.into_iter().map(|(_, id)| id).chain(retired).collect();
    Ok(Some(ids).filter(|ids| ids.len() <= IDS_MAX))
}
