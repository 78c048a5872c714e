//! Sentences as data: a code and the facts in it, so that whoever shows one can say it in the reader's language.
//!
//! A fact whose name ends with `_at` is an instant (RFC 3339), one whose name ends with `_minutes` a length of time.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// One fact of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Fact {
    /// A count, a percentage, a number of minutes.
    Number(i64),
    /// A name, an instant, somebody's words.
    Text(String),
}

impl From<DateTime<Utc>> for Fact {
    fn from(at: DateTime<Utc>) -> Self {
        Fact::Text(at.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Fact::Text(text.to_owned())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Fact::Text(text)
    }
}

impl From<u64> for Fact {
    fn from(number: u64) -> Self {
        Fact::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Fact {
    fn from(number: u32) -> Self {
        Fact::Number(i64::from(number))
    }
}

impl From<i32> for Fact {
    fn from(number: i32) -> Self {
        Fact::Number(i64::from(number))
    }
}

impl From<i64> for Fact {
    fn from(number: i64) -> Self {
        Fact::Number(number)
    }
}

/// What a sentence says, without its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Said {
    /// Which sentence: one stable word.
    pub code: String,
    /// What is filled in.
    pub facts: BTreeMap<String, Fact>,
}

macro_rules! sayings {
    ($($(#[$doc:meta])* $variant:ident = $code:literal [$($fact:ident),*];)+) => {
        /// Every sentence that is said so.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Saying {
            $($(#[$doc])* $variant,)+
        }

        impl Saying {
            /// Every one.
            pub const ALL: &'static [Saying] = &[$(Saying::$variant),+];

            /// The word for it in the API.
            pub const fn code(self) -> &'static str {
                match self { $(Saying::$variant => $code,)+ }
            }

            /// The names of its facts.
            pub const fn facts(self) -> &'static [&'static str] {
                match self { $(Saying::$variant => &[$(stringify!($fact)),*],)+ }
            }
        }
    };
}

sayings! {
    /// The start lies behind us.
    Past = "past" [start_at];
    /// Plans do not reach so far.
    BeyondHorizon = "beyond_horizon" [horizon_at];
    /// The merchant could not be told in time.
    TooSoonToTell = "too_soon_to_tell" [lead_minutes, earliest_at];
    /// The work would end after its deadline.
    AfterDeadline = "after_deadline" [deadline_at];
    /// It takes no time.
    NoDuration = "no_duration" [];
    /// The site has no maintenance window.
    NoWindow = "no_window" [site];
    /// It lies outside the site's windows.
    OutsideWindows = "outside_windows" [from_at, to_at, site];
    /// It starts after the window's cutoff.
    AfterCutoff = "after_cutoff" [last_start_at];
    /// It meets a blackout.
    InBlackout = "in_blackout" [from_at, to_at, name];
    /// The site trades, and has no other terminal.
    OnlyTerminal = "only_terminal" [site, hours];
    /// The terminal is taken.
    Overlaps = "overlaps" [appointment, from_at, to_at];
    /// A group's budget is used up.
    GroupFull = "group_full" [group, full_at, down, cap];
    /// Nobody can tell the merchant.
    NoAddress = "no_address" [merchant];
    /// Too few terminals of a wave had their turn.
    GateSample = "gate_sample" [ended, needed];
    /// Some of them are still to have it.
    GatePending = "gate_pending" [pending];
    /// Too few went well, which is known and accepted.
    GateShort = "gate_short" [percent, asked];
    /// It is waited whether it stays well.
    GateSoaking = "gate_soaking" [until_at];
    /// So many went well.
    GateWell = "gate_well" [done, ended];
    /// More failed than may.
    GateTooManyFailures = "gate_too_many_failures" [failures, ended, most];
    /// Fewer went well than is asked for.
    GateTooFewSuccesses = "gate_too_few_successes" [done, ended, percent, asked];
    /// Somebody let the next wave open.
    GateByHand = "gate_by_hand" [reason];
    /// The campaign is over.
    GateCompleted = "gate_completed" [];
    /// An earlier wave comes first.
    GateWaits = "gate_waits" [wave];
    /// Nothing is left of its time.
    UnplacedNoOpening = "unplaced_no_opening" [];
    /// Budgets are full wherever it could go.
    UnplacedBudgetFull = "unplaced_budget_full" [];
    /// Its site keeps a terminal up.
    UnplacedSiteRule = "unplaced_site_rule" [];
    /// Its site's only terminal, and the site trades whenever its windows are open.
    UnplacedOnlyTerminal = "unplaced_only_terminal" [hours];
    /// What comes before it has no place.
    UnplacedAfterUnplaced = "unplaced_after_unplaced" [];
    /// What stays where it is stands in its way.
    UnplacedPinnedConflict = "unplaced_pinned_conflict" [];
    /// Another appointment of the terminal would have to go.
    ChangeOther = "change_other" [];
    /// A budget would have to be larger.
    ChangeGroupCap = "change_group_cap" [group, cap_add];
    /// The same, from one number to another.
    ChangeGroupCapTo = "change_group_cap_to" [group, cap_from, cap_to];
    /// Several budgets would have to be larger.
    ChangeGroupCaps = "change_group_caps" [groups, cap_add];
    /// The deadline would have to be later.
    ChangeDeadline = "change_deadline" [later_minutes];
    /// It would have to start earlier.
    ChangeRelease = "change_release" [earlier_minutes];
    /// One more opening is needed.
    ChangeOpening = "change_opening" [from_at, to_at];
    /// One more opening a week is needed.
    ChangeOpeningWeekly = "change_opening_weekly" [from_at, to_at];
    /// What comes before it would have to be earlier.
    ChangePredecessor = "change_predecessor" [predecessor];
    /// A plan is to be published.
    AskedPublish = "asked_publish" [plan, created, moved];
    /// A campaign is to start.
    AskedStart = "asked_start" [campaign, terminals];
    /// A campaign is to get other waves.
    AskedWaves = "asked_waves" [campaign, shares];
    /// A gate is to be passed by hand.
    AskedGate = "asked_gate" [campaign, wave];
    /// Terminals are to go down without the notice that was promised.
    AskedEmergency = "asked_emergency" [terminals, start, length_minutes];
    /// A visit is to go on though its merchant was not told.
    AskedGoOn = "asked_go_on" [visit];
}

impl Saying {
    /// It, with its facts.
    pub fn with<const N: usize>(self, facts: [(&str, Fact); N]) -> Said {
        let facts: BTreeMap<String, Fact> =
            facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect();
        debug_assert!(
            facts.len() == self.facts().len() && self.facts().iter().all(|name| facts.contains_key(*name)),
            "{} takes {:?}",
            self.code(),
            self.facts()
        );
        Said { code: self.code().to_owned(), facts }
    }

    /// It, where there is nothing to fill in.
    pub fn alone(self) -> Said {
        self.with([])
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)+) => {
        /// A rule that can forbid an appointment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule {
            $($(#[$doc])* $variant,)+
        }

        impl Rule {
            /// Every one.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant),+];

            /// The word for it in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Rule::$variant => $code,)+ }
            }
        }
    };
}

rules! {
    /// It takes time.
    Duration = "duration";
    /// It lies ahead.
    Release = "release";
    /// It lies within what is planned.
    Horizon = "horizon";
    /// The merchant is told early enough.
    NoticeLead = "notice_lead";
    /// It ends before the work's deadline.
    Deadline = "deadline";
    /// It lies in a maintenance window.
    Window = "window";
    /// It begins before the window's cutoff.
    Cutoff = "cutoff";
    /// It meets no blackout.
    Blackout = "blackout";
    /// A site that trades keeps a terminal up.
    SiteRule = "site_rule";
    /// A terminal is in one appointment at a time.
    Overlap = "overlap";
    /// No more are down than the budget allows.
    Budget = "budget";
    /// There is somebody to tell.
    NoContact = "no_contact";
}
