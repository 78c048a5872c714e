//! Appointments and the work in them.

use diesel::prelude::*;

use crate::db::group::earliest_start;
use crate::db::schema::{appointment, appointment_work, merchant, site, terminal, visit};
use crate::db::{Connection, Instant, insert_rows, on_each, one_of, unless_empty};
use crate::domain::access::Part;
use crate::domain::appointment::AppointmentState;
use crate::domain::budget::Grouping;
use crate::domain::ids::TerminalId;

/// An appointment.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = appointment, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct AppointmentRow {
    pub id: i64,
    pub state: String,
    pub revision: i32,
    pub terminal_id: i64,
    pub visit_id: i64,
    pub plan_id: Option<i64>,
    pub starts_at: Instant,
    pub ends_at: Instant,
    pub notice_lead_minutes: i32,
    pub emergency: bool,
    pub announced_at: Option<Instant>,
    pub note: Option<String>,
    pub created_at: Instant,
    pub closed_at: Option<Instant>,
    pub pinned: bool,
}

/// What planning asks of an appointment that stands.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Standing {
    pub id: i64,
    pub revision: i32,
    pub terminal_id: TerminalId,
    pub starts_at: Instant,
    pub ends_at: Instant,
    pub notice_lead_minutes: i32,
    pub emergency: bool,
    /// It has not begun, and nobody has pinned it.
    pub is_movable: bool,
}

type StandingColumns = (i64, String, i32, i64, Instant, Instant, i32, bool, bool);

fn standing_of(columns: StandingColumns) -> Standing {
    let (id, state, revision, terminal_id, starts_at, ends_at, notice_lead_minutes, emergency, pinned) =
        columns;
    let is_movable = !pinned && state.parse().is_ok_and(AppointmentState::is_movable);
    let terminal_id = TerminalId(terminal_id);
    Standing { id, revision, terminal_id, starts_at, ends_at, notice_lead_minutes, emergency, is_movable }
}

macro_rules! standing_columns {
    () => {
        (
            appointment::id,
            appointment::state,
            appointment::revision,
            appointment::terminal_id,
            appointment::starts_at,
            appointment::ends_at,
            appointment::notice_lead_minutes,
            appointment::emergency,
            appointment::pinned,
        )
    };
}

/// One piece of work of an appointment: a campaign's, or ad-hoc (no campaign, the title says what).
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = appointment_work, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct WorkRow {
    pub appointment_id: i64,
    pub ordinal: i32,
    pub campaign_id: Option<i64>,
    pub title: String,
}

/// Which appointments a list wants; `None` and empty want all.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Filter<'a> {
    pub states: Vec<AppointmentState>,
    pub serial: Option<&'a str>,
    pub site_code: Option<&'a str>,
    pub campaign_id: Option<i64>,
    /// Only terminals of this group; of the groupings that a terminal's or a site's own column tells.
    pub group: Option<(&'a Grouping, &'a str)>,
    /// Only these terminals: quicker than a group where they are few.
    pub terminal_ids: Option<Vec<i64>>,
    /// Only these: quicker than a campaign where they are few.
    pub ids: Option<Vec<i64>>,
    pub part: Option<&'a Part>,
    pub ends_after: Option<Instant>,
    pub starts_before: Option<Instant>,
    /// The last row of the page before.
    pub after: Option<(Instant, i64)>,
}

fn words(states: &[AppointmentState]) -> Vec<&'static str> {
    states.iter().map(|state| state.as_str()).collect()
}

/// The states of an appointment that stands.
pub fn standing_words() -> Vec<&'static str> {
    AppointmentState::ALL.iter().filter(|state| state.is_standing()).map(|state| state.as_str()).collect()
}

/// Adds appointments and their work.
pub fn insert(connection: &mut Connection, rows: &[AppointmentRow], work: &[WorkRow]) -> QueryResult<()> {
    insert_rows!(connection, appointment::table, rows)?;
    insert_rows!(connection, appointment_work::table, work)
}

/// One appointment.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<AppointmentRow>> {
    appointment::table.find(id).first(connection).optional()
}

