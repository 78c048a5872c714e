//! `/audit`: who did what, when, from where and why; searched, and verified from one end to the other.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::audit::{AuditQuery, AuditVerdict};
use crate::api::{AuditView, Page};
use crate::domain::access::Role;
use crate::service::Error;
use crate::service::audit::{self, chain};
use crate::web::AppState;
use crate::web::routes::PageRoutes;

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().whole(Role::Viewer, "/audit", get(show))
}

/// What the address asks for; a form sends an empty word for what was left open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AuditPageQuery {
    /// An actor.
    pub actor: Option<String>,
    /// An action, or a kind of them.
    pub action: Option<String>,
    /// A subject.
    pub subject: Option<String>,
    /// A text.
    pub q: Option<String>,
    /// The first day, in the page's zone.
    pub from: Option<String>,
    /// The last day.
    pub to: Option<String>,
    /// Whether the whole trail is verified.
    pub verify: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct AuditPage {
    /// Entries, the latest first.
    pub entries: Page<AuditView>,
    /// What was asked for.
    pub query: AuditPageQuery,
    /// What a verification found, where one was asked for.
    pub verdict: Option<AuditVerdict>,
}

#[derive(Serialize)]
struct View<'a> {
    data: &'a AuditPage,
    /// What stood there before and after each entry, as it is written.
    changes: Vec<[Option<String>; 2]>,
    filters: BTreeMap<&'static str, &'a str>,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &AuditPage) -> Result<String, RenderError> {
    let query = &page.query;
    let fields = [
        ("actor", &query.actor),
        ("action", &query.action),
        ("subject", &query.subject),
        ("q", &query.q),
        ("from", &query.from),
        ("to", &query.to),
    ];
    let filters = fields.into_iter().filter_map(|(name, field)| Some((name, given(field)?))).collect();
    let text = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string);
    let changes = page.entries.items.iter().map(|entry| [text(&entry.before), text(&entry.after)]).collect();
    render("audit.html", page_context, &View { data: page, changes, filters })
}

/// When the day begins that lies `later` days after the one of the field.
fn day(
    page_context: &PageContext,
    field: &'static str,
    text: &Option<String>,
    later: i64,
) -> Result<Option<DateTime<Utc>>, Error> {
    let Some(text) = given(text) else { return Ok(None) };
    let wrong = || Error::invalid(field, format!("`{text}` is not a date; write it as 2026-11-25"));
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    let day = day.checked_add_signed(TimeDelta::days(later)).ok_or_else(wrong)?.and_time(NaiveTime::MIN);
    Ok(page_context.zone.from_local_datetime(&day).earliest().map(|at| at.to_utc()).or(Some(day.and_utc())))
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<AuditPageQuery>,
) -> Response {
    let ask = move |app: &_, page_context: &PageContext| {
        let word = |field: &Option<String>| given(field).map(str::to_owned);
        let wanted = AuditQuery {
            actor: word(&query.actor),
            action: word(&query.action),
            subject: word(&query.subject),
            q: word(&query.q),
            from: day(page_context, "from", &query.from, 0)?,
            to: day(page_context, "to", &query.to, 1)?,
            limit: None,
            after: word(&query.after),
        };
        let verdict = match given(&query.verify) {
            Some(_) => Some(chain::verify(app, None)?),
            None => None,
        };
        Ok(AuditPage { entries: audit::list(app, &wanted)?, query, verdict })
    };
    page(state, page_context, ask, render_page).await
}
