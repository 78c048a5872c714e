//! What is still true of a notice: asked when it is put into words, and again at every further attempt.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::db::lock::LockRow;
use crate::db::notice::{NoticeRow, NoticeVisitRow};
use crate::db::visit::VisitRow;
use crate::db::{self, Connection};
use crate::domain::appointment::AppointmentState;
use crate::domain::lock::LockState;
use crate::domain::notice::NoticeKind;
use crate::mail;
use crate::service::{App, Error};

/// What is still true of a notice.
pub(super) struct Truth {
    /// What it was to tell, by visit.
    pub(super) abouts: HashMap<i64, NoticeVisitRow>,
    /// Visits of which it still holds; of one that had begun before its announcement could be sent, what is to come.
    pub(super) visits: Vec<VisitRow>,
    /// When the latest of what had begun of these began.
    begun_at: Option<DateTime<Utc>>,
    /// How many locks it was to tell of.
    lock_count: usize,
    /// Locks of which it still holds.
    pub(super) locks: Vec<LockRow>,
}

impl Truth {
    /// Asks what is true now of one notice.
    pub(super) fn of(connection: &mut Connection, app: &App, notice: &NoticeRow) -> Result<Truth, Error> {
        let truth = Truth::of_each(connection, app, &[notice])?.remove(&notice.id);
        truth.ok_or_else(|| Error::Corrupt(format!("notice {} was asked about and not answered", notice.id)))
    }

    /// Asks what is true now of each of these notices: visits stand in the revision that it tells of, or have gone as
    /// it says, and there is still time to read it.
    pub(super) fn of_each(
        connection: &mut Connection,
        app: &App,
        notices: &[&NoticeRow],
    ) -> Result<HashMap<i64, Truth>, Error> {
        let notice_ids: Vec<i64> = notices.iter().map(|notice| notice.id).collect();
        let mut abouts: HashMap<i64, HashMap<i64, NoticeVisitRow>> = HashMap::new();
        let mut visit_ids: Vec<i64> = Vec::new();
        for about in db::notice::visits_of(connection, &notice_ids)? {
            visit_ids.push(about.visit_id);
            abouts.entry(about.notice_id).or_default().insert(about.visit_id, about);
        }
        visit_ids.sort_unstable();
        visit_ids.dedup();
        let visits: HashMap<i64, VisitRow> =
            db::visit::by_ids(connection, &visit_ids)?.into_iter().map(|visit| (visit.id, visit)).collect();
        let mut lock_ids: HashMap<i64, Vec<i64>> = HashMap::new();
        let with_locks = db::notice_lock::of_notices(connection, &notice_ids)?;
        let all_locks: Vec<i64> = with_locks.iter().map(|(_, lock)| *lock).collect();
        for (notice, lock) in with_locks {
            lock_ids.entry(notice).or_default().push(lock);
        }
        let locks: HashMap<i64, LockRow> =
            db::lock::by_ids(connection, &all_locks)?.into_iter().map(|lock| (lock.id, lock)).collect();
        let now = app.clock.now();
        let is_announcement = |notice: &&NoticeRow| notice.kind == NoticeKind::Announcement.as_str();
        let to_come = match notices.iter().any(is_announcement) {
            true => to_come(connection, visits.values(), now)?,
            false => HashMap::new(),
        };
        let truth = |notice: &&NoticeRow| {
            let abouts = abouts.remove(&notice.id).unwrap_or_default();
            let lock_ids = lock_ids.remove(&notice.id).unwrap_or_default();
            let kind: Result<NoticeKind, String> = notice.kind.parse();
            let holds =
                |visit: &&VisitRow| still_holds(notice, &kind, visit, abouts[&visit.id].revision, now);
            let as_it_holds = |id: &i64| {
                let rest = to_come.get(id).filter(|_| is_announcement(notice)).map(|rest| &rest.visit);
                visits.get(id).into_iter().chain(rest).find(holds)
            };
            let mut told: Vec<&VisitRow> = abouts.keys().filter_map(as_it_holds).collect();
            told.sort_by_key(|visit| visit.id);
            let has_begun = |told: &&&VisitRow| told.starts_at != visits[&told.id].starts_at;
            let begun_at = told.iter().filter(has_begun).map(|told| to_come[&told.id].begun_at).max();
            let ended = kind == Ok(NoticeKind::Unlocked);
            let is_told = |lock: &&LockRow| lock.state.parse().is_ok_and(LockState::is_over) == ended;
            let truth = Truth {
                visits: told.into_iter().cloned().collect(),
                begun_at,
                lock_count: lock_ids.len(),
                locks: lock_ids.iter().filter_map(|id| locks.get(id)).filter(is_told).cloned().collect(),
                abouts,
            };
            (notice.id, truth)
        };
        Ok(notices.iter().map(truth).collect())
    }

