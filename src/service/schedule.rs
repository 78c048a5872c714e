//! The one way in which appointments come, move and go: visits are brought up to date and the notices that
//! follow are queued, all within the caller's transaction. Who calls has asked the rules before.

mod notices;
mod visits;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::db::appointment::{AppointmentRow, WorkRow};
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::appointment::AppointmentState;
use crate::domain::fleet::Locale;
use crate::domain::ids::{SiteId, TerminalId};
use crate::domain::notice::{ReminderLeads, ReminderLeadsError};
use crate::service::{App, Error};

pub(super) use visits::token;

/// Appointments that are written at once.
const BATCH: usize = 10_000;

/// Changes to the schedule that belong together.
#[derive(Debug, Default)]
pub struct Changes {
    /// New appointments.
    pub create: Vec<NewAppointment>,
    /// Appointments that get another time.
    pub moves: Vec<Move>,
    /// Appointments that are called off, as they stand.
    pub cancel: Vec<AppointmentRow>,
    /// Why, in words that merchants read.
    pub reason: Option<String>,
}

impl Changes {
    /// The visits that appointments move from or are called off in.
    fn visit_ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.moves.iter().map(|change| change.appointment.visit_id).collect();
        ids.extend(self.cancel.iter().map(|row| row.visit_id));
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// An appointment to make.
#[derive(Debug)]
pub struct NewAppointment {
    /// The terminal's id.
    pub terminal_id: TerminalId,
    /// Its site's id.
    pub site_id: SiteId,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// Notice lead in minutes.
    pub notice_lead_minutes: i32,
    /// It does not wait for the notice lead.
    pub emergency: bool,
    /// The plan it comes from.
    pub plan_id: Option<i64>,
    /// Campaign (none for ad-hoc work) and title of each piece of work.
    pub work: Arc<[(Option<i64>, String)]>,
    /// Why it is done out of turn.
    pub note: Option<String>,
}

/// A move of an appointment that has not begun.
#[derive(Debug)]
pub struct Move {
    /// The appointment as it stands.
    pub appointment: AppointmentRow,
    /// Its site's id.
    pub site_id: SiteId,
    /// New start.
    pub starts_at: DateTime<Utc>,
    /// New end.
    pub ends_at: DateTime<Utc>,
}

/// What came of the changes.
#[derive(Debug, Default)]
pub struct Applied {
    /// Ids of the new appointments, in their order.
    pub created: Vec<i64>,
    /// Notices that were queued.
    pub notices: usize,
}

/// What the schedule needs to know of a site.
#[derive(Debug, Clone)]
struct SiteFacts {
    merchant_id: i64,
    zone: Tz,
    recipient: Option<String>,
    locale: Locale,
    /// When its merchant wants to be reminded, if not as the settings say.
    reminders: Option<ReminderLeads>,
}

/// The night of an instant: the local date of its evening. Work at 02:00 on the 26th belongs to the night of
/// the 25th; nights change at local noon.
pub fn night_of(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    let local = instant.with_timezone(&zone).naive_local();
    let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon is a time of day");
    if local.time() < noon { local.date() - Days::new(1) } else { local.date() }
}

/// Makes `changes` within the caller's transaction: appointments, visits and outbox rows, or an error and
/// nothing. An appointment that has begun meanwhile cannot be moved or called off: [`Error::Conflict`].
pub fn apply(connection: &mut Connection, app: &App, changes: Changes) -> Result<Applied, Error> {
    let now = Instant::from(app.clock.now());
    let facts = site_facts(connection, &changes)?;
    let mut visits = visits::Visits::load(connection, &changes, &facts)?;

    for row in &changes.cancel {
        let reason = changes.reason.as_deref();
        if !db::appointment::enter(connection, row.id, AppointmentState::Cancelled, reason, Some(now))? {
            return Err(begun(row.id, "called off"));
        }
        visits.lose(row.visit_id);
    }
    let mut together: HashMap<(i64, NaiveDate), HashSet<i64>> = HashMap::new();
    for change in &changes.moves {
        let night = night_of(change.starts_at, facts[&change.site_id].zone);
        let (visit_id, id) = (change.appointment.visit_id, change.appointment.id);
        together.entry((visit_id, night)).or_default().insert(id);
    }
    for change in &changes.moves {
        let row = &change.appointment;
        let night = night_of(change.starts_at, facts[&change.site_id].zone);
        let along = &together[&(row.visit_id, night)];
        let visit_id = visits.for_move(connection, app, change, night, along, &facts)?;
        let (starts_at, ends_at) = (Instant::from(change.starts_at), Instant::from(change.ends_at));
        if !db::appointment::move_to(
            connection,
            row.id,
            starts_at,
            ends_at,
            visit_id,
            changes.reason.as_deref(),
        )? {
            return Err(begun(row.id, "moved"));
        }
    }
    let created = create(connection, app, &changes.create, &facts, &mut visits)?;
    let touched = visits.settle(connection)?;
    let emergency = changes.create.iter().any(|new| new.emergency);
    let notices = notices::enqueue(connection, app, &touched, &facts, changes.reason.as_deref(), emergency)?;
    Ok(Applied { created, notices })
}

/// Queues announcements of these visits anew, to where their merchants are reached now; what waits for another
/// address is superseded. Within the caller's transaction.
pub(super) fn announce_again(
    connection: &mut Connection,
    app: &App,
    visits: Vec<VisitRow>,
) -> Result<usize, Error> {
    let facts = facts_of(connection, visits.iter().map(|visit| visit.site_id).collect())?;
    let ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
    let mut leads: HashMap<i64, i32> = HashMap::new();
    for row in db::appointment::of_visits(connection, &ids)? {
        let lead = leads.entry(row.visit_id).or_insert(0);
        *lead = row.notice_lead_minutes.max(*lead);
    }
    notices::supersede_waiting(connection, &ids)?;
    let touched: Vec<visits::Touched> = visits
        .into_iter()
        .map(|visit| visits::Touched {
            before: Some(visit.clone()),
            told: None,
            disturbed: false,
            moved_from: None,
            lead_minutes: leads.get(&visit.id).copied().unwrap_or_default(),
            visit,
        })
        .collect();
    notices::enqueue(connection, app, &touched, &facts, None, false)
}

/// Announcements of these visits that have waited for a wave to open go at their usual time, or now.
pub(super) fn wake_announcements(
    connection: &mut Connection,
    app: &App,
    visits: &[VisitRow],
) -> Result<(), Error> {
    let facts = facts_of(connection, visits.iter().map(|visit| visit.site_id).collect())?;
    notices::wake(connection, app, visits, &facts)
}

/// The reminders of these visits are queued anew, as their merchants want them now.
pub(super) fn remind_anew(
    connection: &mut Connection,
    app: &App,
    visits: Vec<VisitRow>,
) -> Result<(), Error> {
    let facts = facts_of(connection, visits.iter().map(|visit| visit.site_id).collect())?;
    notices::remind_anew(connection, app, &visits, &facts)
}

/// That an appointment can no longer be changed.
pub(super) fn begun(id: i64, verb: &str) -> Error {
    Error::Conflict(format!("appointment {id} has begun or ended and can no longer be {verb}"))
}

fn create(
    connection: &mut Connection,
    app: &App,
    new: &[NewAppointment],
    facts: &HashMap<SiteId, SiteFacts>,
    visits: &mut visits::Visits,
) -> Result<Vec<i64>, Error> {
    let now = Instant::from(app.clock.now());
    let ids = db::allot(connection, Table::Appointment, new.len())?;
    let mut keys = Vec::with_capacity(new.len());
    for appointment in new {
        let zone = facts[&appointment.site_id].zone;
        keys.push((appointment.site_id, night_of(appointment.starts_at, zone)));
    }
    visits.open_missing(connection, app, &keys, facts)?;
    let visit_ids: Vec<i64> = new
        .iter()
        .zip(keys)
        .map(|(appointment, (site_id, night))| {
            let span = (Instant::from(appointment.starts_at), Instant::from(appointment.ends_at));
            visits.gain(site_id, night, span, appointment.notice_lead_minutes)
        })
        .collect();
    // Visits first: appointments refer to them.
    visits.insert_new(connection)?;
    for (from, new) in (0..).step_by(BATCH).zip(new.chunks(BATCH)) {
        let (mut rows, mut work) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
        for ((id, visit_id), appointment) in ids[from..].iter().zip(&visit_ids[from..]).zip(new) {
            rows.push(AppointmentRow {
                id: *id,
                state: AppointmentState::Planned.as_str().to_owned(),
                revision: 0,
                terminal_id: appointment.terminal_id.0,
                visit_id: *visit_id,
                plan_id: appointment.plan_id,
                starts_at: Instant::from(appointment.starts_at),
                ends_at: Instant::from(appointment.ends_at),
                notice_lead_minutes: appointment.notice_lead_minutes,
                emergency: appointment.emergency,
                announced_at: None,
                note: appointment.note.clone(),
                created_at: now,
                closed_at: None,
                pinned: false,
            });
            for (ordinal, (campaign_id, title)) in (0..).zip(appointment.work.iter()) {
                let (campaign_id, title) = (*campaign_id, title.clone());
                work.push(WorkRow { appointment_id: *id, ordinal, campaign_id, title });
            }
        }
        db::appointment::insert(connection, &rows, &work)?;
    }
    Ok(ids)
}

fn site_facts(connection: &mut Connection, changes: &Changes) -> Result<HashMap<SiteId, SiteFacts>, Error> {
    let mut ids: Vec<i64> = changes.create.iter().map(|new| new.site_id.0).collect();
    ids.extend(changes.moves.iter().map(|change| change.site_id.0));
    // A terminal may have gone to another site since: the visit stays where it was.
    let visits = db::visit::by_ids(connection, &changes.visit_ids())?;
    ids.extend(visits.iter().map(|visit| visit.site_id));
    facts_of(connection, ids)
}

fn facts_of(connection: &mut Connection, mut ids: Vec<i64>) -> Result<HashMap<SiteId, SiteFacts>, Error> {
    ids.sort_unstable();
    ids.dedup();
    let sites = db::fleet::sites_by_id(connection, &ids)?;
    let mut merchant_ids: Vec<i64> = sites.iter().map(|site| site.merchant_id).collect();
    merchant_ids.sort_unstable();
    merchant_ids.dedup();
    let merchants: HashMap<i64, _> = db::fleet::merchants_by_id(connection, &merchant_ids)?
        .into_iter()
        .map(|merchant| (merchant.id, merchant))
        .collect();
    let reminders: HashMap<i64, String> = db::merchant_reminders::of_merchants(connection, &merchant_ids)?
        .into_iter()
        .map(|row| (row.merchant_id, row.leads))
        .collect();
    let mut facts = HashMap::with_capacity(sites.len());
    for site in sites {
        let merchant = &merchants[&site.merchant_id];
        let corrupt =
            |error: String| Error::Corrupt(format!("site `{}`: {error}; import it again", site.code));
        let zone: Tz =
            site.time_zone.parse().map_err(|error: chrono_tz::ParseError| corrupt(error.to_string()))?;
        let locale = merchant.locale.parse().map_err(corrupt)?;
        let recipient = merchant.email.clone();
        let reminders = match reminders.get(&merchant.id) {
            Some(leads) => {
                Some(leads.parse().map_err(|error: ReminderLeadsError| corrupt(error.to_string()))?)
            }
            None => None,
        };
        facts.insert(
            SiteId(site.id),
            SiteFacts { merchant_id: merchant.id, zone, recipient, locale, reminders },
        );
    }
    Ok(facts)
}
