//! Merchants who have not been told of a visit to come, or not in time; and the ways out: another address, another
//! attempt, a call, or to go on all the same.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use crate::api::Because;
use crate::api::notice::{AddressChange, CallReport, NoticeView, RetryRequest, Unreached, UnreachedReason};
use crate::db::appointment::AppointmentRow;
use crate::db::fleet::MerchantRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::fleet::{clean_text, is_email_address};
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::service::audit::{Change, record};
use crate::service::calendar::not_found;
use crate::service::campaign::visits_behind_gates;
use crate::service::fleet::places_of;
use crate::service::{Actor, App, Error, schedule};

/// Visits on the list.
const LIST_MAX: i64 = 1000;

/// Visits of one merchant that are looked at.
const OF_MERCHANT_MAX: usize = 500;

/// How far ahead of its notice lead an appointment without an announcement is worth a look.
const IN_GOOD_TIME: TimeDelta = TimeDelta::days(1);

/// Appointments whose notice lead is longer are found when it has begun.
const LEAD_MAX: TimeDelta = TimeDelta::days(14);

/// Visits to come of which a merchant has not been told, the earliest first.
pub fn list(app: &App) -> Result<Vec<Unreached>, Error> {
    let now = app.clock.now();
    app.database.read(|connection| {
        let mut found = Found::new();
        let mut visits: HashMap<i64, VisitRow> = HashMap::new();
        let from = Instant::from(now);
        // No appointment has a longer lead than what made it.
        let longest = db::campaign::longest_lead(connection)?.unwrap_or_default();
        let longest = i64::from(longest).max(i64::from(app.settings.notice_lead_minutes));
        let until = Instant::from(now + LEAD_MAX.min(TimeDelta::minutes(longest)) + IN_GOOD_TIME);
        let soon = Instant::from(now + IN_GOOD_TIME);
        let late = db::unreached::late(connection, from, until, soon, LIST_MAX)?;
        // Of a wave that has not opened nobody is to be told yet.
        let behind = visits_behind_gates(connection, &late)?;
        for visit in db::visit::by_ids(connection, &late)? {
            if behind.contains(&visit.id) {
                continue;
            }
            found.insert(visit.id, (UnreachedReason::NotAcceptedYet, None));
            visits.insert(visit.id, visit);
        }
        let told_late = db::unreached::told_late(connection, from, LIST_MAX)?;
        for visit in db::visit::by_ids(connection, &told_late)? {
            found.insert(visit.id, (UnreachedReason::ToldTooLate, None));
            visits.insert(visit.id, visit);
        }
        // Whom no mail can reach is told of as soon as there is a visit, however far ahead.
        for visit in db::unreached::without_address(connection, from, LIST_MAX)? {
            found.insert(visit.id, (UnreachedReason::NoAddress, None));
            visits.insert(visit.id, visit);
        }
        for (visit, why) in db::unreached::suppressed(connection, from, LIST_MAX)? {
            found.insert(visit.id, (UnreachedReason::Suppressed, Some(why)));
            visits.insert(visit.id, visit);
        }
        for (visit, state, error) in db::unreached::refused(connection, from, LIST_MAX)? {
            let came_back = state == NoticeState::Bounced.as_str();
            let reason = if came_back { UnreachedReason::CameBack } else { UnreachedReason::Refused };
            found.insert(visit.id, (reason, error));
            visits.insert(visit.id, visit);
        }
        views(connection, found, &visits)
    })
}

type Found = BTreeMap<i64, (UnreachedReason, Option<String>)>;

/// These visits as a list; those of which nothing waits for its announcement are left out.
fn views(
    connection: &mut Connection,
    found: Found,
    visits: &HashMap<i64, VisitRow>,
) -> Result<Vec<Unreached>, Error> {
    let ids: Vec<i64> = found.keys().copied().collect();
    let mut waiting: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in db::appointment::of_visits(connection, &ids)? {
        if is_untold(&row) || is_told_late(&row) {
            waiting.entry(row.visit_id).or_default().push(row.id);
        }
    }
    let (sites, merchants) = places_of(connection, visits.values())?;
    let mut list = Vec::new();
    for (id, (reason, detail)) in found {
        let Some(appointments) = waiting.remove(&id) else { continue };
        let visit = &visits[&id];
        let merchant = &merchants[&visit.merchant_id];
        let reason = if merchant.email.is_none() { UnreachedReason::NoAddress } else { reason };
        list.push(Unreached {
            visit: id,
            merchant_number: merchant.number.clone(),
            merchant_name: merchant.name.clone(),
            phone: merchant.phone.clone(),
            email: merchant.email.clone(),
            site_code: sites[&visit.site_id].code.clone(),
            starts_at: visit.starts_at.utc(),
            appointments,
            reason,
            detail,
        });
    }
    list.sort_by_key(|row| (row.starts_at, row.visit));
    list.truncate(usize::try_from(LIST_MAX).unwrap_or(usize::MAX));
    Ok(list)
}

