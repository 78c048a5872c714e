//! Several mail servers, of which each takes over for those before it in the list.
//!
//! A server that is down, or will not have mail from us, is left alone for a while, and longer each time; then one
//! mail tries it, and when it answers the others follow. One that hangs is passed over as long as it does, because a
//! conversation that has gone on for long and no other that ended well say so before any time limit does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::mail::transport::smtp::Service;
use crate::mail::transport::{Delivery, MayGo, OutgoingMail, Reached, SmtpTransport};

/// The first rest of a server that failed; it doubles with each failure.
const REST_MIN: Duration = Duration::from_secs(5);

/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(300);

/// Conversations in a row that a server may break off before it is taken for broken itself.
const BREAKS_MAX: u32 = 5;

/// A conversation that has gone on for so long is slow.
pub(crate) const SLOW_AFTER: Duration = Duration::from_secs(10);

/// Mail servers, the one that is asked first, first.
#[derive(Debug)]
pub struct Relays {
    relays: Vec<Relay>,
    since_start: Stopwatch,
    rest_min: Duration,
}

/// A mail server as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayView {
    /// Where it is; without its password.
    pub server: String,
    /// For how long it is left alone, if it is.
    pub rests_for: Option<Duration>,
    /// Why.
    pub failure: Option<String>,
}

#[derive(Debug)]
struct Relay {
    smtp: SmtpTransport,
    health: Mutex<Health>,
}

/// What is known of a server. Moments are milliseconds since the start.
#[derive(Debug, Default)]
struct Health {
    /// When each conversation under way began.
    under_way: Vec<u64>,
    last_good: u64,
    /// Failures since it last did its work.
    failures: u32,
    breaks: u32,
    rests_until: u64,
    failure: Option<String>,
}

impl Health {
    fn is_slow(&self, now: u64) -> bool {
        let since = now.saturating_sub(millis(SLOW_AFTER));
        self.last_good <= since && self.under_way.iter().any(|began| *began < since)
    }

    /// Whether it may be asked: after a rest, by one mail at a time.
    fn may_be_asked(&self, now: u64) -> bool {
        now >= self.rests_until && (self.failures == 0 || self.under_way.is_empty())
    }
}

/// A conversation under way; it is over when this goes, however that comes.
struct UnderWay<'a> {
    relay: &'a Relay,
    began: u64,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut health = self.relay.health();
        if let Some(at) = health.under_way.iter().position(|began| *began == self.began) {
            health.under_way.swap_remove(at);
        }
    }
}

impl Relay {
    fn health(&self) -> MutexGuard<'_, Health> {
        // Nothing in it can be half done.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relays {
    /// Mail goes through these, the first that takes it.
    pub fn new(servers: Vec<SmtpTransport>) -> Self {
        Self::with_rest(servers, REST_MIN)
    }

    /// The same, where the first rest of a server that failed is so long.
    pub fn with_rest(servers: Vec<SmtpTransport>, rest_min: Duration) -> Self {
        let relays = servers.into_iter().map(|smtp| Relay { smtp, health: Mutex::default() }).collect();
        Relays { relays, since_start: Stopwatch::start(), rest_min }
    }

    /// Hands `mail` to the first server that takes mail at this moment.
    pub async fn deliver(&self, mail: &OutgoingMail, may_go: &MayGo<'_>) -> Delivery {
        let mut asked = vec![false; self.relays.len()];
        let mut last: Option<Delivery> = None;
        while let Some((which, under_way)) = self.choose(&asked) {
            asked[which] = true;
            let relay = &self.relays[which];
            let (delivery, service) = relay.smtp.attempt(mail, may_go).await;
            drop(under_way);
            match service {
                Service::Given => self.did_its_work(relay),
                Service::Unknown => {}
                Service::BrokenOff => self.broke_off(relay, &delivery),
                Service::Refused => {
                    self.failed(relay, &delivery);
                    last = Some(delivery);
                    continue;
                }
            }
            return delivery;
        }
        match last {
            // What a server said of us, not of the mail, is for people to see; elsewhere it may go later.
            Some(rejected @ Delivery::Rejected { .. }) => rejected,
            Some(Delivery::Deferred { code: Some(code), text }) => {
                Delivery::NoServer { text: format!("{code} {text}") }
            }
            Some(Delivery::Deferred { code: None, text }) => Delivery::NoServer { text },
            _ => Delivery::NoServer { text: "every mail server is left alone for a while".to_owned() },
        }
    }

