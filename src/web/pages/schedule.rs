//! `/schedule`: the timeline. Regions, their sites, the sites' terminals, by the hours of a night or by nights;
//! appointments are dragged, or moved by keyboard, through the API.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::context::PageContext;
use super::night::night_of;
use super::render::{RenderError, render};
use super::routes::page;
use crate::api::appointment::AppointmentQuery;
use crate::api::timeline::{Timeline, TimelineQuery};
use crate::domain::access::Role;
use crate::domain::appointment::AppointmentState;
use crate::service::{Actor, App, Error, part};
use crate::web::routes::PageRoutes;
use crate::web::{AppState, Who};

/// Numbers of nights that one click shows.
const SPANS: [u32; 4] = [1, 7, 14, 30];

/// The page's address.
pub(in crate::web) fn routes() -> PageRoutes {
    PageRoutes::new().parts(Role::Viewer, "/schedule", get(show))
}

/// What the address asks for; a form sends an empty word for what was left open.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ScheduleQuery {
    /// The first night; this one unless told.
    pub night: Option<String>,
    /// How many; 1 shows its hours.
    pub nights: Option<String>,
    /// A site's code, a terminal's serial number, a merchant's number.
    pub q: Option<String>,
    /// A region.
    pub region: Option<String>,
    /// A state.
    pub state: Option<String>,
    /// A campaign's name.
    pub campaign: Option<String>,
    /// Regions that are folded up.
    pub closed: Option<String>,
    /// `yes`: sites without an appointment as well.
    pub every_site: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl ScheduleQuery {
    fn timeline(&self, now: DateTime<Utc>) -> Result<TimelineQuery, Error> {
        let word = |field: &Option<String>| given(field).map(str::to_owned);
        let night = given(&self.night)
            .map(|text| {
                text.parse().map_err(|_| {
                    Error::invalid("night", format!("`{text}` is not a date; write it as 2026-11-25"))
                })
            })
            .transpose()?;
        let nights = given(&self.nights)
            .map(|text| {
                text.parse()
                    .map_err(|_| Error::invalid("nights", format!("`{text}` is not a number; use 1 to 31")))
            })
            .transpose()?;
        Ok(TimelineQuery {
            night: Some(night.unwrap_or_else(|| night_of(now))),
            nights,
            q: word(&self.q),
            region: word(&self.region),
            state: word(&self.state),
            campaign: word(&self.campaign),
            closed: word(&self.closed),
            every_site: Some(given(&self.every_site) == Some("yes")),
            limit: None,
            after: word(&self.after),
        })
    }

    fn is_filtered(&self) -> bool {
        [&self.q, &self.region, &self.state, &self.campaign].iter().any(|it| given(it).is_some())
    }

    fn closed(&self) -> Vec<&str> {
        let words = given(&self.closed).unwrap_or_default().split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).collect()
    }

    /// What the address carries besides the place in the list, with one thing changed.
    fn address_with(&self, name: &str, value: &str) -> String {
        let words = [
            ("night", &self.night),
            ("nights", &self.nights),
            ("q", &self.q),
            ("region", &self.region),
            ("state", &self.state),
            ("campaign", &self.campaign),
            ("closed", &self.closed),
            ("every_site", &self.every_site),
        ];
        let kept = words.into_iter().filter(|(known, _)| *known != name);
        let kept = kept.filter_map(|(known, word)| Some((known, given(word)?)));
        let all: Vec<(&str, &str)> = kept.chain((!value.is_empty()).then_some((name, value))).collect();
        format!("/schedule?{}", serde_urlencoded::to_string(all).unwrap_or_default())
    }
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct SchedulePage {
    /// The rows.
    pub timeline: Timeline,
    /// What was asked for.
    pub query: ScheduleQuery,
    /// Every region's name, to choose from.
    pub regions: Vec<String>,
    /// Where nothing is planned in these nights: the next one with work.
    pub next_work: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Tick {
    at: DateTime<Utc>,
    /// The night it begins, in the view of nights.
    night: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Span {
    nights: u32,
    href: String,
    current: bool,
}

#[derive(Serialize)]
struct RegionLink {
    href: String,
}

#[derive(Serialize)]
struct ScheduleView<'a> {
    data: &'a SchedulePage,
    ticks: Vec<Tick>,
    spans: Vec<Span>,
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    before: Option<String>,
    after: Option<String>,
    tonight: String,
    is_tonight: bool,
    /// Where a region's heading leads: folded up, or open again.
    region_links: Vec<RegionLink>,
    next: Option<String>,
    first_page: Option<String>,
    states: Vec<&'static str>,
    movable: Vec<&'static str>,
    filtered: bool,
    /// Where the next work is, if there is none here.
    next_work: Option<String>,
    every: String,
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Extension(who): Who,
    Query(query): Query<ScheduleQuery>,
) -> Response {
    let ask = move |app: &App, page_context: &PageContext| {
        let timeline = part::timeline(app, &who, &query.timeline(page_context.now)?)?;
        let next_work =
            if is_without_work(&timeline, &query) { next_work(app, &who, &timeline)? } else { None };
        Ok(SchedulePage { timeline, query, regions: part::regions(app, &who)?, next_work })
    };
    page(state, page_context, ask, render_page).await
}

/// Whether all that is planned in these nights was asked for, and is nothing.
fn is_without_work(timeline: &Timeline, query: &ScheduleQuery) -> bool {
    let terminals = timeline.regions.iter().flat_map(|region| &region.sites).flat_map(|site| &site.terminals);
    !query.is_filtered()
        && given(&query.after).is_none()
        && timeline.next.is_none()
        && timeline.regions.iter().all(|region| !region.closed)
        && terminals.into_iter().all(|terminal| terminal.appointments.is_empty())
}

/// The first night after these in which something is to begin.
fn next_work(app: &App, who: &Actor, timeline: &Timeline) -> Result<Option<NaiveDate>, Error> {
    let ahead = [AppointmentState::Planned, AppointmentState::Announced].map(AppointmentState::as_str);
    let query = AppointmentQuery {
        state: Some(ahead.join(",")),
        from: Some(timeline.to),
        limit: Some(1),
        ..AppointmentQuery::default()
    };
    let next = part::appointments(app, who, &query)?;
    Ok(next.items.first().map(|row| night_of(row.starts_at)))
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &SchedulePage) -> Result<String, RenderError> {
    let Timeline { from, nights, regions, next, .. } = &page.timeline;
    let query = &page.query;
    let by_hours = nights.len() == 1;
    let ticks = if by_hours {
        (0..24).map(|hour| Tick { at: *from + TimeDelta::hours(hour), night: None }).collect()
    } else {
        let days = nights.iter().zip(0..);
        days.map(|(night, day)| Tick { at: *from + TimeDelta::days(day), night: Some(*night) }).collect()
    };
    let shown = u32::try_from(nights.len()).unwrap_or(1);
    let step = Days::new(u64::from(shown));
    let (first, last) = (nights.first().copied(), nights.last().copied());
    let to_night =
        |night: Option<NaiveDate>| night.map(|night| query.address_with("night", &night.to_string()));
    let closed = query.closed();
    let region_links = regions.iter().map(|region| {
        let mut closed: Vec<&str> = closed.iter().copied().filter(|name| *name != region.name).collect();
        if !region.closed {
            closed.push(&region.name);
        }
        RegionLink { href: query.address_with("closed", &closed.join(",")) }
    });
    let states = AppointmentState::ALL.iter();
    let view = ScheduleView {
        data: page,
        ticks,
        spans: SPANS
            .into_iter()
            .map(|nights| Span {
                nights,
                href: query.address_with("nights", &nights.to_string()),
                current: nights == shown,
            })
            .collect(),
        first,
        last,
        before: to_night(first.and_then(|night| night.checked_sub_days(step))),
        after: to_night(first.and_then(|night| night.checked_add_days(step))),
        tonight: query.address_with("night", ""),
        is_tonight: first == Some(night_of(page_context.now)),
        region_links: region_links.collect(),
        next: next.as_ref().map(|next| query.address_with("after", next)),
        first_page: given(&query.after).map(|_| query.address_with("after", "")),
        states: states.clone().map(|state| state.as_str()).collect(),
        movable: states.filter(|state| state.is_movable()).map(|state| state.as_str()).collect(),
        filtered: query.is_filtered(),
        next_work: to_night(page.next_work),
        every: query.address_with("every_site", "yes"),
    };
    render("schedule.html", page_context, &view)
}
