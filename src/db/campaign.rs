//! Campaigns and programmes.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::db::appointment::standing_words;
use crate::db::copy::RowDigest;
use crate::db::schema::{appointment, appointment_work, campaign, programme};
use crate::db::{Connection, Instant, one_of, unless_empty};
use crate::domain::campaign::CampaignState;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = campaign, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct CampaignRow {
    pub id: i64,
    pub name: String,
    pub state: String,
    pub work: String,
    pub selector: String,
    pub duration_minutes: i32,
    pub priority: i32,
    pub notice_lead_minutes: i32,
    pub release_at: Instant,
    pub deadline_at: Instant,
    pub programme_id: Option<i64>,
    pub created_at: Instant,
    /// When it was last looked whether anything is left to do.
    pub looked_over_at: Option<Instant>,
}

/// A programme.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = programme, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct ProgrammeRow {
    pub id: i64,
    pub name: String,
    pub on_site: bool,
    pub selector: String,
    pub recurrence: String,
    pub term_days: i32,
    pub duration_minutes: i32,
    pub priority: i32,
    pub notice_lead_minutes: i32,
    pub paused: bool,
    pub next_due_at: Option<Instant>,
}

/// Adds a campaign.
pub fn insert(connection: &mut Connection, row: CampaignRow) -> QueryResult<()> {
    diesel::insert_into(campaign::table).values(row).execute(connection).map(drop)
}

/// By name.
pub fn by_name(connection: &mut Connection, name: &str) -> QueryResult<Option<CampaignRow>> {
    campaign::table.filter(campaign::name.eq(name)).first(connection).optional()
}

/// These campaigns, in no order.
pub fn by_ids(connection: &mut Connection, ids: &[i64]) -> QueryResult<Vec<CampaignRow>> {
    unless_empty!(ids);
    campaign::table.filter(one_of(connection, campaign::id, ids)).load(connection)
}

/// Every campaign, the latest first.
pub fn all(connection: &mut Connection) -> QueryResult<Vec<CampaignRow>> {
    campaign::table.order(campaign::id.desc()).load(connection)
}

/// Campaigns below the id `before`, the latest first, at most `limit`.
pub fn list(connection: &mut Connection, before: Option<i64>, limit: i64) -> QueryResult<Vec<CampaignRow>> {
    let before = campaign::id.lt(before.unwrap_or(i64::MAX));
    campaign::table.filter(before).order(campaign::id.desc()).limit(limit).load(connection)
}

/// Every campaign that is being planned, by id.
pub fn active(connection: &mut Connection) -> QueryResult<Vec<CampaignRow>> {
    campaign::table
        .filter(campaign::state.eq(CampaignState::Active.as_str()))
        .order(campaign::id)
        .load(connection)
}

/// Enters `state` from a state that allows it; whether the campaign was in one.
pub fn enter(connection: &mut Connection, id: i64, state: CampaignState) -> QueryResult<bool> {
    let from: Vec<&str> = state.previous().into_iter().map(CampaignState::as_str).collect();
    diesel::update(campaign::table.filter(campaign::id.eq(id).and(campaign::state.eq_any(from))))
        .set(campaign::state.eq(state.as_str()))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// For each of these campaigns, its appointments by state.
pub fn appointment_counts(
    connection: &mut Connection,
    ids: &[i64],
) -> QueryResult<BTreeMap<i64, BTreeMap<String, i64>>> {
    let rows: Vec<(Option<i64>, String, i64)> = appointment_work::table
        .inner_join(appointment::table)
        .filter(appointment_work::campaign_id.eq_any(ids))
        .group_by((appointment_work::campaign_id, appointment::state))
        .select((appointment_work::campaign_id, appointment::state, diesel::dsl::count_star()))
        .load(connection)?;
    let mut counts: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    for (campaign, state, count) in rows {
        if let Some(campaign) = campaign {
            counts.entry(campaign).or_default().insert(state, count);
        }
    }
    Ok(counts)
}

/// The longest notice lead of any campaign.
pub fn longest_lead(connection: &mut Connection) -> QueryResult<Option<i32>> {
    campaign::table.select(diesel::dsl::max(campaign::notice_lead_minutes)).first(connection)
}

/// Whether an appointment stands in which work of the campaign is done.
pub fn has_standing(connection: &mut Connection, id: i64) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        appointment_work::table
            .inner_join(appointment::table)
            .filter(appointment_work::campaign_id.eq(id).and(appointment::state.eq_any(standing_words()))),
    ))
    .get_result(connection)
}

/// When the latest appointment of the campaign ended.
pub fn last_closed_at(connection: &mut Connection, id: i64) -> QueryResult<Option<Instant>> {
    appointment_work::table
        .inner_join(appointment::table)
        .filter(appointment_work::campaign_id.eq(id))
        .select(diesel::dsl::max(appointment::closed_at))
        .get_result(connection)
}

