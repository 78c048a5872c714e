//! The pages' addresses: each asks the use cases what it needs, on a thread that may block, and renders.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use chrono::NaiveDate;
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;

use super::appointments::{self, AppointmentsPage, AppointmentsQuery, given};
use super::context::PageContext;
use super::home::{self, HomePage};
use super::night::bounds;
use super::notices::{self, MailPart, NoticePage, NoticesPage, NoticesQuery};
use super::plans::{self, ChangesPage, PlanPage, PlansPage};
use super::problem;
use super::render::RenderError;
use super::{CONTENT_SECURITY_POLICY, MAIL_CONTENT_SECURITY_POLICY, terminal};
use super::{access, approvals, audit};
use crate::api::appointment::AppointmentQuery;
use crate::api::notice::{NoticeQuery, PreviewRequest};
use crate::api::problem::Problem;
use crate::api::{ListQuery, PageQuery};
use crate::domain::access::Role;
use crate::domain::ids::PlanId;
use crate::domain::notice::NoticeKind;
use crate::service::{self, App, Error};
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

/// Rows of the home page's short lists.
const FIRST_FEW: i64 = 8;

/// Every page of the operators. They read only; what changes anything goes through the API.
pub(in crate::web) fn routes() -> PageRoutes {
    PageRoutes::new()
        .whole(Role::Viewer, "/", get(home_page))
        .parts(Role::Viewer, "/appointments", get(appointments_page))
        .whole(Role::Viewer, "/plans", get(plans_page))
        .whole(Role::Viewer, "/plans/{id}", get(plan_page))
        .whole(Role::Viewer, "/plans/{id}/changes", get(plan_changes_page))
        .parts(Role::Viewer, "/notices", get(notices_page))
        .parts(Role::Viewer, "/notices/{id}", get(notice_page))
        .parts(Role::Viewer, "/notices/{id}/html", get(notice_html))
        .whole(Role::Viewer, "/notices/preview", get(preview_page))
        .whole(Role::Viewer, "/notices/preview/html", get(preview_html))
        .parts(Role::Viewer, "/terminals/{serial}", get(terminal_page))
        .merge(super::campaigns::routes())
        .merge(access::routes())
        .merge(approvals::routes())
        .merge(audit::routes())
        .merge(super::fleet::router())
        .merge(super::rules::router())
        .merge(super::unreached::router())
        .merge(super::inbox::routes())
        .merge(super::locks::routes())
        .merge(super::sending::routes())
        .merge(super::schedule::routes())
        .merge(super::heat::routes())
}

/// What a browser may do with a page, and that it keeps none for others.
fn page_headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ]
}

/// The same, on each page.
pub(in crate::web) fn with_headers(router: Router<AppState>) -> Router<AppState> {
    let [policy, keeping] =
        page_headers().map(|(name, value)| SetResponseHeaderLayer::if_not_present(name, value));
    router.layer(policy).layer(keeping)
}

/// The same, on the page of a refusal, which is made outside of their router.
pub(in crate::web) fn refusal(page_context: &PageContext, problem: &Problem) -> Response {
    let mut response = problem::respond(page_context, problem);
    response.headers_mut().extend(page_headers());
    response
}

/// Asks the use cases for a page's data and renders it; an error becomes a page of its own.
pub(super) async fn page<T: Send + 'static>(
    state: AppState,
    page_context: PageContext,
    ask: impl FnOnce(&App, &PageContext) -> Result<T, Error> + Send + 'static,
    render: impl FnOnce(&PageContext, &T) -> Result<String, RenderError>,
) -> Response {
    let asked_by = page_context.clone();
    match state.run(move |app| ask(app, &asked_by)).await {
        Ok(data) => match render(&page_context, &data) {
            Ok(html) => Html(html).into_response(),
            Err(error) => problem::broken(&error),
        },
        Err(refusal) => problem::respond(&page_context, refusal.problem()),
    }
}

