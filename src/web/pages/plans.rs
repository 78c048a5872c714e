//! `/plans` and `/plans/{id}`: what was proposed, what it reports of itself, what it would load the fleet with.

use chrono::NaiveDate;
use serde::Serialize;

use super::chart::{NightPicture, night_picture};
use super::figures::PlanFigures;
use super::home::NightList;
use super::render::{PageContext, RenderError, render};
use crate::api::Page;
use crate::api::approval::ApprovalView;
use crate::api::plan::{Load, NightLoad, PlanDiff, PlanItem, PlanView};
use crate::domain::plan::PlanState;

/// What the list is made from.
#[derive(Clone, Debug, Serialize)]
pub struct PlansPage {
    /// Plans, the latest first.
    pub plans: Page<PlanView>,
}

/// What one plan's page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct PlanPage {
    /// The plan.
    pub plan: PlanView,
    /// What it loads the fleet with; absent while it is being worked on.
    pub load: Option<Load>,
    /// Tasks without a place, a page of them.
    pub unplaced: Page<PlanItem>,
    /// What waits for a second person about it.
    pub requests: Vec<ApprovalView>,
    /// The night whose load is drawn; the first that goes over a budget, or the fullest, unless told.
    pub night: Option<NaiveDate>,
}

/// What the page of a plan's changes is made from.
#[derive(Clone, Debug, Serialize)]
pub struct ChangesPage {
    /// The plan.
    pub plan: i64,
    /// What it would change.
    pub diff: PlanDiff,
}

/// Rows of each kind that the page of a plan's changes shows.
const CHANGES_SHOWN_MAX: usize = 200;

#[derive(Serialize)]
struct ChangesView {
    plan: i64,
    diff: PlanDiff,
    added: u64,
    moved: u64,
    unplaced: u64,
}

/// Puts what a plan would change into HTML.
pub fn render_changes(page_context: &PageContext, page: &ChangesPage) -> Result<String, RenderError> {
    let ChangesPage { plan, diff } = page;
    let few = |items: &[PlanItem]| items.iter().take(CHANGES_SHOWN_MAX).cloned().collect();
    let view = ChangesView {
        plan: *plan,
        added: diff.added_count,
        moved: diff.moved_count,
        unplaced: diff.unplaced_count,
        diff: PlanDiff {
            added: few(&diff.added),
            moved: diff.moved.iter().take(CHANGES_SHOWN_MAX).cloned().collect(),
            unplaced: few(&diff.unplaced),
            ..*diff
        },
    };
    render("plan_changes.html", page_context, &view)
}

#[derive(Serialize)]
struct PlansView<'a> {
    data: &'a PlansPage,
    figures: Vec<Option<PlanFigures>>,
}

#[derive(Serialize)]
struct OnePlanView<'a> {
    data: &'a PlanPage,
    figures: Option<PlanFigures>,
    /// Whether it can be published, and nobody has asked for that already.
    may_publish: bool,
    picture: Option<NightPicture>,
    drawn_night: Option<NaiveDate>,
    nights: Option<NightList<'a>>,
}

/// Puts the list into HTML.
pub fn render_list(page_context: &PageContext, page: &PlansPage) -> Result<String, RenderError> {
    let figure = |report| PlanFigures::of(report, page_context.locale);
    let figures = page.plans.items.iter().map(|plan| plan.report.as_ref().map(figure)).collect();
    render("plans.html", page_context, &PlansView { data: page, figures })
}

/// Puts one plan into HTML.
pub fn render_page(page_context: &PageContext, page: &PlanPage) -> Result<String, RenderError> {
    let worth_seeing = |night: &&NightLoad| {
        let fleet_is_over = night.fleet_cap.is_some_and(|cap| night.peak_down > cap);
        (fleet_is_over || night.tightest_down > night.tightest_cap, night.peak_down)
    };
    let fullest = |load: &Load| {
        let latest_first = load.nights.iter().rev().filter(|night| night.peak_down > 0);
        latest_first.max_by_key(worth_seeing).map(|night| night.night)
    };
    let drawn_night = page.night.or_else(|| page.load.as_ref().and_then(fullest));
    let picture = page
        .load
        .as_ref()
        .zip(drawn_night)
        .and_then(|(load, night)| night_picture(load, night, page_context.now, page_context.zone));
    let view = OnePlanView {
        data: page,
        figures: page.plan.report.as_ref().map(|report| PlanFigures::of(report, page_context.locale)),
        may_publish: page.plan.state == PlanState::Verified
            && !page.requests.iter().any(|request| request.action == "plan.publish"),
        picture,
        drawn_night,
        nights: page.load.as_ref().map(|load| NightList::of(&load.nights)),
    };
    render("plan.html", page_context, &view)
}
