//! The only place that asks the system for the time. Everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Where the time comes from: the system, or a hand that a test moves.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    set_at_micros: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Clock { set_at_micros: None }
    }

    /// A clock that stands at `instant` until [`Clock::set`] moves it.
    pub fn standing_at(instant: DateTime<Utc>) -> Self {
        Clock { set_at_micros: Some(Arc::new(AtomicI64::new(instant.timestamp_micros()))) }
    }

    /// The present instant, in whole microseconds: what both databases keep.
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.set_at_micros {
            Some(set) => set.load(Ordering::SeqCst),
            None => Utc::now().timestamp_micros(),
        };
        DateTime::from_timestamp_micros(micros).expect("a clock's reading lies within chrono's range")
    }

    /// Moves a standing clock, and all its clones; the system's clock cannot be moved.
    pub fn set(&self, instant: DateTime<Utc>) {
        if let Some(set) = &self.set_at_micros {
            set.store(instant.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// Whether it stands still between calls of [`Clock::set`].
    pub fn is_standing(&self) -> bool {
        self.set_at_micros.is_some()
    }
}

/// Time elapsed since it was started, in milliseconds; for progress and reports, never for rules.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts at zero.
    pub fn start() -> Self {
        Stopwatch(std::time::Instant::now())
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
