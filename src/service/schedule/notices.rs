//! What merchants must be told of touched visits: outbox rows, one a merchant a night and kind. A change that
//! comes before its first mail went out is folded into that mail.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
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
    /// So many minutes before the start a reminder leaves; nothing for the others.
    remind_minutes: u32,
    /// What it takes the place of was to leave at this moment.
    was_to_leave: Option<Instant>,
}

impl Saying<'_> {
    /// Its kind, as what is kept of a notice's visits has it: each reminder of a visit is one of its own.
    fn about_kind(&self) -> String {
        match self.kind {
            NoticeKind::Reminder => format!("{}-{}", self.kind.as_str(), self.remind_minutes),
            kind => kind.as_str().to_owned(),
        }
    }
}

/// What was to be said of a visit and nobody has heard of.
#[derive(Debug, Clone, Copy)]
struct Unsaid {
    /// Where its merchant still believes it to be.
    span: Option<(Instant, Instant)>,
    /// When that was to be told.
    was_to_leave: Option<Instant>,
}

/// Notices to write: by merchant, night, kind, and for reminders the minutes, most first.
type Bundles<'a> = BTreeMap<(i64, &'a str, NoticeKind, std::cmp::Reverse<u32>), Vec<Saying<'a>>>;

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
    let unsaid = withdraw_unsaid(connection, &known, NoticeKind::is_ahead)?;

    let mut sayings: Vec<Saying<'_>> = Vec::new();
    for item in touched {
        if let Some(saying) = what_to_say(item, unsaid.get(&item.visit.id)) {
            sayings.push(saying);
        }
        sayings.extend(reminders(app, &item.visit, facts));
    }
    write(connection, app, bundled(sayings), facts, reason, emergency)
}

/// The reminders of a visit. One that would follow on the heels of the announcement says nothing new.
fn reminders<'a>(app: &App, visit: &'a VisitRow, facts: &HashMap<SiteId, SiteFacts>) -> Vec<Saying<'a>> {
    let soon = app.clock.now() + TimeDelta::hours(1);
    let own = facts.get(&SiteId(visit.site_id)).and_then(|fact| fact.reminders.as_ref());
    let leads = own.unwrap_or(&app.settings.reminder_lead_minutes);
    leads
        .minutes()
        .iter()
        .filter(|minutes| {
            let lead = TimeDelta::minutes(i64::from(**minutes));
            !visit.cancelled && visit.starts_at.utc() - lead > soon
        })
        .map(|minutes| Saying {
            visit,
            kind: NoticeKind::Reminder,
            previous: None,
            lead_minutes: 0,
            remind_minutes: *minutes,
            was_to_leave: None,
        })
        .collect()
}

