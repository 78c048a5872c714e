//! What is down in a night, as the appointments say it: kept, since every picture and every question of that night counts
//! the same rows. What has changed since is read from the audit trail, which tells of every appointment that changes.

use std::collections::hash_map::{self, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::labels::NONE;
use super::places::Places;
use crate::clock::Stopwatch;
use crate::db::places::NightSpanRow;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::calendar::SlotGrid;
use crate::service::{App, Error};

/// Nights that are kept; the one that was asked for longest ago goes first.
const KEPT_MAX: usize = 100;

/// With more entries on the trail than this a night is read anew.
const ENTRIES_MAX: usize = 2_000;

/// What these change is not an appointment's time; whatever else the trail tells of may be.
const OTHERS: [&str; 19] = [
    "account",
    "address",
    "approval",
    "blackout",
    "budget",
    "inbound_mail",
    "link_key",
    "lock",
    "merchant",
    "notice",
    "programme",
    "session",
    "token",
    "visit",
    "webhook",
    "window",
    "plan.create",
    "plan.solved",
    "plan.discard",
];

/// A night, from UTC noon to noon.
#[derive(Clone, Debug)]
pub(in crate::service) struct Night {
    pub(in crate::service) grid: SlotGrid,
    /// By terminal: what is known of each lies in memory in that order too.
    pub(in crate::service) rows: Arc<Vec<NightRow>>,
    /// The place on the audit trail up to which it is right.
    position: i64,
    /// What the rows' places are among, if that was at hand.
    places: Option<Arc<Places>>,
}

/// An appointment that has, had or was to have a part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::service) struct NightRow {
    pub(in crate::service) terminal_id: i64,
    pub(in crate::service) appointment_id: i64,
    pub(in crate::service) starts_at: Instant,
    pub(in crate::service) ends_at: Instant,
    /// Half-open, within the night.
    pub(in crate::service) slots: (u16, u16),
    /// As `planned` where it is announced: the trail tells of the mail, not of the appointment.
    pub(in crate::service) state: AppointmentState,
    /// Of the terminal, or [`NONE`].
    place: u32,
}

/// The noon at which the night of this date begins.
pub(in crate::service) fn noon_of(date: NaiveDate) -> Result<DateTime<Utc>, Error> {
    date.and_hms_opt(12, 0, 0)
        .map(|noon| noon.and_utc())
        .ok_or_else(|| Error::invalid("night", format!("{date} is out of range")))
}

/// The nights that have a part in `range`.
pub(in crate::service) fn dates_in(range: Range<DateTime<Utc>>) -> impl Iterator<Item = NaiveDate> {
    // At the very beginning of time there is no evening before.
    let evening = |instant: DateTime<Utc>, before: TimeDelta| {
        instant.checked_sub_signed(before).unwrap_or(instant).date_naive()
    };
    let noon = TimeDelta::hours(12);
    let last = evening(range.end, noon + TimeDelta::microseconds(1));
    evening(range.start, noon).iter_days().take_while(move |date| *date <= last)
}

#[derive(Debug)]
struct Entry {
    night: Arc<Night>,
    asked: Stopwatch,
}

/// Nights by the date of their evening.
#[derive(Debug, Default)]
pub struct KeptNights {
    entries: Mutex<HashMap<NaiveDate, Entry>>,
}

/// What has changed since a place on the trail, as it stands now; none if that cannot be told one by one.
type Changed = Option<(Vec<i64>, Vec<NightSpanRow>)>;