/// The visits of a terminal's latest appointments, at most `limit`.
pub fn visits_of_terminal(
    connection: &mut Connection,
    terminal_id: i64,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    appointment::table
        .filter(appointment::terminal_id.eq(terminal_id))
        .order(appointment::starts_at.desc())
        .limit(limit)
        .select(appointment::visit_id)
        .load(connection)
}

/// The appointments that `filter` wants, by start, at most `limit`.
pub fn list(
    connection: &mut Connection,
    filter: &Filter<'_>,
    limit: i64,
) -> QueryResult<Vec<AppointmentRow>> {
    let earliest = filter.ends_after.map(|instant| earliest_start(connection, instant)).transpose()?;
    if filter.states.is_empty() {
        return list_in(connection, filter, None, earliest, limit);
    }
    // One state after the other: each is a run of the index by state and start, however long the history is.
    let mut rows = Vec::new();
    for state in &filter.states {
        rows.extend(list_in(connection, filter, Some(*state), earliest, limit)?);
    }
    Ok(first_by_start(rows, limit))
}

/// The first of these by start, each once.
fn first_by_start(mut rows: Vec<AppointmentRow>, limit: i64) -> Vec<AppointmentRow> {
    rows.sort_unstable_by_key(|row| (row.starts_at, row.id));
    rows.dedup_by_key(|row| row.id);
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    rows
}

/// What of a filter concerns the appointments themselves, and the order: the end of a query over them, joined or not.
macro_rules! load_wanted {
    ($query:ident, $connection:ident, $filter:ident, $state:ident, $earliest:ident, $limit:ident) => {{
        if let Some(state) = $state {
            $query = $query.filter(appointment::state.eq(state.as_str()));
        }
        if let Some(id) = $filter.campaign_id {
            $query = $query.filter(diesel::dsl::exists(appointment_work::table.filter(
                appointment_work::appointment_id.eq(appointment::id).and(appointment_work::campaign_id.eq(id)),
            )));
        }
        if let Some(ids) = &$filter.ids {
            $query = $query.filter(appointment::id.eq_any(ids.clone()));
        }
        // The terminals are asked first: with the sum the order has no say in the choice of the index.
        if let Some(ids) = &$filter.terminal_ids {
            $query = $query.filter(appointment::terminal_id.eq_any(ids.clone()));
        }
        // The longest appointment says how far back a start may lie: without it the history would be walked through.
        if let Some((instant, earliest)) = $filter.ends_after.zip($earliest) {
            $query = $query.filter(appointment::ends_at.gt(instant).and(appointment::starts_at.ge(earliest)));
        }
        if let Some(instant) = $filter.starts_before {
            $query = $query.filter(appointment::starts_at.lt(instant));
        }
        if let Some((starts_at, id)) = $filter.after {
            $query = $query.filter(
                appointment::starts_at
                    .gt(starts_at)
                    .or(appointment::starts_at.eq(starts_at).and(appointment::id.gt(id))),
            );
        }
        let query = $query.limit($limit);
        if $filter.terminal_ids.is_some() || $filter.ids.is_some() {
            let start = diesel::dsl::sql::<diesel::sql_types::BigInt>("(appointment.starts_at + 0)");
            return query.order((start, appointment::id)).load($connection);
        }
        query.order((appointment::starts_at, appointment::id)).load($connection)
    }};
}