fn bundled(sayings: Vec<Saying<'_>>) -> Bundles<'_> {
    let mut bundles = Bundles::new();
    for saying in sayings {
        let reminder = std::cmp::Reverse(saying.remind_minutes);
        let key = (saying.visit.merchant_id, saying.visit.night.as_str(), saying.kind, reminder);
        bundles.entry(key).or_default().push(saying);
    }
    bundles
}

/// The reminders of these visits that nobody has put into words are queued anew, as their merchants want them now.
pub(super) fn remind_anew(
    connection: &mut Connection,
    app: &App,
    visits: &[VisitRow],
    facts: &HashMap<SiteId, SiteFacts>,
) -> Result<(), Error> {
    let ids: Vec<i64> = visits.iter().map(|visit| visit.id).collect();
    withdraw_unsaid(connection, &ids, |kind| kind == NoticeKind::Reminder)?;
    let said: HashSet<(i64, String, i32)> = db::notice::about_visits(connection, &ids)?
        .into_iter()
        .map(|(about, _, _)| (about.visit_id, about.kind, about.revision))
        .collect();
    let mut sayings: Vec<Saying<'_>> = visits.iter().flat_map(|visit| reminders(app, visit, facts)).collect();
    sayings.retain(|saying| !said.contains(&(saying.visit.id, saying.about_kind(), saying.visit.sequence)));
    write(connection, app, bundled(sayings), facts, None, false)?;
    Ok(())
}

/// Takes touched visits off notices that nobody has put into words yet; what is still to be said is queued
/// anew. A notice that is left without a visit is superseded. Gives what was to be said of changes: the span that an
/// unsaid move came from, as the merchant still knows it, and when it was to be told.
fn withdraw_unsaid(
    connection: &mut Connection,
    visit_ids: &[i64],
    which: impl Fn(NoticeKind) -> bool,
) -> Result<HashMap<i64, Unsaid>, Error> {
    let mut emptied = Vec::new();
    let mut unsaid_of: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut unsaid: HashMap<i64, Unsaid> = HashMap::new();
    let mut changes: Vec<(i64, i64)> = Vec::new();
    for (about, state, in_words) in db::notice::about_visits(connection, visit_ids)? {
        // `sending` without words: claimed by a worker that has not come to it yet, or has died.
        let waiting = [NoticeState::Queued.as_str(), NoticeState::Sending.as_str()].contains(&state.as_str());
        let Some(kind) = NoticeKind::of_about(&about.kind).filter(|kind| which(*kind)) else { continue };
        if waiting && !in_words {
            unsaid_of.entry(about.visit_id).or_default().push(about.notice_id);
            emptied.push(about.notice_id);
            let has_grown = kind == NoticeKind::Announcement && about.previous_starts_at.is_some();
            if has_grown || matches!(kind, NoticeKind::Moved | NoticeKind::Cancelled) {
                let span = about.previous_starts_at.zip(about.previous_ends_at);
                let earlier = unsaid.get(&about.visit_id).and_then(|unsaid| unsaid.span);
                unsaid.insert(about.visit_id, Unsaid { span: span.or(earlier), was_to_leave: None });
                changes.push((about.visit_id, about.notice_id));
            }
        }
    }
    for (visit, notices) in &unsaid_of {
        db::notice::remove_visit(connection, notices, *visit)?;
    }
    let notices: Vec<i64> = changes.iter().map(|(_, notice)| *notice).collect();
    let leave: HashMap<i64, Instant> = db::notice::send_after_of(connection, &notices)?;
    for (visit, notice) in changes {
        if let Some(entry) = unsaid.get_mut(&visit) {
            entry.was_to_leave = entry.was_to_leave.into_iter().chain(leave.get(&notice).copied()).min();
        }
    }
    emptied.sort_unstable();
    emptied.dedup();
    for about in db::notice::visits_of(connection, &emptied)? {
        emptied.retain(|id| *id != about.notice_id);
    }
    let why = "the visit changed before this was sent; what is true now is in a later notice";
    db::notice::enter(connection, &emptied, NoticeState::Superseded, Some(why))?;
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
    let why = "the merchant has another address now";
    db::notice::enter(connection, &waiting, NoticeState::Superseded, Some(why))?;
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
            db::notice_attempt::postpone(connection, id, None, Instant::from(at))?;
        }
    }
    Ok(())
}

fn what_to_say<'a>(item: &'a Touched, unsaid: Option<&Unsaid>) -> Option<Saying<'a>> {
    let visit = &item.visit;
    let told = item.told.filter(|told| told.kind != NoticeKind::Cancelled);
    let (kind, previous) = match (told, &item.before) {
        // What is called off is what the merchant knows of.
        (Some(_), _) if visit.cancelled => (NoticeKind::Cancelled, unsaid.and_then(|unsaid| unsaid.span)),
        (Some(told), Some(before)) if item.disturbed || told.revision < before.sequence => {
            let span = unsaid.and_then(|unsaid| unsaid.span).unwrap_or((before.starts_at, before.ends_at));
            (NoticeKind::Moved, (span != (visit.starts_at, visit.ends_at)).then_some(span))
        }
        // It only grew; the span is kept for what may be said instead, before this is.
        (Some(_), before) => {
            let before = before.as_ref().map(|before| (before.starts_at, before.ends_at));
            (NoticeKind::Announcement, before)
        }
        (None, _) if visit.cancelled => return None,
        // Moved here from where its merchant knows it; or moved on, before that was told.
        (None, _) => match item.moved_from.or(unsaid.and_then(|unsaid| unsaid.span)) {
            Some(known) => (NoticeKind::Moved, Some(known)),
            None => (NoticeKind::Announcement, None),
        },
    };
    Some(Saying {
        visit,
        kind,
        previous,
        lead_minutes: item.lead_minutes,
        remind_minutes: 0,
        was_to_leave: unsaid.and_then(|unsaid| unsaid.was_to_leave),
    })
}

