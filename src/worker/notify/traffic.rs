//! What may go at this moment: how many mails at once and how fast, over all and to each domain of recipients, and
//! which domains are left alone. Knows neither mails nor the time: it is told.
//!
//! A domain begins with few mails at once and gets more with each that is accepted. One whose mails take long gets no
//! more until they have ended, so that a server that hangs holds few places. A burst of errors pauses it; after that one
//! mail tries, and its failure pauses the domain for longer.

use std::collections::HashMap;
use std::time::Duration;

/// A delivery that has gone on for so long is slow, in milliseconds: it holds no place that others need.
const SLOW_AFTER_MS: u64 = 10_000;

/// Deliveries under way, slow ones among them, for each that may be under way at once.
const SLOW_FACTOR: usize = 4;

/// Mails at once to a domain of which nothing is known.
const FIRST_AT_ONCE: usize = 2;

/// The longest pause is so many times the first.
const PAUSE_FACTOR_MAX: u64 = 8;

/// What waits for the end of a pause comes back in so many steps of a tenth of a second.
const PAUSE_SPREAD: u64 = 100;

/// Domains that are remembered; what is quiet beyond that is forgotten.
const DOMAINS_MAX: usize = 10_000;

/// The limits, as the settings give them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Mails under way at once.
    pub(super) at_once: usize,
    /// Of these, to one domain.
    pub(super) domain_at_once: usize,
    /// Mails a minute; 0 is no limit.
    pub(super) per_minute: u32,
    /// Mails a minute to one domain; 0 is no limit.
    pub(super) domain_per_minute: u32,
    /// Errors in a row that pause a domain.
    pub(super) errors_max: u32,
    /// The first pause.
    pub(super) pause: Duration,
}

/// What a delivery says of the domain that it went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It takes mail.
    Accepted,
    /// It does not take mail now, or says nothing.
    Trouble,
    /// Nothing: it was about this one mail, or about us.
    Neither,
}

/// Whether a mail may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As soon as there is a place for it.
    Soon,
    /// Not before so many milliseconds have passed.
    After(u64),
}

/// A domain that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paused {
    pub(super) domain: String,
    pub(super) for_ms: u64,
    pub(super) why: String,
}

/// So many a minute: what was not used is kept for a minute.
#[derive(Debug)]
struct Bucket {
    per_minute: u32,
    /// Thousandths of a mail.
    level: u64,
    filled_at: u64,
}

impl Bucket {
    fn full(per_minute: u32, now: u64) -> Self {
        Bucket { per_minute, level: u64::from(per_minute) * 1000, filled_at: now }
    }

    fn fill(&mut self, now: u64) {
        let most = u64::from(self.per_minute) * 1000;
        let passed = now.saturating_sub(self.filled_at);
        // In `passed` milliseconds: thousandths = per_minute * passed / 60.
        let gained = passed.saturating_mul(u64::from(self.per_minute)) / 60;
        if gained > 0 {
            self.level = self.level.saturating_add(gained).min(most);
            self.filled_at = now;
        }
    }

    /// Mails that it has now.
    fn room(&mut self, now: u64) -> usize {
        if self.per_minute == 0 {
            return usize::MAX;
        }
        self.fill(now);
        usize::try_from(self.level / 1000).unwrap_or(usize::MAX)
    }

    fn take(&mut self) {
        self.level = self.level.saturating_sub(1000);
    }

    /// Milliseconds between two mails.
    fn interval(&self) -> u64 {
        60_000 / u64::from(self.per_minute.max(1))
    }
}

#[derive(Debug)]
struct Domain {
    /// When each delivery under way began.
    under_way: Vec<u64>,
    at_once: usize,
    bucket: Bucket,
    /// What was put off comes one after the other, the last one at this moment.
    put_off_until: u64,
    /// Mails that wait for the end of a pause.
    put_off: u64,
    errors: u32,
    pauses: u32,
    paused_until: u64,
    why: String,
}

impl Domain {
    fn is_quiet(&self, now: u64) -> bool {
        self.under_way.is_empty() && self.pauses == 0 && self.errors == 0 && self.put_off_until < now
    }

