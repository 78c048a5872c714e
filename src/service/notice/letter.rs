//! From the schedule to a letter: the facts that a notice states, asked at the moment it is put into words.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::truth::Truth;
use crate::config::Settings;
use crate::db::appointment::AppointmentRow;
use crate::db::fleet::SiteRow;
use crate::db::lock::LockRow;
use crate::db::notice::{NoticeRow, NoticeVisitRow};
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::campaign::Work;
use crate::domain::fleet::Locale;
use crate::domain::ids::MerchantId;
use crate::domain::link::{Link, Purpose};
use crate::domain::notice::{
    Letter, LetterLock, LetterTerminal, LetterVisit, NoticeKind, SupportContact, WorkItem, WorkKind,
};
use crate::service::campaign::work_of;
use crate::service::merchant::links;
use crate::service::schedule::{night_of, token};
use crate::service::{App, Error, appointment};

/// What `notice` has to say now; `None` when nothing of it is true any more.
pub(super) fn of_notice(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
) -> Result<Option<Letter>, Error> {
    let corrupt = |error: String| Error::Corrupt(format!("notice {}: {error}", notice.id));
    let kind: NoticeKind = notice.kind.parse().map_err(corrupt)?;
    let truth = Truth::of(connection, app, notice)?;
    if truth.is_nothing() {
        return Ok(None);
    }
    let night = notice.night.parse().map_err(|error: chrono::ParseError| corrupt(error.to_string()))?;
    let mut letter = empty(&app.settings, kind, night);
    letter.locale = notice.locale.parse().map_err(corrupt)?;
    letter.recipient.clone_from(&notice.recipient);
    letter.reason.clone_from(&notice.reason);
    letter.emergency = notice.emergency;
    let merchant = db::fleet::merchants_by_id(connection, &[notice.merchant_id])?.pop();
    letter.merchant_name = merchant.map(|row| row.name).unwrap_or_default();
    letter.manage_url = manage_url(connection, app, notice, &truth.visits)?;
    fill(connection, &mut letter, truth.visits, &truth.abouts)?;
    let ended_at = (kind == NoticeKind::Unlocked).then(|| notice.created_at.utc());
    letter.locks = locks_of(connection, app, truth.locks, ended_at)?;
    Ok(Some(letter))
}

/// The page behind a notice: its visit if there is something to answer, else the merchant's locks.
fn manage_url(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
    visits: &[VisitRow],
) -> Result<Option<String>, Error> {
    let merchant = MerchantId(notice.merchant_id);
    let ahead = notice.kind.parse().is_ok_and(NoticeKind::is_ahead);
    let link = match visits.iter().find(|visit| !visit.cancelled) {
        Some(visit) if ahead => Link {
            purpose: Purpose::Visit,
            merchant,
            subject: visit.id,
            revision: u32::try_from(visit.sequence).unwrap_or_default(),
            expires_at: links::good_until(visit.ends_at.utc()),
        },
        _ if ahead => return Ok(None),
        _ => links::lasting(app, Purpose::Locks, merchant),
    };
    links::address(connection, app, &link)
}

/// Where the merchant of a notice stops mails of its kind, if it may do without them.
pub(super) fn unsubscribe_url(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
) -> Result<Option<String>, Error> {
    if !notice.kind.parse().is_ok_and(NoticeKind::is_optional) {
        return Ok(None);
    }
    let link = links::lasting(app, Purpose::Optional, MerchantId(notice.merchant_id));
    links::address(connection, app, &link)
}

fn locks_of(
    connection: &mut Connection,
    app: &App,
    rows: Vec<LockRow>,
    ended_at: Option<DateTime<Utc>>,
) -> Result<Vec<LetterLock>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.terminal_id).collect();
    let terminals: HashMap<i64, _> =
        db::fleet::terminals_by_id(connection, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let site_ids: Vec<i64> = terminals.values().map(|row| row.site_id).collect();
    let sites: HashMap<i64, _> =
        db::fleet::sites_by_id(connection, &site_ids)?.into_iter().map(|row| (row.id, row)).collect();
    rows.into_iter()
        .map(|row| {
            let terminal = &terminals[&row.terminal_id];
            let site = &sites[&terminal.site_id];
            Ok(LetterLock {
                number: row.id,
                root_message_id: token(
                    "thread.lock",
                    row.id,
                    row.opened_at.utc().timestamp_micros(),
                    &app.settings.mail_domain,
                ),
                site_name: site.name.clone(),
                site_code: site.code.clone(),
                site_address: site.address.clone(),
                zone: zone_of(site)?,
                label: terminal.label.clone(),
                tid: terminal.tid.clone(),
                opened_at: row.opened_at.utc(),
                closed_at: ended_at,
            })
        })
        .collect()
}

