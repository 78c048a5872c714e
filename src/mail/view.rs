//! A letter as the templates see it: times in words, terminals of a site gathered by when they are down.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::notice::{Letter, LetterLock, LetterTerminal, LetterVisit, WorkItem, WorkKind};
use crate::mail::words::{self, SpanWords};

/// Everything that a template may name.
#[derive(Serialize)]
pub(super) struct LetterView {
    pub(super) locale: &'static str,
    pub(super) kind: &'static str,
    /// It tells of what is to come, or not to come.
    pub(super) ahead: bool,
    pub(super) merchant_name: String,
    pub(super) sender_name: String,
    /// Visits that take place.
    pub(super) visits: Vec<VisitView>,
    /// Visits that are called off.
    pub(super) cancelled_visits: Vec<VisitView>,
    /// Terminals that are or were locked.
    pub(super) locks: Vec<LockView>,
    /// Terminals, over the visits that take place, or over all if none does; or over the locks.
    pub(super) terminal_count: usize,
    /// Sites, counted in the same way.
    pub(super) site_count: usize,
    /// The only terminal, if there is one only.
    pub(super) single_terminal: Option<TerminalView>,
    /// When, if there is one visit only; for the subject.
    pub(super) single_visit_when: Option<String>,
    /// When the first visit starts, if there are several; for the subject.
    pub(super) first_start: Option<String>,
    /// At least one visit takes place at another time than was told before.
    pub(super) new_time: bool,
    /// Somebody comes to at least one site.
    pub(super) technician_comes: bool,
    pub(super) emergency: bool,
    pub(super) reason: Option<String>,
    pub(super) support: SupportView,
    pub(super) usual_unlock: String,
    pub(super) manage_url: Option<String>,
}

/// A site's appointments.
#[derive(Serialize)]
pub(super) struct VisitView {
    pub(super) site_name: String,
    pub(super) site_code: String,
    pub(super) site_address: Option<String>,
    /// What the merchant says on the telephone.
    pub(super) reference: String,
    pub(super) when: String,
    /// When it was to be, before it moved.
    pub(super) previous: Option<String>,
    /// How long each terminal takes no payments, where that is the same for all.
    pub(super) downtime: Option<String>,
    /// The work, where it is the same for all.
    pub(super) work: Option<Vec<WorkView>>,
    pub(super) groups: Vec<GroupView>,
    /// All of them in the order given, for where their times are not shown.
    pub(super) terminals: Vec<TerminalView>,
    pub(super) terminal_count: usize,
}

/// A terminal that is or was locked.
#[derive(Serialize)]
pub(super) struct LockView {
    pub(super) site_name: String,
    pub(super) site_code: String,
    pub(super) site_address: Option<String>,
    /// What the merchant says on the telephone.
    pub(super) reference: String,
    pub(super) terminal: TerminalView,
    pub(super) since: String,
    /// When it ended.
    pub(super) until: Option<String>,
}

/// Terminals that are down at the same time, for the same work.
#[derive(Serialize)]
pub(super) struct GroupView {
    pub(super) time: String,
    pub(super) downtime: String,
    pub(super) work: Vec<WorkView>,
    pub(super) terminals: Vec<TerminalView>,
}

#[derive(Clone, Serialize)]
pub(super) struct TerminalView {
    pub(super) label: String,
    pub(super) tid: String,
}

#[derive(Clone, Serialize, PartialEq)]
pub(super) struct WorkView {
    pub(super) kind: &'static str,
    pub(super) title: String,
}

#[derive(Serialize)]
pub(super) struct SupportView {
    pub(super) name: String,
    pub(super) phone: String,
    /// The number as a `tel:` link wants it.
    pub(super) phone_digits: String,
    pub(super) email: String,
}

impl LetterView {
    /// `letter` is clean; `sender_name` is the name in From.
    pub(super) fn new(letter: &Letter, sender_name: String) -> Self {
        let (cancelled, standing): (Vec<_>, Vec<_>) = letter.visits.iter().partition(|visit| visit.cancelled);
        let of_interest = if standing.is_empty() { &cancelled } else { &standing };
        let of_visits = of_interest.iter().flat_map(|visit| &visit.terminals).map(TerminalView::new);
        let mut terminals = of_visits.chain(letter.locks.iter().map(TerminalView::of_lock));
        let terminal_count = terminals.clone().count();
        let single_terminal = if terminal_count == 1 { terminals.next() } else { None };
        let single_visit_when = match of_interest.as_slice() {
            [visit] => Some(span(letter, visit, visit.starts_at, visit.ends_at).in_short()),
            _ => None,
        };
        let first_start = of_interest
            .iter()
            .min_by_key(|visit| visit.starts_at)
            .filter(|_| single_visit_when.is_none())
            .map(|visit| span(letter, visit, visit.starts_at, visit.ends_at).start_in_short());
        let technician_comes = standing
            .iter()
            .flat_map(|visit| &visit.terminals)
            .flat_map(|terminal| &terminal.work)
            .any(|item| item.kind == WorkKind::OnSiteInspection);
        Self {
            locale: letter.locale.as_str(),
            kind: letter.kind.as_str(),
            ahead: letter.kind.is_ahead(),
            merchant_name: letter.merchant_name.clone(),
            sender_name,
            visits: standing.iter().map(|visit| VisitView::new(letter, visit)).collect(),
            cancelled_visits: cancelled.iter().map(|visit| VisitView::new(letter, visit)).collect(),
            locks: letter.locks.iter().map(|lock| LockView::new(letter, lock)).collect(),
            terminal_count,
            site_count: of_interest.len(),
            single_terminal,
            single_visit_when,
            first_start,
            new_time: letter.visits.iter().any(|visit| visit.previous.is_some()),
            technician_comes,
            emergency: letter.emergency,
            reason: letter.reason.clone(),
            support: SupportView {
                name: letter.support.name.clone(),
                phone: letter.support.phone.clone(),
                phone_digits: letter
                    .support
                    .phone
                    .chars()
                    .filter(|character| character.is_ascii_digit() || *character == '+')
                    .collect(),
                email: letter.support.email.clone(),
            },
            usual_unlock: words::length_in_words(letter.locale, letter.usual_unlock_minutes),
            manage_url: letter.manage_url.clone(),
        }
    }
}

