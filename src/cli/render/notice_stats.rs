//! Figures of the outbox.

use crate::api::notice::NoticeStats;
use crate::cli::output::{Screen, Table};
use crate::domain::notice::NoticeState;

/// Everything that is worth a look, the worst first.
pub fn stats(screen: &mut Screen, stats: &NoticeStats) {
    screen.heading("Outbox");
    let waited = stats
        .oldest_due_seconds
        .map_or_else(String::new, |oldest| format!(", the oldest for {}", span(oldest)));
    screen.pairs(&[
        ("due", Some(format!("{}{waited}", stats.due))),
        (
            "until accepted",
            stats.delays.as_ref().map(|delays| {
                format!(
                    "half within {}, 95 % within {}, the longest {} (of {} in 7 days)",
                    span(delays.median_seconds),
                    span(delays.p95_seconds),
                    span(delays.longest_seconds),
                    delays.notices
                )
            }),
        ),
        ("merchants' visits not told", Some(format!("{} (offpeak notice unreached)", stats.unreached))),
        ("suppressed addresses", Some(format!("{} (offpeak notice suppress list)", stats.suppressed))),
    ]);
    for refusal in &stats.refused_for_policy {
        screen.line(format!(
            "! {} will not have mail from us ({} notices, notice {} last): {}",
            refusal.domain, refusal.count, refusal.notice, refusal.said
        ));
        screen.line(format!("  see to its reason, then: offpeak notice retry --domain {}", refusal.domain));
    }
    for paused in &stats.paused_domains {
        let wait = span(i64::try_from(paused.for_seconds).unwrap_or(i64::MAX));
        screen.line(format!("! {} is left alone for {wait}: {}", paused.domain, paused.why));
    }
    for relay in &stats.relays {
        match (&relay.failure, relay.left_alone_for_seconds) {
            (Some(failure), Some(_)) => screen.line(format!("! {} is left alone: {failure}", relay.server)),
            (Some(failure), None) => screen.line(format!("! {} is tried again: {failure}", relay.server)),
            (None, _) => screen.line(format!("  {} takes mail", relay.server)),
        }
    }
    if stats.by_kind.is_empty() {
        screen.line("No notice yet: they are written when a plan is published.");
        return;
    }
    screen.blank();
    let mut table = Table::new([
        "kind",
        "queued",
        "sending",
        "accepted",
        "deferred",
        "failed",
        "bounced",
        "expired",
        "superseded",
    ]);
    for kind in &stats.by_kind {
        let count =
            |state: NoticeState| kind.by_state.get(state.as_str()).copied().unwrap_or_default().to_string();
        table.row([
            kind.kind.to_string(),
            count(NoticeState::Queued),
            count(NoticeState::Sending),
            count(NoticeState::Accepted),
            count(NoticeState::Deferred),
            count(NoticeState::Failed),
            count(NoticeState::Bounced),
            count(NoticeState::Expired),
            count(NoticeState::Superseded),
        ]);
    }
    screen.table(table);
    screen.blank();
    let mut table = Table::new(["domain", "notices", "accepted", "waiting", "deferred", "refused"]);
    for domain in &stats.domains {
        table.row([
            domain.domain.clone(),
            domain.total.to_string(),
            domain.accepted.to_string(),
            domain.waiting.to_string(),
            domain.deferred.to_string(),
            domain.refused.to_string(),
        ]);
    }
    screen.table(table);
}

/// A span of time as people say it.
fn span(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
