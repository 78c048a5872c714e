//! Accounts: who may sign in, and what he may do.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use utoipa_axum::routes;

use crate::api::Because;
use crate::api::access::{AccountView, Invitation, NewAccount, PasswordChange, RoleChange, WhoView};
use crate::domain::access::Role;
use crate::service::account;
use crate::web::access::{SESSION_COOKIE, kept_cookie};
use crate::web::extract::{Body, Segment};
use crate::web::routes::Routes;
use crate::web::{ApiError, AppState, Who};

pub(super) fn router() -> Routes {
    Routes::new()
        .parts(Role::Viewer, routes!(whoami))
        .parts(Role::Viewer, routes!(change_password))
        .whole(Role::Admin, routes!(accounts))
        .whole(Role::Admin, routes!(add))
        .whole(Role::Admin, routes!(set_role))
        .whole(Role::Admin, routes!(disable))
        .whole(Role::Admin, routes!(enable))
        .whole(Role::Admin, routes!(reset_password))
}

/// Who asks, and what he may do.
#[utoipa::path(get, path = "/whoami", tag = "access",
    responses((status = 200, description = "Who asks", body = WhoView)))]
async fn whoami(Extension(who): Who) -> Json<WhoView> {
    let scope = who.part().map(ToString::to_string);
    Json(WhoView { name: who.as_str().to_owned(), role: who.role(), scope })
}

/// Sets a new password of one's own. Every other session ends; the answer carries the cookie of a new one.
#[utoipa::path(post, path = "/password", tag = "access", request_body = PasswordChange,
    responses((status = 204, description = "It holds from now on")))]
async fn change_password(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(change): Body<PasswordChange>,
) -> Result<(StatusCode, HeaderMap), ApiError> {
    let word = state.run(move |app| account::change_password(app, &who, &change)).await?;
    let mut headers = HeaderMap::new();
    let public_url = state.app().settings.public_url.as_deref();
    headers.insert(header::SET_COOKIE, kept_cookie(SESSION_COOKIE, &word, public_url));
    Ok((StatusCode::NO_CONTENT, headers))
}

/// Every account, by name.
#[utoipa::path(get, path = "/accounts", tag = "access",
    responses((status = 200, description = "Every account, by name", body = Vec<AccountView>)))]
async fn accounts(State(state): State<AppState>) -> Result<Json<Vec<AccountView>>, ApiError> {
    Ok(Json(state.run(account::list).await?))
}

/// Makes an account: with a password, or with a one-time link under which it is set.
#[utoipa::path(post, path = "/accounts", tag = "access", request_body = NewAccount,
    responses((status = 201, description = "The account, and its link", body = Invitation)))]
async fn add(
    State(state): State<AppState>,
    Extension(who): Who,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Invitation>), ApiError> {
    let invitation = state.run(move |app| account::add(app, &who, &new)).await?;
    Ok((StatusCode::CREATED, Json(invitation)))
}

/// Says what somebody may do from now on. His sessions end.
#[utoipa::path(post, path = "/accounts/{name}/role", tag = "access", request_body = RoleChange,
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn set_role(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    Body(change): Body<RoleChange>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(state.run(move |app| account::set_role(app, &who, &name, &change)).await?))
}

/// Closes an account: its sessions end, and its tokens do nothing.
#[utoipa::path(post, path = "/accounts/{name}/disable", tag = "access", request_body = Because,
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn disable(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    Body(because): Body<Because>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(state.run(move |app| account::set_disabled(app, &who, &name, true, &because)).await?))
}

/// Opens a closed account again.
#[utoipa::path(post, path = "/accounts/{name}/enable", tag = "access", request_body = Because,
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn enable(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    Body(because): Body<Because>,
) -> Result<Json<AccountView>, ApiError> {
    Ok(Json(state.run(move |app| account::set_disabled(app, &who, &name, false, &because)).await?))
}

/// Takes somebody's password away and gives a one-time link under which he sets another. His sessions end.
#[utoipa::path(post, path = "/accounts/{name}/reset-password", tag = "access", request_body = Because,
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The account, and its link", body = Invitation)))]
async fn reset_password(
    State(state): State<AppState>,
    Extension(who): Who,
    Segment(name): Segment<String>,
    Body(because): Body<Because>,
) -> Result<Json<Invitation>, ApiError> {
    Ok(Json(state.run(move |app| account::reset_password(app, &who, &name, &because)).await?))
}
