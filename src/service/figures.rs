//! Figures over a large fleet that take long to count: kept for a while, and then counted anew beside whoever looks,
//! who gets the figure of a moment ago. What is small is counted each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Stopwatch;
use crate::db::Connection;
use crate::service::{App, Error};

/// For how many times as long as it took to count a figure it is right enough.
const RIGHT_TIMES: u64 = 10;

/// After so long (in milliseconds) a figure is of no use to anybody.
const AGE_MAX_MS: u64 = 300_000;

/// Figures that are kept.
const KEPT_MAX: usize = 256;

#[derive(Debug)]
struct Figure {
    value: serde_json::Value,
    age: Stopwatch,
    took_ms: u64,
    /// Somebody counts it anew at this moment.
    under_way: bool,
}

/// Figures by what they are of.
#[derive(Debug, Default)]
pub struct KeptFigures {
    known: Mutex<HashMap<String, Figure>>,
}

impl KeptFigures {
    /// The figure `of` something, as `count` counts it on the caller's snapshot, or, if it `is_large`, as it was counted
    /// before.
    pub(super) fn get<T: Serialize + DeserializeOwned>(
        &self,
        app: &App,
        connection: &mut Connection,
        of: &str,
        is_large: impl Fn(&T) -> bool,
        count: impl Fn(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (known, begin) = self.known(of);
        if let Some(value) = known.and_then(|value| serde_json::from_value(value).ok()) {
            if begin {
                let (app, of) = (app.clone(), of.to_owned());
                std::thread::spawn(move || {
                    let age = Stopwatch::start();
                    match app.database.read(count) {
                        Ok(value) => app.figures.keep(&of, &value, age),
                        Err(error) => {
                            tracing::warn!(%error, of, "a figure could not be counted anew");
                            app.figures.give_up(&of);
                        }
                    }
                });
            }
            return Ok(value);
        }
        let age = Stopwatch::start();
        let value = count(connection)?;
        if is_large(&value) {
            self.keep(of, &value, age);
        }
        Ok(value)
    }

    /// The figure if it may be used, and whether whoever asks is to count it anew.
    fn known(&self, of: &str) -> (Option<serde_json::Value>, bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(figure) = known.get_mut(of) else { return (None, false) };
        let age_ms = figure.age.elapsed_ms();
        if age_ms > AGE_MAX_MS {
            return (None, false);
        }
        let begin = !figure.under_way && age_ms > figure.took_ms.saturating_mul(RIGHT_TIMES);
        figure.under_way |= begin;
        (Some(figure.value.clone()), begin)
    }

    fn keep(&self, of: &str, value: &impl Serialize, age: Stopwatch) {
        let took_ms = age.elapsed_ms();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(value) = serde_json::to_value(value) else { return };
        known.insert(of.to_owned(), Figure { value, age: Stopwatch::start(), took_ms, under_way: false });
        if known.len() > KEPT_MAX {
            let oldest = known.iter().max_by_key(|(_, figure)| figure.age.elapsed_ms());
            if let Some(oldest) = oldest.map(|(of, _)| of.clone()) {
                known.remove(&oldest);
            }
        }
    }

    fn give_up(&self, of: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(figure) = known.get_mut(of) {
            figure.under_way = false;
        }
    }
}