impl KeptNights {
    /// These nights as the caller's snapshot sees them, or a moment later. Not within a transaction that has changed
    /// anything: it would be kept although it may never come to be.
    pub(in crate::service) fn of(
        &self,
        app: &App,
        connection: &mut Connection,
        dates: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<Vec<Arc<Night>>, Error> {
        let position = db::audit::position(connection)?;
        let places = app.places.at_hand(app, connection)?;
        let mut changes: HashMap<i64, Changed> = HashMap::new();
        let mut nights = Vec::new();
        for date in dates {
            let known = self.known(date);
            let is_right =
                |known: &&Arc<Night>| known.position >= position && known.is_among(places.as_ref());
            if let Some(known) = known.as_ref().filter(is_right) {
                nights.push(Arc::clone(known));
                continue;
            }
            let mut patched = None;
            if let Some(known) = known {
                let changed = match changes.entry(known.position) {
                    hash_map::Entry::Occupied(entry) => entry.into_mut(),
                    hash_map::Entry::Vacant(entry) => {
                        entry.insert(changed_since(connection, known.position)?)
                    }
                };
                if let Some((ids, rows)) = changed {
                    patched = Some(known.patched(ids, rows, position, places.clone()));
                }
            }
            let night = match patched {
                Some(night) => {
                    #[cfg(debug_assertions)]
                    night.must_be(Night::read(connection, app, date, position, places.clone())?);
                    night
                }
                None => Night::read(connection, app, date, position, places.clone())?,
            };
            nights.push(self.keep(date, night));
        }
        Ok(nights)
    }

    fn known(&self, date: NaiveDate) -> Option<Arc<Night>> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&date)?;
        entry.asked = Stopwatch::start();
        Some(Arc::clone(&entry.night))
    }

    fn keep(&self, date: NaiveDate, night: Night) -> Arc<Night> {
        let night = Arc::new(night);
        let mut entries = self.lock();
        let is_newer = |entry: &Entry| entry.night.position > night.position;
        if !entries.get(&date).is_some_and(is_newer) {
            entries.insert(date, Entry { night: Arc::clone(&night), asked: Stopwatch::start() });
        }
        if entries.len() > KEPT_MAX {
            let oldest = entries.iter().max_by_key(|(_, entry)| entry.asked.elapsed_ms());
            if let Some(oldest) = oldest.map(|(date, _)| *date) {
                entries.remove(&oldest);
            }
        }
        night
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<NaiveDate, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which appointments have changed after a place on the trail, and how they stand.
fn changed_since(connection: &mut Connection, position: i64) -> Result<Changed, Error> {
    let limit = i64::try_from(ENTRIES_MAX).unwrap_or(i64::MAX);
    let entries = db::audit::chained_since(connection, position, limit + 1)?;
    if entries.len() > ENTRIES_MAX {
        return Ok(None);
    }
    let mut ids = Vec::new();
    for (action, subject) in entries {
        let appointment = subject.strip_prefix("appointment ").and_then(|id| id.parse().ok());
        let kind = action.split('.').next().unwrap_or_default();
        match appointment {
            Some(id) => ids.push(id),
            None if OTHERS.iter().any(|other| *other == kind || *other == action) => {}
            None => return Ok(None),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let rows = db::places::night_spans_of(connection, &ids)?;
    Ok(Some((ids, rows)))
}

impl Night {
    fn read(
        connection: &mut Connection,
        app: &App,
        date: NaiveDate,
        position: i64,
        places: Option<Arc<Places>>,
    ) -> Result<Self, Error> {
        let from = noon_of(date)?;
        let to = from + TimeDelta::days(1);
        let grid = SlotGrid::covering(from..to, app.settings.slot_minutes)
            .map_err(|error| Error::Corrupt(format!("the slots of a night: {error}")))?;
        let rows = db::places::night_spans(connection, Instant::from(from), Instant::from(to))?;
        let rows = rows.iter().filter_map(|row| row_of(&grid, row)).collect();
        Ok(Night { rows: in_places(rows, places.as_deref()), grid, position, places })
    }

    /// The night with these appointments as they stand now.
    fn patched(
        &self,
        ids: &[i64],
        rows: &[NightSpanRow],
        position: i64,
        places: Option<Arc<Places>>,
    ) -> Self {
        let is_changed = |row: &NightRow| ids.binary_search(&row.appointment_id).is_ok();
        let now: Vec<NightRow> = rows.iter().filter_map(|row| row_of(&self.grid, row)).collect();
        let mut night = Night { position: position.max(self.position), ..self.clone() };
        // Most changes are of other nights.
        if !now.is_empty() || !night.is_among(places.as_ref()) || night.rows.iter().any(is_changed) {
            let others = self.rows.iter().filter(|row| !is_changed(row)).copied();
            night.rows = in_places(others.chain(now).collect(), places.as_deref());
            night.places = places;
        }
        night
    }

    fn is_among(&self, places: Option<&Arc<Places>>) -> bool {
        match (&self.places, places) {
            (Some(own), Some(places)) => Arc::ptr_eq(own, places),
            (own, places) => own.is_none() && places.is_none(),
        }
    }

    /// The place of each row's terminal among `places`, in the order of the rows.
    pub(in crate::service) fn places_among(
        &self,
        places: &Arc<Places>,
    ) -> impl Iterator<Item = (&NightRow, Option<usize>)> {
        let known = self.is_among(Some(places));
        self.rows.iter().map(move |row| match known {
            true => (row, Some(row.place as usize).filter(|_| row.place != NONE)),
            false => (row, places.of(row.terminal_id)),
        })
    }

    /// Whatever changes an appointment has to say so on the trail.
    #[cfg(debug_assertions)]
    fn must_be(&self, read: Night) {
        assert_eq!(self.rows, read.rows, "something has changed that the audit trail does not tell");
    }
}

/// Rows in their order, each with the place of its terminal.
fn in_places(mut rows: Vec<NightRow>, places: Option<&Places>) -> Arc<Vec<NightRow>> {
    for row in &mut rows {
        let place = places.and_then(|places| u32::try_from(places.of(row.terminal_id)?).ok());
        row.place = place.unwrap_or(NONE);
    }
    rows.sort_unstable();
    Arc::new(rows)
}

/// What an appointment takes of a night, if it has a part in it.
fn row_of(grid: &SlotGrid, row: &NightSpanRow) -> Option<NightRow> {
    let (starts_at, ends_at) = (row.starts_at.utc(), row.ends_at.utc());
    let horizon = grid.horizon();
    let short = |slot: u32| u16::try_from(slot).unwrap_or(u16::MAX);
    (starts_at < horizon.end && horizon.start < ends_at).then_some(NightRow {
        appointment_id: row.id,
        terminal_id: row.terminal_id,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        slots: (short(grid.slot_floor(starts_at)), short(grid.slot_ceil(ends_at))),
        state: match row.state.parse().ok()? {
            AppointmentState::Announced => AppointmentState::Planned,
            state => state,
        },
        place: NONE,
    })
}
