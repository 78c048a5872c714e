//! `/m/…`: the pages behind the links in a merchant's mail. The link is the whole authority, so no other is asked.
//! GET shows and POST acts: mail scanners open every link. No script; every answer is a form.

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tower_http::set_header::SetResponseHeaderLayer;

use super::render::{PageContext, render};
use super::{CONTENT_SECURITY_POLICY, problem};
use crate::api::merchant::MerchantHead;
use crate::domain::fleet::Locale;
use crate::service::{App, Error, merchant};
use crate::web::{ApiError, AppState};

/// Every page that merchants reach.
pub fn router() -> Router<AppState> {
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    Router::new()
        .route("/m/visit/{token}", get(visit))
        .route("/m/visit/{token}/confirm", post(confirm))
        .route("/m/visit/{token}/times", get(times).post(choose))
        .route("/m/visit/{token}/wish", post(wish))
        .route("/m/visit/{token}/visit.ics", get(visit_file))
        .route("/m/locks/{token}", get(locks))
        .route("/m/locks/{token}/report", post(report_lock))
        .route("/m/locks/{token}/works", post(works_again))
        .route("/m/optional/{token}", get(optional).post(set_optional))
        .route("/m/feed/{token}", get(feed))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("noindex, nofollow"),
        ))
}

/// How a page is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    /// The language, if not the merchant's own.
    lang: Option<String>,
    /// What has just been done.
    done: Option<String>,
}

impl Asked {
    fn locale(&self) -> Option<Locale> {
        self.lang.as_deref().and_then(|lang| lang.parse().ok())
    }
}

/// A page's data with what its links need.
#[derive(Serialize)]
struct View<T> {
    #[serde(flatten)]
    data: T,
    base: String,
    done: Option<String>,
}

async fn shown<T: Serialize + Send + 'static>(
    state: AppState,
    template: &'static str,
    base: String,
    asked: Asked,
    ask: impl FnOnce(&App, Option<Locale>) -> Result<T, Error> + Send + 'static,
) -> Response {
    let context = context_of(&state);
    let locale = asked.locale();
    match state.run(move |app| ask(app, locale)).await {
        Ok(data) => {
            let view = View { data, base, done: asked.done };
            match render(template, &context, &view) {
                Ok(html) => Html(html).into_response(),
                Err(error) => problem::broken(&error),
            }
        }
        Err(refusal) => refused(&state, locale, base, &refusal),
    }
}

fn context_of(state: &AppState) -> PageContext {
    let app = state.app();
    PageContext::plain(app.clock.now(), app.settings.fleet_time_zone)
}

#[derive(Serialize)]
struct Refusal {
    head: MerchantHead,
    code: String,
}

/// The page that says why not, in words for a merchant.
fn refused(state: &AppState, locale: Option<Locale>, base: String, refusal: &ApiError) -> Response {
    let problem = refusal.problem();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(code = problem.code, detail = problem.detail, "a merchant's page cannot be shown");
    }
    let settings = &state.app().settings;
    let head = MerchantHead {
        locale: locale.unwrap_or_default(),
        merchant_name: settings.support_name.clone(),
        support_name: settings.support_name.clone(),
        support_phone: settings.support_phone.clone(),
        support_email: settings.support_email.clone(),
    };
    let base = if problem.code == "link" { String::new() } else { base };
    let view = View { data: Refusal { head, code: problem.code.clone() }, base, done: None };
    match render("merchant/problem.html", &context_of(state), &view) {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().extend(crate::web::error::retry_after(problem));
            response
        }
        Err(error) => problem::broken(&error),
    }
}

/// Does something, then sends the browser to a page that shows how things stand: a reload does nothing twice.
async fn done(
    state: AppState,
    base: String,
    headers: &HeaderMap,
    work: impl FnOnce(&App) -> Result<String, Error> + Send + 'static,
) -> Response {
    match state.run(work).await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(refusal) => refused(&state, locale_of(headers), base, &refusal),
    }
}

/// The language that the browser would like, for a page that knows no merchant.
fn locale_of(headers: &HeaderMap) -> Option<Locale> {
    let wanted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    Some(if wanted.trim_start().to_ascii_lowercase().starts_with("zh") { Locale::ZhCn } else { Locale::En })
}

