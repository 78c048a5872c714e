//! What a merchant sees of visits.

use std::collections::HashMap;

use super::links;
use crate::api::merchant::{MerchantHead, MerchantTerminal, MerchantVisit, MerchantVisits};
use crate::db::appointment::AppointmentRow;
use crate::db::fleet::MerchantRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::fleet::Locale;
use crate::domain::ids::MerchantId;
use crate::domain::link::{Link, LinkError, Purpose};
use crate::mail::SpanWords;
use crate::service::{App, Error};

/// Visits beside the one that a link is about.
const OTHERS_MAX: usize = 50;

/// The page of a link about a visit.
pub fn visit_page(app: &App, token: &str, locale: Option<Locale>) -> Result<MerchantVisits, Error> {
    app.database.read(|connection| {
        let (link, merchant) = links::open(connection, app, token, Purpose::Visit)?;
        let head = head(app, &merchant, locale);
        let row = visit_of(connection, &link)?;
        let outdated = is_outdated(&link, &row);
        let mut others = db::visit::of_merchant(connection, merchant.id, Instant::from(app.clock.now()))?;
        others.retain(|other| other.id != row.id);
        others.truncate(OTHERS_MAX);
        let merchant_id = MerchantId(merchant.id);
        let mut token = |purpose| links::token(connection, app, &links::lasting(app, purpose, merchant_id));
        Ok(MerchantVisits {
            locks_token: token(Purpose::Locks)?,
            feed_token: token(Purpose::Feed)?,
            optional_token: token(Purpose::Optional)?,
            outdated,
            visit: views(connection, app, head.locale, vec![row])?.pop().ok_or(LinkError::NotOurs)?,
            others: views(connection, app, head.locale, others)?,
            head,
        })
    })
}

/// Whom a page is for.
pub(super) fn head(app: &App, merchant: &MerchantRow, locale: Option<Locale>) -> MerchantHead {
    let settings = &app.settings;
    MerchantHead {
        locale: locale.unwrap_or_else(|| merchant.locale.parse().unwrap_or_default()),
        merchant_name: merchant.name.clone(),
        support_name: settings.support_name.clone(),
        support_phone: settings.support_phone.clone(),
        support_email: settings.support_email.clone(),
    }
}

/// The visit that a link is about.
pub(super) fn visit_of(connection: &mut Connection, link: &Link) -> Result<VisitRow, Error> {
    let row = db::visit::by_ids(connection, &[link.subject])?.pop();
    Ok(row.filter(|row| row.merchant_id == link.merchant.0).ok_or(LinkError::NotOurs)?)
}

/// Whether the time has changed since the link was written.
pub(super) fn is_outdated(link: &Link, visit: &VisitRow) -> bool {
    i64::from(link.revision) != i64::from(visit.sequence)
}

/// Visits as their merchant sees them, in their order.
pub(super) fn views(
    connection: &mut Connection,
    app: &App,
    locale: Locale,
    rows: Vec<VisitRow>,
) -> Result<Vec<MerchantVisit>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let site_ids: Vec<i64> = rows.iter().map(|row| row.site_id).collect();
    let sites: HashMap<i64, _> =
        db::fleet::sites_by_id(connection, &site_ids)?.into_iter().map(|row| (row.id, row)).collect();
    let answers: HashMap<i64, _> =
        db::merchant_answer::about(connection, &ids)?.into_iter().map(|row| (row.visit_id, row)).collect();
    let appointments = db::appointment::of_visits(connection, &ids)?;
    let terminal_ids: Vec<i64> = appointments.iter().map(|row| row.terminal_id).collect();
    let terminals: HashMap<i64, _> =
        db::fleet::terminals_by_id(connection, &terminal_ids)?.into_iter().map(|row| (row.id, row)).collect();
    let mut by_visit: HashMap<i64, Vec<AppointmentRow>> = HashMap::new();
    for row in appointments {
        by_visit.entry(row.visit_id).or_default().push(row);
    }
    rows.into_iter()
        .map(|row| {
            let site = &sites[&row.site_id];
            let zone = site.time_zone.parse().map_err(|error: chrono_tz::ParseError| {
                Error::Corrupt(format!("site {}: {error}", site.code))
            })?;
            let words = |from: Instant, to: Instant| SpanWords::new(locale, zone, from.utc(), to.utc());
            let whole = words(row.starts_at, row.ends_at);
            let here = by_visit.remove(&row.id).unwrap_or_default();
            let answer = answers.get(&row.id).filter(|answer| answer.revision == row.sequence);
            Ok(MerchantVisit {
                id: row.id,
                site_name: site.name.clone(),
                site_code: site.code.clone(),
                reference: format!("{}/{}", site.code, row.night.replace('-', "")),
                when: whole.in_full(),
                begun: row.starts_at.utc() <= app.clock.now() || !here.iter().all(is_movable),
                terminals: here
                    .iter()
                    .map(|appointment| {
                        let terminal = &terminals[&appointment.terminal_id];
                        MerchantTerminal {
                            label: terminal.label.clone(),
                            tid: terminal.tid.clone(),
                            when: words(appointment.starts_at, appointment.ends_at).clock(whole.start_date()),
                        }
                    })
                    .collect(),
                cancelled: row.cancelled,
                answer: answer.map(|answer| answer.answer.parse()).transpose().map_err(Error::Corrupt)?,
            })
        })
        .collect()
}

/// Whether an appointment has not begun.
pub(super) fn is_movable(row: &AppointmentRow) -> bool {
    row.state.parse().is_ok_and(AppointmentState::is_movable)
}