fn write(
    connection: &mut Connection,
    app: &App,
    bundles: Bundles<'_>,
    facts: &HashMap<SiteId, SiteFacts>,
    reason: Option<&str>,
    emergency: bool,
) -> Result<usize, Error> {
    let now = app.clock.now();
    let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
    let settle = minutes(app.settings.change_settle_minutes);
    // When the last reminder of a merchant's night leaves.
    let mut reminded: HashMap<(i64, String), DateTime<Utc>> = HashMap::new();
    let ahead = minutes(app.settings.announce_ahead_minutes);
    let allowance = minutes(app.settings.announce_allowance_minutes);
    let visit_ids: Vec<i64> = bundles.values().flatten().map(|saying| saying.visit.id).collect();
    let held = visits_behind_gates(connection, &visit_ids)?;
    let ids = db::allot(connection, Table::Notice, bundles.len())?;
    let (mut rows, mut abouts) = (Vec::new(), Vec::new());
    for (id, ((merchant_id, night, kind, std::cmp::Reverse(remind)), sayings)) in ids.into_iter().zip(bundles)
    {
        let fact = &facts[&SiteId(sayings[0].visit.site_id)];
        // A merchant without an address is rung up: planning leaves it out, an operator may still insist.
        let Some(recipient) = &fact.recipient else { continue };
        let first_start = sayings.iter().map(|saying| saying.visit.starts_at).min().unwrap_or(now.into());
        let ends_at = sayings.iter().map(|saying| saying.visit.ends_at).max().unwrap_or(first_start);
        let (wanted, latest) = match kind {
            NoticeKind::Reminder => (first_start.utc() - minutes(remind), first_start.utc() - minutes(60)),
            NoticeKind::Announcement | NoticeKind::Moved => {
                let lead = sayings.iter().map(|saying| saying.lead_minutes).max().unwrap_or(0);
                let lead = TimeDelta::minutes(i64::from(lead));
                // What nobody has been told of yet may still change; until its time it is one mail and not two.
                let latest = first_start.utc() - lead - allowance;
                let wanted = match kind {
                    NoticeKind::Moved => settled(now, settle, latest, &sayings),
                    _ => announcement_due(first_start.utc(), ahead, lead, allowance),
                };
                (wanted, latest)
            }
            _ => {
                let latest = first_start.utc() - minutes(60);
                (settled(now, settle, latest, &sayings), latest)
            }
        };
        let send_after = match emergency && kind != NoticeKind::Reminder {
            true => now,
            false => app.settings.quiet_hours.respect(wanted, now, latest, fact.zone),
        };
        if kind == NoticeKind::Reminder {
            // It wakes nobody up.
            if app.settings.quiet_hours.hold(send_after, fact.zone) {
                continue;
            }
            // Two that quiet hours bring together are one.
            let before = reminded.insert((merchant_id, night.to_owned()), send_after);
            if before.is_some_and(|before| send_after - before < TimeDelta::hours(1)) {
                continue;
            }
        }
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
            kind: saying.about_kind(),
            revision: saying.visit.sequence,
            recipient: recipient.clone(),
            previous_starts_at: saying.previous.map(|(start, _)| start),
            previous_ends_at: saying.previous.map(|(_, end)| end),
        }));
    }
    db::notice::insert(connection, &rows, &abouts)?;
    Ok(rows.len())
}

/// When a change is told: after a while, so that several are told in one mail, counted from the first of them; at once if
/// that would be too late.
fn settled(
    now: DateTime<Utc>,
    settle: TimeDelta,
    latest: DateTime<Utc>,
    sayings: &[Saying<'_>],
) -> DateTime<Utc> {
    let first = sayings.iter().filter_map(|saying| saying.was_to_leave).min();
    let wanted = first.map_or(now + settle, |first| first.utc().min(now + settle));
    if wanted > latest { now } else { wanted.max(now) }
}
