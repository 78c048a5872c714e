//! Visits kept in step with their appointments: opened with the first, widened and narrowed, moved as a whole
//! where they can be, cancelled with the last.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{Changes, Move, SiteFacts, night_of};
use crate::db::appointment::AppointmentRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::appointment::AppointmentState;
use crate::domain::ids::SiteId;
use crate::domain::notice::{NoticeKind, NoticeState};
use crate::service::{App, Error};

/// A visit that the changes touch.
#[derive(Debug)]
pub(super) struct Touched {
    /// As it stands now.
    pub(super) visit: VisitRow,
    /// As it stood before; `None` for a new one.
    pub(super) before: Option<VisitRow>,
    /// What its merchant was told last, if anything.
    pub(super) told: Option<Told>,
    /// Something in it moved or was called off; otherwise it only grew.
    pub(super) disturbed: bool,
    /// It is new because an appointment that had been told of was moved here from this span.
    pub(super) moved_from: Option<(Instant, Instant)>,
    /// The longest notice lead that its appointments ask for, in minutes.
    pub(super) lead_minutes: i32,
}

/// The latest thing put into words about a visit: somebody may have read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The visit's revision then.
    pub(super) revision: i32,
    /// The kind of the notice.
    pub(super) kind: NoticeKind,
}

#[derive(Debug)]
struct Draft {
    row: VisitRow,
    before: Option<VisitRow>,
    inserted: bool,
    disturbed: bool,
    moved_from: Option<(Instant, Instant)>,
    lead_minutes: i32,
    told: Option<Told>,
    /// Where its merchant still believes it to be, while a notice of its move has not been put into words.
    unsaid: Option<(Instant, Instant)>,
}

/// The visits that the changes touch, by id.
#[derive(Debug, Default)]
pub(super) struct Visits {
    drafts: BTreeMap<i64, Draft>,
    by_night: HashMap<(SiteId, NaiveDate), i64>,
}