/// It was looked whether anything is left to do.
pub fn set_looked_over(connection: &mut Connection, id: i64, at: Instant) -> QueryResult<()> {
    diesel::update(campaign::table.find(id))
        .set(campaign::looked_over_at.eq(Some(at)))
        .execute(connection)
        .map(drop)
}

/// What became of one terminal in one campaign.
pub struct TargetHistory {
    /// Terminal.
    pub terminal_id: i64,
    /// State of the appointment.
    pub state: String,
    /// When the appointment ended.
    pub closed_at: Option<Instant>,
}

/// Every appointment of a campaign, as its terminal and state.
pub fn history(connection: &mut Connection, campaign_id: i64) -> QueryResult<Vec<TargetHistory>> {
    let rows: Vec<(i64, String, Option<Instant>)> = appointment_work::table
        .inner_join(appointment::table)
        .filter(appointment_work::campaign_id.eq(campaign_id))
        .select((appointment::terminal_id, appointment::state, appointment::closed_at))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(terminal_id, state, closed_at)| TargetHistory { terminal_id, state, closed_at })
        .collect())
}

/// Adds a programme.
pub fn insert_programme(connection: &mut Connection, row: ProgrammeRow) -> QueryResult<()> {
    diesel::insert_into(programme::table).values(row).execute(connection).map(drop)
}

/// Overwrites the terms of a programme, and of the campaign through which it acts if it rolls on.
pub fn update_programme(connection: &mut Connection, row: &ProgrammeRow) -> QueryResult<()> {
    diesel::update(programme::table.find(row.id))
        .set((
            programme::on_site.eq(row.on_site),
            programme::selector.eq(row.selector.clone()),
            programme::recurrence.eq(row.recurrence.clone()),
            programme::term_days.eq(row.term_days),
            programme::duration_minutes.eq(row.duration_minutes),
            programme::priority.eq(row.priority),
            programme::notice_lead_minutes.eq(row.notice_lead_minutes),
            programme::next_due_at.eq(row.next_due_at),
        ))
        .execute(connection)
        .map(drop)
}

/// Gives a campaign other terms.
pub fn update_terms(connection: &mut Connection, row: &CampaignRow) -> QueryResult<()> {
    diesel::update(campaign::table.find(row.id))
        .set((
            campaign::work.eq(row.work.clone()),
            campaign::selector.eq(row.selector.clone()),
            campaign::duration_minutes.eq(row.duration_minutes),
            campaign::priority.eq(row.priority),
            campaign::notice_lead_minutes.eq(row.notice_lead_minutes),
        ))
        .execute(connection)
        .map(drop)
}

/// Removes a programme; the campaigns that it raised are ordinary ones from now on.
pub fn delete_programme(connection: &mut Connection, id: i64) -> QueryResult<()> {
    diesel::update(campaign::table.filter(campaign::programme_id.eq(id)))
        .set(campaign::programme_id.eq(None::<i64>))
        .execute(connection)?;
    diesel::delete(programme::table.find(id)).execute(connection).map(drop)
}

/// Every programme, by name.
pub fn programmes(connection: &mut Connection) -> QueryResult<Vec<ProgrammeRow>> {
    programme::table.order(programme::name).load(connection)
}

/// Programmes after the name `after`, by name, at most `limit`.
pub fn programmes_after(
    connection: &mut Connection,
    after: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<ProgrammeRow>> {
    let after = programme::name.gt(after.unwrap_or_default());
    programme::table.filter(after).order(programme::name).limit(limit).load(connection)
}

/// By name.
pub fn programme_by_name(connection: &mut Connection, name: &str) -> QueryResult<Option<ProgrammeRow>> {
    programme::table.filter(programme::name.eq(name)).first(connection).optional()
}

/// Pauses or resumes.
pub fn set_programme_paused(connection: &mut Connection, id: i64, paused: bool) -> QueryResult<()> {
    diesel::update(programme::table.find(id)).set(programme::paused.eq(paused)).execute(connection).map(drop)
}

/// Moves the next due time, if it still stands at `from`; whether it did.
pub fn advance_programme(
    connection: &mut Connection,
    id: i64,
    from: Instant,
    to: Option<Instant>,
) -> QueryResult<bool> {
    diesel::update(programme::table.filter(programme::id.eq(id).and(programme::next_due_at.eq(from))))
        .set(programme::next_due_at.eq(to))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// A digest of what a campaign is.
pub fn digest(connection: &mut Connection, name: &str) -> QueryResult<String> {
    let mut digest = RowDigest::default();
    if let Some(row) = by_name(connection, name)? {
        digest.add(&row);
        for wave in super::wave::of_campaigns(connection, &[row.id])? {
            digest.add(&wave);
        }
    }
    Ok(digest.finished().sha256)
}
