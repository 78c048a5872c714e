//! `/`: what an operator opens first. Is anything wrong, what goes on now, does tonight keep within the budgets,
//! which gates are campaigns at, what has no place and why, were the merchants told.

use chrono::NaiveDate;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::chart::{NightPicture, night_picture};
use super::figures::PlanFigures;
use super::format::{count, date};
use super::night::night_of;
use super::render::{PageContext, RenderError, render};
use super::said::sentence;
use super::words::{counted, say};
use crate::api::lock::LockView;
use crate::api::notice::{NoticeView, Unreached};
use crate::api::plan::{Load, NightLoad, PlanItem, Tonight};
use crate::domain::campaign::WaveState;

/// What is escaped of a campaign's name in an address: whatever the name of none has in it.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct HomePage {
    /// Running and next appointments, nights ahead, notices by state, the last published plan.
    pub tonight: Tonight,
    /// The published load.
    pub load: Load,
    /// Active terminals.
    pub terminals: i64,
    /// Tasks of the last published plan without a place; the first few.
    pub unplaced: Vec<PlanItem>,
    /// Open locks; the first few.
    pub locks: Vec<LockView>,
    /// The latest notices; the first few.
    pub notices: Vec<NoticeView>,
    /// Visits to come whose merchants have not been told.
    pub unreached: Vec<Unreached>,
    /// The night whose load is drawn; unless told, this one or the next that has work.
    pub night: Option<NaiveDate>,
}

#[derive(Serialize)]
struct HomeView<'a> {
    data: &'a HomePage,
    this_night: NaiveDate,
    drawn_night: NaiveDate,
    tonight: Option<&'a NightLoad>,
    picture: Option<NightPicture>,
    nights: NightList<'a>,
    attention: Vec<Attention>,
    down_now: Option<DownNow>,
    budgets: Vec<BudgetNow<'a>>,
    figures: Option<PlanFigures>,
    notices_waiting: i64,
    notices_troubled: i64,
}

/// Nights are listed up to the last with work in it, but never fewer than these.
const NIGHTS_SHOWN_MIN: usize = 7;

/// Nights ahead, on one scale.
#[derive(Serialize)]
pub(super) struct NightList<'a> {
    scale: u32,
    rows: &'a [NightLoad],
}

impl NightList<'_> {
    pub(super) fn of(rows: &[NightLoad]) -> NightList<'_> {
        let tallest = |night: &NightLoad| night.peak_down.max(night.fleet_cap.unwrap_or(0));
        let last_busy = rows.iter().rposition(|night| night.peak_down > 0).map_or(0, |last| last + 1);
        let rows = &rows[..last_busy.max(NIGHTS_SHOWN_MIN).min(rows.len())];
        let tallest = rows.iter().map(tallest).max().unwrap_or(0).max(1);
        NightList { scale: tallest.saturating_add(tallest / 30 + 1), rows }
    }
}

/// Something that wants somebody.
#[derive(Debug, PartialEq, Serialize)]
struct Attention {
    text: String,
    href: String,
    /// The key of what the link says.
    action: &'static str,
}

/// A budget at this moment.
#[derive(Serialize)]
struct BudgetNow<'a> {
    group: &'a str,
    down: u32,
    cap: u32,
    headroom: u32,
    tone: &'static str,
}

#[derive(Serialize)]
struct DownNow {
    terminals: u32,
    budget: Option<u32>,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &HomePage) -> Result<String, RenderError> {
    let this_night = night_of(page_context.now);
    // An empty picture proves nothing: without work tonight, the next night that has some is drawn.
    let next_busy = page.tonight.nights.iter().find(|night| night.night >= this_night && night.peak_down > 0);
    let drawn_night = page.night.or(next_busy.map(|night| night.night)).unwrap_or(this_night);
    let picture = night_picture(&page.load, drawn_night, page_context.now, page_context.zone);
    let report = page.tonight.published.as_ref().and_then(|plan| plan.report.as_ref());
    let notices_in = |states: &[&str]| {
        states.iter().map(|state| page.tonight.notices.get(*state).copied().unwrap_or(0)).sum::<i64>()
    };
    let view = HomeView {
        data: page,
        this_night,
        drawn_night,
        tonight: page.tonight.nights.iter().find(|night| night.night == this_night),
        nights: NightList::of(&page.tonight.nights),
        attention: attention(page, page_context),
        picture,
        down_now: down_now(page, page_context),
        budgets: budgets_now(page, page_context),
        figures: report.map(|report| PlanFigures::of(report, page_context.locale)),
        notices_waiting: notices_in(&["queued", "sending", "deferred"]),
        notices_troubled: notices_in(&["failed", "bounced", "expired"]),
    };
    render("home.html", page_context, &view)
}