impl Visits {
    /// Loads every visit that the changes may touch.
    pub(super) fn load(
        connection: &mut Connection,
        changes: &Changes,
        facts: &HashMap<SiteId, SiteFacts>,
    ) -> Result<Visits, Error> {
        let mut wanted: HashSet<(SiteId, NaiveDate)> = HashSet::new();
        for new in &changes.create {
            wanted.insert((new.site_id, night_of(new.starts_at, facts[&new.site_id].zone)));
        }
        for change in &changes.moves {
            wanted.insert((change.site_id, night_of(change.starts_at, facts[&change.site_id].zone)));
        }
        let mut sites: Vec<i64> = wanted.iter().map(|(site, _)| site.0).collect();
        sites.sort_unstable();
        sites.dedup();
        let mut nights: Vec<String> = wanted.iter().map(|(_, night)| night.to_string()).collect();
        nights.sort_unstable();
        nights.dedup();
        let nights: Vec<&str> = nights.iter().map(String::as_str).collect();
        let mut rows = db::visit::at_sites(connection, &sites, &nights)?;
        rows.retain(|row| night(row).is_some_and(|night| wanted.contains(&(SiteId(row.site_id), night))));
        rows.extend(db::visit::by_ids(connection, &changes.visit_ids())?);
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);

        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let (mut told, mut unsaid) = said_of(connection, &ids)?;
        let mut visits = Visits::default();
        for row in rows {
            let (told, unsaid) = (told.remove(&row.id), unsaid.remove(&row.id));
            if let Some(night) = night(&row) {
                visits.by_night.insert((SiteId(row.site_id), night), row.id);
            }
            let before = Some(row.clone());
            visits.drafts.insert(
                row.id,
                Draft {
                    row,
                    before,
                    inserted: true,
                    disturbed: false,
                    moved_from: None,
                    lead_minutes: 0,
                    told,
                    unsaid,
                },
            );
        }
        Ok(visits)
    }

    /// An appointment of this visit is called off.
    pub(super) fn lose(&mut self, visit_id: i64) {
        if let Some(draft) = self.drafts.get_mut(&visit_id) {
            draft.disturbed = true;
        }
    }

    /// The visit that a moved appointment belongs to from now on. A visit of which everything goes `along` to the
    /// same night moves as a whole, if that night is free, and keeps its calendar entry.
    pub(super) fn for_move(
        &mut self,
        connection: &mut Connection,
        app: &App,
        change: &Move,
        night: NaiveDate,
        along: &HashSet<i64>,
        facts: &HashMap<SiteId, SiteFacts>,
    ) -> Result<i64, Error> {
        let Move { appointment: row, site_id, starts_at, ends_at } = change;
        let (site_id, from) = (*site_id, row.visit_id);
        self.lose(from);
        let same_site = self.drafts.get(&from).is_some_and(|draft| draft.row.site_id == site_id.0);
        let stays = self.drafts.get(&from).is_some_and(|draft| draft.row.night == night.to_string());
        if stays && same_site {
            return Ok(from);
        }
        if same_site
            && !self.by_night.contains_key(&(site_id, night))
            && db::appointment::of_visits(connection, &[from])?.iter().all(|other| along.contains(&other.id))
            && let Some(draft) = self.drafts.get_mut(&from)
        {
            self.by_night.retain(|_, id| *id != from);
            draft.row.night = night.to_string();
            self.by_night.insert((site_id, night), from);
            db::visit::update(connection, &draft.row)?;
            return Ok(from);
        }
        let told_at = self.drafts.get(&from).and_then(|draft| {
            let same_merchant = draft.row.merchant_id == facts[&site_id].merchant_id;
            let unsaid = draft.unsaid.filter(|_| row.announced_at.is_none());
            (draft.told.is_some() && same_merchant).then(|| unsaid.unwrap_or((row.starts_at, row.ends_at)))
        });
        self.open_missing(connection, app, &[(site_id, night)], facts)?;
        let span = (Instant::from(*starts_at), Instant::from(*ends_at));
        let to = self.gain(site_id, night, span, row.notice_lead_minutes);
        self.insert_new(connection)?;
        if let Some(told_at) = told_at
            && let Some(draft) = self.drafts.get_mut(&to)
        {
            draft.disturbed = true;
            draft.moved_from.get_or_insert(told_at);
        }
        Ok(to)
    }

    /// Opens a visit for each site and night that has none.
    pub(super) fn open_missing(
        &mut self,
        connection: &mut Connection,
        app: &App,
        keys: &[(SiteId, NaiveDate)],
        facts: &HashMap<SiteId, SiteFacts>,
    ) -> Result<(), Error> {
        let mut missing: Vec<(SiteId, NaiveDate)> =
            keys.iter().filter(|key| !self.by_night.contains_key(key)).copied().collect();
        missing.sort_unstable();
        missing.dedup();
        let ids = db::allot(connection, Table::Visit, missing.len())?;
        let created_at = app.clock.now().timestamp_micros();
        for (id, (site_id, night)) in ids.into_iter().zip(missing) {
            let row = VisitRow {
                id,
                site_id: site_id.0,
                merchant_id: facts[&site_id].merchant_id,
                night: night.to_string(),
                uid: token("visit", id, created_at, &app.settings.mail_domain),
                sequence: 0,
                cancelled: false,
                starts_at: Instant::from(chrono::DateTime::<chrono::Utc>::MIN_UTC),
                ends_at: Instant::from(chrono::DateTime::<chrono::Utc>::MIN_UTC),
            };
            self.by_night.insert((site_id, night), id);
            self.drafts.insert(
                id,
                Draft {
                    row,
                    before: None,
                    inserted: false,
                    disturbed: false,
                    moved_from: None,
                    lead_minutes: 0,
                    told: None,
                    unsaid: None,
                },
            );
        }
        Ok(())
    }

    /// The visit of a site and night, which [`Visits::open_missing`] has opened, grows by this span, of which its
    /// merchant has to know so many minutes ahead.
    pub(super) fn gain(
        &mut self,
        site_id: SiteId,
        night: NaiveDate,
        (starts_at, ends_at): (Instant, Instant),
        lead_minutes: i32,
    ) -> i64 {
        let id = self.by_night[&(site_id, night)];
        if let Some(draft) = self.drafts.get_mut(&id)
            && draft.before.is_none()
        {
            let first = draft.row.ends_at <= draft.row.starts_at;
            draft.row.starts_at = if first { starts_at } else { draft.row.starts_at.min(starts_at) };
            draft.row.ends_at = if first { ends_at } else { draft.row.ends_at.max(ends_at) };
            draft.lead_minutes = draft.lead_minutes.max(lead_minutes);
        }
        id
    }

    /// Writes the visits that were opened.
    pub(super) fn insert_new(&mut self, connection: &mut Connection) -> Result<(), Error> {
        let mut rows = Vec::new();
        for draft in self.drafts.values_mut().filter(|draft| !draft.inserted) {
            draft.inserted = true;
            rows.push(draft.row.clone());
        }
        db::visit::insert(connection, &rows)?;
        Ok(())
    }

    /// Brings spans and revisions up to date with the appointments as they are written now.
    pub(super) fn settle(self, connection: &mut Connection) -> Result<Vec<Touched>, Error> {
        // New visits know their span already, unless a moved appointment came in.
        let known: Vec<i64> = self
            .drafts
            .iter()
            .filter(|(_, draft)| draft.before.is_some() || draft.moved_from.is_some())
            .map(|(id, _)| *id)
            .collect();
        let mut live: HashMap<i64, Vec<AppointmentRow>> = HashMap::new();
        for row in db::appointment::of_visits(connection, &known)? {
            // What is over no longer makes a visit: its merchant hears when nothing else comes.
            if !row.state.parse().is_ok_and(AppointmentState::is_standing) {
                continue;
            }
            live.entry(row.visit_id).or_default().push(row);
        }
        let mut touched = Vec::with_capacity(self.drafts.len());
        for (id, mut draft) in self.drafts {
            if draft.before.is_some() || draft.moved_from.is_some() {
                let rows = live.remove(&id).unwrap_or_default();
                let span =
                    rows.iter().map(|row| row.starts_at).min().zip(rows.iter().map(|row| row.ends_at).max());
                match span {
                    Some((starts_at, ends_at)) => {
                        draft.row.cancelled = false;
                        (draft.row.starts_at, draft.row.ends_at) = (starts_at, ends_at);
                    }
                    None => draft.row.cancelled = true,
                }
                draft.lead_minutes = rows.iter().map(|row| row.notice_lead_minutes).max().unwrap_or(0);
                // Also where nobody has been written to of the last change: its merchant's page gave a link out with it,
                // and what is sent with that one must not be taken for an answer to this.
                if draft.told.is_some() {
                    draft.row.sequence += 1;
                }
                db::visit::update(connection, &draft.row)?;
            }
            let Draft { row: visit, before, disturbed, moved_from, lead_minutes, told, .. } = draft;
            touched.push(Touched { visit, before, told, disturbed, moved_from, lead_minutes });
        }
        Ok(touched)
    }
}

