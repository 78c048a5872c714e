//! Loads that have been drawn, kept until something changes: everybody who looks at the first page of a large
//! fleet would otherwise have it drawn anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::api::plan::Load;
use crate::clock::Stopwatch;
use crate::db::{self, Connection};
use crate::service::{App, Error};

/// Pictures that are kept; the oldest goes first.
const KEPT_MAX: usize = 24;

/// What takes longer to draw than this (in milliseconds) is not drawn anew at every change.
const QUICK_MS: u64 = 1000;

/// For how many times as long as it took to draw a slow picture may be behind.
const BEHIND_TIMES: u64 = 10;

/// No picture is older than this.
const AGE_MAX: TimeDelta = TimeDelta::minutes(1);

/// What a picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// Everything that stands.
    Standing { days: u32 },
    /// What stands, and a plan.
    Plan(i64),
    /// Every group of a grouping (its place among those that are drawn) in some nights.
    Heat { grouping: usize, first: NaiveDate, nights: u32 },
}

#[derive(Debug)]
struct Picture {
    load: Load,
    /// The last entry of the audit trail when it was drawn: every change leaves one.
    version: Option<i64>,
    drawn_at: DateTime<Utc>,
    age: Stopwatch,
    took_ms: u64,
}

/// Loads by what they are of.
#[derive(Debug, Default)]
pub struct KeptLoads {
    pictures: Mutex<HashMap<Subject, Picture>>,
}

impl KeptLoads {
    /// The load of `subject` as it was drawn, if that is still right, or drawn anew.
    pub(super) fn get(
        &self,
        app: &App,
        subject: Subject,
        draw: impl FnMut(&mut Connection) -> Result<Load, Error>,
    ) -> Result<Load, Error> {
        // Asked before the picture is drawn: what changes in between makes it older than it is, never newer.
        let version = app.database.read(|connection| Ok::<_, Error>(db::audit::latest(connection)?))?;
        let now = app.clock.now();
        if let Some(load) = self.known(subject, version, now) {
            return Ok(load);
        }
        let age = Stopwatch::start();
        let load = app.database.read(draw)?;
        let took_ms = age.elapsed_ms();
        let picture = Picture { load: load.clone(), version, drawn_at: now, age, took_ms };
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.insert(subject, picture);
        if pictures.len() > KEPT_MAX {
            let oldest = pictures.iter().max_by_key(|(_, picture)| picture.age.elapsed_ms());
            if let Some(subject) = oldest.map(|(subject, _)| *subject) {
                pictures.remove(&subject);
            }
        }
        Ok(load)
    }

    fn known(&self, subject: Subject, version: Option<i64>, now: DateTime<Utc>) -> Option<Load> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = pictures.get(&subject)?;
        // The first slot of a picture holds the present.
        let slot = TimeDelta::minutes(i64::from(picture.load.slot_minutes));
        let of_now = !matches!(subject, Subject::Heat { .. });
        let present = !of_now || (picture.load.from..picture.load.from + slot).contains(&now);
        let slow = picture.took_ms > QUICK_MS
            && picture.age.elapsed_ms() < picture.took_ms.saturating_mul(BEHIND_TIMES);
        let right = picture.version == version || slow;
        (present && right && (now - picture.drawn_at).abs() < AGE_MAX).then(|| picture.load.clone())
    }
}
