//! Whether a terminal may be taken down at a given time, which rule says no, and when it may: the rules of the
//! planner's problem, asked about one appointment. The page, the command line and the mail say the same.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::problem::Refusal;
use crate::db::Connection;
use crate::db::appointment::Standing;
use crate::domain::calendar::{Span, SpanSet};
use crate::domain::ids::TerminalId;
use crate::domain::said::{Fact, Rule, Said, Saying};
use crate::service::world::{Calendars, Group, Groups, Surroundings, TerminalEntry, World};
use crate::service::{App, Error};

/// How far around the asked times the load is read when one of them is refused and the nearest legal one is
/// looked for; twice as far, where there is none so near.
const FIRST_MARGIN: TimeDelta = TimeDelta::hours(12);

/// What is asked: may this terminal be down from `starts_at`, for so long?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The terminal.
    pub terminal: &'a TerminalEntry,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// How long, in minutes.
    pub duration_minutes: u32,
    /// Notice lead in minutes, allowance included; `None` where the notice rule is waived (an emergency).
    pub notice_lead_minutes: Option<u32>,
    /// The last instant by which it must have ended, if the work has a deadline.
    pub deadline_at: Option<DateTime<Utc>>,
    /// The appointment that moves: it does not stand in its own way.
    pub moving: Option<i64>,
}

/// A rule that says no.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// What exactly it says no to, in English and in the site's zone.
    pub message: String,
    /// The same as data.
    pub said: Said,
}

/// The rules, ready to be asked. Answers count what was placed by [`Rules::place`] before.
pub struct Rules<'a> {
    world: &'a World,
    groups: &'a Groups,
    calendars: Calendars,
    /// For each group, terminals down in each slot by standing appointments; known within `margin` of what is
    /// asked.
    load: Vec<Vec<u32>>,
    by_terminal: BTreeMap<TerminalId, Vec<(i64, Span)>>,
    /// How far around a legal time is looked for, if it is.
    margin: Option<TimeDelta>,
    /// A legal time was looked for, and there is none within the margin.
    wants_more: bool,
}

/// Why the rules are asked.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// To act upon it within this transaction: what it sees is counted, and no other time looked for.
    Acting,
    /// To say so, within a snapshot that changes nothing: the nights that are kept are counted, and where a time is
    /// refused, the nearest legal one is looked for.
    Saying(&'a App),
}

