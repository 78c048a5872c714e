//! Another time, chosen by the merchant: what is legal is asked at that moment, and the budget is claimed in the same
//! transaction, so two merchants cannot take the last place.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::answers::{Saying, keep, refuse_outdated};
use super::links;
use super::page::{head, is_movable, views, visit_of};
use crate::api::merchant::{MerchantDay, MerchantTime, MerchantTimes};
use crate::db::appointment::AppointmentRow;
use crate::db::fleet::MerchantRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection};
use crate::domain::fleet::Locale;
use crate::domain::ids::{SiteId, TerminalId};
use crate::domain::link::{Link, LinkError, Purpose};
use crate::domain::merchant_answer::Answer;
use crate::mail::SpanWords;
use crate::service::appointment::{deadline, lead_minutes};
use crate::service::audit::{Change, record};
use crate::service::legality::{Purpose as Asking, Question, decide};
use crate::service::schedule::{self, Changes, Move};
use crate::service::world::Surroundings;
use crate::service::{Actor, App, Error};

/// How far ahead other times are offered, in days.
const OFFERED_DAYS: u32 = 21;

/// Times offered on one day.
const OFFERED_A_DAY_MAX: usize = 6;

/// Days on which times are offered.
const OFFERED_DAYS_MAX: usize = 14;

/// The times that a merchant may choose for the visit of a link.
pub fn times_page(app: &App, token: &str, locale: Option<Locale>) -> Result<MerchantTimes, Error> {
    app.database.read(|connection| {
        let wanted = Wanted::of(connection, app, token)?;
        let head = head(app, &wanted.merchant, locale);
        let mut days: Vec<MerchantDay> = Vec::new();
        let length = wanted.visit.ends_at.utc() - wanted.visit.starts_at.utc();
        let words = |starts_at| SpanWords::new(head.locale, wanted.zone, starts_at, starts_at + length);
        for starts_at in wanted.legal_starts(connection, app, None)? {
            let span = words(starts_at);
            let day = span.day();
            if days.last().is_none_or(|last| last.day != day) {
                if days.len() == OFFERED_DAYS_MAX {
                    break;
                }
                days.push(MerchantDay { day, times: Vec::new() });
            }
            let times = days.last_mut().map(|last| &mut last.times);
            if let Some(times) = times.filter(|times| times.len() < OFFERED_A_DAY_MAX) {
                times.push(MerchantTime { starts_at, clock: span.clock(span.start_date()) });
            }
        }
        let zone = words(wanted.visit.starts_at.utc()).zone_words();
        let visit =
            views(connection, app, head.locale, vec![wanted.visit])?.pop().ok_or(LinkError::NotOurs)?;
        Ok(MerchantTimes { head, visit, days, zone })
    })
}

/// Moves the visit of a link to the time that its merchant chose; gives the token of a link to how it stands then.
///
/// # Errors
/// [`Error::Conflict`] if the time has been taken meanwhile, the visit has begun, or the link is outdated.
pub fn choose(app: &App, token: &str, starts_at: DateTime<Utc>) -> Result<String, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let wanted = Wanted::of(connection, app, token)?;
        let actor = Actor::merchant(&wanted.merchant.number);
        let before = wanted.visit.starts_at.utc();
        if wanted.legal_starts(connection, app, Some(starts_at))?.is_empty() {
            return Err(Error::Conflict("this time has been taken meanwhile; choose another".to_owned()));
        }
        let delta = starts_at - before;
        let site_id = SiteId(wanted.visit.site_id);
        let moves = wanted
            .appointments
            .into_iter()
            .map(|appointment| Move {
                starts_at: appointment.starts_at.utc() + delta,
                ends_at: appointment.ends_at.utc() + delta,
                site_id,
                appointment,
            })
            .collect::<Vec<_>>();
        let ids: Vec<i64> = moves.iter().map(|change| change.appointment.id).collect();
        schedule::apply(connection, app, Changes { moves, ..Changes::default() })?;
        for id in &ids {
            let change = Change::new("appointment.move", format!("appointment {id}"))
                .before(&before)
                .after(&starts_at)
                .because(Some("chosen by the merchant"));
            record(connection, app, &actor, change)?;
        }
        let visit_id = db::appointment::by_ids(connection, &ids)?.first().map(|row| row.visit_id);
        let visit = db::visit::by_ids(connection, &visit_id.into_iter().collect::<Vec<i64>>())?.pop();
        let visit = visit.ok_or_else(|| Error::Corrupt("a moved appointment has no visit".to_owned()))?;
        let saying = Saying { answer: Answer::Confirmed, via: "page", words: None };
        keep(connection, app, &actor, &visit, &saying)?;
        let link = Link {
            subject: visit.id,
            revision: u32::try_from(visit.sequence).unwrap_or_default(),
            expires_at: links::good_until(visit.ends_at.utc()),
            ..wanted.link
        };
        links::token(connection, app, &link)
    })
}