fn visit_base(token: &str) -> String {
    format!("/m/visit/{token}")
}

async fn visit(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let base = visit_base(&token);
    let ask = move |app: &App, locale| merchant::visit_page(app, &token, locale);
    shown(state, "merchant/visit.html", base, asked, ask).await
}

async fn confirm(State(state): State<AppState>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let base = visit_base(&token);
    let to = format!("{base}?done=confirmed");
    done(state, base, &headers, move |app| merchant::confirm(app, &token).map(|()| to)).await
}

async fn times(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let base = visit_base(&token);
    let ask = move |app: &App, locale| merchant::times_page(app, &token, locale);
    shown(state, "merchant/times.html", base, asked, ask).await
}

#[derive(Deserialize)]
struct Chosen {
    starts_at: String,
}

async fn choose(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Response {
    let work = move |app: &App| {
        let starts_at: DateTime<Utc> = chosen
            .starts_at
            .parse()
            .map_err(|_| Error::invalid("starts_at", "this is not a time; choose one from the page"))?;
        Ok(format!("{}?done=moved", visit_base(&merchant::choose(app, &token, starts_at)?)))
    };
    done(state, String::new(), &headers, work).await
}

#[derive(Deserialize)]
struct Wish {
    words: String,
}

async fn wish(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(wish): Form<Wish>,
) -> Response {
    let base = visit_base(&token);
    let to = format!("{base}?done=wished");
    done(state, base, &headers, move |app| merchant::wish(app, &token, &wish.words).map(|()| to)).await
}

async fn locks(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let base = format!("/m/locks/{token}");
    let ask = move |app: &App, locale| merchant::locks_page(app, &token, locale);
    shown(state, "merchant/locks.html", base, asked, ask).await
}

#[derive(Deserialize)]
struct Report {
    serial: String,
    /// The latest lock that the page knew of.
    latest: i64,
}

async fn report_lock(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(report): Form<Report>,
) -> Response {
    let base = format!("/m/locks/{token}");
    let to = format!("{base}?done=reported");
    let Report { serial, latest } = report;
    let work = move |app: &App| merchant::report_lock(app, &token, &serial, latest).map(|()| to);
    done(state, base, &headers, work).await
}

#[derive(Deserialize)]
struct Works {
    lock: i64,
}

async fn works_again(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(works): Form<Works>,
) -> Response {
    let base = format!("/m/locks/{token}");
    let to = format!("{base}?done=works");
    done(state, base, &headers, move |app| merchant::works_again(app, &token, works.lock).map(|()| to)).await
}

async fn optional(
    State(state): State<AppState>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let base = format!("/m/optional/{token}");
    let ask = move |app: &App, locale| merchant::answers::optional(app, &token, locale);
    shown(state, "merchant/optional.html", base, asked, ask).await
}

#[derive(Deserialize)]
struct Optional {
    /// `yes` or `no`, from the page; a mail program that unsubscribes with one click sends something else.
    wanted: Option<String>,
}

async fn set_optional(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(optional): Form<Optional>,
) -> Response {
    let base = format!("/m/optional/{token}");
    let to = format!("{base}?done=saved");
    let wanted = optional.wanted.as_deref() == Some("yes");
    done(state, base, &headers, move |app| merchant::set_optional(app, &token, wanted).map(|()| to)).await
}

async fn visit_file(State(state): State<AppState>, Path(token): Path<String>) -> Response {
    calendar(state, move |app| merchant::visit_file(app, &token)).await
}

async fn feed(State(state): State<AppState>, Path(token): Path<String>) -> Response {
    calendar(state, move |app| merchant::feed(app, token.trim_end_matches(".ics"))).await
}

async fn calendar(
    state: AppState,
    ask: impl FnOnce(&App) -> Result<String, Error> + Send + 'static,
) -> Response {
    match state.run(ask).await {
        Ok(text) => {
            ([(header::CONTENT_TYPE, "text/calendar; charset=utf-8; method=PUBLISH")], text).into_response()
        }
        Err(refusal) => refused(&state, None, String::new(), &refusal),
    }
}
