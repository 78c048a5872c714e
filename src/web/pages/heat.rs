//! `/load`: how many terminals are down in each slot or night, group by group, against the budget: the picture that
//! shows whether maintenance is staggered. As a page, as SVG, as CSV.

use std::fmt::Write;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::appointments::given;
use super::context::PageContext;
use super::night::night_of;
use super::render::{RenderError, render};
use super::routes::{not_a_night, page};
use crate::api::plan::{GroupLoad, Load};
use crate::domain::access::Role;
use crate::domain::budget::Grouping;
use crate::service::plan::{HEAT_GROUPINGS, heat};
use crate::service::{App, Error};
use crate::web::AppState;
use crate::web::routes::PageRoutes;

/// Rows that the page draws; the files have all of them.
const ROWS_SHOWN: usize = 40;
const ROWS_IN_SVG: usize = 400;
const SPANS: [u32; 4] = [1, 7, 14, 30];

/// The addresses.
pub(in crate::web) fn routes() -> PageRoutes {
    PageRoutes::new()
        .whole(Role::Viewer, "/load", get(show))
        .whole(Role::Viewer, "/load.svg", get(svg))
        .whole(Role::Viewer, "/load.csv", get(csv))
}

/// What the address asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HeatQuery {
    /// A grouping; regions unless told.
    pub by: Option<String>,
    /// The first night; this one unless told.
    pub night: Option<String>,
    /// How many; 1 shows its slots.
    pub nights: Option<String>,
    /// Only groups in whose name this stands.
    pub q: Option<String>,
}

/// What the page is made from.
#[derive(Clone, Debug, Serialize)]
pub struct HeatPage {
    /// The grouping.
    pub by: String,
    /// The first night.
    pub first: NaiveDate,
    /// How many.
    pub nights: u32,
    /// The whole fleet.
    pub fleet: Load,
    /// The groups; of the grouping `fleet` there are none beside it.
    pub groups: Load,
    /// What is looked for among their names.
    pub q: Option<String>,
}

/// Slots one after the other with the same numbers.
#[derive(Debug, PartialEq, Serialize)]
struct Cell {
    x: usize,
    width: usize,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    down: u32,
    cap: Option<u32>,
    /// How near to the budget, 0 to 6; see [`level`].
    level: u8,
    href: String,
}

#[derive(Serialize)]
struct Row {
    name: String,
    y: usize,
    cells: Vec<Cell>,
    peak_down: u32,
    peak_cap: Option<u32>,
    peak_at: DateTime<Utc>,
    over: usize,
    /// For the table: of each hour or night the slot that comes nearest to the budget.
    columns: Vec<Cell>,
}

#[derive(Serialize)]
struct Span {
    nights: u32,
    href: String,
    current: bool,
}

#[derive(Serialize)]
struct Column {
    x: usize,
    at: DateTime<Utc>,
    night: NaiveDate,
}

#[derive(Serialize)]
struct HeatView<'a> {
    data: &'a HeatPage,
    rows: Vec<Row>,
    /// How many groups there are, drawn or not.
    all_rows: usize,
    found_rows: usize,
    over_rows: usize,
    slots: usize,
    columns: Vec<Column>,
    groupings: Vec<(String, String)>,
    spans: Vec<Span>,
    last: Option<NaiveDate>,
    before: String,
    after: String,
    tonight: String,
    is_tonight: bool,
    by_slots: bool,
    files: String,
    /// Nothing is down at any time.
    nothing: bool,
}

fn ask(app: &App, now: DateTime<Utc>, query: &HeatQuery) -> Result<HeatPage, Error> {
    let word = given(&query.by).unwrap_or("region");
    let by: Grouping = word.parse().map_err(|error| Error::invalid("by", error))?;
    let first = given(&query.night).map(|text| text.parse().map_err(|_| not_a_night(text))).transpose()?;
    let first = first.unwrap_or_else(|| night_of(now));
    let nights = given(&query.nights)
        .map(|text| {
            text.parse()
                .map_err(|_| Error::invalid("nights", format!("`{text}` is not a number; use 1 to 31")))
        })
        .transpose()?
        .unwrap_or(1);
    let fleet = heat(app, &Grouping::Fleet, first, nights)?;
    let groups = if by == Grouping::Fleet {
        Load { groups: Vec::new(), ..fleet.clone() }
    } else {
        heat(app, &by, first, nights)?
    };
    let q = given(&query.q).map(str::to_owned);
    Ok(HeatPage { by: by.to_string(), first, nights, fleet, groups, q })
}

async fn show(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<HeatQuery>,
) -> Response {
    let ask = move |app: &App, page_context: &PageContext| ask(app, page_context.now, &query);
    page(state, page_context, ask, render_page).await
}

