//! From the schedule to a letter: the facts that a notice states, asked at the moment it is put into words.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::db::appointment::AppointmentRow;
use crate::db::notice::{NoticeRow, NoticeVisitRow};
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::Work;
use crate::domain::fleet::Locale;
use crate::domain::notice::{
    Letter, LetterTerminal, LetterVisit, NoticeKind, SupportContact, WorkItem, WorkKind,
};
use crate::service::campaign::work_of;
use crate::service::schedule::night_of;
use crate::service::{App, Error, appointment};

/// What `notice` has to say now; `None` when nothing of it is true any more.
pub(super) fn of_notice(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
) -> Result<Option<Letter>, Error> {
    let corrupt = |error: String| Error::Corrupt(format!("notice {}: {error}", notice.id));
    let kind: NoticeKind = notice.kind.parse().map_err(corrupt)?;
    let abouts = abouts_of(connection, notice)?;
    let visits = still_true(connection, app, notice, &abouts)?;
    if visits.is_empty() {
        return Ok(None);
    }
    let night = notice.night.parse().map_err(|error: chrono::ParseError| corrupt(error.to_string()))?;
    let mut letter = empty(app, kind, night);
    letter.locale = notice.locale.parse().map_err(corrupt)?;
    letter.recipient.clone_from(&notice.recipient);
    letter.reason.clone_from(&notice.reason);
    letter.emergency = notice.emergency;
    fill(connection, &mut letter, visits, &abouts)?;
    Ok(Some(letter))
}

/// What `notice` is about, by visit.
pub(super) fn abouts_of(
    connection: &mut Connection,
    notice: &NoticeRow,
) -> Result<HashMap<i64, NoticeVisitRow>, Error> {
    let abouts = db::notice::visits_of(connection, &[notice.id])?;
    Ok(abouts.into_iter().map(|about| (about.visit_id, about)).collect())
}

/// The visits of which `notice` is still true: they stand in the revision that it tells of, and there is still
/// time to read it.
pub(super) fn still_true(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
    abouts: &HashMap<i64, NoticeVisitRow>,
) -> Result<Vec<VisitRow>, Error> {
    let ids: Vec<i64> = abouts.keys().copied().collect();
    let now = app.clock.now();
    let mut visits = db::visit::by_ids(connection, &ids)?;
    visits.retain(|visit| {
        let in_time = match notice.kind.parse() {
            Ok(NoticeKind::Cancelled) => visit.cancelled,
            _ if visit.cancelled => false,
            // What could not wait, and what changes, is worth knowing even while it goes on.
            Ok(NoticeKind::Moved) => visit.ends_at.utc() > now,
            _ if notice.emergency => visit.ends_at.utc() > now,
            _ => visit.starts_at.utc() > now,
        };
        in_time && abouts[&visit.id].revision == visit.sequence
    });
    Ok(visits)
}

/// The letter that an appointment's merchant would get about that night.
pub(super) fn of_appointment(
    connection: &mut Connection,
    app: &App,
    id: i64,
    kind: NoticeKind,
) -> Result<Letter, Error> {
    let row = appointment::find(connection, id)?;
    let mut visits = db::visit::by_ids(connection, &[row.visit_id])?;
    let Some(visit) = visits.first().cloned() else {
        return Err(Error::Corrupt(format!("appointment {id} has no visit")));
    };
    let merchant = db::fleet::merchants_by_id(connection, &[visit.merchant_id])?.pop();
    let merchant = merchant.ok_or_else(|| Error::Corrupt(format!("visit {} has no merchant", visit.id)))?;
    let night: NaiveDate = visit
        .night
        .parse()
        .map_err(|error: chrono::ParseError| Error::Corrupt(format!("visit {}: {error}", visit.id)))?;
    let mut letter = empty(app, kind, night);
    letter.locale = merchant.locale.parse().unwrap_or_default();
    letter.recipient = merchant.email.unwrap_or_else(|| app.settings.support_email.clone());
    letter.emergency = row.emergency;
    if kind == NoticeKind::Cancelled {
        visits.iter_mut().for_each(|visit| visit.cancelled = true);
    }
    fill(connection, &mut letter, visits, &HashMap::new())?;
    Ok(letter)
}

fn empty(app: &App, kind: NoticeKind, night: NaiveDate) -> Letter {
    let settings = &app.settings;
    Letter {
        kind,
        locale: Locale::En,
        merchant_name: String::new(),
        recipient: String::new(),
        night,
        visits: Vec::new(),
        locks: Vec::new(),
        reason: None,
        emergency: false,
        support: SupportContact {
            name: settings.support_name.clone(),
            phone: settings.support_phone.clone(),
            email: settings.support_email.clone(),
        },
        usual_unlock_minutes: settings.usual_unlock_minutes,
        manage_url: None,
    }
}

