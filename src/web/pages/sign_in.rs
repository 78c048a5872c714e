//! `/sign-in`, `/sign-out`, `/set-up`: the doors of the house, open to everybody. Plain forms, without a script: each
//! shows a word that is derived from a cookie, so that no other site can send it.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Form, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::context::PageContext;
use super::preferences::is_ours;
use super::render::render;
use super::{problem, with_headers};
use crate::service::account::set_up::{self, Purpose};
use crate::service::secret::{derived, random_word, same};
use crate::service::session::{self, SignIn};
use crate::service::{Error, account};
use crate::web::access::{
    FORM_COOKIE, SESSION_COOKIE, comes_from_elsewhere, cookie, cross_site, forgotten_cookie, kept_cookie,
    no_csrf, origin_of, session_of,
};
use crate::web::{ApiError, AppState};

/// Every one of them.
pub(in crate::web) fn router() -> Router<AppState> {
    with_headers(
        Router::new()
            .route("/sign-in", get(sign_in_page).post(sign_in))
            .route("/sign-out", post(sign_out))
            .route("/set-up", get(no_link_page))
            .route("/set-up/{word}", get(set_up_page).post(set_up)),
    )
}

/// A request as these pages see it.
struct Visitor {
    state: AppState,
    page_context: PageContext,
    headers: HeaderMap,
    origin: Option<String>,
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let mut page_context = PageContext::from_request_parts(parts, state).await?;
        page_context.leads_on = false;
        let trusted_proxies = state.app().settings.trusted_proxies.as_deref();
        let origin = origin_of(&parts.extensions, &parts.headers, trusted_proxies);
        Ok(Visitor { page_context, origin, headers: parts.headers.clone(), state: state.clone() })
    }
}

impl Visitor {
    fn public_url(&self) -> Option<&str> {
        self.state.app().settings.public_url.as_deref()
    }

    /// A page with a form: the browser keeps a word, and the form shows what is derived from it.
    fn form<T: Serialize>(&self, status: StatusCode, template: &'static str, page: T) -> Response {
        #[derive(Serialize)]
        struct WithForm<T> {
            #[serde(flatten)]
            page: T,
            csrf: String,
        }
        let known = cookie(&self.headers, FORM_COOKIE).filter(|word| word.len() == 43).map(str::to_owned);
        let word = known.unwrap_or_else(random_word);
        let page = WithForm { page, csrf: derived("form", &word) };
        match render(template, &self.page_context, &page) {
            Ok(html) => {
                let mut answer = (status, Html(html)).into_response();
                let headers = answer.headers_mut();
                headers.append(header::SET_COOKIE, kept_cookie(FORM_COOKIE, &word, self.public_url()));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                answer
            }
            Err(error) => problem::broken(&error),
        }
    }

    /// Whether the form came from a page of ours in this very browser.
    fn check_form(&self, csrf: &str) -> Result<(), ApiError> {
        if comes_from_elsewhere(&self.headers) {
            return Err(cross_site());
        }
        let word = cookie(&self.headers, FORM_COOKIE).unwrap_or_default();
        if word.is_empty() || !same(csrf, &derived("form", word)) {
            return Err(no_csrf());
        }
        Ok(())
    }

    fn refused(&self, refusal: &ApiError) -> Response {
        problem::respond(&self.page_context, refusal.problem())
    }

    /// Into the house, with a session that nobody has known before.
    async fn come_in(&self, word: &str, to: &str) -> Response {
        if let Some(old) = cookie(&self.headers, SESSION_COOKIE) {
            let (old, origin) = (old.to_owned(), self.origin.clone());
            let ended = self.state.run(move |app| session::sign_out(app, &old, origin.as_deref())).await;
            if let Err(refusal) = ended {
                tracing::warn!(detail = refusal.problem().detail, "an older session was not ended");
            }
        }
        let mut answer = Redirect::to(to).into_response();
        let cookies = [
            kept_cookie(SESSION_COOKIE, word, self.public_url()),
            forgotten_cookie(FORM_COOKIE, self.public_url()),
        ];
        for cookie in cookies {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        answer
    }
}

#[derive(Debug, Default, Deserialize)]
struct BackQuery {
    back: Option<String>,
}

impl BackQuery {
    fn path(&self) -> &str {
        self.back.as_deref().filter(|path| is_ours(path)).unwrap_or("/")
    }
}

#[derive(Serialize)]
struct SignInPage<'a> {
    name: &'a str,
    back: &'a str,
    /// `wrong`, `blocked`, or nothing yet.
    refusal: Option<&'static str>,
    /// Seconds until another attempt is looked at.
    wait: i64,
}

async fn sign_in_page(visitor: Visitor, Query(query): Query<BackQuery>) -> Response {
    match visitor.state.run(account::any).await {
        Ok(true) => {
            let page = SignInPage { name: "", back: query.path(), refusal: None, wait: 0 };
            visitor.form(StatusCode::OK, "sign_in.html", page)
        }
        Ok(false) => Redirect::to("/set-up").into_response(),
        Err(refusal) => visitor.refused(&refusal),
    }
}

#[derive(Deserialize)]
struct SignInForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf: String,
    back: Option<String>,
}