/// Puts the page into HTML.
pub fn render_page(page_context: &PageContext, page: &HeatPage) -> Result<String, RenderError> {
    render("heat.html", page_context, &view(page_context, page, ROWS_SHOWN))
}

/// The picture as a file of its own.
pub fn render_svg(page_context: &PageContext, page: &HeatPage) -> Result<String, RenderError> {
    render("heat_svg.xml", page_context, &view(page_context, page, ROWS_IN_SVG))
}

async fn svg(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<HeatQuery>,
) -> Response {
    let ask = move |app: &App, page_context: &PageContext| ask(app, page_context.now, &query);
    let response = page(state, page_context, ask, render_svg).await;
    as_file(response, "image/svg+xml; charset=utf-8", "load.svg")
}

async fn csv(
    State(state): State<AppState>,
    page_context: PageContext,
    Query(query): Query<HeatQuery>,
) -> Response {
    let ask = move |app: &App, page_context: &PageContext| ask(app, page_context.now, &query);
    let response = page(state, page_context, ask, |_, page| Ok(written(page))).await;
    as_file(response, "text/csv; charset=utf-8", "load.csv")
}

fn as_file(response: Response, content_type: &'static str, name: &str) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)], response)
        .into_response()
}

/// Every group and slot, a line each.
fn written(page: &HeatPage) -> String {
    let mut text = String::from("group,from,to,down,budget\r\n");
    let slot = TimeDelta::minutes(i64::from(page.fleet.slot_minutes));
    // Ten thousand groups have the same slots: they are put into words once.
    let slots = page.fleet.groups.first().map_or(0, |group| group.down.len());
    let instants: Vec<String> =
        (0..=slots).zip(0..).map(|(_, number)| (page.fleet.from + slot * number).to_rfc3339()).collect();
    for group in groups_of(page) {
        let name = quoted(&group.group);
        for ((down, span), index) in group.down.iter().zip(instants.windows(2)).zip(0..) {
            let cap = group.cap.as_ref().and_then(|cap| cap.get::<usize>(index));
            let [from, to] = span else { continue };
            write!(text, "{name},{from},{to},{down},").expect("writing to a string cannot fail");
            if let Some(cap) = cap {
                write!(text, "{cap}").expect("writing to a string cannot fail");
            }
            text.push_str("\r\n");
        }
    }
    text
}

/// A field as CSV has it; one that a spreadsheet would take for a formula is told apart.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn groups_of(page: &HeatPage) -> impl Iterator<Item = &GroupLoad> {
    let wanted = page.q.as_ref().map(|text| text.to_lowercase());
    let found = move |group: &&GroupLoad| {
        wanted.as_ref().is_none_or(|text| group.group.to_lowercase().contains(text))
    };
    page.fleet.groups.iter().chain(page.groups.groups.iter().filter(found))
}

fn view<'a>(page_context: &PageContext, page: &'a HeatPage, rows_max: usize) -> HeatView<'a> {
    let slot = TimeDelta::minutes(i64::from(page.fleet.slot_minutes));
    let by_slots = page.nights == 1;
    let slots = page.fleet.groups.first().map_or(0, |group| group.down.len());
    let link = |by: &str, night: NaiveDate, nights: u32| {
        let q = page.q.as_deref().map(|q| ("q", q.to_owned()));
        let words = [("by", by.to_owned()), ("night", night.to_string()), ("nights", nights.to_string())];
        let all: Vec<_> = words.into_iter().chain(q).collect();
        serde_urlencoded::to_string(all).unwrap_or_default()
    };
    let here = |night: Option<NaiveDate>| {
        format!("/load?{}", link(&page.by, night.unwrap_or(page.first), page.nights))
    };
    let step = Days::new(u64::from(page.nights));
    let found: Vec<&GroupLoad> = groups_of(page).collect();
    let rows: Vec<Row> =
        found.iter().take(rows_max).zip(0..).map(|(group, y)| row(page, group, y, slot)).collect();
    let hour = usize::try_from(60 / page.fleet.slot_minutes.clamp(1, 60)).unwrap_or(1);
    let columns = (0..slots).step_by(if by_slots { hour } else { 1 });
    let columns = columns.map(|x| {
        let at = page.fleet.from + slot * i32::try_from(x).unwrap_or_default();
        Column { x, at, night: night_of(at) }
    });
    let tonight = night_of(page_context.now);
    HeatView {
        over_rows: found.iter().filter(|group| (0..slots).any(|slot| is_over(group, slot))).count(),
        nothing: found.iter().all(|group| group.down.iter().all(|down| *down == 0)),
        all_rows: page.groups.groups.len() + 1,
        found_rows: found.len(),
        rows,
        slots,
        columns: columns.collect(),
        groupings: HEAT_GROUPINGS
            .iter()
            .map(|grouping| {
                (
                    grouping.to_string(),
                    format!("/load?{}", link(&grouping.to_string(), page.first, page.nights)),
                )
            })
            .collect(),
        spans: SPANS
            .into_iter()
            .map(|nights| Span {
                nights,
                href: format!("/load?{}", link(&page.by, page.first, nights)),
                current: nights == page.nights,
            })
            .collect(),
        last: page.first.checked_add_days(Days::new(u64::from(page.nights.saturating_sub(1)))),
        before: here(page.first.checked_sub_days(step)),
        after: here(page.first.checked_add_days(step)),
        tonight: here(Some(tonight)),
        is_tonight: page.first == tonight,
        by_slots,
        files: link(&page.by, page.first, page.nights),
        data: page,
    }
}