    /// Nothing of it is true any more.
    pub(super) fn is_nothing(&self) -> bool {
        self.visits.is_empty() && self.locks.is_empty()
    }

    /// All of it is still true, and nothing has begun since these words were written.
    pub(super) fn is_whole(&self, bytes: &[u8]) -> bool {
        let written_since = |begun| {
            let written = mail::reader::read(bytes).ok().and_then(|mail| mail.date);
            written.is_some_and(|written| begun <= written)
        };
        self.visits.len() == self.abouts.len()
            && self.locks.len() == self.lock_count
            && self.begun_at.is_none_or(written_since)
    }
}

/// A visit that has begun.
struct Rest {
    /// What is still to come of it.
    visit: VisitRow,
    /// When the latest of what had begun began.
    begun_at: DateTime<Utc>,
}

/// What is still to come of those of the visits that have begun.
fn to_come<'v>(
    connection: &mut Connection,
    visits: impl Iterator<Item = &'v VisitRow>,
    now: DateTime<Utc>,
) -> Result<HashMap<i64, Rest>, Error> {
    let begun: HashMap<i64, &VisitRow> = visits
        .filter(|visit| visit.starts_at.utc() <= now && now < visit.ends_at.utc())
        .map(|visit| (visit.id, visit))
        .collect();
    let ids: Vec<i64> = begun.keys().copied().collect();
    let mut rests: HashMap<i64, Rest> = HashMap::new();
    let mut begun_at: HashMap<i64, DateTime<Utc>> = HashMap::new();
    // By start: what has begun comes first.
    for row in db::appointment::of_visits(connection, &ids)? {
        let visit = begun[&row.visit_id];
        if row.starts_at.utc() <= now {
            begun_at.insert(row.visit_id, row.starts_at.utc());
        } else if row.state.parse().is_ok_and(AppointmentState::is_standing) {
            let rest = rests.entry(row.visit_id).or_insert_with(|| Rest {
                visit: VisitRow { starts_at: row.starts_at, ends_at: row.ends_at, ..visit.clone() },
                begun_at: begun_at.get(&row.visit_id).copied().unwrap_or(visit.starts_at.utc()),
            });
            rest.visit.ends_at = rest.visit.ends_at.max(row.ends_at);
        }
    }
    Ok(rests)
}

/// Whether what `notice` tells of a visit in that revision is still so.
fn still_holds(
    notice: &NoticeRow,
    kind: &Result<NoticeKind, String>,
    visit: &VisitRow,
    revision: i32,
    now: DateTime<Utc>,
) -> bool {
    let holds = match kind {
        Ok(NoticeKind::Cancelled) => visit.cancelled,
        // A visit is called off with its last appointment; others of it may be done.
        Ok(NoticeKind::Completed | NoticeKind::Missed) => return true,
        _ if visit.cancelled => false,
        // What could not wait, and what changes, is worth knowing even while it goes on.
        Ok(NoticeKind::Moved | NoticeKind::Started) => visit.ends_at.utc() > now,
        _ if notice.emergency => visit.ends_at.utc() > now,
        _ => visit.starts_at.utc() > now,
    };
    holds && revision == visit.sequence
}