/// A night and a place in a list, as an address names them.
#[derive(Debug, Default, Deserialize)]
struct PlaceQuery {
    night: Option<String>,
    after: Option<String>,
}

impl PlaceQuery {
    fn night(&self) -> Result<Option<NaiveDate>, Error> {
        given(&self.night).map(|text| text.parse().map_err(|_| not_a_night(text))).transpose()
    }
}

pub(super) fn not_a_night(text: &str) -> Error {
    Error::invalid("night", format!("`{text}` is not a date; write it as 2026-11-25"))
}

/// A number from an address; anything else names nothing.
fn number_of<Id: FromStr>(what: &'static str, text: &str, remedy: &'static str) -> Result<Id, Error> {
    text.parse().map_err(|_| Error::NotFound { what, key: text.to_owned(), remedy })
}

async fn home_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<PlaceQuery>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let night = query.night()?;
        let (tonight, load) = service::plan::overview(app)?;
        let unplaced = match &tonight.published {
            Some(plan) => service::plan::items(app, PlanId(plan.id), true, Some(FIRST_FEW), None)?.items,
            None => Vec::new(),
        };
        let few = PageQuery { limit: Some(FIRST_FEW), ..PageQuery::default() };
        let latest = NoticeQuery { limit: Some(FIRST_FEW), ..NoticeQuery::default() };
        Ok(HomePage {
            tonight,
            load,
            terminals: service::fleet::active_terminals(app)?,
            unplaced,
            locks: service::lock::list(app, &few)?.items,
            notices: service::notice::list(app, &latest)?.items,
            unreached: service::notice::unreached::list(app)?,
            night,
        })
    };
    page(state, page_context, ask, home::render_page).await
}

async fn appointments_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(query): Query<AppointmentsQuery>,
) -> Response {
    let ask = move |app: &App, page_context: &PageContext| {
        let word = |field: &Option<String>| given(field).map(str::to_owned);
        let night =
            query.night(page_context).map_err(|_| not_a_night(query.night.as_deref().unwrap_or_default()))?;
        let instant = |name: &'static str, field: &Option<String>| {
            let parsed = given(field).map(|text| {
                text.parse().map_err(|_| Error::invalid(name, format!("`{text}` is not an instant")))
            });
            parsed.transpose()
        };
        let (from, to) = match night.map(bounds) {
            Some((from, to)) => (Some(from), Some(to)),
            None => (instant("from", &query.from)?, instant("to", &query.to)?),
        };
        let wanted = AppointmentQuery {
            state: word(&query.state),
            serial: word(&query.serial),
            site: word(&query.site),
            campaign: word(&query.campaign),
            group: word(&query.group),
            from,
            to,
            limit: None,
            after: word(&query.after),
        };
        let appointments = service::part::appointments(app, &who, &wanted)?;
        Ok(AppointmentsPage { appointments, query, night })
    };
    page(state, page_context, ask, appointments::render_page).await
}

async fn plans_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<PlaceQuery>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let wanted = ListQuery { after: query.after, limit: None };
        let plans = service::plan::list(app, &wanted)?;
        Ok(PlansPage { plans })
    };
    page(state, page_context, ask, plans::render_list).await
}

async fn plan_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Path(id): Path<String>,
    Query(query): Query<PlaceQuery>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let id = number_of("plan", &id, "see `offpeak plan list`")?;
        let night = query.night()?;
        let plan = service::plan::show(app, id)?;
        let load = plan.report.as_ref().map(|_| service::plan::plan_load(app, id)).transpose()?;
        let unplaced = service::plan::items(app, id, true, None, given(&query.after))?;
        let requests = service::approval::waiting_for(app, &format!("plan {}", plan.id))?;
        Ok(PlanPage { plan, load, unplaced, requests, night })
    };
    page(state, page_context, ask, plans::render_page).await
}