fn fill(
    connection: &mut Connection,
    letter: &mut Letter,
    visits: Vec<VisitRow>,
    abouts: &HashMap<i64, NoticeVisitRow>,
) -> Result<(), Error> {
    let visit_ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
    let site_ids: Vec<i64> = visits.iter().map(|visit| visit.site_id).collect();
    let sites: HashMap<i64, _> =
        db::fleet::sites_by_id(connection, &site_ids)?.into_iter().map(|row| (row.id, row)).collect();
    let merchant = db::fleet::merchants_by_id(connection, &[visits[0].merchant_id])?.pop();
    letter.merchant_name = merchant.map(|row| row.name).unwrap_or_default();
    let cancelled = letter.kind == NoticeKind::Cancelled;
    let terminals = terminals_of(connection, &visit_ids, cancelled)?;
    for visit in visits {
        let site = &sites[&visit.site_id];
        let zone = site
            .time_zone
            .parse()
            .map_err(|error: chrono_tz::ParseError| Error::Corrupt(format!("site {}: {error}", site.code)))?;
        let previous = abouts.get(&visit.id).and_then(|about| {
            about.previous_starts_at.map(Instant::utc).zip(about.previous_ends_at.map(Instant::utc))
        });
        letter.visits.push(LetterVisit {
            sequence: u32::try_from(visit.sequence).unwrap_or_default(),
            root_message_id: format!("thread.{}", visit.uid),
            uid: visit.uid,
            site_name: site.name.clone(),
            site_code: site.code.clone(),
            site_address: site.address.clone(),
            zone,
            starts_at: visit.starts_at.utc(),
            ends_at: visit.ends_at.utc(),
            previous,
            cancelled: visit.cancelled,
            terminals: terminals.get(&visit.id).cloned().unwrap_or_default(),
        });
    }
    letter.visits.sort_by(|left, right| left.site_code.cmp(&right.site_code));
    Ok(())
}

/// The terminals of each visit, by start; of a visit that was called off, those that were to be touched.
fn terminals_of(
    connection: &mut Connection,
    visit_ids: &[i64],
    cancelled: bool,
) -> Result<HashMap<i64, Vec<LetterTerminal>>, Error> {
    let rows: Vec<AppointmentRow> = if cancelled {
        // A terminal that was called off more than once is named once, as it stood last.
        let rows = db::appointment::cancelled_of_visits(connection, visit_ids)?;
        let last: HashMap<(i64, i64), i64> = rows
            .iter()
            .map(|row| ((row.visit_id, row.terminal_id), row.id))
            .fold(HashMap::new(), |mut last, (key, id)| {
                last.entry(key).and_modify(|known: &mut i64| *known = id.max(*known)).or_insert(id);
                last
            });
        rows.into_iter().filter(|row| last[&(row.visit_id, row.terminal_id)] == row.id).collect()
    } else {
        db::appointment::of_visits(connection, visit_ids)?
            .into_iter()
            .filter(|row| row.state.parse().is_ok_and(AppointmentState::is_standing))
            .collect()
    };
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let terminal_ids: Vec<i64> = rows.iter().map(|row| row.terminal_id).collect();
    let terminals: HashMap<i64, _> =
        db::fleet::terminals_by_id(connection, &terminal_ids)?.into_iter().map(|row| (row.id, row)).collect();
    let campaigns: HashMap<i64, _> =
        db::campaign::all(connection)?.into_iter().map(|row| (row.id, row)).collect();
    let mut work: HashMap<i64, Vec<WorkItem>> = HashMap::new();
    for item in db::appointment::work_of(connection, &ids)? {
        let words = match item.campaign_id.and_then(|id| campaigns.get(&id)) {
            None => WorkItem { kind: WorkKind::AdHoc, title: item.title },
            Some(campaign) => match work_of(campaign)? {
                Work::Firmware { version, .. } => {
                    WorkItem { kind: WorkKind::Firmware, title: version.to_string() }
                }
                Work::Inspection { on_site: true } => {
                    WorkItem { kind: WorkKind::OnSiteInspection, title: item.title }
                }
                Work::Inspection { on_site: false } => {
                    WorkItem { kind: WorkKind::RemoteInspection, title: item.title }
                }
            },
        };
        work.entry(item.appointment_id).or_default().push(words);
    }
    let mut by_visit: HashMap<i64, Vec<LetterTerminal>> = HashMap::new();
    for row in rows {
        let terminal = &terminals[&row.terminal_id];
        by_visit.entry(row.visit_id).or_default().push(LetterTerminal {
            label: terminal.label.clone(),
            tid: terminal.tid.clone(),
            serial: terminal.serial.clone(),
            starts_at: row.starts_at.utc(),
            ends_at: row.ends_at.utc(),
            work: work.remove(&row.id).unwrap_or_default(),
        });
    }
    Ok(by_visit)
}

/// A made-up letter, to look at the templates with.
pub(super) fn sample(app: &App, kind: NoticeKind) -> Letter {
    let zone = chrono_tz::Tz::Europe__London;
    let starts_at: DateTime<Utc> = app.clock.now() + TimeDelta::days(7);
    let starts_at = starts_at - TimeDelta::minutes(starts_at.timestamp() / 60 % 60);
    let ends_at = starts_at + TimeDelta::minutes(30);
    let mut letter = empty(app, kind, night_of(starts_at, zone));
    letter.merchant_name = "Harbour Bakery Ltd".to_owned();
    letter.recipient = "owner@harbour-bakery.example".to_owned();
    letter.visits.push(LetterVisit {
        uid: format!("visit.sample@{}", app.settings.mail_domain),
        sequence: 0,
        root_message_id: format!("thread.sample@{}", app.settings.mail_domain),
        site_name: "Harbour Bakery, Quay Street".to_owned(),
        site_code: "HB-01".to_owned(),
        site_address: Some("12 Quay Street, Bristol".to_owned()),
        zone,
        starts_at,
        ends_at,
        previous: (kind == NoticeKind::Moved)
            .then(|| (starts_at - TimeDelta::days(1), ends_at - TimeDelta::days(1))),
        cancelled: kind == NoticeKind::Cancelled,
        terminals: vec![LetterTerminal {
            label: "Till 1".to_owned(),
            tid: "20417733".to_owned(),
            serial: "0821145902".to_owned(),
            starts_at,
            ends_at,
            work: vec![WorkItem { kind: WorkKind::Firmware, title: "3.2.0".to_owned() }],
        }],
    });
    letter
}
