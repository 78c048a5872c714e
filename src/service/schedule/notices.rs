//! What merchants must be told of touched visits: outbox rows, one a merchant a night and kind. A change that
//! comes before its first mail went out is folded into that mail.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::SiteFacts;
use super::visits::Touched;
use crate::db::notice::NoticeVisitRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::ids::SiteId;
use crate::domain::notice::{NoticeKind, NoticeState, announcement_due};
use crate::service::campaign::visits_behind_gates;
use crate::service::notice::outbox::{self, NewNotice};
use crate::service::{App, Error};

/// Something to say about one visit.
struct Saying<'a> {
    visit: &'a VisitRow,
    kind: NoticeKind,
    previous: Option<(Instant, Instant)>,
    /// So many minutes before the start it has to be known.
    lead_minutes: i32,
}

/// Queues the notices that follow from `touched`; how many.
pub(super) fn enqueue(
    connection: &mut Connection,
    app: &App,
    touched: &[Touched],
    facts: &HashMap<SiteId, SiteFacts>,
    reason: Option<&str>,
    emergency: bool,
) -> Result<usize, Error> {
    let known: Vec<i64> =
        touched.iter().filter(|item| item.before.is_some()).map(|item| item.visit.id).collect();
    let unsaid = withdraw_unsaid(connection, &known)?;

    let now = app.clock.now();
    let reminder_lead = TimeDelta::minutes(i64::from(app.settings.reminder_lead_minutes));
    let mut sayings: Vec<Saying<'_>> = Vec::new();
    for item in touched {
        if let Some(saying) = what_to_say(item, unsaid.get(&item.visit.id)) {
            sayings.push(saying);
        }
        // A reminder that would follow on the heels of the announcement says nothing new.
        if !item.visit.cancelled && item.visit.starts_at.utc() - reminder_lead > now + TimeDelta::hours(1) {
            sayings.push(Saying {
                visit: &item.visit,
                kind: NoticeKind::Reminder,
                previous: None,
                lead_minutes: 0,
            });
        }
    }
    let mut bundles: BTreeMap<(i64, &str, NoticeKind), Vec<Saying<'_>>> = BTreeMap::new();
    for saying in sayings {
        let key = (saying.visit.merchant_id, saying.visit.night.as_str(), saying.kind);
        bundles.entry(key).or_default().push(saying);
    }
    write(connection, app, bundles, facts, reason, emergency)
}

/// Takes touched visits off notices that nobody has put into words yet; what is still to be said is queued
/// anew. A notice that is left without a visit is superseded. Gives the span that an unsaid move came from, as
/// the merchant still knows it.
fn withdraw_unsaid(
    connection: &mut Connection,
    visit_ids: &[i64],
) -> Result<HashMap<i64, (Instant, Instant)>, Error> {
    let mut emptied = Vec::new();
    let mut unsaid = HashMap::new();
    for (about, state, in_words) in db::notice::about_visits(connection, visit_ids)? {
        // `sending` without words: claimed by a worker that has not come to it yet, or has died.
        let waiting = [NoticeState::Queued.as_str(), NoticeState::Sending.as_str()].contains(&state.as_str());
        let ahead = about.kind.parse().is_ok_and(NoticeKind::is_ahead);
        if waiting && ahead && !in_words {
            db::notice::remove_visit(connection, about.notice_id, about.visit_id)?;
            emptied.push(about.notice_id);
            if let Some(span) = about.previous_starts_at.zip(about.previous_ends_at) {
                unsaid.insert(about.visit_id, span);
            }
        }
    }
    emptied.sort_unstable();
    emptied.dedup();
    for about in db::notice::visits_of(connection, &emptied)? {
        emptied.retain(|id| *id != about.notice_id);
    }
    for id in emptied {
        let ending = db::notice::Ending {
            state: NoticeState::Superseded,
            accepted_at: None,
            next_attempt_at: None,
            error: Some("the visit changed before this was sent; what is true now is in a later notice"),
        };
        db::notice::end_attempt(connection, id, None, &ending)?;
    }
    Ok(unsaid)
}

/// Supersedes what has been put into words about these visits and waits for another attempt.
pub(super) fn supersede_waiting(connection: &mut Connection, visit_ids: &[i64]) -> Result<(), Error> {
    let mut waiting: Vec<i64> = db::notice::about_visits(connection, visit_ids)?
        .into_iter()
        .filter(|(_, state, _)| state == NoticeState::Deferred.as_str())
        .map(|(about, _, _)| about.notice_id)
        .collect();
    waiting.sort_unstable();
    waiting.dedup();
    for id in waiting {
        let ending = db::notice::Ending {
            state: NoticeState::Superseded,
            accepted_at: None,
            next_attempt_at: None,
            error: Some("the merchant has another address now"),
        };
        db::notice::end_attempt(connection, id, None, &ending)?;
    }
    Ok(())
}