    fn may_begin(&self, now: u64) -> bool {
        let slow = self.under_way.iter().any(|began| began + SLOW_AFTER_MS < now);
        let at_once = if self.pauses > 0 { 1 } else { self.at_once };
        !slow && now >= self.paused_until && self.under_way.len() < at_once
    }
}

/// What is under way, and what was heard.
#[derive(Debug)]
pub(super) struct Traffic {
    limits: Limits,
    bucket: Bucket,
    /// When each delivery under way began.
    under_way: Vec<u64>,
    domains: HashMap<String, Domain>,
}

impl Traffic {
    pub(super) fn new(limits: Limits) -> Self {
        let bucket = Bucket::full(limits.per_minute, 0);
        Traffic { limits, bucket, under_way: Vec::new(), domains: HashMap::new() }
    }

    /// Mails that may be claimed now, as far as the rate over all goes.
    pub(super) fn room(&mut self, now: u64) -> usize {
        self.bucket.room(now)
    }

    /// A mail to `domain` was claimed: whether it may go. What is urgent waits for no rate, yet counts.
    pub(super) fn ask(&mut self, domain: &str, urgent: bool, now: u64) -> Verdict {
        let state = self.domain(domain, now);
        if now < state.paused_until {
            // Not all at once when the pause ends.
            let spread = state.put_off % PAUSE_SPREAD * 100;
            state.put_off += 1;
            return Verdict::After(state.paused_until - now + spread);
        }
        if urgent || state.bucket.room(now) > 0 {
            state.bucket.take();
            self.bucket.take();
            return Verdict::Soon;
        }
        let interval = state.bucket.interval();
        state.put_off_until = state.put_off_until.max(now) + interval;
        Verdict::After(state.put_off_until - now)
    }

    /// Whether a mail to `domain` may begin at this moment.
    pub(super) fn may_begin(&mut self, domain: &str, now: u64) -> bool {
        self.has_place(now) && self.domain(domain, now).may_begin(now)
    }

    /// Whether any mail may begin, wherever it goes.
    pub(super) fn has_place(&self, now: u64) -> bool {
        let quick = self.under_way.iter().filter(|began| *began + SLOW_AFTER_MS >= now).count();
        quick < self.limits.at_once && self.under_way.len() < self.limits.at_once * SLOW_FACTOR
    }

    /// Mails that may be on their way to one domain at once.
    pub(super) fn domain_at_once(&self) -> usize {
        self.limits.domain_at_once
    }

    pub(super) fn begin(&mut self, domain: &str, now: u64) {
        self.under_way.push(now);
        self.domain(domain, now).under_way.push(now);
    }

    /// A delivery that began at `began` has ended; whether the domain is paused by it.
    pub(super) fn end(&mut self, domain: &str, began: u64, answer: Answer, why: &str, now: u64) -> bool {
        let limits = self.limits;
        forget(&mut self.under_way, began);
        let state = self.domain(domain, now);
        forget(&mut state.under_way, began);
        match answer {
            Answer::Neither => false,
            Answer::Accepted => {
                (state.errors, state.pauses, state.paused_until) = (0, 0, 0);
                state.at_once = (state.at_once + 1).min(limits.domain_at_once);
                false
            }
            // It began before the pause.
            Answer::Trouble if now < state.paused_until => false,
            Answer::Trouble => {
                state.errors += 1;
                state.at_once = FIRST_AT_ONCE.min(limits.domain_at_once);
                let tried_again = state.pauses > 0;
                if state.errors < limits.errors_max && !tried_again {
                    return false;
                }
                let first = u64::try_from(limits.pause.as_millis()).unwrap_or(u64::MAX);
                let factor = 1_u64.checked_shl(state.pauses).unwrap_or(u64::MAX).min(PAUSE_FACTOR_MAX);
                state.paused_until = now.saturating_add(first.saturating_mul(factor));
                state.pauses += 1;
                (state.errors, state.put_off) = (0, 0);
                state.why = why.to_owned();
                true
            }
        }
    }

