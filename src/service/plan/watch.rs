//! The eye on a search: what the planner tells is kept here, and a thread beside it writes it down now and then,
//! says that the search lives, and asks whether anybody wants it to end. The planner never waits for the
//! database.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::api::plan::PlanProgress;
use crate::clock::Stopwatch;
use crate::db::{self, Instant};
use crate::domain::plan::PlanState;
use crate::planner::{Phase, Progress, Watch};
use crate::service::{App, Error};

/// How often somebody's wish to end the search is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often the search says that it lives, in milliseconds.
const BEAT_EVERY_MS: u64 = 2000;

/// Whether a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nobody minds it.
    GoOn,
    /// It ends with the best plan so far.
    CutShort,
    /// Its plan has been discarded or taken for dead: whatever it finds is of no use.
    Drop,
}

/// A step of the work, as progress names it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The world is read and the problem built.
    Reading,
    /// The planner works.
    Solving(Phase),
    /// The checker works.
    Checking,
    /// The draft is written.
    Writing,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Step::Reading => "reading",
            Step::Solving(Phase::Pricing) => "pricing",
            Step::Solving(Phase::Placing) => "placing",
            Step::Solving(Phase::Repairing) => "repairing",
            Step::Solving(Phase::Improving) => "improving",
            Step::Solving(Phase::Explaining) => "explaining",
            Step::Checking => "checking",
            Step::Writing => "writing",
        }
    }

    /// Where the step begins and ends on a scale of 100. Nobody knows how long a search takes; the scale only
    /// has to rise.
    fn percents(self) -> (u64, u64) {
        match self {
            Step::Reading => (0, 8),
            Step::Solving(Phase::Pricing) => (8, 40),
            Step::Solving(Phase::Placing) => (40, 55),
            Step::Solving(Phase::Repairing) => (55, 70),
            Step::Solving(Phase::Improving) => (70, 85),
            Step::Solving(Phase::Explaining) => (85, 90),
            Step::Checking => (90, 92),
            Step::Writing => (92, 100),
        }
    }
}

/// Plans that are being searched in this process: whatever keeps them from saying so, they live.
#[derive(Debug, Default)]
pub struct Searches(Mutex<HashSet<i64>>);

impl Searches {
    /// Whether a search for this plan runs in this process.
    pub(super) fn holds(&self, plan_id: i64) -> bool {
        lock(&self.0).contains(&plan_id)
    }
}

/// What is known of a search from outside.
pub(super) struct SearchWatch<'a> {
    app: &'a App,
    plan_id: i64,
    since_begin: Stopwatch,
    /// Begins with the planner, whose time limit counts from there.
    since_solve: Mutex<Stopwatch>,
    shown: Mutex<PlanProgress>,
    wish: AtomicU8,
    done: Mutex<bool>,
    woken: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept here is whole at every moment, also when somebody panicked beside it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> SearchWatch<'a> {
    pub(super) fn new(app: &'a App, plan_id: i64) -> Self {
        let shown = PlanProgress { phase: Step::Reading.word().to_owned(), ..PlanProgress::default() };
        SearchWatch {
            app,
            plan_id,
            since_begin: Stopwatch::start(),
            since_solve: Mutex::new(Stopwatch::start()),
            shown: Mutex::new(shown),
            wish: AtomicU8::new(0),
            done: Mutex::new(false),
            woken: Condvar::new(),
        }
    }

    /// Runs `work` with the heart beating beside it.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Ends the beating also when `work` panics: a scope waits for its threads.
        struct Rest<'w, 'a>(&'w SearchWatch<'a>);
        impl Drop for Rest<'_, '_> {
            fn drop(&mut self) {
                lock(&self.0.app.searches.0).remove(&self.0.plan_id);
                *lock(&self.0.done) = true;
                self.0.woken.notify_all();
            }
        }
        std::thread::scope(|scope| {
            lock(&self.app.searches.0).insert(self.plan_id);
            scope.spawn(|| self.beat_until_done());
            let _rest = Rest(self);
            work()
        })
    }

    pub(super) fn wish(&self) -> Wish {
        match self.wish.load(Ordering::Relaxed) {
            0 => Wish::GoOn,
            1 => Wish::CutShort,
            _ => Wish::Drop,
        }
    }

    /// Milliseconds since the search began.
    pub(super) fn elapsed_ms(&self) -> u64 {
        self.since_begin.elapsed_ms()
    }

    /// The planner's time begins now.
    pub(super) fn begin_solve(&self) {
        *lock(&self.since_solve) = Stopwatch::start();
    }

    /// A step has come so far: `done` of `all`.
    pub(super) fn step(&self, step: Step, done: u64, all: u64) {
        let (from, to) = step.percents();
        let percent = from + (to - from) * done.min(all) / all.max(1);
        let mut shown = lock(&self.shown);
        step.word().clone_into(&mut shown.phase);
        shown.percent = shown.percent.max(u8::try_from(percent).unwrap_or(100));
    }

    fn beat_until_done(&self) {
        let mut written = PlanProgress::default();
        let mut beaten_ms = 0;
        let mut done = lock(&self.done);
        while !*done {
            (done, _) = self.woken.wait_timeout(done, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner);
            if *done {
                return;
            }
            drop(done);
            let shown = lock(&self.shown).clone();
            let now_ms = self.since_begin.elapsed_ms();
            let news = shown != written;
            if news || now_ms >= beaten_ms + BEAT_EVERY_MS {
                // A busy database costs a tick of the progress bar, never the plan.
                if self.beat(news.then_some(&shown)).is_ok() {
                    (written, beaten_ms) = (shown, now_ms);
                }
            }
            self.look().unwrap_or_default();
            done = lock(&self.done);
        }
    }

    fn beat(&self, progress: Option<&PlanProgress>) -> Result<(), Error> {
        let text = progress.map(crate::service::campaign::to_json).transpose()?;
        let now = Instant::from(self.app.clock.now());
        self.app.database.write(|connection| {
            db::plan::beat(connection, self.plan_id, text.as_deref(), now)?;
            Ok(())
        })
    }

    /// Asks whether anybody wants the search to end.
    pub(super) fn look(&self) -> Result<(), Error> {
        let found =
            self.app.database.read(|connection| Ok::<_, Error>(db::plan::wish(connection, self.plan_id)?))?;
        let wish = match found {
            Some((state, stop_asked)) if state == PlanState::Solving.as_str() => u8::from(stop_asked),
            _ => 2,
        };
        self.wish.fetch_max(wish, Ordering::Relaxed);
        Ok(())
    }
}

impl Watch for SearchWatch<'_> {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(lock(&self.since_solve).elapsed_ms())
    }

    fn cancelled(&self) -> bool {
        self.wish() != Wish::GoOn
    }

    fn progress(&self, progress: Progress) {
        self.step(Step::Solving(progress.phase), progress.placed, progress.tasks);
        let mut shown = lock(&self.shown);
        shown.placed = progress.placed;
        shown.total = progress.tasks;
        shown.disruption = progress.disruption;
        shown.disruption_lower = progress.disruption_lower;
    }
}