fn list_in(
    connection: &mut Connection,
    filter: &Filter<'_>,
    state: Option<AppointmentState>,
    earliest: Option<Instant>,
    limit: i64,
) -> QueryResult<Vec<AppointmentRow>> {
    if filter.serial.is_none()
        && filter.site_code.is_none()
        && filter.group.is_none()
        && filter.part.is_none()
    {
        let mut query = appointment::table.into_boxed();
        return load_wanted!(query, connection, filter, state, earliest, limit);
    }
    let mut query = appointment::table
        .inner_join(terminal::table)
        .inner_join(visit::table.inner_join(site::table))
        .select(appointment::all_columns)
        .into_boxed();
    if let Some(serial) = filter.serial {
        query = query.filter(terminal::serial.eq(serial.to_owned()));
    }
    if let Some(code) = filter.site_code {
        query = query.filter(site::code.eq(code.to_owned()));
    }
    if let Some((grouping, value)) = filter.group {
        let value = value.to_owned();
        query = match grouping {
            Grouping::Region => query.filter(site::region.eq(value)),
            Grouping::Site => query.filter(site::code.eq(value)),
            Grouping::AcquirerHost => query.filter(terminal::acquirer_host.eq(value)),
            Grouping::Carrier => query.filter(terminal::carrier.eq(value)),
            Grouping::Cell => query.filter(terminal::cell.eq(value)),
            Grouping::Model => query.filter(terminal::model.eq(value)),
            Grouping::Fleet | Grouping::Merchant | Grouping::Tag(_) => query,
        };
    }
    query = match filter.part {
        None => query,
        Some(Part::Region(region)) => query.filter(site::region.eq(region.clone())),
        Some(Part::Merchant(number)) => query.filter(
            visit::merchant_id
                .eq_any(merchant::table.filter(merchant::number.eq(number.clone())).select(merchant::id)),
        ),
    };
    load_wanted!(query, connection, filter, state, earliest, limit)
}

/// Every standing appointment that ends after `ends_after`, in no order.
pub fn standing(connection: &mut Connection, ends_after: Instant) -> QueryResult<Vec<Standing>> {
    let earliest = earliest_start(connection, ends_after)?;
    // The span alone picks the index, which holds every column that is asked for: with the empty text the state
    // has no say in it.
    let stands = appointment::state.concat("").eq_any(standing_words());
    let query = appointment::table
        .filter(appointment::starts_at.ge(earliest).and(appointment::ends_at.gt(ends_after)).and(stands))
        .select(standing_columns!());
    // One after the other: there may be as many as terminals.
    on_each!(connection, inner => query
        .load_iter::<StandingColumns, diesel::connection::DefaultLoadingMode>(inner)?
        .map(|row| row.map(standing_of))
        .collect())
}

/// The standing appointments of these terminals that end after `ends_after`, in no order.
pub fn standing_at(
    connection: &mut Connection,
    terminal_ids: &[i64],
    ends_after: Instant,
) -> QueryResult<Vec<Standing>> {
    unless_empty!(terminal_ids);
    let rows: Vec<StandingColumns> = appointment::table
        .filter(one_of(connection, appointment::terminal_id, terminal_ids))
        .filter(appointment::state.concat("").eq_any(standing_words()))
        .filter(appointment::ends_at.gt(ends_after))
        .select(standing_columns!())
        .load(connection)?;
    Ok(rows.into_iter().map(standing_of).collect())
}

/// The appointments with these ids, in no order.
pub fn by_ids(connection: &mut Connection, ids: &[i64]) -> QueryResult<Vec<AppointmentRow>> {
    unless_empty!(ids);
    appointment::table.filter(one_of(connection, appointment::id, ids)).load(connection)
}

/// The standing appointments of these terminals.
pub fn standing_of_terminals(
    connection: &mut Connection,
    terminal_ids: &[i64],
) -> QueryResult<Vec<AppointmentRow>> {
    unless_empty!(terminal_ids);
    appointment::table
        .filter(
            one_of(connection, appointment::terminal_id, terminal_ids)
                .and(appointment::state.concat("").eq_any(standing_words())),
        )
        .load(connection)
}

/// Standing appointments that carry work of a campaign and may still be called off.
pub fn movable_of_campaign(
    connection: &mut Connection,
    campaign_id: i64,
) -> QueryResult<Vec<AppointmentRow>> {
    let movable: Vec<&str> =
        AppointmentState::ALL.iter().filter(|state| state.is_movable()).map(|state| state.as_str()).collect();
    appointment_work::table
        .inner_join(appointment::table)
        .filter(appointment_work::campaign_id.eq(campaign_id).and(appointment::state.eq_any(movable)))
        .select(appointment::all_columns)
        .load(connection)
}

