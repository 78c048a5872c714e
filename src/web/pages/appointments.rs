//! `/appointments`: what stands, night by night.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::night::{neighbours, night_of};
use super::render::{PageContext, RenderError, render};
use crate::api::Page;
use crate::api::appointment::AppointmentView;
use crate::domain::appointment::AppointmentState;

/// What the address asks for; a form sends an empty word for what was left open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AppointmentsQuery {
    /// A date, or nothing for every night. Absent: this night, unless something else is asked for.
    pub night: Option<String>,
    /// A state.
    pub state: Option<String>,
    /// A site's code.
    pub site: Option<String>,
    /// A campaign's name.
    pub campaign: Option<String>,
    /// A terminal's serial number.
    pub serial: Option<String>,
    /// A group of terminals, as `host:acq-east-1`.
    pub group: Option<String>,
    /// Only what ends after this instant.
    pub from: Option<String>,
    /// Only what starts before this instant.
    pub to: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl AppointmentsQuery {
    /// The night to list, `None` for every night.
    pub fn night(&self, page_context: &PageContext) -> Result<Option<NaiveDate>, chrono::ParseError> {
        match self.night.as_deref().map(str::trim) {
            Some("") => Ok(None),
            Some(text) => text.parse().map(Some),
            None if self.asks_for_something() => Ok(None),
            None => Ok(Some(night_of(page_context.now))),
        }
    }

    fn asks_for_something(&self) -> bool {
        [&self.state, &self.site, &self.campaign, &self.serial, &self.group, &self.from, &self.to]
            .iter()
            .any(|word| given(word).is_some())
    }
}

/// A word of a form that was filled in.
pub(super) fn given(word: &Option<String>) -> Option<&str> {
    word.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentsPage {
    /// The rows.
    pub appointments: Page<AppointmentView>,
    /// What was asked for.
    pub query: AppointmentsQuery,
    /// The night that is listed; `None` is every night.
    pub night: Option<NaiveDate>,
}

#[derive(Serialize)]
struct AppointmentsView<'a> {
    data: &'a AppointmentsPage,
    states: Vec<&'static str>,
    /// States in which an appointment is edited.
    movable: Vec<&'static str>,
    before: Option<NaiveDate>,
    after: Option<NaiveDate>,
    this_night: NaiveDate,
    /// What the address carries besides night and place.
    filters: BTreeMap<&'static str, &'a str>,
    /// What the address carries besides the place.
    parameters: BTreeMap<&'static str, String>,
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &AppointmentsPage) -> Result<String, RenderError> {
    let (before, after) = page.night.map_or((None, None), neighbours);
    let query = &page.query;
    let words = [
        ("state", &query.state),
        ("site", &query.site),
        ("campaign", &query.campaign),
        ("serial", &query.serial),
        ("group", &query.group),
        ("from", &query.from),
        ("to", &query.to),
    ];
    let filters: BTreeMap<_, _> =
        words.into_iter().filter_map(|(name, word)| Some((name, given(word)?))).collect();
    let night = page.night.map_or_else(String::new, |night| night.to_string());
    let parameters = filters.iter().map(|(&name, &word)| (name, word.to_owned()));
    let view = AppointmentsView {
        data: page,
        states: AppointmentState::ALL.iter().map(|state| state.as_str()).collect(),
        movable: AppointmentState::ALL
            .iter()
            .filter(|state| state.is_movable())
            .map(|state| state.as_str())
            .collect(),
        before,
        after,
        this_night: night_of(page_context.now),
        parameters: parameters.chain([("night", night)]).collect(),
        filters,
    };
    render("appointments.html", page_context, &view)
}