    /// Domains that are left alone, the one for longest first.
    pub(super) fn paused(&self, now: u64) -> Vec<Paused> {
        let mut paused: Vec<Paused> = self
            .domains
            .iter()
            .filter(|(_, state)| now < state.paused_until)
            .map(|(domain, state)| Paused {
                domain: domain.clone(),
                for_ms: state.paused_until - now,
                why: state.why.clone(),
            })
            .collect();
        paused.sort_by(|left, right| (right.for_ms, &left.domain).cmp(&(left.for_ms, &right.domain)));
        paused
    }

    fn domain(&mut self, name: &str, now: u64) -> &mut Domain {
        if self.domains.len() >= DOMAINS_MAX && !self.domains.contains_key(name) {
            self.domains.retain(|_, state| !state.is_quiet(now));
        }
        let limits = self.limits;
        self.domains.entry(name.to_owned()).or_insert_with(|| Domain {
            under_way: Vec::new(),
            at_once: FIRST_AT_ONCE.min(limits.domain_at_once),
            bucket: Bucket::full(limits.domain_per_minute, now),
            put_off_until: 0,
            put_off: 0,
            errors: 0,
            pauses: 0,
            paused_until: 0,
            why: String::new(),
        })
    }
}

fn forget(under_way: &mut Vec<u64>, began: u64) {
    if let Some(at) = under_way.iter().position(|other| *other == began) {
        under_way.swap_remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(change: impl FnOnce(&mut Limits)) -> Traffic {
        let mut limits = Limits {
            at_once: 4,
            domain_at_once: 3,
            per_minute: 0,
            domain_per_minute: 0,
            errors_max: 3,
            pause: Duration::from_secs(60),
        };
        change(&mut limits);
        Traffic::new(limits)
    }

    #[test]
    fn a_domain_gets_more_places_as_it_takes_mail_and_never_all() {
        let mut traffic = traffic(|_| {});
        let begin = |traffic: &mut Traffic, domain| {
            let may = traffic.may_begin(domain, 5);
            if may {
                traffic.begin(domain, 5);
            }
            may
        };
        assert_eq!([(); 3].map(|()| begin(&mut traffic, "a")), [true, true, false]);
        for _ in 0..2 {
            traffic.end("a", 5, Answer::Accepted, "", 6);
        }
        assert_eq!([(); 4].map(|()| begin(&mut traffic, "a")), [true, true, true, false]);
        assert!(begin(&mut traffic, "b"), "there is one place left");
        assert!(!begin(&mut traffic, "c"), "and no more");
    }

    #[test]
    fn what_hangs_gives_its_place_to_others_and_gets_no_more_itself() {
        let mut traffic = traffic(|limits| limits.at_once = 2);
        for _ in 0..2 {
            assert!(traffic.may_begin("hangs", 0));
            traffic.begin("hangs", 0);
        }
        assert!(!traffic.may_begin("quick", 0));
        assert!(traffic.may_begin("quick", 10_001));
        assert!(!traffic.may_begin("hangs", 10_001));
        traffic.end("hangs", 0, Answer::Trouble, "silence", 60_000);
        traffic.end("hangs", 0, Answer::Trouble, "silence", 60_000);
        assert!(traffic.may_begin("hangs", 60_000));
    }

    #[test]
    fn slow_mails_have_an_end_too() {
        let mut traffic = traffic(|limits| limits.at_once = 1);
        for number in 0..SLOW_FACTOR {
            let now = number as u64 * 20_000;
            assert!(traffic.has_place(now));
            traffic.begin(&format!("domain{number}"), now);
        }
        assert!(!traffic.has_place(1_000_000));
    }

    #[test]
    fn a_burst_of_errors_pauses_a_domain_and_no_other() {
        let mut traffic = traffic(|_| {});
        let fail = |traffic: &mut Traffic, now| {
            traffic.begin("a", now);
            traffic.end("a", now, Answer::Trouble, "451 later", now)
        };
        assert_eq!(
            [fail(&mut traffic, 1), fail(&mut traffic, 2), fail(&mut traffic, 3)],
            [false, false, true]
        );
        assert!(!traffic.may_begin("a", 59_000) && traffic.may_begin("b", 59_000));
        assert!(matches!(traffic.ask("a", true, 1_003), Verdict::After(59_000)), "urgent or not");
        assert_eq!(traffic.ask("b", false, 1_003), Verdict::Soon);
        let paused = traffic.paused(3);
        assert_eq!((paused.len(), paused[0].domain.as_str(), paused[0].for_ms), (1, "a", 60_000));
        assert_eq!(paused[0].why, "451 later");
        // One tries after the pause, and fails: twice as long.
        assert!(traffic.may_begin("a", 60_004));
        traffic.begin("a", 60_004);
        assert!(!traffic.may_begin("a", 60_004), "one at a time");
        assert!(traffic.end("a", 60_004, Answer::Trouble, "451", 60_005));
        assert_eq!(traffic.paused(60_005)[0].for_ms, 120_000);
        // Another one is accepted: as if nothing had been.
        traffic.begin("a", 180_006);
        assert!(!traffic.end("a", 180_006, Answer::Accepted, "", 180_007));
        assert!(traffic.paused(180_008).is_empty());
        assert_eq!([fail(&mut traffic, 180_009), fail(&mut traffic, 180_010)], [false, false]);
    }

    #[test]
    fn what_began_before_a_pause_does_not_make_it_longer() {
        let mut traffic = traffic(|limits| (limits.errors_max, limits.domain_at_once) = (1, 3));
        for _ in 0..3 {
            traffic.begin("a", 1);
        }
        assert!(traffic.end("a", 1, Answer::Trouble, "421 later", 10));
        assert!(!traffic.end("a", 1, Answer::Trouble, "421 later", 20_000));
        assert_eq!(traffic.paused(20_000)[0].for_ms, 40_010);
        assert!(traffic.may_begin("b", 20_000));
        // Taken after all: it takes mail.
        assert!(!traffic.end("a", 1, Answer::Accepted, "", 20_001));
        assert!(traffic.paused(20_001).is_empty());
    }

    #[test]
    fn errors_in_a_row_count_and_others_do_not() {
        let mut traffic = traffic(|_| {});
        for now in 0..50 {
            traffic.begin("a", now);
            let answer = if now % 3 == 2 { Answer::Accepted } else { Answer::Trouble };
            assert!(!traffic.end("a", now, answer, "451", now));
            traffic.begin("b", now);
            assert!(!traffic.end("b", now, Answer::Neither, "550 no such user", now));
        }
    }

    #[test]
    fn the_rate_holds_over_a_minute_and_what_was_not_used_is_kept_for_one() {
        let mut traffic = traffic(|limits| limits.per_minute = 60);
        assert_eq!(traffic.room(0), 60);
        for _ in 0..60 {
            traffic.ask("a", false, 0);
        }
        assert_eq!((traffic.room(0), traffic.room(999), traffic.room(1_000)), (0, 0, 1));
        traffic.ask("a", false, 1_000);
        assert_eq!((traffic.room(1_500), traffic.room(31_000)), (0, 30));
        assert_eq!(traffic.room(10_000_000), 60);
    }

    #[test]
    fn a_domain_over_its_rate_is_put_off_one_after_the_other() {
        let mut traffic = traffic(|limits| limits.domain_per_minute = 6);
        for _ in 0..6 {
            assert_eq!(traffic.ask("a", false, 0), Verdict::Soon);
        }
        assert_eq!(traffic.ask("a", false, 0), Verdict::After(10_000));
        assert_eq!(traffic.ask("a", false, 0), Verdict::After(20_000));
        assert_eq!(traffic.ask("a", true, 0), Verdict::Soon, "what is urgent does not wait");
        assert_eq!(traffic.ask("b", false, 0), Verdict::Soon);
        assert_eq!(traffic.ask("a", false, 12_000), Verdict::Soon, "its turn has come");
    }

    #[test]
    fn what_is_quiet_is_forgotten() {
        let mut traffic = traffic(|_| {});
        for number in 0..DOMAINS_MAX + 5 {
            traffic.ask(&format!("domain{number}"), false, number as u64 + 1);
        }
        assert!(traffic.domains.len() <= DOMAINS_MAX);
    }
}
