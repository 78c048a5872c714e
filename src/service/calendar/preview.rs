//! What windows and blackouts come to: the next openings of a site or of a line that is not saved, and what a blackout
//! that is not saved would cover.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{blackout_view, check_blackout, must_exist, rule_of, window_view};
use crate::api::calendar::{
    BlackoutPreview, BlackoutView, NewBlackout, OpeningView, Preview, PreviewRequest, SpanView, WindowView,
};
use crate::db::fleet::{MerchantRow, SiteRow};
use crate::db::group::{Down, DownRow};
use crate::db::{self, Connection, Instant};
use crate::domain::budget::Grouping;
use crate::domain::calendar::{Blackout, Opening, SpanSet, WindowRule, display_opening};
use crate::domain::fleet::{Merchant, Site, Terminal};
use crate::domain::scope::Scope;
use crate::service::fleet::find_site;
use crate::service::world::{blackout_of, merchant_of, site_of, terminal_of, window_of};
use crate::service::{App, Error};

/// How far ahead blackouts are looked for.
const AHEAD: TimeDelta = TimeDelta::days(366);

/// No two clocks are further apart.
const CLOCKS_APART: TimeDelta = TimeDelta::hours(26);

/// Sites whose zones are asked for a preview.
const ZONES_MAX: i64 = 1000;

/// Sites that are read at once.
const SITES_AT_ONCE: usize = 500;

/// Spans of a blackout that its preview shows.
const SPANS_MAX: usize = 5;

/// Windows and blackouts of one site.
#[derive(Debug)]
pub(in crate::service) struct SiteRules {
    /// The site's zone.
    pub zone: Tz,
    /// Every window whose scope holds it, the narrowest scope first, and whether it holds there.
    pub windows: Vec<(WindowView, WindowRule, bool)>,
    /// Its blackouts. One for a part of the site's terminals is told of as the site's.
    pub blackouts: Vec<(BlackoutView, Blackout)>,
}

impl SiteRules {
    /// Reads what holds at a site.
    pub(in crate::service) fn load(
        connection: &mut Connection,
        site: &SiteRow,
        merchant: &MerchantRow,
    ) -> Result<Self, Error> {
        let terminals = db::fleet::terminals_of_site(connection, site.id, None, 1000)?;
        let code = site.code.clone();
        let site = site_of(site.clone(), merchant.number.clone())?;
        let merchant = merchant_of(merchant.clone())?;
        let terminals = terminals.into_iter().map(|row| terminal_of(row, code.clone()));
        let terminals = terminals.collect::<Result<Vec<_>, _>>()?;
        let mut windows = Vec::new();
        for row in db::calendar::windows(connection)? {
            let (scope, rule) = window_of(&row)?;
            if let Some(rank) = scope.window_rank().filter(|_| holds(&scope, &site, &merchant, &terminals)) {
                windows.push((rank, window_view(row), rule));
            }
        }
        windows.sort_by_key(|(rank, view, _)| (std::cmp::Reverse(*rank), view.id));
        let narrowest = windows.first().map(|(rank, ..)| *rank);
        let mut blackouts = Vec::new();
        for row in db::calendar::blackouts(connection)? {
            let (scope, blackout) = blackout_of(&row)?;
            if holds(&scope, &site, &merchant, &terminals) {
                blackouts.push((blackout_view(row), blackout));
            }
        }
        let windows =
            windows.into_iter().map(|(rank, view, rule)| (view, rule, Some(rank) == narrowest)).collect();
        Ok(SiteRules { zone: site.time_zone, windows, blackouts })
    }

    /// The next openings by the windows that hold.
    pub(in crate::service) fn preview(&self, from: DateTime<Utc>, count: usize) -> Preview {
        let holding = self.windows.iter().filter(|(.., holds)| *holds);
        let (words, rules): (Vec<String>, Vec<WindowRule>) = holding
            .map(|(view, rule, _)| {
                let minutes = rule.duration_minutes();
                (format!("{} for {minutes} minutes ({})", rule.cron(), view.scope), rule.clone())
            })
            .unzip();
        self.openings(words, &rules, from, count)
    }

    /// The next openings by these rules, its blackouts taken off.
    fn openings(
        &self,
        words: Vec<String>,
        rules: &[WindowRule],
        from: DateTime<Utc>,
        count: usize,
    ) -> Preview {
        let blackouts: Vec<_> = self
            .blackouts
            .iter()
            .map(|(view, blackout)| (&view.name, blackout.spans(self.zone, from..from + AHEAD)))
            .collect();
        let openings = next_openings(rules, self.zone, from, count).into_iter().map(|opening| {
            let cut = blackouts
                .iter()
                .find(|(_, spans)| spans.iter().any(|span| span.intersection(opening.span()).is_some()));
            opening_view(&opening, self.zone, cut.map(|(name, _)| format!("blackout \"{name}\"")))
        });
        let openings = openings.collect();
        Preview { time_zone: self.zone.name().to_owned(), rules: words, openings, terminals: None }
    }
}