fn cap_at(group: &GroupLoad, slot: usize) -> Option<u32> {
    group.cap.as_ref().and_then(|cap| cap.get(slot).copied())
}

fn is_over(group: &GroupLoad, slot: usize) -> bool {
    cap_at(group, slot).is_some_and(|cap| group.down[slot] > cap)
}

/// How near to the budget: 0 nothing is down, 1 to 3 up to a third, two thirds, below the budget, 4 at the budget, 5
/// over it, 6 something is down and there is no budget.
fn level(down: u32, cap: Option<u32>) -> u8 {
    match (down, cap) {
        (0, _) => 0,
        (_, None) => 6,
        (down, Some(cap)) if down > cap => 5,
        (down, Some(cap)) if down == cap => 4,
        (down, Some(cap)) => {
            u8::try_from(u64::from(down) * 3 / u64::from(cap.max(1))).unwrap_or(2).min(2) + 1
        }
    }
}

fn row(page: &HeatPage, group: &GroupLoad, y: usize, slot: TimeDelta) -> Row {
    let slots = group.down.len();
    let cell = |from: usize, end: usize, told: usize| {
        let instant = |place: usize| page.fleet.from + slot * i32::try_from(place).unwrap_or_default();
        let (at, until) = (instant(from), instant(end));
        let (down, cap) = (group.down[told], cap_at(group, told));
        let name = (group.group != "fleet").then_some(("group", group.group.clone()));
        let span = [
            ("from", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
            ("to", until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        ];
        let words: Vec<_> = name.into_iter().chain(span).collect();
        let href = format!("/appointments?{}", serde_urlencoded::to_string(words).unwrap_or_default());
        Cell { x: from, width: end - from, from: at, to: until, down, cap, level: level(down, cap), href }
    };
    let mut cells = Vec::new();
    let mut first = 0;
    for place in 1..=slots {
        let same = place < slots
            && group.down[place] == group.down[first]
            && cap_at(group, place) == cap_at(group, first);
        if !same {
            if group.down[first] > 0 {
                cells.push(cell(first, place, first));
            }
            first = place;
        }
    }
    let share = |place: usize| {
        let down = f64::from(group.down[place]);
        cap_at(group, place).map_or(0.0, |cap| down / f64::from(cap.max(1)))
    };
    let tightest = |from: usize, end: usize| {
        let better = |a: &usize, b: &usize| {
            share(*a).total_cmp(&share(*b)).then(group.down[*a].cmp(&group.down[*b])).then(b.cmp(a))
        };
        (from..end).max_by(better).unwrap_or(from)
    };
    let peak = tightest(0, slots);
    let length = if page.nights == 1 {
        usize::try_from(60 / page.fleet.slot_minutes.clamp(1, 60)).unwrap_or(1)
    } else {
        1
    };
    let columns = (0..slots).step_by(length).map(|from| {
        let end = (from + length).min(slots);
        cell(from, end, tightest(from, end))
    });
    Row {
        name: group.group.clone(),
        y,
        columns: columns.collect(),
        peak_down: group.down[peak],
        peak_cap: cap_at(group, peak),
        peak_at: page.fleet.from + slot * i32::try_from(peak).unwrap_or_default(),
        over: (0..slots).filter(|place| is_over(group, *place)).count(),
        cells,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_tell_how_near_the_budget_is() {
        let levels = [(0, Some(9)), (1, Some(9)), (3, Some(9)), (8, Some(9)), (9, Some(9)), (10, Some(9))];
        assert_eq!(levels.map(|(down, cap)| level(down, cap)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(level(1, Some(0)), 5);
        assert_eq!(level(7, None), 6);
    }

    #[test]
    fn a_field_of_a_file_is_no_formula() {
        assert_eq!(quoted("region:\"x\""), "\"region:\"\"x\"\"\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