fn zone_of(site: &SiteRow) -> Result<Tz, Error> {
    site.time_zone
        .parse()
        .map_err(|error: chrono_tz::ParseError| Error::Corrupt(format!("site {}: {error}", site.code)))
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
    if kind == NoticeKind::Cancelled {
        visits.iter_mut().for_each(|visit| visit.cancelled = true);
    }
    let mut letter = of_visits(connection, app, visits, kind)?;
    letter.emergency = row.emergency;
    locks_instead(&mut letter);
    Ok(letter)
}

/// A letter to one merchant about these visits as they stand.
pub(in crate::service) fn about(
    connection: &mut Connection,
    app: &App,
    visits: Vec<VisitRow>,
) -> Result<Letter, Error> {
    of_visits(connection, app, visits, NoticeKind::Announcement)
}

fn of_visits(
    connection: &mut Connection,
    app: &App,
    visits: Vec<VisitRow>,
    kind: NoticeKind,
) -> Result<Letter, Error> {
    let first = visits.first().ok_or_else(|| Error::Corrupt("an appointment has no visit".to_owned()))?;
    let merchant = db::fleet::merchants_by_id(connection, &[first.merchant_id])?.pop();
    let merchant = merchant.ok_or_else(|| Error::Corrupt(format!("visit {} has no merchant", first.id)))?;
    let night: NaiveDate = first
        .night
        .parse()
        .map_err(|error: chrono::ParseError| Error::Corrupt(format!("visit {}: {error}", first.id)))?;
    let mut letter = empty(&app.settings, kind, night);
    letter.locale = merchant.locale.parse().unwrap_or_default();
    letter.merchant_name = merchant.name;
    letter.recipient = merchant.email.unwrap_or_else(|| app.settings.support_email.clone());
    fill(connection, &mut letter, visits, &HashMap::new())?;
    Ok(letter)
}

fn empty(settings: &Settings, kind: NoticeKind, night: NaiveDate) -> Letter {
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
    let mut terminals = terminals_of(connection, &visit_ids, letter.kind)?;
    for visit in visits {
        let mut terminals = terminals.remove(&visit.id).unwrap_or_default();
        let site = &sites[&visit.site_id];
        let zone = zone_of(site)?;
        // Where its merchant believes it to be, if that is elsewhere.
        let known = abouts.get(&visit.id).and_then(|about| {
            about.previous_starts_at.map(Instant::utc).zip(about.previous_ends_at.map(Instant::utc))
        });
        let (mut starts_at, mut ends_at) = (visit.starts_at.utc(), visit.ends_at.utc());
        match (letter.kind, known) {
            (NoticeKind::Announcement, _) => terminals.retain(|terminal| terminal.starts_at >= starts_at),
            (NoticeKind::Cancelled, Some(known)) => {
                (starts_at, ends_at) = known;
                letter.night = night_of(starts_at, zone);
                terminals.iter_mut().for_each(|terminal| (terminal.starts_at, terminal.ends_at) = known);
            }
            (NoticeKind::Missed, _) => {
                starts_at = terminals.iter().map(|terminal| terminal.starts_at).min().unwrap_or(starts_at);
                ends_at = terminals.iter().map(|terminal| terminal.ends_at).max().unwrap_or(ends_at);
            }
            _ => {}
        }
        letter.visits.push(LetterVisit {
            sequence: u32::try_from(visit.sequence).unwrap_or_default(),
            root_message_id: format!("thread.{}", visit.uid),
            uid: visit.uid,
            site_name: site.name.clone(),
            site_code: site.code.clone(),
            site_address: site.address.clone(),
            zone,
            starts_at,
            ends_at,
            previous: known.filter(|_| letter.kind == NoticeKind::Moved),
            cancelled: visit.cancelled,
            terminals,
        });
    }
    letter.visits.sort_by(|left, right| left.site_code.cmp(&right.site_code));
    Ok(())
}