/// Notices about these visits that wait for the latest moment because a wave had not opened wait no longer.
pub(super) fn wake(
    connection: &mut Connection,
    app: &App,
    visits: &[VisitRow],
    facts: &HashMap<SiteId, SiteFacts>,
) -> Result<(), Error> {
    let now = app.clock.now();
    let zones: HashMap<i64, Tz> =
        visits.iter().map(|visit| (visit.id, facts[&SiteId(visit.site_id)].zone)).collect();
    let ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
    let held = visits_behind_gates(connection, &ids)?;
    let mut waiting: BTreeMap<i64, Tz> = BTreeMap::new();
    for (about, state, in_words) in db::notice::about_visits(connection, &ids)? {
        if state == NoticeState::Queued.as_str() && !in_words && !held.contains(&about.visit_id) {
            waiting.insert(about.notice_id, zones[&about.visit_id]);
        }
    }
    for (id, zone) in waiting {
        let Some(row) = db::notice::find(connection, id)? else { continue };
        let latest = row.next_attempt_at.utc();
        let at = app.settings.quiet_hours.respect(row.send_after.utc(), now, latest, zone);
        if at < latest {
            db::notice::postpone(connection, id, None, Instant::from(at))?;
        }
    }
    Ok(())
}

fn what_to_say<'a>(item: &'a Touched, unsaid: Option<&(Instant, Instant)>) -> Option<Saying<'a>> {
    let visit = &item.visit;
    let told = item.told.filter(|told| told.kind != NoticeKind::Cancelled);
    let (kind, previous) = match (told, &item.before) {
        (Some(_), _) if visit.cancelled => (NoticeKind::Cancelled, None),
        (Some(told), Some(before)) if item.disturbed || told.revision < before.sequence => {
            let span = unsaid.copied().unwrap_or((before.starts_at, before.ends_at));
            (NoticeKind::Moved, (span != (visit.starts_at, visit.ends_at)).then_some(span))
        }
        (Some(_), _) => (NoticeKind::Announcement, None),
        (None, _) if visit.cancelled => return None,
        (None, _) if item.moved_from.is_some() => (NoticeKind::Moved, item.moved_from),
        (None, _) => (NoticeKind::Announcement, None),
    };
    Some(Saying { visit, kind, previous, lead_minutes: item.lead_minutes })
}

fn write(
    connection: &mut Connection,
    app: &App,
    bundles: BTreeMap<(i64, &str, NoticeKind), Vec<Saying<'_>>>,
    facts: &HashMap<SiteId, SiteFacts>,
    reason: Option<&str>,
    emergency: bool,
) -> Result<usize, Error> {
    let now = app.clock.now();
    let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
    let reminder_lead = minutes(app.settings.reminder_lead_minutes);
    let ahead = minutes(app.settings.announce_ahead_minutes);
    let allowance = minutes(app.settings.announce_allowance_minutes);
    let visit_ids: Vec<i64> = bundles.values().flatten().map(|saying| saying.visit.id).collect();
    let held = visits_behind_gates(connection, &visit_ids)?;
    let ids = db::allot(connection, Table::Notice, bundles.len())?;
    let (mut rows, mut abouts) = (Vec::new(), Vec::new());
    for (id, ((merchant_id, night, kind), sayings)) in ids.into_iter().zip(bundles) {
        let fact = &facts[&SiteId(sayings[0].visit.site_id)];
        // A merchant without an address is rung up: planning leaves it out, an operator may still insist.
        let Some(recipient) = &fact.recipient else { continue };
        let first_start = sayings.iter().map(|saying| saying.visit.starts_at).min().unwrap_or(now.into());
        let ends_at = sayings.iter().map(|saying| saying.visit.ends_at).max().unwrap_or(first_start);
        let (wanted, latest) = match kind {
            NoticeKind::Reminder => (first_start.utc() - reminder_lead, first_start.utc() - minutes(60)),
            NoticeKind::Announcement | NoticeKind::Moved => {
                let lead = sayings.iter().map(|saying| saying.lead_minutes).max().unwrap_or(0);
                let lead = TimeDelta::minutes(i64::from(lead));
                // What nobody has been told of yet may still change; until its time it is one mail and not two.
                let wanted = match kind {
                    NoticeKind::Moved => now,
                    _ => announcement_due(first_start.utc(), ahead, lead, allowance),
                };
                (wanted, first_start.utc() - lead - allowance)
            }
            _ => (now, first_start.utc() - minutes(60)),
        };
        let send_after = match emergency {
            true => now,
            false => app.settings.quiet_hours.respect(wanted, now, latest, fact.zone),
        };
        // That something is called off is worth a day's attempts, however soon it was to be.
        let expires_at = match kind {
            NoticeKind::Cancelled => ends_at.max(Instant::from(now + TimeDelta::days(1))),
            _ => ends_at,
        };
        let mut row = outbox::row(
            app,
            id,
            NewNotice {
                kind,
                merchant_id,
                night,
                recipient,
                locale: fact.locale.as_str(),
                reason,
                emergency,
                send_after,
                expires_at: expires_at.utc(),
            },
        );
        // Of what may never open nobody is told before it is known that it does; then it is told in time, or not at all.
        if kind == NoticeKind::Announcement && sayings.iter().any(|saying| held.contains(&saying.visit.id)) {
            row.next_attempt_at = row.next_attempt_at.max(Instant::from(latest));
        }
        rows.push(row);
        abouts.extend(sayings.iter().map(|saying| NoticeVisitRow {
            notice_id: id,
            visit_id: saying.visit.id,
            kind: kind.as_str().to_owned(),
            revision: saying.visit.sequence,
            recipient: recipient.clone(),
            previous_starts_at: saying.previous.map(|(start, _)| start),
            previous_ends_at: saying.previous.map(|(_, end)| end),
        }));
    }
    db::notice::insert(connection, &rows, &abouts)?;
    Ok(rows.len())
}
