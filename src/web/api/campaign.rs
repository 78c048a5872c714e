//! Campaigns.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::campaign::{CampaignView, NewCampaign, Targets};
use crate::api::preview::CampaignPreview;
use crate::api::problem::Problem;
use crate::api::wave::NewWaves;
use crate::api::{Because, ListQuery, Page};
use crate::domain::access::Role;
use crate::domain::campaign::CampaignState;
use crate::service::{approval, campaign, plan};
use crate::web::extract::{Body, Query, Segment};
use crate::web::routes::Routes;
use crate::web::tagged::{IfMatch, IfMatchHeader, Tagged};
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .whole(Role::Viewer, routes!(campaigns))
        .whole(Role::Operator, routes!(create))
        .whole(Role::Operator, routes!(preview))
        .whole(Role::Viewer, routes!(show))
        .whole(Role::Viewer, routes!(targets))
        .whole(Role::Operator, routes!(activate))
        .whole(Role::Operator, routes!(pause))
        .whole(Role::Operator, routes!(resume))
        .whole(Role::Operator, routes!(pass))
        .whole(Role::Operator, routes!(cancel))
        .whole(Role::Operator, routes!(set_waves))
}

/// Campaigns, the latest first.
#[utoipa::path(get, path = "/campaigns", tag = "campaigns", params(ListQuery),
    responses((status = 200, description = "Campaigns, the latest first", body = Page<CampaignView>)))]
async fn campaigns(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<CampaignView>>, ApiError> {
    Ok(Json(state.run(move |app| campaign::list(app, &query)).await?))
}

/// Creates a campaign.
#[utoipa::path(post, path = "/campaigns", tag = "campaigns",
    request_body = NewCampaign,
    responses((status = 201, description = "Creates a campaign", body = CampaignView),
        (status = 202, description = "It is a draft; a second person has to approve its start", body = Problem)))]
async fn create(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewCampaign>,
) -> Result<(StatusCode, Tagged<CampaignView>), ApiError> {
    let result = state.run(move |app| approval::create_campaign(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Tagged(result)))
}

/// What a campaign would be if it were made and planned now; nothing is stored.
#[utoipa::path(post, path = "/campaigns/preview", tag = "campaigns",
    request_body = NewCampaign,
    responses((status = 200, description = "What it would be", body = CampaignPreview)))]
async fn preview(
    State(state): State<AppState>,
    Body(new): Body<NewCampaign>,
) -> Result<Json<CampaignPreview>, ApiError> {
    let result = state.run(move |app| plan::preview(app, &new)).await?;
    Ok(Json(result))
}

/// One campaign.
#[utoipa::path(get, path = "/campaigns/{name}", tag = "campaigns",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "One campaign", body = CampaignView)))]
async fn show(
    State(state): State<AppState>,
    Segment(name): Segment<String>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state.run(move |app| campaign::show(app, &name)).await?;
    Ok(Tagged(result))
}

/// Which terminals it picks, and which it skips and why.
#[utoipa::path(get, path = "/campaigns/{name}/targets", tag = "campaigns",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "Which terminals it picks, and which it skips and why", body = Targets)))]
async fn targets(
    State(state): State<AppState>,
    Segment(name): Segment<String>,
) -> Result<Json<Targets>, ApiError> {
    let result = state.run(move |app| campaign::targets(app, &name)).await?;
    Ok(Json(result))
}

/// A draft begins to be planned.
#[utoipa::path(post, path = "/campaigns/{name}/activate", tag = "campaigns",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "A draft begins to be planned", body = CampaignView),
        (status = 202, description = "A second person has to approve it", body = Problem)))]
async fn activate(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state
        .run(move |app| approval::activate_campaign(app, &who, &name, &expected, because.reason.as_deref()))
        .await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// No further appointment is made or opened.
#[utoipa::path(post, path = "/campaigns/{name}/pause", tag = "campaigns",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "No further appointment is made or opened", body = CampaignView)))]
async fn pause(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state
        .run(move |app| {
            campaign::steer(app, &who, &name, CampaignState::Paused, &expected, because.reason.as_deref())
        })
        .await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// It goes on.
#[utoipa::path(post, path = "/campaigns/{name}/resume", tag = "campaigns",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "It goes on", body = CampaignView)))]
async fn resume(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state
        .run(move |app| campaign::resume(app, &who, &name, &expected, because.reason.as_deref()))
        .await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// The next wave may open whatever the gate says; a reason is required, and a second person's yes where there is one.
#[utoipa::path(post, path = "/campaigns/{name}/pass", tag = "campaigns",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "The next wave may open whatever the gate says", body = CampaignView),
        (status = 202, description = "A second person has to approve it", body = Problem)))]
async fn pass(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state
        .run(move |app| approval::pass_gate(app, &who, &name, &expected, because.reason.as_deref()))
        .await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// It is called off with its standing appointments; the merchants are told.
#[utoipa::path(post, path = "/campaigns/{name}/cancel", tag = "campaigns",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = Because,
    responses((status = 200, description = "It is called off with its standing appointments; the merchants are told", body = CampaignView)))]
async fn cancel(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(because): Body<Because>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state
        .run(move |app| {
            campaign::steer(app, &who, &name, CampaignState::Cancelled, &expected, because.reason.as_deref())
        })
        .await?;
    state.workers().wake();
    Ok(Tagged(result))
}

/// Changes the waves that have not begun, and their gates; who is in them is drawn again where sizes change.
#[utoipa::path(put, path = "/campaigns/{name}/waves", tag = "campaigns",
    params(("name" = String, Path, description = "Its name"), IfMatchHeader),
    request_body = NewWaves,
    responses((status = 200, description = "The campaign with its waves as they are now", body = CampaignView),
        (status = 202, description = "A second person has to approve it", body = Problem)))]
async fn set_waves(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    IfMatch(expected): IfMatch,
    Body(waves): Body<NewWaves>,
) -> Result<Tagged<CampaignView>, ApiError> {
    let result = state.run(move |app| approval::set_waves(app, &who, &name, &expected, &waves)).await?;
    state.workers().wake();
    Ok(Tagged(result))
}