/// Decides about times within `asked` (half-open) by the rules of `surroundings`, reading only as much of the
/// load as the decision takes. `decide` may be called several times, each time with fresh rules.
pub fn decide<T>(
    connection: &mut Connection,
    surroundings: &Surroundings,
    purpose: Purpose<'_>,
    asked: Range<DateTime<Utc>>,
    mut decide: impl FnMut(&mut Rules<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let app = match purpose {
        Purpose::Acting => None,
        Purpose::Saying(app) => Some(app),
    };
    let grid = &surroundings.world.grid;
    let mut margin = app.map(|_| TimeDelta::zero());
    let mut load = surroundings.no_load();
    let mut known: Option<Range<u32>> = None;
    loop {
        let around = margin.unwrap_or_default();
        let (first, end) = (grid.slot_floor(asked.start - around), grid.slot_ceil(asked.end + around));
        let mut count = |slots| surroundings.count(connection, app, slots, &mut load);
        match known {
            None => count(first..end)?,
            // What is new on both sides.
            Some(known) => {
                count(first..known.start)?;
                count(known.end..end)?;
            }
        }
        known = Some(first..end);
        let mut rules = Rules::of(surroundings, load.clone(), margin);
        let decision = decide(&mut rules)?;
        if !rules.wants_more || (first == 0 && end == grid.slots()) {
            return Ok(decision);
        }
        margin = Some(if around.is_zero() { FIRST_MARGIN } else { around * 2 });
    }
}

impl<'a> Rules<'a> {
    fn of(surroundings: &'a Surroundings, load: Vec<Vec<u32>>, margin: Option<TimeDelta>) -> Self {
        let Surroundings { world, groups, .. } = surroundings;
        let mut by_terminal: BTreeMap<TerminalId, Vec<(i64, Span)>> = BTreeMap::new();
        for row in &world.standing {
            if let Some(span) = Span::new(row.starts_at.utc(), row.ends_at.utc()) {
                by_terminal.entry(row.terminal_id).or_default().push((row.id, span));
            }
        }
        Rules { world, groups, calendars: Calendars::default(), load, by_terminal, margin, wants_more: false }
    }

    /// Counts a span as taken, so that the next question sees it.
    pub fn place(&mut self, terminal: &TerminalEntry, appointment: i64, span: Span) {
        self.add(terminal.id, span, 1);
        self.by_terminal.entry(terminal.id).or_default().push((appointment, span));
    }

    /// Every rule that says no, with the nearest legal start; empty if it may.
    pub fn refusals(&mut self, question: Question<'_>) -> Vec<Refusal> {
        self.forget(question.moving);
        let broken = self.broken(question);
        let refusals = self.refusals_of(question, broken);
        self.remember(question.moving);
        refusals
    }

    fn refusals_of(&mut self, question: Question<'_>, broken: Vec<Broken>) -> Vec<Refusal> {
        let nearest = if broken.is_empty() { None } else { self.nearest(question) };
        let serial = &question.terminal.serial;
        let zone = self.world.site(question.terminal).time_zone;
        broken
            .into_iter()
            .map(|Broken { rule, message, said }| Refusal {
                serial: serial.to_string(),
                rule: rule.as_str().to_owned(),
                message,
                said: Some(said),
                nearest_legal_at: nearest,
                nearest_legal_local: nearest.map(|at| local_text(at, zone)),
            })
            .collect()
    }

    /// What forbids each of these, with those before it counted where they would stand; what may be placed stays
    /// placed.
    pub fn place_together(&mut self, questions: &[Question<'_>]) -> Vec<Vec<Refusal>> {
        questions.iter().for_each(|question| self.forget(question.moving));
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let broken = self.broken(*question);
            let length = TimeDelta::minutes(i64::from(question.duration_minutes));
            let span = Span::new(question.starts_at, question.starts_at + length);
            if let Some(span) = span.filter(|_| broken.is_empty()) {
                self.place(question.terminal, question.moving.unwrap_or_default(), span);
            }
            answers.push(self.refusals_of(*question, broken));
        }
        answers
    }

    /// What forbids each of these starts, without the nearest legal one.
    pub fn broken_at(&mut self, question: Question<'_>, starts: &[DateTime<Utc>]) -> Vec<Vec<Broken>> {
        self.forget(question.moving);
        let broken =
            starts.iter().map(|start| self.broken(Question { starts_at: *start, ..question })).collect();
        self.remember(question.moving);
        broken
    }

    /// By how much these may be moved together, the least first: each is asked with the others counted where they
    /// would stand. Only `only`, if that is given.
    pub fn legal_shifts(&mut self, questions: &[Question<'_>], only: Option<TimeDelta>) -> Vec<TimeDelta> {
        let Some(first) = questions.first() else { return Vec::new() };
        let starts = self.candidate_starts(*first);
        let mut shifts: Vec<TimeDelta> = starts.into_iter().map(|start| start - first.starts_at).collect();
        shifts.retain(|shift| only.is_none_or(|only| *shift == only));
        shifts.sort_unstable();
        questions.iter().for_each(|question| self.forget(question.moving));
        shifts.retain(|shift| {
            let mut placed = Vec::new();
            let fits = questions.iter().all(|question| {
                let starts_at = question.starts_at + *shift;
                let length = TimeDelta::minutes(i64::from(question.duration_minutes));
                let moved = Question { starts_at, ..*question };
                let Some(span) = Span::new(starts_at, starts_at + length) else { return false };
                let may = self.broken(moved).is_empty();
                if may {
                    self.add(question.terminal.id, span, 1);
                    placed.push((question.terminal.id, span));
                }
                may
            });
            placed.into_iter().for_each(|(terminal, span)| self.add(terminal, span, -1));
            fits
        });
        questions.iter().for_each(|question| self.remember(question.moving));
        shifts
    }

    /// The legal start nearest to the one asked for, on the slot grid, within the margin.
    fn nearest(&mut self, question: Question<'_>) -> Option<DateTime<Utc>> {
        let margin = self.margin?;
        let asked = question.starts_at;
        let mut starts: Vec<DateTime<Utc>> = self.candidate_starts(question);
        starts.retain(|start| (*start - asked).abs() <= margin);
        starts.sort_by_key(|start| ((*start - asked).abs(), *start));
        let legal =
            |start: &DateTime<Utc>| self.broken(Question { starts_at: *start, ..question }).is_empty();
        let nearest = starts.into_iter().find(legal);
        self.wants_more |= nearest.is_none();
        nearest
    }

    fn candidate_starts(&mut self, question: Question<'_>) -> Vec<DateTime<Utc>> {
        let index = self.calendars.of(self.world, question.terminal);
        let calendar = &self.calendars.all()[index];
        calendar
            .open
            .iter()
            .flat_map(|[from, to]| *from..*to)
            .map(|slot| self.world.grid.instant_of(slot))
            .collect()
    }

    fn broken(&self, question: Question<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        let length = TimeDelta::minutes(i64::from(question.duration_minutes));
        let Some(span) = Span::new(question.starts_at, question.starts_at + length) else {
            let message = "it has no duration; give at least one minute".to_owned();
            return vec![Broken { rule: Rule::Duration, message, said: Saying::NoDuration.alone() }];
        };
        self.ask_term(question, span, &mut broken);
        self.ask_calendar(question, span, &mut broken);
        self.ask_overlap(question, span, &mut broken);
        self.ask_budgets(question, span, &mut broken);
        broken
    }

    fn ask_term(&self, question: Question<'_>, span: Span, broken: &mut Vec<Broken>) {
        let zone = self.world.site(question.terminal).time_zone;
        let local = |instant: DateTime<Utc>| local_text(instant, zone);
        let horizon = self.world.grid.horizon();
        if span.start() < self.world.now {
            broken.push(Broken {
                rule: Rule::Release,
                message: format!("{} is past", local(span.start())),
                said: Saying::Past.with([("start_at", span.start().into())]),
            });
        } else if span.end() > horizon.end {
            broken.push(Broken {
                rule: Rule::Horizon,
                message: format!("plans reach to {} only", local(horizon.end)),
                said: Saying::BeyondHorizon.with([("horizon_at", horizon.end.into())]),
            });
        } else if let Some(lead) = question.notice_lead_minutes {
            let earliest = self.world.now + TimeDelta::minutes(i64::from(lead));
            if span.start() < earliest {
                let message = format!(
                    "the merchant must be told {} before; the earliest start is {}",
                    duration_text(lead),
                    local(earliest)
                );
                let facts = [("lead_minutes", lead.into()), ("earliest_at", earliest.into())];
                broken.push(Broken {
                    rule: Rule::NoticeLead,
                    message,
                    said: Saying::TooSoonToTell.with(facts),
                });
            }
        }
        if let Some(deadline) = question.deadline_at
            && span.end() > deadline
        {
            broken.push(Broken {
                rule: Rule::Deadline,
                message: format!("the work must have ended by {}", local(deadline)),
                said: Saying::AfterDeadline.with([("deadline_at", deadline.into())]),
            });
        }
    }

    fn ask_calendar(&self, question: Question<'_>, span: Span, broken: &mut Vec<Broken>) {
        let world = self.world;
        let site = world.site(question.terminal);
        let zone = site.time_zone;
        let asked = span.start()..span.end();
        let windows = world.windows_of(question.terminal);
        if windows.is_empty() {
            broken.push(Broken {
                rule: Rule::Window,
                message: format!("no maintenance window applies to site {}", site.code),
                said: Saying::NoWindow.with([("site", site.code.to_string().into())]),
            });
        }
        let openings: Vec<_> =
            windows.iter().flat_map(|index| world.windows[*index].1.openings(zone, asked.clone())).collect();
        let open: SpanSet = openings.iter().map(|opening| opening.span()).collect();
        let holder = open.iter().find(|open| open.start() <= span.start() && span.end() <= open.end());
        match holder {
            None if !windows.is_empty() => {
                let message = format!(
                    "{} lies outside the maintenance windows of site {}",
                    range_text(span, zone),
                    site.code
                );
                let [from, to] = ends_of(span);
                let said = Saying::OutsideWindows.with([from, to, ("site", site.code.to_string().into())]);
                broken.push(Broken { rule: Rule::Window, message, said });
            }
            None => {}
            Some(holder) => {
                let last_start = openings
                    .iter()
                    .filter(|opening| opening.end <= holder.end() && opening.end > span.start())
                    .map(|opening| opening.last_start)
                    .max();
                if let Some(last) = last_start.filter(|last| span.start() > *last) {
                    let message = format!(
                        "nothing starts later than {} in this window (its cutoff)",
                        local_text(last, zone)
                    );
                    let said = Saying::AfterCutoff.with([("last_start_at", last.into())]);
                    broken.push(Broken { rule: Rule::Cutoff, message, said });
                }
            }
        }
        for (name, spans) in world.blackout_spans(question.terminal) {
            if spans.iter().any(|blackout| blackout.intersection(span).is_some()) {
                let message = format!("{} lies in the blackout \"{name}\"", range_text(span, zone));
                let [from, to] = ends_of(span);
                let said = Saying::InBlackout.with([from, to, ("name", name.to_string().into())]);
                broken.push(Broken { rule: Rule::Blackout, message, said });
            }
        }
        if let Some(hours) = world.closed_only(question.terminal)
            && !hours.open_spans(zone, asked).is_empty()
        {
            let message =
                format!("site {} is open for business ({hours}) and this is its only terminal", site.code);
            let facts = [("site", site.code.to_string().into()), ("hours", hours.to_string().into())];
            broken.push(Broken { rule: Rule::SiteRule, message, said: Saying::OnlyTerminal.with(facts) });
        }
    }

    fn ask_overlap(&self, question: Question<'_>, span: Span, broken: &mut Vec<Broken>) {
        let zone = self.world.site(question.terminal).time_zone;
        let others = self.by_terminal.get(&question.terminal.id).into_iter().flatten();
        for (id, other) in others {
            if Some(*id) != question.moving && other.intersection(span).is_some() {
                let message = format!(
                    "the terminal already has appointment {id}, {}; move or cancel that one",
                    range_text(*other, zone)
                );
                let [from, to] = ends_of(*other);
                let said = Saying::Overlaps.with([("appointment", (*id).into()), from, to]);
                broken.push(Broken { rule: Rule::Overlap, message, said });
            }
        }
    }

    fn ask_budgets(&self, question: Question<'_>, span: Span, broken: &mut Vec<Broken>) {
        let Some(index) = self.world.index_of(question.terminal.id) else { return };
        let zone = self.world.site(question.terminal).time_zone;
        let grid = &self.world.grid;
        // A locked terminal is down already and counts once.
        let own = u32::from(!self.world.locked.contains(&question.terminal.id));
        for number in self.groups.of_terminal(index) {
            let group = &self.groups.groups[number as usize];
            let slots = grid.slot_floor(span.start())..grid.slot_ceil(span.end()).min(grid.slots());
            let load = &self.load[number as usize];
            let full = slots.into_iter().find_map(|slot| {
                let down = load.get(slot as usize).copied().unwrap_or_default() + group.down;
                let cap = group.cap[slot as usize];
                (down + own > cap).then_some((slot, down, cap))
            });
            if let Some((slot, down, cap)) = full {
                broken.push(group_full(group, grid.instant_of(slot), zone, down, cap));
            }
        }
    }

    fn count(&mut self, row: &Standing, sign: i32) {
        if let Some(span) = Span::new(row.starts_at.utc(), row.ends_at.utc()) {
            self.add(row.terminal_id, span, sign);
            let spans = self.by_terminal.entry(row.terminal_id).or_default();
            spans.retain(|(id, _)| *id != row.id);
            if sign > 0 {
                spans.push((row.id, span));
            }
        }
    }

    fn add(&mut self, terminal_id: TerminalId, span: Span, sign: i32) {
        let Some(index) = self.world.index_of(terminal_id) else { return };
        if self.world.locked.contains(&terminal_id) {
            return;
        }
        let grid = &self.world.grid;
        let slots = grid.slot_floor(span.start())..grid.slot_ceil(span.end()).min(grid.slots());
        for number in self.groups.of_terminal(index) {
            let load = &mut self.load[number as usize];
            for slot in slots.clone() {
                load[slot as usize] = load[slot as usize].saturating_add_signed(sign);
            }
        }
    }

    fn forget(&mut self, appointment: Option<i64>) {
        self.recount(appointment, -1);
    }

    fn remember(&mut self, appointment: Option<i64>) {
        self.recount(appointment, 1);
    }

    fn recount(&mut self, appointment: Option<i64>, sign: i32) {
        let world = self.world;
        if let Some(row) = appointment.and_then(|id| world.standing.iter().find(|row| row.id == id)) {
            self.count(row, sign);
        }
    }
}

fn group_full(group: &Group, at: DateTime<Utc>, zone: chrono_tz::Tz, down: u32, cap: u32) -> Broken {
    let site = group.grouping == crate::domain::budget::Grouping::Site;
    let at_text = local_text(at, zone);
    Broken {
        rule: if site { Rule::SiteRule } else { Rule::Budget },
        message: format!("{} is full at {at_text}: {down} of at most {cap} terminals are down", group.id),
        said: Saying::GroupFull.with([
            ("group", group.id.to_string().into()),
            ("full_at", at.into()),
            ("down", down.into()),
            ("cap", cap.into()),
        ]),
    }
}

fn ends_of(span: Span) -> [(&'static str, Fact); 2] {
    [("from_at", span.start().into()), ("to_at", span.end().into())]
}

/// `2026-11-25 02:00 (Asia/Shanghai, UTC+08:00)`.
pub fn local_text(instant: DateTime<Utc>, zone: chrono_tz::Tz) -> String {
    let local = instant.with_timezone(&zone);
    format!("{} ({zone}, UTC{})", local.format("%Y-%m-%d %H:%M"), local.format("%:z"))
}

fn range_text(span: Span, zone: chrono_tz::Tz) -> String {
    let (start, end) = (span.start().with_timezone(&zone), span.end().with_timezone(&zone));
    let end_format = if start.date_naive() == end.date_naive() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    format!("{} to {} ({zone})", start.format("%Y-%m-%d %H:%M"), end.format(end_format))
}

/// `3 days`, `90 minutes`.
pub fn duration_text(minutes: u32) -> String {
    let (count, unit) = match minutes {
        m if m > 0 && m % 1440 == 0 => (m / 1440, "day"),
        m if m > 0 && m % 60 == 0 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