fn is_untold(row: &AppointmentRow) -> bool {
    row.announced_at.is_none() && !row.emergency && row.state == AppointmentState::Planned.as_str()
}

/// Whether its merchant was told later than the notice lead asks for, so that it will not open.
fn is_told_late(row: &AppointmentRow) -> bool {
    let lead = TimeDelta::minutes(i64::from(row.notice_lead_minutes));
    let late = |told: Instant| told.utc() + lead > row.starts_at.utc();
    !row.emergency && row.state == AppointmentState::Announced.as_str() && row.announced_at.is_some_and(late)
}

/// The same of one merchant, among its next visits.
pub(in crate::service) fn of_merchant(
    connection: &mut Connection,
    app: &App,
    merchant: &MerchantRow,
) -> Result<Vec<Unreached>, Error> {
    let now = app.clock.now();
    let mut visits = db::visit::of_merchant(connection, merchant.id, Instant::from(now))?;
    visits.truncate(OF_MERCHANT_MAX);
    let visits: HashMap<i64, VisitRow> = visits.into_iter().map(|visit| (visit.id, visit)).collect();
    let ids: Vec<i64> = visits.keys().copied().collect();
    let suppressed = match &merchant.email {
        Some(email) => db::suppression::find(connection, email)?,
        None => None,
    };
    let mut found = Found::new();
    for row in db::appointment::of_visits(connection, &ids)? {
        let lead = TimeDelta::minutes(i64::from(row.notice_lead_minutes));
        if merchant.email.is_none() {
            found.insert(row.visit_id, (UnreachedReason::NoAddress, None));
        } else if let Some(why) = &suppressed {
            found.insert(row.visit_id, (UnreachedReason::Suppressed, Some(why.reason.clone())));
        } else if is_told_late(&row) && row.starts_at.utc() > now {
            found.insert(row.visit_id, (UnreachedReason::ToldTooLate, None));
        } else if row.starts_at.utc() > now && row.starts_at.utc() - lead <= now + IN_GOOD_TIME {
            found.entry(row.visit_id).or_insert((UnreachedReason::NotAcceptedYet, None));
        }
    }
    let over = [NoticeState::Failed.as_str(), NoticeState::Bounced.as_str(), NoticeState::Expired.as_str()];
    let announcing = [NoticeKind::Announcement.as_str(), NoticeKind::Moved.as_str()];
    for (about, state, _) in db::notice::about_visits(connection, &ids)? {
        let as_it_stands = about.revision == visits[&about.visit_id].sequence;
        if as_it_stands && over.contains(&state.as_str()) && announcing.contains(&about.kind.as_str()) {
            let came_back = state == NoticeState::Bounced.as_str();
            let reason = if came_back { UnreachedReason::CameBack } else { UnreachedReason::Refused };
            let error = db::notice::find(connection, about.notice_id)?.and_then(|row| row.last_error);
            found.insert(about.visit_id, (reason, error));
        }
    }
    views(connection, found, &visits)
}

/// Somebody has told the merchant of a visit by telephone: its appointments count as announced from now on.
pub fn told(app: &App, actor: &Actor, visit_id: i64, report: &CallReport) -> Result<(), Error> {
    let who = clean_text(&report.who);
    if who.is_empty() {
        return Err(Error::invalid("who", "say who was told, by name"));
    }
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let visit = standing(connection, visit_id)?;
        let at = time_of_call(connection, app, visit.id, report)?;
        let told = db::appointment::announce(connection, &[visit.id], at)?
            + db::unreached::told_earlier(connection, visit.id, at)?;
        if told == 0 {
            return Err(Error::Conflict(format!(
                "visit {visit_id} has no appointment that waits to be announced"
            )));
        }
        let words = report.words.as_deref().map(clean_text);
        let told = serde_json::json!({"who": who, "at": at.utc()});
        let change =
            Change::new("visit.told", format!("visit {visit_id}")).after(&told).because(words.as_deref());
        record(connection, app, actor, change)?;
        Ok(())
    })
}

/// The visit goes on though its merchant has not been told in time; on the record, with the reason.
pub fn go_on(app: &App, actor: &Actor, visit_id: i64, because: &Because) -> Result<(), Error> {
    let reason = because.reason.as_deref().map(clean_text).filter(|reason| !reason.is_empty());
    let reason =
        reason.ok_or_else(|| Error::invalid("reason", "say why the merchant need not know in time"))?;
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let visit = standing(connection, visit_id)?;
        if db::unreached::waive(connection, visit.id)? == 0 {
            return Err(Error::Conflict(format!(
                "visit {visit_id} has no appointment that waits to be announced"
            )));
        }
        let change = Change::new("visit.override", format!("visit {visit_id}")).because(Some(&reason));
        record(connection, app, actor, change)?;
        Ok(())
    })
}

