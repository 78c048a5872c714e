//! `/users`, `/tokens`, `/password`: who may sign in, what programs show, and one's own password.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::Page;
use crate::api::access::{AccountView, TokenQuery, TokenView};
use crate::domain::access::Role;
use crate::service::{account, token};
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .whole(Role::Admin, "/users", get(users))
        .parts(Role::Viewer, "/tokens", get(tokens))
        .parts(Role::Viewer, "/password", get(password))
}

/// What the page of accounts is made from.
#[derive(Clone, Debug, Serialize)]
pub struct UsersPage {
    /// Every account, by name.
    pub accounts: Vec<AccountView>,
}

/// What the page of tokens is made from.
#[derive(Clone, Debug, Serialize)]
pub struct TokensPage {
    /// Tokens, the latest first.
    pub tokens: Page<TokenView>,
    /// The place in the list.
    pub after: Option<String>,
    /// What a token may be at most.
    pub role: Role,
}

#[derive(Serialize)]
struct WithRoles<'a, T> {
    data: &'a T,
    roles: Vec<&'static str>,
}

/// Puts the accounts into HTML.
pub fn render_users(page_context: &PageContext, page: &UsersPage) -> Result<String, RenderError> {
    render("users.html", page_context, &WithRoles { data: page, roles: Role::ALL.map(Role::as_str).to_vec() })
}

/// Puts the tokens into HTML.
pub fn render_tokens(page_context: &PageContext, page: &TokensPage) -> Result<String, RenderError> {
    let roles = Role::ALL.into_iter().filter(|role| *role <= page.role).map(Role::as_str).collect();
    render("tokens.html", page_context, &WithRoles { data: page, roles })
}

/// Puts the form of a new password into HTML.
pub fn render_password(page_context: &PageContext, (): &()) -> Result<String, RenderError> {
    render("password.html", page_context, &())
}

async fn users(State(state): State<AppState>, page_context: PageContext) -> Response {
    page(state, page_context, |app, _| Ok(UsersPage { accounts: account::list(app)? }), render_users).await
}

#[derive(Debug, Default, Deserialize)]
struct Place {
    after: Option<String>,
}

async fn tokens(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(place): Query<Place>,
) -> Response {
    let ask = move |app: &_, _: &_| {
        let everybody = who.role() == Role::Admin;
        let query = TokenQuery { everybody, after: place.after.clone(), limit: None };
        let tokens = token::list(app, &who, &query)?;
        Ok(TokensPage { tokens, after: place.after, role: who.role() })
    };
    page(state, page_context, ask, render_tokens).await
}

async fn password(State(state): State<AppState>, page_context: PageContext) -> Response {
    page(state, page_context, |_, _| Ok(()), render_password).await
}