/// A visit that may move, with all that bears on it.
struct Wanted {
    link: Link,
    merchant: MerchantRow,
    visit: VisitRow,
    appointments: Vec<AppointmentRow>,
    surroundings: Surroundings,
    /// The site's.
    zone: Tz,
}

impl Wanted {
    fn of(connection: &mut Connection, app: &App, token: &str) -> Result<Wanted, Error> {
        let (link, merchant) = links::open(connection, app, token, Purpose::Visit)?;
        let visit = visit_of(connection, &link)?;
        refuse_outdated(&link, &visit)?;
        let appointments = db::appointment::of_visits(connection, &[visit.id])?;
        if visit.cancelled || appointments.is_empty() || !appointments.iter().all(is_movable) {
            return Err(Error::Conflict(
                "this has begun, or has been called off, and cannot move".to_owned(),
            ));
        }
        let terminal_ids: Vec<i64> = appointments.iter().map(|row| row.terminal_id).collect();
        let surroundings = Surroundings::load(connection, app, OFFERED_DAYS, &terminal_ids)?;
        let site = db::fleet::sites_by_id(connection, &[visit.site_id])?.pop();
        let zone = site.and_then(|site| site.time_zone.parse().ok());
        let zone = zone.ok_or_else(|| Error::Corrupt(format!("visit {} has no zone", visit.id)))?;
        Ok(Wanted { link, merchant, visit, appointments, surroundings, zone })
    }

    /// Starts of the visit, in order, at which all of it may take place; if `only` is given, that one or none, and to
    /// act upon it.
    fn legal_starts(
        &self,
        connection: &mut Connection,
        app: &App,
        only: Option<DateTime<Utc>>,
    ) -> Result<Vec<DateTime<Utc>>, Error> {
        let world = &self.surroundings.world;
        let mut questions = Vec::with_capacity(self.appointments.len());
        for row in &self.appointments {
            let terminal = world.terminal(TerminalId(row.terminal_id));
            let terminal = terminal
                .ok_or_else(|| Error::Conflict("a terminal of this visit is no longer in use".to_owned()))?;
            let minutes = (row.ends_at.utc() - row.starts_at.utc()).num_minutes();
            questions.push(Question {
                terminal,
                starts_at: row.starts_at.utc(),
                duration_minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
                notice_lead_minutes: Some(lead_minutes(app, row.notice_lead_minutes)),
                deadline_at: deadline(connection, row.id)?,
                moving: Some(row.id),
            });
        }
        let first = self.visit.starts_at.utc();
        let length = self.visit.ends_at.utc() - first;
        let horizon = world.grid.horizon();
        let (purpose, asked) = match only {
            Some(start) => (Asking::Acting, start..start + length),
            None => (Asking::Saying(app), horizon.clone()),
        };
        let shifts = decide(connection, &self.surroundings, purpose, asked, |rules| {
            Ok(rules.legal_shifts(&questions, only.map(|start| start - first)))
        })?;
        let starts =
            shifts.into_iter().filter(|shift| *shift != TimeDelta::zero()).map(|shift| first + shift);
        Ok(starts.collect())
    }
}
