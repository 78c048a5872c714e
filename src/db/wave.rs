//! Waves of campaigns, who is in them, and what became of those.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::db::appointment::standing_words;
use crate::db::campaign::CampaignRow;
use crate::db::schema::{
    appointment, appointment_work, campaign, campaign_wave, terminal, terminal_lock, wave_member,
};
use crate::db::{Connection, Instant, insert_rows, one_of, unless_empty};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::wave::REST;
use crate::domain::campaign::{CampaignState, WaveState};
use crate::domain::lock::LockState;

/// A wave.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = campaign_wave, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct WaveRow {
    pub campaign_id: i64,
    pub number: i32,
    pub share: String,
    pub soak_minutes: i32,
    pub success_percent_min: i32,
    pub failures_max: Option<String>,
    pub sample_min: i32,
    pub state: String,
    pub opened_at: Option<Instant>,
    /// Failures before it are known and accepted.
    pub counted_from: Option<Instant>,
    pub closed_at: Option<Instant>,
    pub verdict: Option<String>,
    /// The same as data.
    pub verdict_said: Option<String>,
}

/// A terminal in a wave that is not the last.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = wave_member, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct MemberRow {
    pub campaign_id: i64,
    pub terminal_id: i64,
    pub wave: i32,
}

/// Adds the waves of a campaign.
pub fn insert(connection: &mut Connection, rows: &[WaveRow]) -> QueryResult<()> {
    insert_rows!(connection, campaign_wave::table, rows)
}

/// Adds members.
pub fn insert_members(connection: &mut Connection, rows: &[MemberRow]) -> QueryResult<()> {
    insert_rows!(connection, wave_member::table, rows)
}

/// Puts these in place of the waves of a campaign from `first` on.
pub fn replace_from(
    connection: &mut Connection,
    campaign_id: i64,
    first: i32,
    rows: &[WaveRow],
) -> QueryResult<()> {
    let old = campaign_wave::table
        .filter(campaign_wave::campaign_id.eq(campaign_id).and(campaign_wave::number.ge(first)));
    diesel::delete(old).execute(connection)?;
    insert(connection, rows)
}

/// Takes the members out of the waves of a campaign from `first` on.
pub fn remove_members_from(connection: &mut Connection, campaign_id: i64, first: i32) -> QueryResult<()> {
    let old =
        wave_member::table.filter(wave_member::campaign_id.eq(campaign_id).and(wave_member::wave.ge(first)));
    diesel::delete(old).execute(connection).map(drop)
}

/// The waves of these campaigns, in order.
pub fn of_campaigns(connection: &mut Connection, campaign_ids: &[i64]) -> QueryResult<Vec<WaveRow>> {
    unless_empty!(campaign_ids);
    campaign_wave::table
        .filter(one_of(connection, campaign_wave::campaign_id, campaign_ids))
        .order((campaign_wave::campaign_id, campaign_wave::number))
        .load(connection)
}

/// The wave of a campaign that stands at its gate: open, or halted by it.
pub fn at_gate(connection: &mut Connection, campaign_name: &str) -> QueryResult<Option<i32>> {
    campaign_wave::table
        .inner_join(campaign::table)
        .filter(campaign::name.eq(campaign_name))
        .filter(campaign_wave::state.eq_any([WaveState::Open.as_str(), WaveState::Halted.as_str()]))
        .select(campaign_wave::number)
        .order(campaign_wave::number)
        .first(connection)
        .optional()
}

/// The first campaigns under way that stand at a gate in this state; behind an open last wave there is none.
pub fn campaigns_at_gate(
    connection: &mut Connection,
    state: WaveState,
    limit: i64,
) -> QueryResult<Vec<CampaignRow>> {
    let under_way = [CampaignState::Active.as_str(), CampaignState::Paused.as_str()];
    campaign_wave::table
        .inner_join(campaign::table)
        .filter(campaign::state.eq_any(under_way).and(campaign_wave::state.eq(state.as_str())))
        .filter(campaign_wave::share.ne(REST).or(campaign_wave::state.eq(WaveState::Halted.as_str())))
        .order(campaign::id)
        .limit(limit)
        .select(campaign::all_columns)
        .load(connection)
}

/// Campaigns under way in which a wave waits, each with the numbers of the waves that do.
pub fn waiting(connection: &mut Connection) -> QueryResult<HashMap<i64, Vec<i32>>> {
    let under_way = [CampaignState::Active.as_str(), CampaignState::Paused.as_str()];
    let rows: Vec<(i64, i32)> = campaign_wave::table
        .inner_join(campaign::table)
        .filter(campaign::state.eq_any(under_way))
        .filter(campaign_wave::state.eq(WaveState::Waiting.as_str()))
        .order((campaign_wave::campaign_id, campaign_wave::number))
        .select((campaign_wave::campaign_id, campaign_wave::number))
        .load(connection)?;
    let mut waiting: HashMap<i64, Vec<i32>> = HashMap::new();
    for (campaign, number) in rows {
        waiting.entry(campaign).or_default().push(number);
    }
    Ok(waiting)
}