/// Whether the site lies in the scope, or one of its terminals.
fn holds(scope: &Scope, site: &Site, merchant: &Merchant, terminals: &[Terminal]) -> bool {
    match scope.grouping {
        Grouping::Fleet => true,
        Grouping::Region => scope.value == site.region,
        Grouping::Merchant => scope.value == merchant.number,
        Grouping::Site => scope.value == site.code,
        _ => terminals.iter().any(|terminal| !terminal.retired && scope.holds(terminal, site, merchant)),
    }
}

/// The next openings of a site, with its blackouts taken off, or of a line that is not saved: by itself, or as if it
/// were added for a scope.
pub fn preview(app: &App, request: &PreviewRequest) -> Result<Preview, Error> {
    let count = request.count.unwrap_or(10);
    if !(1..=1000).contains(&count) {
        return Err(Error::invalid("count", format!("{count} is out of range; use 1 to 1000")));
    }
    let from = request.from.unwrap_or_else(|| app.clock.now());
    match (&request.site, &request.cron) {
        (Some(code), None) => {
            app.database.read(|connection| Ok::<_, Error>(rules_of(connection, code)?.preview(from, count)))
        }
        (None, Some(cron)) => {
            let duration = request.duration_minutes.unwrap_or(120);
            let cutoff = request.cutoff_minutes.unwrap_or(0);
            let rule = rule_of(cron, duration, cutoff, request.time_zone.as_deref())?;
            let words = vec![format!("{cron} for {duration} minutes")];
            match &request.scope {
                Some(scope) => scoped_preview(app, scope, words, rule, from, count),
                None => Ok(plain_preview(words, rule, Tz::UTC, from, count)),
            }
        }
        _ => Err(Error::invalid("site", "give either a site or a cron line")),
    }
}

fn scoped_preview(
    app: &App,
    scope: &str,
    words: Vec<String>,
    rule: WindowRule,
    from: DateTime<Utc>,
    count: usize,
) -> Result<Preview, Error> {
    let scope: Scope = scope.parse().map_err(|error| Error::invalid("scope", error))?;
    app.database.read(|connection| {
        must_exist(connection, &scope)?;
        let mut preview = match scope.grouping {
            Grouping::Site => {
                let rules = rules_of(connection, &scope.value)?;
                rules.openings(words.clone(), std::slice::from_ref(&rule), from, count)
            }
            _ => {
                let (zone, _) = usual_zone(connection, app, &scope)?;
                plain_preview(words.clone(), rule.clone(), zone, from, count)
            }
        };
        preview.terminals = Some(terminals_in(connection, &scope)?);
        Ok(preview)
    })
}

fn plain_preview(
    words: Vec<String>,
    rule: WindowRule,
    zone: Tz,
    from: DateTime<Utc>,
    count: usize,
) -> Preview {
    let zone = rule.zone().unwrap_or(zone);
    let openings = next_openings(&[rule], zone, from, count);
    let openings = openings.into_iter().map(|opening| opening_view(&opening, zone, None)).collect();
    Preview { time_zone: zone.name().to_owned(), rules: words, openings, terminals: None }
}

fn rules_of(connection: &mut Connection, code: &str) -> Result<SiteRules, Error> {
    let site = find_site(connection, code)?;
    let merchant = db::fleet::merchants_by_id(connection, &[site.merchant_id])?.pop();
    let merchant = merchant.ok_or_else(|| Error::Corrupt(format!("site `{code}` has no merchant")))?;
    SiteRules::load(connection, &site, &merchant)
}

/// Active terminals in a scope.
fn terminals_in(connection: &mut Connection, scope: &Scope) -> Result<u32, Error> {
    let sizes = db::group::sizes(connection, &scope.grouping, &[&scope.value])?;
    Ok(sizes.get(&scope.value).copied().unwrap_or_default())
}