/// Everything on the page that somebody should act on, the most pressing first.
fn attention(page: &HomePage, page_context: &PageContext) -> Vec<Attention> {
    let locale = page_context.locale;
    let mut found = Vec::new();
    let mut add = |text: String, href: &str, action: &'static str| {
        found.push(Attention { text, href: href.to_owned(), action });
    };
    if page.tonight.locked > 0 {
        let terminals = counted(locale, page.tonight.locked, "terminal");
        add(say(locale, "home.locked", &[("terminals", &terminals)]), "#locks", "home.see_locks");
    }
    for gate in page.tonight.gates.iter().filter(|gate| gate.wave.state == WaveState::Halted) {
        let verdict = gate.wave.verdict.as_deref().unwrap_or_default();
        let verdict = sentence(gate.wave.said.as_ref(), verdict, page_context);
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("wave", &gate.wave.number), ("campaign", &gate.campaign), ("verdict", &verdict)];
        let href = format!("/campaigns/{}", utf8_percent_encode(&gate.campaign, NAME));
        add(say(locale, "home.gate_halted", &values), &href, "home.see_campaign");
    }
    for night in &page.tonight.nights {
        let fleet = night.fleet_cap.map(|cap| ("fleet", night.peak_down, cap));
        let tightest = night.tightest_group.as_deref();
        let tightest = tightest.map(|group| (group, night.tightest_down, night.tightest_cap));
        if let Some((group, down, cap)) = fleet.into_iter().chain(tightest).find(|(_, down, cap)| down > cap)
        {
            let values: [(&str, &dyn std::fmt::Display); 4] =
                [("group", &group), ("night", &date(night.night, locale)), ("down", &down), ("cap", &cap)];
            let text = say(locale, "home.over_budget", &values);
            add(text, &format!("/?night={}#load", night.night), "home.see_load");
        }
    }
    for (state, what) in [
        ("failed", "home.mails_failed"),
        ("bounced", "home.mails_bounced"),
        ("expired", "home.mails_expired"),
    ] {
        let mails = page.tonight.notices.get(state).copied().unwrap_or(0);
        if mails > 0 {
            let text = say(locale, what, &[("mails", &counted(locale, mails, "mail"))]);
            add(text, &format!("/notices?state={state}"), "home.see_which");
        }
    }
    if !page.unreached.is_empty() {
        let text = say(locale, "home.not_reached", &[("n", &page.unreached.len())]);
        add(text, "#unreached", "home.see_whom");
    }
    let unplaced = page.tonight.published.as_ref().and_then(|plan| plan.report.as_ref());
    if let Some(report) = unplaced.filter(|report| report.placed < report.tasks) {
        let without = i64::try_from(report.tasks - report.placed).unwrap_or(i64::MAX);
        let all = counted(locale, i64::try_from(report.tasks).unwrap_or(i64::MAX), "task");
        let key = if without == 1 { "home.one_unplaced" } else { "home.some_unplaced" };
        add(say(locale, key, &[("without", &count(without)), ("all", &all)]), "#unplaced", "home.see_why");
    }
    found
}

/// The slot of the published load that holds this moment.
fn slot_now(page: &HomePage, page_context: &PageContext) -> Option<usize> {
    let minutes = (page_context.now - page.load.from).num_minutes();
    usize::try_from(minutes.checked_div(i64::from(page.load.slot_minutes))?).ok()
}

/// The budgets of the published load at this moment, those with the least headroom first.
fn budgets_now<'a>(page: &'a HomePage, page_context: &PageContext) -> Vec<BudgetNow<'a>> {
    let Some(slot) = slot_now(page, page_context) else { return Vec::new() };
    let groups = page.load.groups.iter().filter_map(|group| {
        let (down, cap) = (*group.down.get(slot)?, *group.cap.as_ref()?.get(slot)?);
        let tone = match down.cmp(&cap) {
            std::cmp::Ordering::Less => "",
            std::cmp::Ordering::Equal => "full",
            std::cmp::Ordering::Greater => "over",
        };
        Some(BudgetNow { group: &group.group, down, cap, headroom: cap.saturating_sub(down), tone })
    });
    let mut groups: Vec<BudgetNow<'_>> = groups.collect();
    // The fleet first, then by how much more may go down.
    groups.sort_by_key(|budget| (budget.group != "fleet", budget.down == 0, budget.headroom));
    groups
}

/// The fleet's load at this moment, from the published load.
fn down_now(page: &HomePage, page_context: &PageContext) -> Option<DownNow> {
    let fleet = page.load.groups.iter().find(|group| group.group == "fleet")?;
    let slot = slot_now(page, page_context)?;
    let terminals = *fleet.down.get(slot)?;
    Some(DownNow { terminals, budget: fleet.cap.as_ref().and_then(|cap| cap.get(slot).copied()) })
}