async fn plan_changes_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Path(id): Path<String>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let id: PlanId = number_of("plan", &id, "see `offpeak plan list`")?;
        Ok(ChangesPage { plan: id.0, diff: service::plan::diff(app, id)? })
    };
    page(state, page_context, ask, plans::render_changes).await
}

async fn notices_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(query): Query<NoticesQuery>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let word = |field: &Option<String>| given(field).map(str::to_owned);
        let wanted = NoticeQuery {
            state: word(&query.state),
            kind: word(&query.kind),
            merchant: word(&query.merchant),
            limit: None,
            after: word(&query.after),
        };
        let notices = service::part::notices(app, &who, &wanted)?;
        // How many there are elsewhere is nobody's who is confined.
        let whole = who.part().is_none();
        let by_state = if whole { service::notice::counts(app)? } else { BTreeMap::new() };
        Ok(NoticesPage { notices, query, by_state })
    };
    page(state, page_context, ask, notices::render_list).await
}

/// The part of a mail that an address asks for.
#[derive(Debug, Default, Deserialize)]
struct PartQuery {
    part: Option<String>,
}

async fn notice_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Path(id): Path<String>,
    Query(query): Query<PartQuery>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let id = number_of("notice", &id, "see `offpeak notice list`")?;
        let part = match given(&query.part) {
            Some("text") => MailPart::Text,
            Some("calendar") => MailPart::Calendar,
            _ => MailPart::Html,
        };
        service::part::check_notice(app, &who, id)?;
        let notice = service::notice::show(app, id)?;
        let message = match service::notice::message(app, id) {
            Ok(message) => Some(message),
            Err(Error::Conflict(_)) => None,
            Err(error) => return Err(error),
        };
        let (siblings, audit) = service::notice::around(app, who.part(), &notice)?;
        Ok(NoticePage { notice, message, part, siblings, audit })
    };
    page(state, page_context, ask, notices::render_page).await
}

/// The mail's own HTML, for the frame on its page: it may style itself and do nothing else.
async fn notice_html(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Path(id): Path<String>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        let id = number_of("notice", &id, "see `offpeak notice list`")?;
        service::part::check_notice(app, &who, id)?;
        service::notice::message(app, id)
    };
    framed(page(state, page_context, ask, |_, message| Ok(message.html.clone())).await)
}

/// What a frame may do with a mail.
fn framed(mut response: Response) -> Response {
    if response.status() == StatusCode::OK {
        let policy = HeaderValue::from_static(MAIL_CONTENT_SECURITY_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The kind and language of a mail that is only shown.
#[derive(Debug, Default, Deserialize)]
struct PreviewQuery {
    kind: Option<String>,
    locale: Option<String>,
}

impl PreviewQuery {
    fn ask(&self, app: &App, page_context: &PageContext) -> Result<notices::PreviewPage, Error> {
        let kind = given(&self.kind).unwrap_or(NoticeKind::Announcement.as_str());
        let kind: NoticeKind = kind.parse().map_err(|error: String| Error::invalid("kind", error))?;
        let locale = given(&self.locale).unwrap_or(page_context.locale.as_str()).to_owned();
        let request = PreviewRequest { kind, locale: Some(locale.clone()), appointment: None };
        let message = service::notice::preview(app, &request)?;
        Ok(notices::PreviewPage { kind, locale, message })
    }
}

async fn preview_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<PreviewQuery>,
) -> Response {
    page(state, page_context, move |app, context| query.ask(app, context), notices::render_preview).await
}

async fn preview_html(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<PreviewQuery>,
) -> Response {
    let ask = move |app: &App, context: &PageContext| query.ask(app, context);
    framed(page(state, page_context, ask, |_, preview| Ok(preview.message.html.clone())).await)
}

async fn terminal_page(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Path(serial): Path<String>,
) -> Response {
    let ask = move |app: &App, _: &PageContext| {
        service::part::check_terminals(app, &who, std::slice::from_ref(&serial))?;
        service::fleet::terminal_dossier(app, &serial)
    };
    page(state, page_context, ask, terminal::render_page).await
}
