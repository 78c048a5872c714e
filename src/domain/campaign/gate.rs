//! The gate after a wave: what has to have gone well before the next one opens, and what stops the campaign.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::said::{Said, Saying};

/// What a gate asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Of the terminals that had their turn, so many percent take payments again, updated.
    pub success_percent_min: u32,
    /// At most so many may fail; the next one pauses the campaign.
    pub failures_max: Option<Ceiling>,
    /// Nothing is decided by a percentage before so many terminals had their turn (or all, if there are fewer).
    pub sample_min: u32,
}

/// How many failures are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// So many terminals; counted from the first one on.
    Count(u32),
    /// A share of those that had their turn; counted once the sample is complete.
    Percent(u32),
}

impl FromStr for Ceiling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits.trim(), true),
            None => (text, false),
        };
        match digits.parse::<u32>() {
            Ok(number) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(if percent { Ceiling::Percent(number) } else { Ceiling::Count(number) })
            }
            _ => Err(format!("`{text}` is not a number of failures; use a count (`3`) or a share (`5%`)")),
        }
    }
}

impl fmt::Display for Ceiling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ceiling::Count(count) => write!(formatter, "{count}"),
            Ceiling::Percent(percent) => write!(formatter, "{percent}%"),
        }
    }
}

/// How far a wave is: each terminal once, by its latest outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Terminals in the wave; `None` in the last one, which has no end of its own.
    pub members: Option<u32>,
    /// Done, and not locked since.
    pub done: u32,
    /// Failed, missed, gone silent, or locked since.
    pub against: u32,
    /// Of these, what came after the campaign was last resumed.
    pub against_new: u32,
    /// Outcomes of either kind that came after it was last resumed.
    pub ended_new: u32,
    /// Have an appointment and no outcome yet.
    pub pending: u32,
    /// When the last of them had its turn.
    pub last_ended_at: Option<DateTime<Utc>>,
}

impl Tally {
    /// Terminals that had their turn.
    pub const fn ended(&self) -> u32 {
        self.done + self.against
    }