/// What a blackout that is not saved would cover: when, how many terminals, and what stands in it already.
pub fn preview_blackout(app: &App, new: &NewBlackout) -> Result<BlackoutPreview, Error> {
    let (scope, blackout) = check_blackout(new)?;
    let now = app.clock.now();
    app.database.read(|connection| {
        must_exist(connection, &scope)?;
        let (zone, is_only) = match (blackout.zone(), &scope.grouping) {
            (Some(zone), _) => (zone, true),
            (None, Grouping::Site) => (rules_of(connection, &scope.value)?.zone, true),
            (None, _) => usual_zone(connection, app, &scope)?,
        };
        let covered = blackout.spans(zone, now..now + AHEAD * 3);
        let mut inside: HashSet<(i64, Instant)> = HashSet::new();
        let mut spans = Vec::new();
        for span in covered.iter().take(SPANS_MAX) {
            // Each site has it by its own clock, unless the blackout has one.
            let margin = if is_only { TimeDelta::zero() } else { CLOCKS_APART };
            let which =
                Down::Between(Instant::from(span.start() - margin), Instant::from(span.end() + margin));
            let mut down = db::group::down(connection, which, &[scope.grouping.clone(), Grouping::Site])?;
            down.retain(|row| row.group_of(&scope.grouping).as_deref() == Some(&scope.value));
            let clocks = Clocks::of(connection, &blackout, now, &down)?;
            let covered = down.iter().filter(|row| clocks.cover(row));
            inside.extend(covered.map(|row| (row.terminal_id, row.starts_at)));
            spans.push(SpanView {
                starts_at: span.start(),
                ends_at: span.end(),
                local_start: span.start().with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
                local_end: span.end().with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
            });
        }
        let terminals = terminals_in(connection, &scope)?;
        let appointments = inside.len() as u64;
        Ok(BlackoutPreview { time_zone: zone.name().to_owned(), terminals, appointments, spans })
    })
}

/// The zone that most sites of a scope have, as far as they are looked at, or the fleet's if that cannot be told; and
/// whether it is the only one.
fn usual_zone(connection: &mut Connection, app: &App, scope: &Scope) -> Result<(Tz, bool), Error> {
    let (region, merchant) = match scope.grouping {
        Grouping::Fleet => (None, None),
        Grouping::Region => (Some(scope.value.as_str()), None),
        Grouping::Merchant => (None, Some(scope.value.as_str())),
        _ => return Ok((app.settings.fleet_time_zone, false)),
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let zones = db::fleet::zones_in(connection, region, merchant, ZONES_MAX)?;
    let is_all = i64::try_from(zones.len()).is_ok_and(|count| count < ZONES_MAX);
    for zone in zones {
        *counts.entry(zone).or_default() += 1;
    }
    let is_only = is_all && counts.len() == 1;
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    let most = most.and_then(|(zone, _)| zone.parse().ok());
    Ok((most.unwrap_or(app.settings.fleet_time_zone), is_only))
}

/// When a blackout holds at the sites of some appointments.
struct Clocks {
    zone_of: HashMap<String, Tz>,
    spans_in: HashMap<Tz, SpanSet>,
}

impl Clocks {
    fn of(
        connection: &mut Connection,
        blackout: &Blackout,
        now: DateTime<Utc>,
        rows: &[DownRow],
    ) -> Result<Clocks, Error> {
        let mut codes: Vec<String> =
            rows.iter().filter_map(|row| row.group_of(&Grouping::Site)).map(Into::into).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut zone_of = HashMap::new();
        for some in codes.chunks(SITES_AT_ONCE) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            for site in db::fleet::sites_by_code(connection, &some)? {
                let zone = site.time_zone.parse().unwrap_or(Tz::UTC);
                zone_of.insert(site.code, blackout.zone().unwrap_or(zone));
            }
        }
        let zones: HashSet<Tz> = zone_of.values().copied().collect();
        let spans = |zone: Tz| (zone, blackout.spans(zone, now..now + AHEAD * 3));
        Ok(Clocks { zone_of, spans_in: zones.into_iter().map(spans).collect() })
    }

    fn cover(&self, row: &DownRow) -> bool {
        let zone = row.group_of(&Grouping::Site).and_then(|code| self.zone_of.get(code.as_ref()));
        let spans = zone.and_then(|zone| self.spans_in.get(zone));
        spans.is_some_and(|spans| {
            spans.iter().any(|span| row.starts_at.utc() < span.end() && span.start() < row.ends_at.utc())
        })
    }
}

fn next_openings(rules: &[WindowRule], zone: Tz, from: DateTime<Utc>, count: usize) -> Vec<Opening> {
    let mut openings: Vec<Opening> = Vec::new();
    for rule in rules {
        let mut next = rule.current_or_next_opening(zone, from);
        for _ in 0..count {
            let Some(opening) = next else { break };
            let after = opening.start;
            openings.push(opening);
            next = rule
                .cron()
                .next_after(rule.zone().unwrap_or(zone), after)
                .and_then(|start| rule.openings(zone, start..start + TimeDelta::seconds(1)).pop());
        }
    }
    openings.sort_by_key(|opening| (opening.start, opening.end));
    openings.truncate(count);
    openings
}

fn opening_view(opening: &Opening, zone: Tz, cut: Option<String>) -> OpeningView {
    let shown = display_opening(opening, zone);
    let note = match (cut, shown.clock_change) {
        (Some(cut), Some(change)) => Some(format!("{cut}; {change}")),
        (cut, change) => cut.or(change),
    };
    OpeningView {
        starts_at: opening.start,
        ends_at: opening.end,
        last_start_at: opening.last_start,
        local_start: shown.local_start,
        local_end: shown.local_end,
        note,
    }
}
