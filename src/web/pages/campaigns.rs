//! `/campaigns`, `/campaigns/new` and `/campaigns/{name}`: what is done to which terminals, wave by wave, and a form
//! that shows what a campaign would be while it is written.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::approval::ApprovalView;
use crate::api::campaign::CampaignView;
use crate::api::{ListQuery, Page};
use crate::domain::access::Role;
use crate::service;
use crate::web::AppState;
use crate::web::routes::PageRoutes;

/// What the list is made from.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignsPage {
    /// Campaigns, the latest first.
    pub campaigns: Page<CampaignView>,
    /// The page that was asked for.
    pub after: Option<String>,
}

/// What the form is made from.
#[derive(Clone, Debug, Serialize)]
pub struct NewCampaignPage {
    /// The deadline that the form begins with.
    pub deadline_at: DateTime<Utc>,
    /// Regions, to choose from.
    pub regions: Vec<String>,
    /// Models and their firmware, to choose from.
    pub models: Vec<String>,
}

/// What one campaign's page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignPage {
    /// The campaign.
    pub campaign: CampaignView,
    /// What waits for a second person about it.
    pub requests: Vec<ApprovalView>,
}

#[derive(Serialize)]
struct OneCampaignView<'a> {
    campaign: &'a CampaignView,
    requests: &'a [ApprovalView],
    /// Waves that have begun.
    begun: usize,
    /// Appointments that are over, of all of them.
    ended: i64,
    all: i64,
    may: Steps,
}

/// What may be done with a campaign as it is.
#[derive(Serialize)]
struct Steps {
    activate: bool,
    pause: bool,
    resume: bool,
    pass: bool,
    cancel: bool,
    waves: bool,
}

/// Puts the list into HTML.
pub fn render_list(page_context: &PageContext, page: &CampaignsPage) -> Result<String, RenderError> {
    render("campaigns.html", page_context, page)
}

/// Puts the form into HTML.
pub fn render_new(page_context: &PageContext, page: &NewCampaignPage) -> Result<String, RenderError> {
    render("campaign_new.html", page_context, page)
}

/// Puts one campaign into HTML.
pub fn render_page(page_context: &PageContext, page: &CampaignPage) -> Result<String, RenderError> {
    use crate::domain::campaign::{CampaignState, WaveState};
    let campaign = &page.campaign;
    let over = |(state, count): (&String, &i64)| match state.as_str() {
        "done" | "failed" | "missed" => *count,
        _ => 0,
    };
    let halted = campaign.waves.iter().any(|wave| wave.state == WaveState::Halted);
    let active = campaign.state == CampaignState::Active;
    let at_a_gate = campaign.waves.iter().rev().skip(1).any(|wave| match wave.state {
        WaveState::Open => active,
        WaveState::Halted => true,
        WaveState::Waiting | WaveState::Passed => false,
    });
    let begun = campaign.waves.iter().take_while(|wave| wave.state != WaveState::Waiting).count();
    let waits = begun < campaign.waves.len();
    // What somebody has asked for already is not offered once more.
    let asked = |action: &str| page.requests.iter().any(|request| request.action == action);
    let view = OneCampaignView {
        campaign,
        requests: &page.requests,
        begun,
        ended: campaign.appointments.iter().map(over).sum(),
        all: campaign
            .appointments
            .iter()
            .filter(|(state, _)| *state != "cancelled")
            .map(|(_, count)| count)
            .sum(),
        may: Steps {
            activate: campaign.state == CampaignState::Draft && !asked("campaign.activate"),
            pause: active,
            resume: campaign.state == CampaignState::Paused,
            pass: at_a_gate && (active || halted) && !asked("campaign.pass"),
            cancel: !campaign.state.is_final(),
            waves: campaign.state == CampaignState::Draft || (!campaign.state.is_final() && waits),
        },
    };
    render("campaign.html", page_context, &view)
}

/// The addresses.
pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .whole(Role::Viewer, "/campaigns", get(list))
        .whole(Role::Operator, "/campaigns/new", get(new))
        .whole(Role::Viewer, "/campaigns/{name}", get(show))
}

#[derive(Debug, Deserialize)]
struct CampaignsQuery {
    after: Option<String>,
}

async fn list(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<CampaignsQuery>,
) -> Response {
    let ask = move |app: &service::App, _: &PageContext| {
        let after = given(&query.after).map(str::to_owned);
        let wanted = ListQuery { limit: None, after: after.clone() };
        Ok(CampaignsPage { campaigns: service::campaign::list(app, &wanted)?, after })
    };
    page(state, page_context, ask, render_list).await
}

async fn new(State(state): State<AppState>, page_context: PageContext) -> Response {
    let ask = |app: &service::App, context: &PageContext| {
        let summary = service::fleet::summary(app)?;
        Ok(NewCampaignPage {
            deadline_at: context.now + TimeDelta::days(30),
            regions: summary.by_region.into_iter().map(|group| group.name).take(60).collect(),
            models: summary.by_model.into_iter().map(|group| group.name).take(60).collect(),
        })
    };
    page(state, page_context, ask, render_new).await
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Path(name): Path<String>,
) -> Response {
    let ask = move |app: &service::App, _: &PageContext| {
        let campaign = service::campaign::show(app, &name)?;
        let requests = service::approval::waiting_for(app, &format!("campaign {name}"))?;
        Ok(CampaignPage { campaign, requests })
    };
    page(state, page_context, ask, render_page).await
}
