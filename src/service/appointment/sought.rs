//! Which appointments of a large group a span holds: the nights that are kept tell, where the database would have
//! to join its way through everybody.

use crate::db::Connection;
use crate::db::appointment::Filter;
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::Grouping;
use crate::service::world::{NightRow, dates_in};
use crate::service::{App, Error};

/// Nights that are looked through at most.
const NIGHTS_MAX: usize = 31;

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
    // Nights do not tell these two states apart.
    let says = |state: AppointmentState| filter.states.contains(&state);
    let says_more = filter.serial.is_some()
        || filter.site_code.is_some()
        || filter.campaign_id.is_some()
        || filter.ids.is_some()
        || filter.terminal_ids.is_some()
        || filter.part.is_some()
        || says(AppointmentState::Planned) != says(AppointmentState::Announced);
    let (from, to) = (from.utc(), to.utc());
    if says_more || to <= from || **grouping == Grouping::Site {
        return Ok(None);
    }
    let Some(places) = app.places.at_hand(app, connection)? else { return Ok(None) };
    let Some(column) = places.column(grouping) else { return Ok(None) };
    let Some(number_of_group) = column.number_of(value) else { return Ok(None) };
    let limit = usize::try_from(limit).unwrap_or_default();
    // The page before may have ended far on.
    let first = filter.after.map_or(from, |(at, _)| at.utc().max(from));
    let (mut found, mut retired) = (Vec::new(), Vec::new());
    for (number, date) in dates_in(first..to.max(first)).enumerate() {
        if number == NIGHTS_MAX {
            return Ok(None);
        }
        for night in app.nights.of(app, connection, [date])? {
            let meets = |row: &&NightRow| row.starts_at.utc() < to && from < row.ends_at.utc();
            let is_wanted = |row: &&NightRow| filter.states.is_empty() || filter.states.contains(&row.state);
            for (row, place) in night.places_among(&places).filter(|(row, _)| meets(row) && is_wanted(row)) {
                match place {
                    None => retired.push(row.appointment_id),
                    Some(place) if column.numbers[place] == number_of_group => {
                        found.push((row.starts_at, row.appointment_id));
                    }
                    Some(_) => {}
                }
            }
        }
        found.retain(|place| filter.after.is_none_or(|after| *place > after));
        found.sort_unstable();
        // What reaches over noon is in two nights.
        found.dedup();
        // Whatever begins in a later night begins later.
        if found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    let ids: Vec<i64> = found.into_iter().map(|(_, id)| id).chain(retired).collect();
    Ok(Some(ids).filter(|ids| ids.len() <= IDS_MAX))
}