/// The wave of each of these terminals that has one of its own; the others are in the last.
pub fn members(
    connection: &mut Connection,
    campaign_id: i64,
    terminal_ids: &[i64],
) -> QueryResult<HashMap<i64, i32>> {
    unless_empty!(terminal_ids);
    let these = one_of(connection, wave_member::terminal_id, terminal_ids);
    let rows: Vec<(i64, i32)> = wave_member::table
        .filter(wave_member::campaign_id.eq(campaign_id).and(these))
        .select((wave_member::terminal_id, wave_member::wave))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Every terminal that has a wave of its own, with it.
pub fn all_members(connection: &mut Connection, campaign_id: i64) -> QueryResult<HashMap<i64, i32>> {
    let rows: Vec<(i64, i32)> = wave_member::table
        .filter(wave_member::campaign_id.eq(campaign_id))
        .select((wave_member::terminal_id, wave_member::wave))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// How many active terminals are in each wave of a campaign but the last.
pub fn sizes(connection: &mut Connection, campaign_id: i64) -> QueryResult<HashMap<i32, i64>> {
    let rows: Vec<(i32, i64)> = wave_member::table
        .inner_join(terminal::table)
        .filter(wave_member::campaign_id.eq(campaign_id).and(terminal::retired.eq(false)))
        .group_by(wave_member::wave)
        .select((wave_member::wave, diesel::dsl::count_star()))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Enters `state` from a state that allows it, with the words for it, and those as data; whether the wave was in one.
pub fn enter(
    connection: &mut Connection,
    campaign_id: i64,
    number: i32,
    state: WaveState,
    now: Instant,
    verdict: Option<(&str, &str)>,
) -> QueryResult<bool> {
    let from: Vec<&str> = state.previous().into_iter().map(WaveState::as_str).collect();
    let wave = campaign_wave::table.filter(
        campaign_wave::campaign_id
            .eq(campaign_id)
            .and(campaign_wave::number.eq(number))
            .and(campaign_wave::state.eq_any(from)),
    );
    let rows = diesel::update(wave)
        .set((
            campaign_wave::state.eq(state.as_str()),
            campaign_wave::verdict.eq(verdict.map(|(words, _)| words)),
            campaign_wave::verdict_said.eq(verdict.map(|(_, said)| said)),
        ))
        .execute(connection)?;
    if rows == 0 {
        return Ok(false);
    }
    let wave = campaign_wave::table.find((campaign_id, number));
    match state {
        WaveState::Open => {
            diesel::update(wave).set(campaign_wave::counted_from.eq(Some(now))).execute(connection)?;
            diesel::update(wave.filter(campaign_wave::opened_at.is_null()))
                .set(campaign_wave::opened_at.eq(Some(now)))
                .execute(connection)?;
        }
        WaveState::Passed => {
            diesel::update(wave).set(campaign_wave::closed_at.eq(Some(now))).execute(connection)?;
        }
        WaveState::Waiting | WaveState::Halted => {}
    }
    Ok(true)
}

/// One appointment of a wave's terminal.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Turn {
    pub terminal_id: i64,
    pub state: AppointmentState,
    pub ends_at: Instant,
    pub closed_at: Option<Instant>,
}

#[derive(QueryableByName)]
struct TurnColumns {
    #[diesel(sql_type = BigInt)]
    terminal_id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    ends_at: Instant,
    #[diesel(sql_type = Nullable<BigInt>)]
    closed_at: Option<Instant>,
}

fn turns_of(rows: Vec<TurnColumns>) -> Vec<Turn> {
    let turn = |row: TurnColumns| {
        let TurnColumns { terminal_id, state, ends_at, closed_at } = row;
        Some(Turn { terminal_id, state: state.parse().ok()?, ends_at, closed_at })
    };
    rows.into_iter().filter_map(turn).collect()
}

/// Everything that became of the terminals of one wave that is not the last; what was called off is left out.
pub fn turns(connection: &mut Connection, campaign_id: i64, wave: i32) -> QueryResult<Vec<Turn>> {
    let rows = diesel::sql_query(
        "SELECT a.terminal_id, a.state, a.ends_at, a.closed_at FROM wave_member m \
         JOIN appointment a ON a.terminal_id = m.terminal_id \
         JOIN appointment_work w ON w.appointment_id = a.id AND w.campaign_id = m.campaign_id \
         WHERE m.campaign_id = $1 AND m.wave = $2 AND a.state <> $3",
    )
    .bind::<BigInt, _>(campaign_id)
    .bind::<Integer, _>(wave)
    .bind::<Text, _>(AppointmentState::Cancelled.as_str())
    .load(connection)?;
    Ok(turns_of(rows))
}

/// What did not end well for terminals of the last wave since `since`.
pub fn bad_turns_of_the_rest(
    connection: &mut Connection,
    campaign_id: i64,
    since: Instant,
) -> QueryResult<Vec<Turn>> {
    let rows = diesel::sql_query(
        "SELECT a.terminal_id, a.state, a.ends_at, a.closed_at FROM appointment_work w \
         JOIN appointment a ON a.id = w.appointment_id \
         WHERE w.campaign_id = $1 AND a.closed_at >= $2 AND a.state IN ($3, $4) AND NOT EXISTS \
         (SELECT 1 FROM wave_member m WHERE m.campaign_id = $1 AND m.terminal_id = a.terminal_id)",
    )
    .bind::<BigInt, _>(campaign_id)
    .bind::<BigInt, _>(since)
    .bind::<Text, _>(AppointmentState::Failed.as_str())
    .bind::<Text, _>(AppointmentState::Missed.as_str())
    .load(connection)?;
    Ok(turns_of(rows))
}

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<Instant>,
}

/// What was done on terminals of the last wave since `since`: how much, and when the last of it.
pub fn done_of_the_rest(
    connection: &mut Connection,
    campaign_id: i64,
    since: Instant,
) -> QueryResult<(i64, Option<Instant>)> {
    let Done { count, last } = diesel::sql_query(
        "SELECT count(*) AS count, max(a.closed_at) AS last FROM appointment_work w \
         JOIN appointment a ON a.id = w.appointment_id \
         WHERE w.campaign_id = $1 AND a.closed_at >= $2 AND a.state = $3 AND NOT EXISTS \
         (SELECT 1 FROM wave_member m WHERE m.campaign_id = $1 AND m.terminal_id = a.terminal_id)",
    )
    .bind::<BigInt, _>(campaign_id)
    .bind::<BigInt, _>(since)
    .bind::<Text, _>(AppointmentState::Done.as_str())
    .get_result(connection)?;
    Ok((count, last))
}

/// When each of these terminals was last done in a campaign, if it was.
pub fn done_at(
    connection: &mut Connection,
    campaign_id: i64,
    terminal_ids: &[i64],
) -> QueryResult<HashMap<i64, Instant>> {
    unless_empty!(terminal_ids);
    let rows: Vec<(i64, Option<Instant>)> = appointment::table
        .inner_join(appointment_work::table)
        .filter(one_of(connection, appointment::terminal_id, terminal_ids))
        .filter(appointment::state.concat("").eq(AppointmentState::Done.as_str()))
        .filter((appointment_work::campaign_id + 0).eq(campaign_id))
        .select((appointment::terminal_id, appointment::closed_at))
        .load(connection)?;
    let mut done: HashMap<i64, Instant> = HashMap::new();
    for (terminal, closed_at) in rows {
        let Some(closed_at) = closed_at else { continue };
        let known = done.entry(terminal).or_insert(closed_at);
        *known = (*known).max(closed_at);
    }
    Ok(done)
}

/// Terminals that are locked, and since when.
pub fn locked_since(connection: &mut Connection) -> QueryResult<HashMap<i64, Instant>> {
    let down: Vec<&str> =
        LockState::ALL.iter().filter(|state| state.is_down()).map(|state| state.as_str()).collect();
    let rows: Vec<(i64, Instant)> = terminal_lock::table
        .filter(terminal_lock::state.eq_any(down))
        .order(terminal_lock::opened_at)
        .select((terminal_lock::terminal_id, terminal_lock::opened_at))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Appointments that nobody has been told of, in which work of these campaigns is done, and which begin by `until`.
pub fn untold(
    connection: &mut Connection,
    campaign_ids: &[i64],
    until: Instant,
) -> QueryResult<Vec<(i64, i64)>> {
    appointment::table
        .inner_join(appointment_work::table)
        .filter(
            appointment::state
                .eq(AppointmentState::Planned.as_str())
                .and(appointment::emergency.eq(false))
                .and(appointment::starts_at.le(until))
                .and(appointment_work::campaign_id.eq_any(campaign_ids)),
        )
        .order((appointment::starts_at, appointment::id))
        .select((appointment::id, appointment::terminal_id))
        .load(connection)
}

/// Visits in which an appointment for this campaign stands that has not been announced, with its terminal.
pub fn unannounced_visits(connection: &mut Connection, campaign_id: i64) -> QueryResult<Vec<(i64, i64)>> {
    appointment_work::table
        .inner_join(appointment::table)
        .filter(
            appointment_work::campaign_id
                .eq(campaign_id)
                .and(appointment::state.eq(AppointmentState::Planned.as_str())),
        )
        .select((appointment::visit_id, appointment::terminal_id))
        .load(connection)
}

/// Standing appointments of a campaign: its terminal and its end.
pub fn standing(connection: &mut Connection, campaign_id: i64) -> QueryResult<Vec<(i64, Instant)>> {
    appointment_work::table
        .inner_join(appointment::table)
        .filter(
            appointment_work::campaign_id.eq(campaign_id).and(appointment::state.eq_any(standing_words())),
        )
        .select((appointment::terminal_id, appointment::ends_at))
        .load(connection)
}
