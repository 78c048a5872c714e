//! Loads that have been drawn, kept until something changes: everybody who looks at the first page of a large
//! fleet would otherwise have it drawn anew. A large one is drawn anew beside whoever looks, who gets the one before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::api::plan::Load;
use crate::clock::Stopwatch;
use crate::db::{self, Connection};
use crate::service::{App, Error};

/// Pictures that are kept; the oldest goes first.
const KEPT_MAX: usize = 256;

/// Terminals down from which on a picture is large.
pub(super) const LARGE: i64 = 20_000;

/// For how many times as long as it took to draw a large picture is right enough.
const RIGHT_TIMES: u64 = 10;

/// After so long a picture is drawn anew, whether anything has changed or not.
const AGE_MAX: TimeDelta = TimeDelta::minutes(1);

/// After so long nobody is shown a large one any more.
const LARGE_AGE_MAX: TimeDelta = TimeDelta::minutes(10);

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

/// A load as it was drawn.
pub(super) struct Drawn {
    pub(super) load: Load,
    /// It took long, and would again.
    pub(super) is_large: bool,
}

#[derive(Debug)]
struct Picture {
    load: Load,
    is_large: bool,
    /// The last entry of the audit trail when it was drawn: every change leaves one.
    version: Option<i64>,
    drawn_at: DateTime<Utc>,
    age: Stopwatch,
    took_ms: u64,
    /// Somebody draws it anew at this moment.
    under_way: bool,
}

/// What is known of a load.
enum Known {
    Right(Load),
    /// As it was; whoever hears this first draws it anew.
    Behind(Load, bool),
    Nothing,
}

/// Loads by what they are of.
#[derive(Debug, Default)]
pub struct KeptLoads {
    pictures: Mutex<HashMap<Subject, Picture>>,
}

impl KeptLoads {
    /// The load of `subject` as it was drawn, if that is right enough, or drawn anew.
    pub(super) fn get(
        &self,
        app: &App,
        subject: Subject,
        draw: impl Fn(&mut Connection, &App) -> Result<Drawn, Error> + Send + 'static,
    ) -> Result<Load, Error> {
        // Asked before the picture is drawn: what changes in between makes it older than it is, never newer.
        let version = app.database.read(|connection| Ok::<_, Error>(db::audit::latest(connection)?))?;
        match self.known(subject, version, app.clock.now()) {
            Known::Right(load) | Known::Behind(load, false) => Ok(load),
            Known::Behind(load, true) => {
                let app = app.clone();
                std::thread::spawn(move || {
                    if let Err(error) = app.loads.draw(&app, subject, version, &draw) {
                        tracing::warn!(%error, ?subject, "a load could not be drawn anew");
                        app.loads.give_up(subject);
                    }
                });
                Ok(load)
            }
            Known::Nothing => self.draw(app, subject, version, &draw),
        }
    }

    fn draw(
        &self,
        app: &App,
        subject: Subject,
        version: Option<i64>,
        draw: &impl Fn(&mut Connection, &App) -> Result<Drawn, Error>,
    ) -> Result<Load, Error> {
        let (age, drawn_at) = (Stopwatch::start(), app.clock.now());
        let Drawn { load, is_large } = app.database.read(|connection| draw(connection, app))?;
        let took_ms = age.elapsed_ms();
        let age = Stopwatch::start();
        let picture =
            Picture { load: load.clone(), is_large, version, drawn_at, age, took_ms, under_way: false };
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

    fn known(&self, subject: Subject, version: Option<i64>, now: DateTime<Utc>) -> Known {
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(picture) = pictures.get_mut(&subject) else { return Known::Nothing };
        // The first slot of a picture holds the present.
        let slot = TimeDelta::minutes(i64::from(picture.load.slot_minutes));
        let of_now = !matches!(subject, Subject::Heat { .. });
        let present = !of_now || (picture.load.from..picture.load.from + slot).contains(&now);
        let age = (now - picture.drawn_at).abs();
        if present && picture.version == version && age < AGE_MAX {
            return Known::Right(picture.load.clone());
        }
        if !picture.is_large || age >= LARGE_AGE_MAX {
            return Known::Nothing;
        }
        let begin =
            !picture.under_way && picture.age.elapsed_ms() > picture.took_ms.saturating_mul(RIGHT_TIMES);
        picture.under_way |= begin;
        Known::Behind(picture.load.clone(), begin)
    }

    fn give_up(&self, subject: Subject) {
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = pictures.get_mut(&subject) {
            picture.under_way = false;
        }
    }
}
