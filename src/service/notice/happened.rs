//! What has happened becomes a notice: work that began, ended or did not take place, and locks. Queued in the
//! transaction in which it happens.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::outbox::{self, NewNotice};
use crate::db::appointment::AppointmentRow;
use crate::db::fleet::{MerchantRow, SiteRow};
use crate::db::lock::LockRow;
use crate::db::notice::NoticeVisitRow;
use crate::db::notice_lock::NoticeLockRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Table};
use crate::domain::appointment::AppointmentState;
use crate::domain::ids::SiteId;
use crate::domain::notice::{NoticeKind, NoticeState, QuietHours};
use crate::service::schedule::night_of;
use crate::service::{App, Error};

/// How long it is worth telling what has happened.
const WORTH_TELLING: TimeDelta = TimeDelta::days(2);

/// Appointments of these visits have begun, ended, or been called off: tells their merchants what there is to tell.
/// Nobody is told of the end of something that nobody had been told of.
pub(in crate::service) fn tell_of_visits(
    connection: &mut Connection,
    app: &App,
    visit_ids: &[i64],
) -> Result<(), Error> {
    let mut of_visit: HashMap<i64, Vec<AppointmentRow>> = HashMap::new();
    for row in db::appointment::of_visits(connection, visit_ids)? {
        of_visit.entry(row.visit_id).or_default().push(row);
    }
    let mut said: HashMap<i64, Vec<NoticeVisitRow>> = HashMap::new();
    for (about, _, _) in db::notice::about_visits(connection, visit_ids)? {
        said.entry(about.visit_id).or_default().push(about);
    }
    let mut bundles: BTreeMap<(i64, String, NoticeKind), Vec<VisitRow>> = BTreeMap::new();
    for visit in db::visit::by_ids(connection, visit_ids)? {
        let rows = of_visit.remove(&visit.id).unwrap_or_default();
        let said = said.remove(&visit.id).unwrap_or_default();
        for kind in to_tell(app, &rows) {
            let is_said =
                |about: &NoticeVisitRow| about.kind == kind.as_str() && about.revision == visit.sequence;
            if !said.iter().any(is_said) {
                let key = (visit.merchant_id, visit.night.clone(), kind);
                bundles.entry(key).or_default().push(visit.clone());
            }
        }
    }
    let now = app.clock.now();
    for ((merchant_id, night, kind), visits) in bundles {
        let Some(reach) = Reach::of_site(connection, visits[0].site_id)? else { continue };
        let (quiet, expires_at) = match kind {
            // Of use while it goes on.
            NoticeKind::Started => {
                let end = visits.iter().map(|visit| visit.ends_at.utc()).max();
                (QuietHours::NONE, end.unwrap_or(now))
            }
            _ => (app.settings.quiet_hours, now + WORTH_TELLING),
        };
        let id = db::allot(connection, Table::Notice, 1)?[0];
        let row = outbox::row(
            app,
            id,
            NewNotice {
                kind,
                merchant_id,
                night: &night,
                recipient: &reach.recipient,
                locale: &reach.merchant.locale,
                reason: None,
                emergency: false,
                send_after: quiet.respect(now, now, expires_at, reach.zone),
                expires_at,
            },
        );
        let abouts: Vec<NoticeVisitRow> = visits
            .into_iter()
            .map(|visit| NoticeVisitRow {
                notice_id: id,
                visit_id: visit.id,
                kind: kind.as_str().to_owned(),
                revision: visit.sequence,
                recipient: reach.recipient.clone(),
                previous_starts_at: None,
                previous_ends_at: None,
            })
            .collect();
        db::notice::insert(connection, &[row], &abouts)?;
    }
    Ok(())
}

/// What there is to tell of a visit with these appointments.
fn to_tell(app: &App, rows: &[AppointmentRow]) -> Vec<NoticeKind> {
    if rows.iter().all(|row| row.announced_at.is_none()) {
        return Vec::new();
    }
    let any = |state: AppointmentState| rows.iter().any(|row| row.state == state.as_str());
    let over = !rows.iter().any(|row| row.state.parse().is_ok_and(AppointmentState::is_standing));
    let mut kinds = Vec::new();
    if app.settings.started_notices && any(AppointmentState::Running) {
        kinds.push(NoticeKind::Started);
    }
    if over && app.settings.completed_notices && any(AppointmentState::Done) {
        kinds.push(NoticeKind::Completed);
    }
    // Of what nobody had been told of nobody hears that it was missed.
    let is_missed =
        |row: &AppointmentRow| row.state == AppointmentState::Missed.as_str() && row.announced_at.is_some();
    if over && rows.iter().any(is_missed) {
        kinds.push(NoticeKind::Missed);
    }
    kinds
}

/// A lock was opened, or has ended: tells its merchant at once. That it has ended is told to whom was told of it.
pub(in crate::service) fn tell_of_lock(
    connection: &mut Connection,
    app: &App,
    lock: &LockRow,
    kind: NoticeKind,
) -> Result<(), Error> {
    let mut told = false;
    for (about, state, in_words) in db::notice_lock::about_locks(connection, &[lock.id])? {
        if about.kind == kind.as_str() {
            return Ok(());
        }
        told |= in_words;
        let waiting = [NoticeState::Queued.as_str(), NoticeState::Sending.as_str()].contains(&state.as_str());
        if waiting && !in_words {
            // It ended before anybody could be told: nothing is said of it.
            db::notice_lock::remove(connection, about.notice_id, lock.id)?;
        }
    }
    if kind == NoticeKind::Unlocked && !told {
        return Ok(());
    }
    let terminal = db::fleet::terminals_by_id(connection, &[lock.terminal_id])?.pop();
    let terminal = terminal.ok_or_else(|| Error::Corrupt(format!("lock {} has no terminal", lock.id)))?;
    let Some(reach) = Reach::of_site(connection, terminal.site_id)? else { return Ok(()) };
    let now = app.clock.now();
    let id = db::allot(connection, Table::Notice, 1)?[0];
    let new = NewNotice {
        kind,
        merchant_id: reach.merchant.id,
        night: &night_of(now, reach.zone).to_string(),
        recipient: &reach.recipient,
        locale: &reach.merchant.locale,
        reason: None,
        emergency: false,
        send_after: now,
        expires_at: now + WORTH_TELLING,
    };
    let row = outbox::row(app, id, new);
    db::notice::insert(connection, &[row], &[])?;
    let about = NoticeLockRow {
        notice_id: id,
        lock_id: lock.id,
        kind: kind.as_str().to_owned(),
        recipient: reach.recipient.clone(),
    };
    db::notice_lock::insert(connection, &[about])?;
    Ok(())
}

/// How a site's merchant is reached by mail.
struct Reach {
    merchant: MerchantRow,
    recipient: String,
    zone: Tz,
}

impl Reach {
    /// `None` if the merchant has no address.
    fn of_site(connection: &mut Connection, site_id: i64) -> Result<Option<Reach>, Error> {
        let site: Option<SiteRow> = db::fleet::sites_by_id(connection, &[site_id])?.pop();
        let site = site.ok_or_else(|| Error::Corrupt(format!("there is no site {}", SiteId(site_id))))?;
        let merchant = db::fleet::merchants_by_id(connection, &[site.merchant_id])?.pop();
        let merchant =
            merchant.ok_or_else(|| Error::Corrupt(format!("site {} has no merchant", site.code)))?;
        let zone = site.time_zone.parse().unwrap_or(Tz::UTC);
        Ok(merchant.email.clone().map(|recipient| Reach { merchant, recipient, zone }))
    }
}
