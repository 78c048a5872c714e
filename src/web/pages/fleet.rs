//! `/fleet`: the search, and merchants, sites and terminals as lists.

pub mod merchant;
pub mod site;

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use crate::api::PageQuery;
use crate::api::fleet::{FleetHits, MerchantView, SearchQuery, SiteView, TerminalView};
use crate::domain::access::Role;
use crate::service::{self, Actor, App, Error, part};
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

/// Rows of a list.
const ROWS: i64 = 50;

/// The lists, as the address names them; who answers for a part of the fleet has all but the first.
const KINDS: [&str; 3] = ["merchants", "sites", "terminals"];

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FleetQuery {
    /// What somebody searches for.
    pub q: Option<String>,
    /// Which list.
    pub kind: Option<String>,
    /// Given: the search looks anywhere in keys and names, in this list.
    pub anywhere: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FleetPage {
    /// What was searched for.
    pub q: Option<String>,
    /// What the search found; nothing if a list is shown.
    pub hits: Option<FleetHits>,
    /// Which list.
    pub kind: &'static str,
    /// The lists that there are.
    pub kinds: &'static [&'static str],
    /// Its rows, if it is this list.
    pub merchants: Vec<MerchantView>,
    /// Its rows, if it is this list.
    pub sites: Vec<SiteView>,
    /// Its rows, if it is this list.
    pub terminals: Vec<TerminalView>,
    /// What the address carries besides the place.
    pub parameters: BTreeMap<&'static str, String>,
    /// The place.
    pub after: Option<String>,
    /// The next place.
    pub next: Option<String>,
}

/// The pages of the fleet.
pub(in crate::web) fn router() -> PageRoutes {
    PageRoutes::new().parts(Role::Viewer, "/fleet", get(show)).merge(merchant::router()).merge(site::router())
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(query): Query<FleetQuery>,
) -> Response {
    page(state, page_context, move |app, _| data_of(app, &who, &query), render_page).await
}

fn data_of(app: &App, who: &Actor, query: &FleetQuery) -> Result<FleetPage, Error> {
    let q = given(&query.q).map(str::to_owned);
    let is_whole = who.part().is_none();
    let kinds = if is_whole { &KINDS[..] } else { &KINDS[1..] };
    let kind = kinds.iter().copied().find(|kind| given(&query.kind) == Some(kind)).unwrap_or(kinds[0]);
    let mut data = FleetPage { q: q.clone(), kind, kinds, ..FleetPage::default() };
    let anywhere = given(&query.anywhere).is_some() || !is_whole;
    if let Some(q) = q.clone().filter(|_| !anywhere) {
        data.hits = Some(service::fleet::search(app, &SearchQuery { q, limit: None })?);
        return Ok(data);
    }
    data.after = given(&query.after).map(str::to_owned);
    data.parameters.insert("kind", kind.to_owned());
    if let Some(q) = &q {
        data.parameters.extend([("q", q.clone()), ("anywhere", "1".to_owned())]);
    }
    let wanted = PageQuery { limit: Some(ROWS), after: data.after.clone(), q };
    match kind {
        "sites" => {
            let rows = part::sites(app, who, &wanted)?;
            (data.sites, data.next) = (rows.items, rows.next);
        }
        "terminals" => {
            let rows = part::terminals(app, who, &wanted)?;
            (data.terminals, data.next) = (rows.items, rows.next);
        }
        _ => {
            let rows = part::merchants(app, who, &wanted)?;
            (data.merchants, data.next) = (rows.items, rows.next);
        }
    }
    Ok(data)
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &FleetPage) -> Result<String, RenderError> {
    render("fleet.html", page_context, page)
}

/// These members of a view as JSON: what takes an edit back.
fn only(view: &impl Serialize, members: &[&str]) -> String {
    let mut value = serde_json::to_value(view).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| members.contains(&name.as_str()));
    }
    value.to_string()
}
