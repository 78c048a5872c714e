//! Figures of the outbox: what waits, what went and how fast, what was refused and where.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::LARGE;
use crate::api::notice::{Delays, DomainFigures, KindFigures, NoticeStats, PolicyRefusal};
use crate::db::{self, Connection, Instant};
use crate::domain::notice::NoticeState;
use crate::service::{App, Error};

/// How far back delays and refusals are looked at.
const SINCE: TimeDelta = TimeDelta::days(7);

/// Notices whose delay is looked at, the latest.
const DELAYS_OF: i64 = 20_000;

/// Refusals that are looked at, the latest.
const REFUSALS_OF: i64 = 1000;

/// Domains in the list.
const DOMAINS_MAX: usize = 20;

/// The figures as the database has them; what this process alone knows is left out.
/// Those of a large outbox are of a moment ago.
pub fn stats(app: &App) -> Result<NoticeStats, Error> {
    let unreached = super::unreached::list(app)?.len();
    let is_large = |stats: &NoticeStats| stats.by_state.values().sum::<i64>() > LARGE;
    let asked = app.clone();
    let stats = app.database.read(|connection| {
        let asked = asked.clone();
        app.figures
            .get(app, connection, "notice stats", is_large, move |connection| counted(connection, &asked))
    })?;
    Ok(NoticeStats { unreached: i64::try_from(unreached).unwrap_or(i64::MAX), ..stats })
}

fn counted(connection: &mut Connection, app: &App) -> Result<NoticeStats, Error> {
    let now = app.clock.now();
    let since = Instant::from(now - SINCE);
    let kinds = db::notice_stats::by_kind_and_state(connection)?;
    let mut by_state: BTreeMap<String, i64> = BTreeMap::new();
    let mut by_kind: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for (kind, state, count) in kinds {
        *by_state.entry(state.clone()).or_default() += count;
        by_kind.entry(kind).or_default().insert(state, count);
    }
    let mut refused: BTreeMap<String, PolicyRefusal> = BTreeMap::new();
    for (notice, domain, said) in db::notice_stats::refused_for_policy(connection, since, REFUSALS_OF)? {
        let entry = refused.entry(domain.clone()).or_insert_with(|| PolicyRefusal {
            domain,
            count: 0,
            notice,
            said: said.unwrap_or_default(),
        });
        entry.count += 1;
    }
    let outbox = db::health::outbox(connection, now.into(), since)?;
    let oldest = outbox.due_since.map(|since| (now - since.utc()).num_seconds());
    Ok(NoticeStats {
        by_state,
        by_kind: by_kind
            .into_iter()
            .map(|(kind, by_state)| {
                let kind = kind.parse().map_err(Error::Corrupt)?;
                Ok(KindFigures { kind, by_state })
            })
            .collect::<Result<_, Error>>()?,
        domains: domains(db::notice_stats::by_domain_and_state(connection)?),
        due: outbox.due,
        oldest_due_seconds: oldest,
        delays: delays(&db::notice_stats::acceptances(connection, since, DELAYS_OF)?),
        unreached: 0,
        suppressed: db::suppression::count(connection)?,
        refused_for_policy: refused.into_values().collect(),
        paused_domains: Vec::new(),
        relays: Vec::new(),
    })
}

/// The domains with most notices.
fn domains(rows: Vec<(String, String, i64)>) -> Vec<DomainFigures> {
    let mut all: BTreeMap<String, DomainFigures> = BTreeMap::new();
    for (domain, state, count) in rows {
        let figures = all.entry(domain.clone()).or_insert_with(|| DomainFigures {
            domain,
            total: 0,
            accepted: 0,
            waiting: 0,
            deferred: 0,
            refused: 0,
        });
        figures.total += count;
        match state.parse() {
            Ok(NoticeState::Accepted) => figures.accepted += count,
            Ok(NoticeState::Queued | NoticeState::Sending) => figures.waiting += count,
            Ok(NoticeState::Deferred) => figures.deferred += count,
            Ok(NoticeState::Failed | NoticeState::Bounced) => figures.refused += count,
            _ => {}
        }
    }
    let mut list: Vec<DomainFigures> = all.into_values().collect();
    list.sort_by_key(|figures| std::cmp::Reverse(figures.total));
    list.truncate(DOMAINS_MAX);
    list
}

/// How long it took from when a notice might leave to its acceptance.
fn delays(rows: &[(Instant, Option<Instant>)]) -> Option<Delays> {
    let mut seconds: Vec<i64> = rows
        .iter()
        .filter_map(|(from, until)| Some((until.as_ref()?.utc() - from.utc()).num_seconds().max(0)))
        .collect();
    seconds.sort_unstable();
    let at = |percent: usize| seconds[(seconds.len() * percent / 100).min(seconds.len() - 1)];
    if seconds.is_empty() {
        return None;
    }
    Some(Delays {
        notices: i64::try_from(seconds.len()).unwrap_or(i64::MAX),
        median_seconds: at(50),
        p95_seconds: at(95),
        longest_seconds: at(100),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn delays_are_of_what_was_accepted() {
        let at = |seconds| Instant::from(DateTime::from_timestamp(seconds, 0).expect("an instant"));
        assert!(delays(&[]).is_none());
        let rows: Vec<_> = (1..=100).map(|taken| (at(1000), Some(at(1000 + taken)))).collect();
        let found = delays(&rows).expect("there are some");
        assert_eq!((found.notices, found.median_seconds), (100, 51));
        assert_eq!((found.p95_seconds, found.longest_seconds), (96, 100));
        let early = delays(&[(at(1000), Some(at(900)))]).expect("one");
        assert_eq!(early.longest_seconds, 0, "by an operator's hand, before its time");
    }

    #[test]
    fn a_domain_counts_what_waits_and_what_was_refused() {
        let row = |state: &str, count| ("shop.example".to_owned(), state.to_owned(), count);
        let list = domains(vec![row("accepted", 5), row("queued", 2), row("sending", 1), row("bounced", 3)]);
        let found = &list[0];
        assert_eq!((found.total, found.accepted, found.waiting, found.refused), (11, 5, 3, 3));
    }
}
