//! `/sites/{code}`: a site with its windows, hours, terminals and appointments, and their forms.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::only;
use crate::api::calendar::{BlackoutView, WindowView};
use crate::domain::access::Role;
use crate::domain::calendar::{OpeningHours, TrafficProfile};
use crate::service::fleet::{SiteDossier, site_dossier};
use crate::service::part;
use crate::web::pages::appointments::given;
use crate::web::pages::render::{PageContext, RenderError, render};
use crate::web::pages::routes::page;
use crate::web::pages::rules::{Row, blackout_row, window_row};
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

#[derive(Debug, Default, Deserialize)]
struct SiteQuery {
    after: Option<String>,
    window: Option<i64>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct SitePage {
    /// The site.
    pub dossier: SiteDossier,
    /// The place in the list of its terminals.
    pub after: Option<String>,
    /// The number of the window that is being changed.
    pub window: Option<i64>,
}

#[derive(Serialize)]
struct WindowRow {
    #[serde(flatten)]
    row: Row<WindowView>,
    holds: bool,
    /// It is this site's own, and changed here.
    own: bool,
}

#[derive(Serialize)]
struct View<'a> {
    site: &'a crate::api::fleet::SiteView,
    merchant: &'a crate::api::fleet::MerchantView,
    terminals: &'a crate::api::Page<crate::api::fleet::TerminalView>,
    openings: &'a crate::api::calendar::Preview,
    appointments: &'a [crate::api::appointment::AppointmentView],
    audit: &'a [crate::api::AuditView],
    windows: Vec<WindowRow>,
    blackouts: Vec<Row<BlackoutView>>,
    edited: Option<Row<WindowView>>,
    after: &'a Option<String>,
    days: [String; 7],
    profiles: Vec<&'static str>,
    undo: String,
    undo_hours: String,
}

pub(super) fn router() -> PageRoutes {
    PageRoutes::new().parts(Role::Viewer, "/sites/{code}", get(show))
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Path(code): Path<String>,
    Query(query): Query<SiteQuery>,
) -> Response {
    let ask = move |app: &_, _: &PageContext| {
        let after = given(&query.after).map(str::to_owned);
        part::check_site(app, &who, &code)?;
        let dossier = site_dossier(app, &code, after.as_deref())?;
        Ok(SitePage { dossier, after, window: query.window })
    };
    page(state, page_context, ask, render_page).await
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &SitePage) -> Result<String, RenderError> {
    let SitePage { dossier, after, window } = page;
    let site = &dossier.site;
    let own = format!("site:{}", site.code);
    let locale = page_context.locale;
    let rows = dossier.windows.iter().map(|it| WindowRow {
        own: it.window.scope == own,
        holds: it.holds,
        row: window_row(&it.window, locale),
    });
    let windows: Vec<WindowRow> = rows.collect();
    let edited = windows.iter().find(|it| it.own && Some(it.row.view.id) == *window);
    let members = ["name", "region", "address", "time_zone", "traffic_profile", "merchant_number", "tags"];
    let view = View {
        edited: edited.map(|it| it.row.clone()),
        windows,
        blackouts: dossier.blackouts.iter().map(|view| blackout_row(view, locale)).collect(),
        site,
        merchant: &dossier.merchant,
        terminals: &dossier.terminals,
        openings: &dossier.openings,
        appointments: &dossier.appointments,
        audit: &dossier.audit,
        after,
        days: site.opening_hours.parse().map(|hours: OpeningHours| hours.day_texts()).unwrap_or_default(),
        profiles: TrafficProfile::ALL.into_iter().map(TrafficProfile::as_str).collect(),
        undo: only(site, &members),
        undo_hours: only(site, &["opening_hours"]),
    };
    render("fleet_site.html", page_context, &view)
}