/// Live (not cancelled) appointments of these visits, by start.
pub fn of_visits(connection: &mut Connection, visit_ids: &[i64]) -> QueryResult<Vec<AppointmentRow>> {
    unless_empty!(visit_ids);
    appointment::table
        .filter(
            one_of(connection, appointment::visit_id, visit_ids)
                .and(appointment::state.ne(AppointmentState::Cancelled.as_str())),
        )
        .order((appointment::starts_at, appointment::id))
        .load(connection)
}

/// Appointments of these visits that were called off, by start.
pub fn cancelled_of_visits(
    connection: &mut Connection,
    visit_ids: &[i64],
) -> QueryResult<Vec<AppointmentRow>> {
    appointment::table
        .filter(
            one_of(connection, appointment::visit_id, visit_ids)
                .and(appointment::state.concat("").eq(AppointmentState::Cancelled.as_str())),
        )
        .order((appointment::starts_at, appointment::id))
        .load(connection)
}

/// At most `limit` appointments with work of a campaign, in no order.
pub fn ids_of_campaign(connection: &mut Connection, campaign_id: i64, limit: i64) -> QueryResult<Vec<i64>> {
    appointment_work::table
        .filter(appointment_work::campaign_id.eq(campaign_id))
        .select(appointment_work::appointment_id)
        .limit(limit)
        .load(connection)
}

/// The work of these appointments, in order.
pub fn work_of(connection: &mut Connection, appointment_ids: &[i64]) -> QueryResult<Vec<WorkRow>> {
    unless_empty!(appointment_ids);
    appointment_work::table
        .filter(one_of(connection, appointment_work::appointment_id, appointment_ids))
        .order((appointment_work::appointment_id, appointment_work::ordinal))
        .load(connection)
}

/// An appointment no longer does this campaign's work.
pub fn drop_work(connection: &mut Connection, appointment_id: i64, campaign_id: i64) -> QueryResult<()> {
    diesel::delete(
        appointment_work::table.filter(
            appointment_work::appointment_id
                .eq(appointment_id)
                .and(appointment_work::campaign_id.eq(campaign_id)),
        ),
    )
    .execute(connection)
    .map(drop)
}

/// Enters `state` from a state that allows it, with a note and an end if given; whether it was in one.
pub fn enter(
    connection: &mut Connection,
    id: i64,
    state: AppointmentState,
    note: Option<&str>,
    closed_at: Option<Instant>,
) -> QueryResult<bool> {
    let allowed = appointment::table
        .filter(appointment::id.eq(id).and(appointment::state.eq_any(words(&state.previous()))));
    let rows = diesel::update(allowed)
        .set((appointment::state.eq(state.as_str()), appointment::closed_at.eq(closed_at)))
        .execute(connection)?;
    if rows > 0
        && let Some(note) = note
    {
        diesel::update(appointment::table.find(id)).set(appointment::note.eq(note)).execute(connection)?;
    }
    Ok(rows > 0)
}

/// Has plans leave these where they are, or not any more.
pub fn set_pinned(connection: &mut Connection, ids: &[i64], pinned: bool) -> QueryResult<()> {
    unless_empty!(ids);
    diesel::update(appointment::table.filter(one_of(connection, appointment::id, ids)))
        .set(appointment::pinned.eq(pinned))
        .execute(connection)
        .map(drop)
}

/// Notes why it stands as it does.
pub fn set_note(connection: &mut Connection, id: i64, note: &str) -> QueryResult<()> {
    diesel::update(appointment::table.find(id)).set(appointment::note.eq(note)).execute(connection).map(drop)
}

