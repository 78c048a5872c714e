//! What takes long to read or draw, kept until something changes: everybody who looks at the first page of a large fleet
//! would otherwise have it done anew. Something large is done anew beside whoever looks, who gets the one before.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Stopwatch;
use crate::db::Connection;
use crate::service::{App, Error};

/// Things that are kept; the oldest goes first.
const KEPT_MAX: usize = 256;

/// For how many times as long as it took to make something large is right enough, and for so many milliseconds at least.
const RIGHT_TIMES: u64 = 10;
const RIGHT_MS_MIN: u64 = 5000;

/// After so long nobody is shown a large one any more that is not right.
const LARGE_AGE_MAX: TimeDelta = TimeDelta::minutes(10);

/// Something that was made.
pub(super) struct Made<V> {
    pub(super) value: V,
    /// It took long, and would again.
    pub(super) is_large: bool,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    is_large: bool,
    /// The place of the audit trail's last entry when it was made: every change leaves one.
    version: i64,
    made_at: DateTime<Utc>,
    age: Stopwatch,
    took_ms: u64,
    /// Somebody makes it anew at this moment.
    under_way: bool,
}

/// What is known.
enum Known<V> {
    Right(Arc<V>),
    /// As it was; whoever hears this first makes it anew.
    Behind(Arc<V>, bool),
    Nothing,
}

/// Something to be made anew.
type Job = Box<dyn FnOnce() + Send>;

/// Values by what they are of.
pub struct Kept<K, V> {
    entries: Mutex<HashMap<K, Entry<V>>>,
    /// What is to be made anew beside, one after the other; none while nobody does.
    beside: Mutex<Option<VecDeque<Job>>>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Kept { entries: Mutex::default(), beside: Mutex::default() }
    }
}

impl<K, V> Debug for Kept<K, V> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Kept").finish_non_exhaustive()
    }
}

/// What is asked for.
pub(super) struct Wish<K, V> {
    /// Where it is kept.
    pub(super) place: fn(&App) -> &Kept<K, V>,
    pub(super) key: K,
    /// Whether a value is still right at this moment although nothing has changed since then.
    pub(super) holds: fn(&V, DateTime<Utc>, TimeDelta) -> bool,
}

impl<K, V> Wish<K, V>
where
    K: Copy + Eq + Hash + Debug + Send + 'static,
    V: Send + Sync + 'static,
{
    /// The value as it was made, if that is right enough, or made anew. `version` is the place of the trail's last entry,
    /// asked before: what changes in between makes it older than it is, never newer.
    pub(super) fn get(
        self,
        app: &App,
        version: i64,
        make: impl Fn(&mut Connection, &App) -> Result<Made<V>, Error> + Send + 'static,
    ) -> Result<Arc<V>, Error> {
        let Wish { place, key, .. } = self;
        match self.known(app, version) {
            Known::Right(value) | Known::Behind(value, false) => Ok(value),
            Known::Behind(value, true) => {
                let app_beside = app.clone();
                let job = Box::new(move || {
                    if let Err(error) = place(&app_beside).make(&app_beside, key, version, &make) {
                        tracing::warn!(%error, ?key, "a load could not be drawn anew");
                        place(&app_beside).give_up(key);
                    }
                });
                place(app).make_beside(app.clone(), place, job);
                Ok(value)
            }
            Known::Nothing => place(app).make(app, key, version, &make),
        }
    }

    fn known(&self, app: &App, version: i64) -> Known<V> {
        let now = app.clock.now();
        let mut entries = (self.place)(app).lock();
        let Some(entry) = entries.get_mut(&self.key) else { return Known::Nothing };
        let age = (now - entry.made_at).abs();
        if entry.version == version && (self.holds)(&entry.value, now, age) {
            return Known::Right(Arc::clone(&entry.value));
        }
        if !entry.is_large || age >= LARGE_AGE_MAX {
            return Known::Nothing;
        }
        let right_ms = entry.took_ms.saturating_mul(RIGHT_TIMES).max(RIGHT_MS_MIN);
        let begin = !entry.under_way && entry.age.elapsed_ms() > right_ms;
        entry.under_way |= begin;
        Known::Behind(Arc::clone(&entry.value), begin)
    }
}

impl<K: Copy + Eq + Hash, V> Kept<K, V> {
    /// Has a job done on the thread that does such jobs, which goes when there are none.
    fn make_beside(&self, app: App, place: fn(&App) -> &Kept<K, V>, job: Job)
    where
        K: 'static,
        V: 'static,
    {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jobs) = &mut *beside {
            jobs.push_back(job);
            return;
        }
        *beside = Some(VecDeque::from([job]));
        std::thread::spawn(move || {
            loop {
                let mut beside = place(&app).beside.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(job) = beside.as_mut().and_then(VecDeque::pop_front) else {
                    *beside = None;
                    return;
                };
                drop(beside);
                // Whoever waits for the next one must not wait for ever; this one is made by whoever asks when it is too old.
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("what was drawn beside broke off by a defect; the log says where");
                }
            }
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(
        &self,
        app: &App,
        key: K,
        version: i64,
        make: &impl Fn(&mut Connection, &App) -> Result<Made<V>, Error>,
    ) -> Result<Arc<V>, Error> {
        let (age, made_at) = (Stopwatch::start(), app.clock.now());
        let Made { value, is_large } = app.database.read(|connection| make(connection, app))?;
        let (value, took_ms) = (Arc::new(value), age.elapsed_ms());
        let age = Stopwatch::start();
        let under_way = false;
        let entry = Entry { value: Arc::clone(&value), is_large, version, made_at, age, took_ms, under_way };
        let mut entries = self.lock();
        entries.insert(key, entry);
        if entries.len() > KEPT_MAX {
            let oldest = entries.iter().max_by_key(|(_, entry)| entry.age.elapsed_ms());
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                entries.remove(&oldest);
            }
        }
        Ok(value)
    }

    fn give_up(&self, key: K) {
        if let Some(entry) = self.lock().get_mut(&key) {
            entry.under_way = false;
        }
    }
}