async fn sign_in(visitor: Visitor, Form(form): Form<SignInForm>) -> Response {
    if let Err(refusal) = visitor.check_form(&form.csrf) {
        return visitor.refused(&refusal);
    }
    let back = BackQuery { back: form.back };
    let (name, password, origin) = (form.name.clone(), form.password, visitor.origin.clone());
    let tried =
        visitor.state.run(move |app| session::sign_in(app, &name, &password, origin.as_deref())).await;
    let page =
        |refusal, wait| SignInPage { name: &form.name, back: back.path(), refusal: Some(refusal), wait };
    match tried {
        Ok(SignIn::In { word }) => visitor.come_in(&word, back.path()).await,
        Ok(SignIn::Wrong) => visitor.form(StatusCode::UNAUTHORIZED, "sign_in.html", page("wrong", 0)),
        Ok(SignIn::Blocked { until }) => {
            let wait = (until - visitor.page_context.now).num_seconds().max(1);
            let page = page("blocked", wait);
            let mut answer = visitor.form(StatusCode::TOO_MANY_REQUESTS, "sign_in.html", page);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
            answer
        }
        Err(refusal) => visitor.refused(&refusal),
    }
}

#[derive(Deserialize)]
struct SignOutForm {
    #[serde(default)]
    csrf: String,
}

async fn sign_out(visitor: Visitor, Form(form): Form<SignOutForm>) -> Response {
    let Some(known) = session_of(&visitor.headers) else {
        return Redirect::to("/sign-in").into_response();
    };
    if comes_from_elsewhere(&visitor.headers) {
        return visitor.refused(&cross_site());
    }
    if !known.shown_by(&form.csrf) {
        return visitor.refused(&no_csrf());
    }
    let (word, origin) = (known.word, visitor.origin.clone());
    match visitor.state.run(move |app| session::sign_out(app, &word, origin.as_deref())).await {
        Ok(()) => {
            let mut answer = Redirect::to("/sign-in").into_response();
            let headers = answer.headers_mut();
            headers.append(header::SET_COOKIE, forgotten_cookie(SESSION_COOKIE, visitor.public_url()));
            headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
            answer
        }
        Err(refusal) => visitor.refused(&refusal),
    }
}

/// An empty house, and nobody who has its link.
async fn no_link_page(visitor: Visitor) -> Response {
    match visitor.state.run(account::any).await {
        Ok(true) => Redirect::to("/sign-in").into_response(),
        Ok(false) => visitor.form(StatusCode::OK, "set_up_first.html", ()),
        Err(refusal) => visitor.refused(&refusal),
    }
}

#[derive(Serialize)]
struct SetUpPage<'a> {
    /// Where the form goes.
    word: &'a str,
    /// Whose password it is; the first administrator chooses his name.
    account: Option<&'a str>,
    name: &'a str,
    /// The field that cannot be, and why.
    refusal: Option<&'a str>,
    mismatch: bool,
}

async fn set_up_page(visitor: Visitor, Path(word): Path<String>) -> Response {
    let asked = word.clone();
    match visitor.state.run(move |app| set_up::look(app, &asked)).await {
        Ok(Some(purpose)) => {
            let account = match &purpose {
                Purpose::FirstAdmin => None,
                Purpose::Password(name) => Some(name.as_str()),
            };
            let page = SetUpPage { word: &word, account, name: "", refusal: None, mismatch: false };
            visitor.form(StatusCode::OK, "set_up.html", page)
        }
        Ok(None) => visitor.form(StatusCode::NOT_FOUND, "set_up_over.html", ()),
        Err(refusal) => visitor.refused(&refusal),
    }
}

#[derive(Deserialize)]
struct SetUpForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    csrf: String,
}

async fn set_up(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(word): Path<String>,
    Form(form): Form<SetUpForm>,
) -> Response {
    if let Err(refusal) = visitor.check_form(&form.csrf) {
        return visitor.refused(&refusal);
    }
    let (asked, name, password) = (word.clone(), form.name.clone(), form.password.clone());
    let (origin, agrees) = (visitor.origin.clone(), form.password == form.again);
    let followed = state
        .run(move |app| {
            let Some(purpose) = set_up::look(app, &asked)? else { return Ok(Err((None, None))) };
            if !agrees {
                return Ok(Err((Some(purpose), None)));
            }
            match set_up::follow(app, &asked, &name, &password, origin.as_deref()) {
                Ok(session) => Ok(Ok(session)),
                Err(Error::Invalid { message, .. }) => Ok(Err((Some(purpose), Some(message)))),
                Err(Error::NotFound { .. }) => Ok(Err((None, None))),
                Err(error) => Err(error),
            }
        })
        .await;
    match followed {
        Ok(Ok(session)) => visitor.come_in(&session, "/").await,
        Ok(Err((None, _))) => visitor.form(StatusCode::NOT_FOUND, "set_up_over.html", ()),
        Ok(Err((Some(purpose), refusal))) => {
            let account = match &purpose {
                Purpose::FirstAdmin => None,
                Purpose::Password(name) => Some(name.as_str()),
            };
            let page = SetUpPage {
                word: &word,
                account,
                name: &form.name,
                mismatch: refusal.is_none(),
                refusal: refusal.as_deref(),
            };
            visitor.form(StatusCode::UNPROCESSABLE_ENTITY, "set_up.html", page)
        }
        Err(refusal) => visitor.refused(&refusal),
    }
}