    /// So many of them went well, as data.
    pub fn well(&self) -> Said {
        Saying::GateWell.with([("done", self.done.into()), ("ended", self.ended().into())])
    }
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too few terminals had their turn.
    Sample {
        /// So many had.
        ended: u32,
        /// So many are needed.
        needed: u32,
    },
    /// So many terminals are still to have theirs.
    Pending(u32),
    /// Too few went well, and that is known: those that failed may be done again, or somebody passes it by hand.
    Short {
        /// The share that went well, in percent, rounded down.
        percent: u32,
    },
    /// All went well; it is waited whether it stays so.
    Soaking {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// The next wave may open.
    Pass,
    /// More failed than is borne: the campaign is to be paused.
    TooManyFailures {
        /// Failures that count.
        failures: u32,
    },
    /// Too few went well: the campaign is to be paused.
    TooFewSuccesses {
        /// The share that went well, in percent, rounded down.
        percent: u32,
    },
}

impl Verdict {
    /// Whether it pauses the campaign.
    pub const fn halts(&self) -> bool {
        matches!(self, Verdict::TooManyFailures { .. } | Verdict::TooFewSuccesses { .. })
    }
}

impl Gate {
    /// What the gate says of a wave as it is at `now`; `open_since` is when the wave opened.
    pub fn judge(
        &self,
        tally: &Tally,
        soak: TimeDelta,
        open_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Verdict {
        let needed = tally.members.map_or(self.sample_min, |members| self.sample_min.min(members));
        let sampled = tally.done + tally.against_new >= needed;
        let failures = tally.against_new;
        let too_many = match self.failures_max {
            None => false,
            Some(Ceiling::Count(most)) => failures > most,
            Some(Ceiling::Percent(most)) => {
                sampled && u64::from(failures) * 100 > u64::from(most) * u64::from(tally.done + failures)
            }
        };
        if too_many {
            return Verdict::TooManyFailures { failures };
        }
        let ended = tally.ended();
        if ended < needed {
            return Verdict::Sample { ended, needed };
        }
        if tally.pending > 0 {
            return Verdict::Pending(tally.pending);
        }
        if u64::from(tally.done) * 100 < u64::from(self.success_percent_min) * u64::from(ended) {
            let percent = tally.done * 100 / ended;
            // What was resumed in the knowledge of this is not paused again before there is news.
            return match tally.ended_new {
                0 => Verdict::Short { percent },
                _ => Verdict::TooFewSuccesses { percent },
            };
        }
        let until = tally.last_ended_at.unwrap_or(open_since).checked_add_signed(soak).unwrap_or(now);
        if now < until { Verdict::Soaking { until } } else { Verdict::Pass }
    }

    /// The verdict as data.
    pub fn said(&self, verdict: &Verdict, tally: &Tally) -> Said {
        let asked = self.success_percent_min;
        match verdict {
            Verdict::Sample { ended, needed } => {
                Saying::GateSample.with([("ended", (*ended).into()), ("needed", (*needed).into())])
            }
            Verdict::Pending(pending) => Saying::GatePending.with([("pending", (*pending).into())]),
            Verdict::Short { percent } => {
                Saying::GateShort.with([("percent", (*percent).into()), ("asked", asked.into())])
            }
            Verdict::Soaking { until } => Saying::GateSoaking.with([("until_at", (*until).into())]),
            Verdict::Pass => tally.well(),
            Verdict::TooManyFailures { failures } => Saying::GateTooManyFailures.with([
                ("failures", (*failures).into()),
                ("ended", (tally.done + failures).into()),
                ("most", self.failures_max.map(|most| most.to_string()).unwrap_or_default().into()),
            ]),
            Verdict::TooFewSuccesses { percent } => Saying::GateTooFewSuccesses.with([
                ("done", tally.done.into()),
                ("ended", tally.ended().into()),
                ("percent", (*percent).into()),
                ("asked", asked.into()),
            ]),
        }
    }

    /// The verdict in a sentence for operators.
    pub fn in_words(&self, verdict: &Verdict, tally: &Tally) -> String {
        match verdict {
            Verdict::Sample { ended, needed } => {
                format!("{ended} of at least {needed} terminals had their turn")
            }
            Verdict::Pending(pending) => format!("{pending} terminals are still to have their turn"),
            Verdict::Short { percent } => format!(
                "{percent} % went well, {} % are asked for; repeat those that failed, or pass the gate by hand",
                self.success_percent_min
            ),
            Verdict::Soaking { until } => {
                format!("all went well; soaking until {}", until.format("%Y-%m-%d %H:%MZ"))
            }
            Verdict::Pass => format!("{} of {} terminals went well", tally.done, tally.ended()),
            Verdict::TooManyFailures { failures } => {
                let most = self.failures_max.map(|most| most.to_string()).unwrap_or_default();
                format!("{failures} of {} terminals failed, at most {most} may", tally.done + failures)
            }
            Verdict::TooFewSuccesses { percent } => format!(
                "{} of {} terminals went well: {percent} %, and {} % are asked for",
                tally.done,
                tally.ended(),
                self.success_percent_min
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ceiling, Gate, Tally, Verdict};
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn wave(members: u32, done: u32, against: u32) -> Tally {
        Tally {
            members: Some(members),
            done,
            against,
            against_new: against,
            ended_new: done + against,
            pending: members - done - against,
            last_ended_at: (done + against > 0).then(|| at(10)),
        }
    }

    fn judge(gate: Gate, tally: Tally, hours: i64) -> Verdict {
        gate.judge(&tally, TimeDelta::hours(24), at(0), at(hours))
    }

    #[test]
    fn it_waits_soaks_and_passes() {
        let gate = Gate { success_percent_min: 90, failures_max: Some(Ceiling::Count(1)), sample_min: 5 };
        assert_eq!(judge(gate, wave(10, 0, 0), 9), Verdict::Sample { ended: 0, needed: 5 });
        assert_eq!(judge(gate, wave(10, 5, 1), 10), Verdict::Pending(4));
        assert_eq!(judge(gate, wave(10, 9, 1), 33), Verdict::Soaking { until: at(34) });
        assert_eq!(judge(gate, wave(10, 9, 1), 34), Verdict::Pass);
        assert_eq!(judge(gate, wave(10, 0, 2), 11), Verdict::TooManyFailures { failures: 2 });
        assert_eq!(judge(gate, wave(3, 3, 0), 34), Verdict::Pass, "a sample is never more than there are");
    }

    #[test]
    fn a_percentage_waits_for_the_sample_and_a_count_does_not() {
        let percent =
            Gate { success_percent_min: 0, failures_max: Some(Ceiling::Percent(10)), sample_min: 5 };
        assert_eq!(judge(percent, wave(10, 0, 4), 11), Verdict::Sample { ended: 4, needed: 5 });
        assert_eq!(judge(percent, wave(10, 0, 5), 11), Verdict::TooManyFailures { failures: 5 });
        let none = Gate { failures_max: Some(Ceiling::Count(0)), ..percent };
        assert_eq!(judge(none, wave(10, 0, 1), 11), Verdict::TooManyFailures { failures: 1 });
    }

    #[test]
    fn what_was_accepted_by_resuming_halts_nothing_again() {
        let gate = Gate { success_percent_min: 90, failures_max: Some(Ceiling::Count(1)), sample_min: 5 };
        let resumed = Tally { against_new: 0, ended_new: 0, ..wave(10, 6, 4) };
        assert_eq!(judge(gate, resumed, 40), Verdict::Short { percent: 60 });
        let once_more = Tally { against_new: 1, ended_new: 1, ..wave(10, 6, 4) };
        assert_eq!(judge(gate, once_more, 40), Verdict::TooFewSuccesses { percent: 60 });
    }

    proptest! {
        #[test]
        fn it_never_passes_what_it_should_not(
            members in 0_u32..60, done in 0_u32..60, against in 0_u32..60, accepted in 0_u32..60,
            success in 0_u32..=100, most in prop::option::of(0_u32..20), percent in any::<bool>(),
            sample in 1_u32..40, hours in 0_i64..100,
        ) {
            let done = done.min(members);
            let against = against.min(members - done);
            let against_new = against - accepted.min(against);
            let tally = Tally { against_new, ended_new: done + against_new, ..wave(members, done, against) };
            let failures_max = most.map(|most| if percent { Ceiling::Percent(most) } else { Ceiling::Count(most) });
            let gate = Gate { success_percent_min: success, failures_max, sample_min: sample };
            let verdict = judge(gate, tally, hours);
            if verdict == Verdict::Pass {
                prop_assert!(done + against >= sample.min(members));
                prop_assert_eq!(tally.pending, 0);
                prop_assert!(done * 100 >= success * (done + against));
                let soaked = if done + against > 0 { 34 } else { 24 };
                prop_assert!(hours >= soaked);
                if let Some(Ceiling::Count(most)) = failures_max {
                    prop_assert!(against_new <= most);
                }
            }
            // One more failure never makes a halted wave pass.
            if verdict.halts() && tally.pending > 0 {
                let worse = Tally {
                    against: against + 1, against_new: against_new + 1, ended_new: tally.ended_new + 1,
                    pending: tally.pending - 1, ..tally
                };
                prop_assert!(judge(gate, worse, hours).halts());
            }
            // The same question has the same answer.
            prop_assert_eq!(judge(gate, tally, hours), verdict);
        }
    }
}