    /// The first server that may be asked and does not hang; else the first that may be asked.
    fn choose(&self, asked: &[bool]) -> Option<(usize, UnderWay<'_>)> {
        let now = self.since_start.elapsed_ms();
        let mut slow = None;
        for (which, relay) in self.relays.iter().enumerate().filter(|(which, _)| !asked[*which]) {
            let mut health = relay.health();
            if !health.may_be_asked(now) {
                continue;
            }
            if health.is_slow(now) {
                slow = slow.or(Some(which));
                continue;
            }
            health.under_way.push(now);
            return Some((which, UnderWay { relay, began: now }));
        }
        let which = slow?;
        let relay = &self.relays[which];
        relay.health().under_way.push(now);
        Some((which, UnderWay { relay, began: now }))
    }

    fn did_its_work(&self, relay: &Relay) {
        let mut health = relay.health();
        if health.failures > 0 {
            tracing::info!(server = %relay.smtp.url(), "the mail server takes mail again");
        }
        (health.failures, health.breaks, health.failure) = (0, 0, None);
        health.last_good = self.since_start.elapsed_ms();
    }

    fn broke_off(&self, relay: &Relay, delivery: &Delivery) {
        let breaks = {
            let mut health = relay.health();
            health.breaks += 1;
            health.breaks
        };
        if breaks >= BREAKS_MAX {
            self.failed(relay, delivery);
        }
    }

    fn failed(&self, relay: &Relay, delivery: &Delivery) {
        let why = match delivery {
            Delivery::Deferred { code: Some(code), text } => format!("{code} {text}"),
            Delivery::Rejected { code, text, .. } => format!("{code} {text}"),
            Delivery::Deferred { code: None, text }
            | Delivery::Unknown { text }
            | Delivery::NoServer { text } => text.clone(),
            Delivery::Accepted { .. } | Delivery::Withheld => String::new(),
        };
        let server = relay.smtp.url().to_string();
        let now = self.since_start.elapsed_ms();
        let mut health = relay.health();
        // Several that were under way fail together: that is one failure.
        if now < health.rests_until {
            return;
        }
        let rest = self.rest_min.saturating_mul(1 << health.failures.min(10)).min(REST_MAX);
        health.failures += 1;
        health.breaks = 0;
        health.rests_until = now + millis(rest);
        tracing::warn!(%server, %why, rest_seconds = rest.as_secs(), "the mail server is left alone");
        metrics::counter!("offpeak_mail_relay_failures_total", "server" => server).increment(1);
        health.failure = Some(why);
    }

    /// For how long no server is to be asked, if none is.
    pub fn rest_for(&self) -> Option<Duration> {
        let now = self.since_start.elapsed_ms();
        let rest = |relay: &Relay| {
            let health = relay.health();
            match health.rests_until.saturating_sub(now) {
                // One mail tries it at this moment.
                0 if !health.may_be_asked(now) => millis(Duration::from_secs(1)),
                rest => rest,
            }
        };
        self.relays.iter().map(rest).min().filter(|rest| *rest > 0).map(Duration::from_millis)
    }

    /// As people see them.
    pub fn view(&self) -> Vec<RelayView> {
        let now = self.since_start.elapsed_ms();
        let view = |relay: &Relay| {
            let health = relay.health();
            let rest = health.rests_until.saturating_sub(now);
            RelayView {
                server: relay.smtp.url().to_string(),
                rests_for: (rest > 0).then(|| Duration::from_millis(rest)),
                failure: health.failure.clone(),
            }
        };
        self.relays.iter().map(view).collect()
    }

    /// Speaks with every server, up to where a mail would begin.
    pub(super) async fn probe(&self) -> Result<Reached, String> {
        let (mut reached, mut missing) = (Vec::new(), Vec::new());
        for relay in &self.relays {
            match relay.smtp.probe().await {
                Ok(found) => reached.push(found),
                Err(why) => missing.push(why),
            }
        }
        if reached.is_empty() {
            return Err(missing.join("; "));
        }
        Ok(Reached {
            found: reached.iter().map(|one| one.found.as_str()).collect::<Vec<_>>().join(", "),
            in_the_clear: reached.iter().any(|one| one.in_the_clear),
            real: true,
            missing,
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