/// The terminals of each visit that a notice of this kind is about, by start; of a visit that was called off, those
/// that were to be touched.
fn terminals_of(
    connection: &mut Connection,
    visit_ids: &[i64],
    kind: NoticeKind,
) -> Result<HashMap<i64, Vec<LetterTerminal>>, Error> {
    let concerned = |row: &AppointmentRow| match (kind, row.state.parse::<AppointmentState>()) {
        (NoticeKind::Completed, Ok(state)) => state == AppointmentState::Done,
        // Nobody hears of the end of what nobody had been told of.
        (NoticeKind::Missed, Ok(state)) => state == AppointmentState::Missed && row.announced_at.is_some(),
        (_, Ok(state)) => state.is_standing(),
        (_, Err(_)) => false,
    };
    let rows: Vec<AppointmentRow> = if kind == NoticeKind::Cancelled {
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
        db::appointment::of_visits(connection, visit_ids)?.into_iter().filter(concerned).collect()
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

/// A made-up letter, to look at the templates with: from a place where its language is spoken.
pub(in crate::service) fn sample(
    settings: &Settings,
    now: DateTime<Utc>,
    kind: NoticeKind,
    locale: Locale,
) -> Letter {
    let (zone, merchant, recipient, site, address, till) = match locale {
        Locale::En => (
            Tz::Europe__London,
            "Harbour Bakery Ltd",
            "owner@harbour-bakery.example",
            "Harbour Bakery, Quay Street",
            "12 Quay Street, Bristol",
            "Till 1",
        ),
        Locale::ZhCn => (
            Tz::Asia__Shanghai,
            "王记面馆",
            "wang@noodles.example",
            "王记面馆 南京路店",
            "上海市南京东路 12 号",
            "收银台 1",
        ),
    };
    let starts_at: DateTime<Utc> = now + TimeDelta::days(7);
    let starts_at = starts_at - TimeDelta::minutes(starts_at.timestamp() / 60 % 60);
    let ends_at = starts_at + TimeDelta::minutes(30);
    let mut letter = empty(settings, kind, night_of(starts_at, zone));
    letter.locale = locale;
    letter.merchant_name = merchant.to_owned();
    letter.recipient = recipient.to_owned();
    letter.visits.push(LetterVisit {
        uid: format!("visit.sample@{}", settings.mail_domain),
        sequence: 0,
        root_message_id: format!("thread.sample@{}", settings.mail_domain),
        site_name: site.to_owned(),
        site_code: "HB-01".to_owned(),
        site_address: Some(address.to_owned()),
        zone,
        starts_at,
        ends_at,
        previous: (kind == NoticeKind::Moved)
            .then(|| (starts_at - TimeDelta::days(1), ends_at - TimeDelta::days(1))),
        cancelled: kind == NoticeKind::Cancelled,
        terminals: vec![LetterTerminal {
            label: till.to_owned(),
            tid: "20417733".to_owned(),
            serial: "0821145902".to_owned(),
            starts_at,
            ends_at,
            work: vec![WorkItem { kind: WorkKind::Firmware, title: "3.2.0".to_owned() }],
        }],
    });
    locks_instead(&mut letter);
    letter
}

/// A letter about locks that nobody has reported tells of the terminals of its visits.
fn locks_instead(letter: &mut Letter) {
    if !letter.kind.is_about_locks() {
        return;
    }
    letter.locks = letter.visits.drain(..).flat_map(sample_locks).collect();
    if letter.kind == NoticeKind::Unlocked {
        for lock in &mut letter.locks {
            lock.closed_at = Some(lock.opened_at + TimeDelta::minutes(40));
        }
    }
}

fn sample_locks(visit: LetterVisit) -> impl Iterator<Item = LetterLock> {
    let LetterVisit { root_message_id, site_name, site_code, site_address, zone, terminals, .. } = visit;
    terminals.into_iter().map(move |terminal| LetterLock {
        number: 1,
        root_message_id: root_message_id.clone(),
        site_name: site_name.clone(),
        site_code: site_code.clone(),
        site_address: site_address.clone(),
        zone,
        label: terminal.label,
        tid: terminal.tid,
        opened_at: terminal.ends_at,
        closed_at: None,
    })
}
