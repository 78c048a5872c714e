//! `/merchants/{number}`: a merchant with all that concerns it, and its form.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::only;
use crate::domain::access::Role;
use crate::domain::notice::ReminderLeads;
use crate::service::fleet::{MerchantDossier, merchant_dossier};
use crate::web::AppState;
use crate::web::pages::appointments::given;
use crate::web::pages::render::{PageContext, RenderError, render};
use crate::web::pages::routes::page;
use crate::web::routes::PageRoutes;

#[derive(Debug, Default, Deserialize)]
struct MerchantQuery {
    after: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct MerchantPage {
    /// The merchant.
    #[serde(flatten)]
    pub dossier: MerchantDossier,
    /// The place in the list of its sites.
    pub after: Option<String>,
}

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    page: &'a MerchantPage,
    undo: String,
    /// How long before a visit it is reminded, in minutes.
    reminder_leads: Vec<u32>,
    /// Its address is one that not every server takes.
    beyond_ascii: bool,
}

pub(super) fn router() -> PageRoutes {
    PageRoutes::new().whole(Role::Viewer, "/merchants/{number}", get(show))
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Path(number): Path<String>,
    Query(query): Query<MerchantQuery>,
) -> Response {
    let ask = move |app: &_, _: &PageContext| {
        let after = given(&query.after).map(str::to_owned);
        Ok(MerchantPage { dossier: merchant_dossier(app, &number, after.as_deref())?, after })
    };
    page(state, page_context, ask, render_page).await
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &MerchantPage) -> Result<String, RenderError> {
    let undo = only(&page.dossier.merchant, &["name", "locale", "email", "phone", "tags"]);
    let leads = page.dossier.reminders.before.parse::<ReminderLeads>();
    let beyond_ascii = page.dossier.merchant.email.as_ref().is_some_and(|email| !email.is_ascii());
    let reminder_leads = leads.map(|leads| leads.minutes().to_vec()).unwrap_or_default();
    render("fleet_merchant.html", page_context, &View { page, undo, reminder_leads, beyond_ascii })
}