impl VisitView {
    pub(super) fn new(letter: &Letter, visit: &LetterVisit) -> Self {
        let whole = span(letter, visit, visit.starts_at, visit.ends_at);
        let groups = gather(letter, visit);
        let downtime = groups
            .first()
            .map(|first| first.downtime.clone())
            .filter(|downtime| groups.iter().all(|group| group.downtime == *downtime));
        let work = groups
            .first()
            .map(|first| first.work.clone())
            .filter(|work| groups.iter().all(|group| group.work == *work));
        Self {
            site_name: visit.site_name.clone(),
            site_code: visit.site_code.clone(),
            site_address: visit.site_address.clone(),
            reference: visit_reference(letter, visit),
            when: whole.in_full(),
            previous: visit
                .previous
                .map(|(starts_at, ends_at)| span(letter, visit, starts_at, ends_at).in_full()),
            downtime,
            work,
            groups,
            terminals: visit.terminals.iter().map(TerminalView::new).collect(),
            terminal_count: visit.terminals.len(),
        }
    }
}

impl LockView {
    fn new(letter: &Letter, lock: &LetterLock) -> Self {
        let at = |instant| SpanWords::new(letter.locale, lock.zone, instant, instant).start_in_full();
        Self {
            site_name: lock.site_name.clone(),
            site_code: lock.site_code.clone(),
            site_address: lock.site_address.clone(),
            reference: format!("L-{}", lock.number),
            terminal: TerminalView::of_lock(lock),
            since: at(lock.opened_at),
            until: lock.closed_at.map(at),
        }
    }
}

impl TerminalView {
    fn new(terminal: &LetterTerminal) -> Self {
        Self { label: terminal.label.clone(), tid: terminal.tid.clone() }
    }

    fn of_lock(lock: &LetterLock) -> Self {
        Self { label: lock.label.clone(), tid: lock.tid.clone() }
    }
}

/// Site and night name a visit, so they are its reference: short enough for the telephone, and an operator
/// finds it without a look-up table.
pub(super) fn visit_reference(letter: &Letter, visit: &LetterVisit) -> String {
    format!("{}/{}", visit.site_code, letter.night.format("%Y%m%d"))
}

fn span(letter: &Letter, visit: &LetterVisit, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> SpanWords {
    SpanWords::new(letter.locale, visit.zone, starts_at, ends_at)
}

/// The visit's terminals by time and work, in order of time; within a group in the order given.
fn gather(letter: &Letter, visit: &LetterVisit) -> Vec<GroupView> {
    let whole = span(letter, visit, visit.starts_at, visit.ends_at);
    let heading_date = whole.start_date();
    let mut gathered: Vec<(&LetterTerminal, GroupView)> = Vec::new();
    for terminal in &visit.terminals {
        let same = |(first, _): &&mut (&LetterTerminal, GroupView)| {
            first.starts_at == terminal.starts_at
                && first.ends_at == terminal.ends_at
                && first.work == terminal.work
        };
        match gathered.iter_mut().find(same) {
            Some((_, group)) => group.terminals.push(TerminalView::new(terminal)),
            None => {
                let times = span(letter, visit, terminal.starts_at, terminal.ends_at);
                let group = GroupView {
                    time: match whole.crosses_clock_change() {
                        true => times.clock_with_offsets(heading_date),
                        false => times.clock(heading_date),
                    },
                    downtime: times.length(),
                    work: terminal.work.iter().map(WorkView::new).collect(),
                    terminals: vec![TerminalView::new(terminal)],
                };
                gathered.push((terminal, group));
            }
        }
    }
    gathered.sort_by_key(|(first, _)| (first.starts_at, first.ends_at));
    gathered.into_iter().map(|(_, group)| group).collect()
}

impl WorkView {
    fn new(item: &WorkItem) -> Self {
        let kind = match item.kind {
            WorkKind::Firmware => "firmware",
            WorkKind::RemoteInspection => "remote_inspection",
            WorkKind::OnSiteInspection => "on_site_inspection",
            WorkKind::AdHoc => "ad_hoc",
        };
        Self { kind, title: item.title.clone() }
    }
}
