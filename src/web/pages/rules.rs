//! `/budgets`, `/windows`, `/blackouts` and `/programmes`: what holds, each row changed and removed where it stands, and a
//! form that shows what a rule would mean while it is filled in.

use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::render::{PageContext, RenderError, render};
use super::routes::page;
use super::words;
use crate::api::budget::BudgetView;
use crate::api::calendar::{BlackoutView, WindowView};
use crate::api::campaign::ProgrammeView;
use crate::api::{ListQuery, Page};
use crate::domain::access::Role;
use crate::domain::fleet::Locale;
use crate::service::{self, Error};
use crate::web::AppState;
use crate::web::routes::PageRoutes;

#[derive(Debug, Default, Deserialize)]
struct RulesQuery {
    edit: Option<String>,
    scope: Option<String>,
    after: Option<String>,
}

/// The rules of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct RulesPage<V> {
    /// A part of them.
    pub rows: Page<V>,
    /// The part that was asked for.
    pub after: Option<String>,
    /// The one that is being changed.
    pub edited: Option<V>,
    /// The scope that a new one begins with.
    pub scope: Option<String>,
}

/// A rule, and what its buttons need.
#[derive(Clone, Debug, Serialize)]
pub struct Row<V> {
    /// The rule.
    pub view: V,
    /// What the address knows it by.
    pub key: String,
    /// It as the body that would make it again.
    pub undo: String,
    /// What is asked before it is removed.
    pub question: String,
}

#[derive(Serialize)]
struct View<'a, V> {
    rows: Vec<Row<V>>,
    after: &'a Option<String>,
    next: &'a Option<String>,
    edited: Option<Row<V>>,
    scope: &'a Option<String>,
}

/// The pages of the rules.
pub(in crate::web) fn router() -> PageRoutes {
    PageRoutes::new()
        .whole(Role::Viewer, "/budgets", get(budgets))
        .whole(Role::Viewer, "/windows", get(windows))
        .whole(Role::Viewer, "/blackouts", get(blackouts))
        .whole(Role::Viewer, "/programmes", get(programmes))
}

macro_rules! shown {
    ($handler:ident, $view:ty, $ask:path, $one:expr, $render:ident, $row:ident, $template:literal) => {
        async fn $handler(
            State(state): State<AppState>,
            page_context: PageContext,
            Query(query): Query<RulesQuery>,
        ) -> Response {
            let ask = move |app: &_, _: &PageContext| {
                let after = given(&query.after).map(str::to_owned);
                let rows = $ask(app, &ListQuery { limit: None, after: after.clone() })?;
                let edited = given(&query.edit).map(|key| $one(app, key)).transpose()?.flatten();
                let scope = given(&query.scope).map(str::to_owned);
                Ok(RulesPage { rows, after, edited, scope })
            };
            page(state, page_context, ask, $render).await
        }

        /// Puts the page into HTML.
        pub fn $render(page_context: &PageContext, page: &RulesPage<$view>) -> Result<String, RenderError> {
            let row = |view| $row(view, page_context.locale);
            let RulesPage { rows, after, edited, scope } = page;
            let view = View {
                rows: rows.items.iter().map(row).collect(),
                after,
                next: &rows.next,
                edited: edited.as_ref().map(row),
                scope,
            };
            render($template, page_context, &view)
        }
    };
}

shown!(
    budgets,
    BudgetView,
    service::budget::list,
    |app, key: &str| there(key.parse().ok().map(|id| service::budget::show(app, id))),
    render_budgets,
    budget_row,
    "budgets.html"
);
shown!(
    windows,
    WindowView,
    service::calendar::windows,
    |app, key: &str| there(key.parse().ok().map(|id| service::calendar::window(app, id))),
    render_windows,
    window_row,
    "windows.html"
);
shown!(
    blackouts,
    BlackoutView,
    service::calendar::blackouts,
    |app, key: &str| there(key.parse().ok().map(|id| service::calendar::blackout(app, id))),
    render_blackouts,
    blackout_row,
    "blackouts.html"
);
shown!(
    programmes,
    ProgrammeView,
    service::programme::list,
    |app, name: &str| there(Some(service::programme::show(app, name))),
    render_programmes,
    programme_row,
    "programmes.html"
);

/// One that has gone meanwhile is not changed any more: a new one may be made in its place.
fn there<V>(found: Option<Result<V, Error>>) -> Result<Option<V>, Error> {
    match found {
        Some(Ok(view)) => Ok(Some(view)),
        None | Some(Err(Error::NotFound { .. })) => Ok(None),
        Some(Err(error)) => Err(error),
    }
}

fn budget_row(view: &BudgetView, locale: Locale) -> Row<BudgetView> {
    row(view, view.id.to_string(), &view.id.to_string(), "rules.sure_budget", locale)
}

pub(super) fn window_row(view: &WindowView, locale: Locale) -> Row<WindowView> {
    row(view, view.id.to_string(), &view.id.to_string(), "rules.sure_window", locale)
}

pub(super) fn blackout_row(view: &BlackoutView, locale: Locale) -> Row<BlackoutView> {
    row(view, view.id.to_string(), &view.name, "rules.sure_blackout", locale)
}

fn programme_row(view: &ProgrammeView, locale: Locale) -> Row<ProgrammeView> {
    let key = utf8_percent_encode(&view.name, NON_ALPHANUMERIC).to_string();
    row(view, key, &view.name, "rules.sure_programme", locale)
}

/// What is only told of a rule, and no part of its terms.
const TOLD: [&str; 4] = ["id", "etag", "paused", "next_due_at"];

fn row<V: Serialize + Clone>(view: &V, key: String, name: &str, question: &str, locale: Locale) -> Row<V> {
    let mut terms = serde_json::to_value(view).unwrap_or_default();
    if let Some(fields) = terms.as_object_mut() {
        fields.retain(|name, _| !TOLD.contains(&name.as_str()));
    }
    let question = words::say(locale, question, &[("id", &name)]);
    Row { view: view.clone(), key, undo: terms.to_string(), question }
}