/// When the merchant was told: now, or earlier, but of the time that the visit has now.
fn time_of_call(
    connection: &mut Connection,
    app: &App,
    visit_id: i64,
    report: &CallReport,
) -> Result<Instant, Error> {
    let now = app.clock.now();
    let at = report.at.unwrap_or(now);
    if at > now {
        return Err(Error::invalid("at", "the call lies in the future; note it when it has been made"));
    }
    let told_of_another = |row: &AppointmentRow| {
        row.state == AppointmentState::Planned.as_str() && (row.revision > 0 || row.created_at.utc() > at)
    };
    if at < now && db::appointment::of_visits(connection, &[visit_id])?.iter().any(told_of_another) {
        let message = "the visit was set to its time after this call, or moved since; call again, and leave the time \
                       out";
        return Err(Error::invalid("at", message));
    }
    Ok(Instant::from(at))
}

fn standing(connection: &mut Connection, visit_id: i64) -> Result<VisitRow, Error> {
    let visit = db::visit::by_ids(connection, &[visit_id])?.pop();
    let visit = visit.ok_or_else(|| not_found("visit", visit_id, "see `offpeak notice unreached`"))?;
    if visit.cancelled {
        return Err(Error::Conflict(format!("visit {visit_id} has been called off")));
    }
    Ok(visit)
}

/// Gives a merchant another address; what is to come and has not been announced is announced there.
pub fn change_address(app: &App, actor: &Actor, number: &str, change: &AddressChange) -> Result<(), Error> {
    if !is_email_address(&change.email) {
        return Err(Error::invalid("email", "this is not a mail address; write it as name@shop.example"));
    }
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let merchant = db::fleet::merchants_by_number(connection, &[number])?.pop();
        let merchant = merchant.ok_or_else(|| Error::NotFound {
            what: "merchant",
            key: number.to_owned(),
            remedy: "see `offpeak merchant list`",
        })?;
        if merchant.email.as_deref() == Some(change.email.as_str()) {
            return Err(Error::Conflict(format!(
                "merchant {number} has this address already; `offpeak notice retry` sends there again"
            )));
        }
        let now = Instant::from(app.clock.now());
        db::fleet::set_email(connection, merchant.id, &change.email, now)?;
        let notices = announce_to_new_address(connection, app, merchant.id, &change.email)?;
        let entry = Change::new("merchant.address", format!("merchant {number}"))
            .before(&merchant.email)
            .after(&serde_json::json!({"email": change.email, "notices": notices}))
            .because(change.reason.as_deref());
        record(connection, app, actor, entry)?;
        Ok(())
    })
}

/// Tries at once what failed or was put off on the way to a domain, as far as it is still of use; how many that is.
pub fn retry_domain(app: &App, actor: &Actor, request: &RetryRequest) -> Result<u64, Error> {
    let domain = super::outbox::domain_of(&format!("x@{}", request.domain.trim()));
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let now = Instant::from(app.clock.now());
        let notices = db::notice_stats::retry_domain(connection, &domain, now)?;
        if notices == 0 {
            return Err(Error::Conflict(format!(
                "no notice to {domain} has failed or been put off and is still of use; see `offpeak notice stats`"
            )));
        }
        let change = Change::new("notice.retry", format!("domain {domain}"))
            .after(&serde_json::json!({"notices": notices}))
            .because(request.reason.as_deref());
        record(connection, app, actor, change)?;
        Ok(u64::try_from(notices).unwrap_or(u64::MAX))
    })
}

/// Mail of a merchant goes to `email` from now on: what is to come and has not been announced is announced there. How
/// many notices were queued.
pub(in crate::service) fn announce_to_new_address(
    connection: &mut Connection,
    app: &App,
    merchant_id: i64,
    email: &str,
) -> Result<u64, Error> {
    db::suppression::lift(connection, email)?;
    let now = Instant::from(app.clock.now());
    let mut visits = db::visit::of_merchant(connection, merchant_id, now)?;
    let ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
    let mut waiting: Vec<i64> = Vec::new();
    for row in db::appointment::of_visits(connection, &ids)? {
        if row.announced_at.is_none() && row.state == AppointmentState::Planned.as_str() {
            waiting.push(row.visit_id);
        }
    }
    visits.retain(|visit| waiting.contains(&visit.id));
    Ok(schedule::announce_again(connection, app, visits)? as u64)
}

/// Tries a notice once more that was refused for good, or at once one that was put off; its address is no longer
/// suppressed.
pub fn retry(app: &App, actor: &Actor, NoticeId(id): NoticeId) -> Result<NoticeView, Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = super::find(connection, id)?;
        let now = app.clock.now();
        if row.expires_at.utc() <= now {
            return Err(Error::Conflict(format!("notice {id} would come too late to be of use")));
        }
        if !db::notice::requeue(connection, id, Instant::from(now))? {
            return Err(Error::Conflict(format!(
                "notice {id} is {}; only one that failed, came back or was deferred is tried again",
                row.state
            )));
        }
        db::suppression::lift(connection, &row.recipient)?;
        let change = Change::new("notice.retry", format!("notice {id}")).before(&row.last_error);
        record(connection, app, actor, change)?;
        let row = super::find(connection, id)?;
        super::views(connection, vec![row])?
            .pop()
            .ok_or_else(|| not_found("notice", id, "see `offpeak notice list`"))
    })
}