/// What was told last of each visit, and the spans that moves which nobody has heard of came from.
#[expect(clippy::type_complexity, reason = "two maps over the same rows, read once")]
fn said_of(
    connection: &mut Connection,
    ids: &[i64],
) -> Result<(HashMap<i64, Told>, HashMap<i64, (Instant, Instant)>), Error> {
    let mut told: HashMap<i64, Told> = HashMap::new();
    let mut unsaid = HashMap::new();
    for (about, state, in_words) in db::notice::about_visits(connection, ids)? {
        let Ok(kind) = about.kind.parse::<NoticeKind>() else { continue };
        if in_words && kind.is_ahead() && kind != NoticeKind::Reminder {
            let latest = told.entry(about.visit_id).or_insert(Told { revision: about.revision, kind });
            if about.revision > latest.revision {
                *latest = Told { revision: about.revision, kind };
            }
        }
        let waiting = state == NoticeState::Queued.as_str() && !in_words;
        if let Some(span) = about.previous_starts_at.zip(about.previous_ends_at).filter(|_| waiting) {
            unsaid.insert(about.visit_id, span);
        }
    }
    Ok((told, unsaid))
}

fn night(row: &VisitRow) -> Option<NaiveDate> {
    row.night.parse().ok()
}

/// An identifier that is unique beyond this database: `kind.ID.HASH@domain`.
pub(in crate::service) fn token(kind: &str, id: i64, created_at_micros: i64, domain: &str) -> String {
    let digest = Sha256::digest(format!("{kind} {id} {created_at_micros}"));
    format!("{kind}.{id}.{}@{domain}", hex::encode(&digest[..6]))
}