/// Moves an appointment that has not begun: a new revision, to be announced again as any other, even if it was
/// an emergency where it stood; whether it could be.
pub fn move_to(
    connection: &mut Connection,
    id: i64,
    starts_at: Instant,
    ends_at: Instant,
    visit_id: i64,
    note: Option<&str>,
) -> QueryResult<bool> {
    let movable: Vec<&str> =
        AppointmentState::ALL.iter().filter(|state| state.is_movable()).map(|state| state.as_str()).collect();
    diesel::update(appointment::table.filter(appointment::id.eq(id).and(appointment::state.eq_any(movable))))
        .set((
            appointment::state.eq(AppointmentState::Planned.as_str()),
            appointment::revision.eq(appointment::revision + 1),
            appointment::starts_at.eq(starts_at),
            appointment::ends_at.eq(ends_at),
            appointment::visit_id.eq(visit_id),
            appointment::emergency.eq(false),
            appointment::announced_at.eq(None::<Instant>),
            appointment::note.eq(note),
        ))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// The merchant's mail server has accepted the announcement of these visits: their planned appointments that have not
/// begun, or could not wait, are announced. How many.
pub fn announce(connection: &mut Connection, visit_ids: &[i64], accepted_at: Instant) -> QueryResult<usize> {
    unless_empty!(visit_ids);
    let planned = one_of(connection, appointment::visit_id, visit_ids)
        .and(appointment::state.concat("").eq(AppointmentState::Planned.as_str()))
        .and(appointment::starts_at.ge(accepted_at).or(appointment::emergency.eq(true)));
    diesel::update(appointment::table.filter(planned))
        .set((
            appointment::state.eq(AppointmentState::Announced.as_str()),
            appointment::announced_at.eq(Some(accepted_at)),
        ))
        .execute(connection)
}

/// What was accepted at `accepted_at` came back: the appointments of these visits that were announced by it are not any
/// more, and say why. Which.
pub fn unannounce(
    connection: &mut Connection,
    visit_ids: &[i64],
    accepted_at: Instant,
    note: &str,
) -> QueryResult<Vec<i64>> {
    unless_empty!(visit_ids);
    let announced_by_it = one_of(connection, appointment::visit_id, visit_ids)
        .and(appointment::state.concat("").eq(AppointmentState::Announced.as_str()))
        .and(appointment::announced_at.eq(accepted_at));
    let found: Vec<i64> = appointment::table
        .filter(announced_by_it)
        .order(appointment::id)
        .select(appointment::id)
        .load(connection)?;
    diesel::update(appointment::table.filter(one_of(connection, appointment::id, &found)))
        .set((
            appointment::state.eq(AppointmentState::Planned.as_str()),
            appointment::announced_at.eq(None::<Instant>),
            appointment::note.eq(Some(note)),
        ))
        .execute(connection)?;
    Ok(found)
}

/// Appointments in one of `states` whose start (or end, if `by_end`) has come by `instant`, at most `limit`.
pub fn due(
    connection: &mut Connection,
    states: &[AppointmentState],
    by_end: bool,
    instant: Instant,
    limit: i64,
) -> QueryResult<Vec<AppointmentRow>> {
    let mut rows = Vec::new();
    for state in states {
        let mut query = appointment::table.filter(appointment::state.eq(state.as_str())).into_boxed();
        // What has ended has begun: the index by state and start finds both without walking what lies ahead.
        query = query.filter(appointment::starts_at.le(instant));
        if by_end {
            query = query.filter(appointment::ends_at.le(instant));
        }
        let query = query.order((appointment::starts_at, appointment::id)).limit(limit);
        rows.extend(query.load::<AppointmentRow>(connection)?);
    }
    Ok(first_by_start(rows, limit))
}

/// Appointments in one of `states` whose start has come by `instant`, at most `limit` of each state, locked for this
/// transaction; those that somebody else changes at this moment are left out.
pub fn due_locked(
    connection: &mut Connection,
    states: &[AppointmentState],
    instant: Instant,
    limit: i64,
) -> QueryResult<Vec<AppointmentRow>> {
    let mut rows = Vec::new();
    for state in states {
        let query = appointment::table
            .filter(appointment::state.eq(state.as_str()).and(appointment::starts_at.le(instant)))
            .order((appointment::starts_at, appointment::id))
            .limit(limit);
        rows.extend(match connection {
            Connection::Postgres(inner) => {
                query.for_no_key_update().skip_locked().load::<AppointmentRow>(inner)?
            }
            Connection::Sqlite(inner) => query.load::<AppointmentRow>(inner)?,
        });
    }
    Ok(first_by_start(rows, limit))
}

/// Appointments by state.
pub fn counts(connection: &mut Connection) -> QueryResult<std::collections::BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = appointment::table
        .group_by(appointment::state)
        .select((appointment::state, diesel::dsl::count_star()))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}
