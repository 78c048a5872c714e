//! Made-up data for the pages of what is planned: the timeline and the load.

use chrono::{TimeZone, Utc};
use offpeak::api::timeline::{Timeline, TimelineRegion, TimelineSite, TimelineTerminal};
use offpeak::domain::appointment::AppointmentState;
use offpeak::web::pages::heat::HeatPage;
use offpeak::web::pages::schedule::{SchedulePage, ScheduleQuery};

use super::{PLAIN, Wording, appointment, date, hours, load, minutes, now};

/// A timeline of so many nights: a region with a busy site, one that is folded up, one without work.
pub(crate) fn schedule(wording: Wording, nights: i64) -> SchedulePage {
    let states = AppointmentState::ALL;
    let terminals = (0_i64..8).map(|number| {
        let state = states[usize::try_from(number).expect("a small number") % states.len()];
        let start = now() + minutes(15 * number) + hours(24 * (number % nights));
        let view = appointment(wording, number, state, start);
        let (serial, label) = (view.serial.clone(), view.label.clone());
        TimelineTerminal { serial, label, appointments: vec![view] }
    });
    let site = |code: &str, terminals: Vec<TimelineTerminal>| TimelineSite {
        code: wording.text(code),
        name: wording.text("上海第一食品商店"),
        merchant_name: wording.text("Harbour Pharmacy"),
        time_zone: "Europe/London".to_owned(),
        terminals,
    };
    let region = |name: &str, closed: bool, sites: Vec<TimelineSite>| TimelineRegion {
        name: wording.text(name),
        site_count: 120,
        closed,
        sites,
    };
    let from = Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).single().expect("an instant");
    let regions = vec![
        region("east", false, vec![site("S-0040", terminals.collect()), site("S-0041", Vec::new())]),
        region("harbour", true, Vec::new()),
        region("north", false, Vec::new()),
    ];
    SchedulePage {
        timeline: Timeline {
            from,
            to: from + hours(24 * nights),
            nights: (0..nights).map(|night| date(from + hours(24 * night))).collect(),
            slot_minutes: 15,
            regions,
            next: Some(wording.text("north/S-0099")),
        },
        query: ScheduleQuery {
            q: Some(wording.text("S-0040")),
            after: Some(wording.text("east/S-0001")),
            ..ScheduleQuery::default()
        },
        regions: vec![wording.text("east"), wording.text("harbour")],
        next_work: None,
    }
}

/// A timeline without anything.
pub(crate) fn empty_schedule(query: ScheduleQuery) -> SchedulePage {
    let mut page = schedule(PLAIN, 1);
    page.timeline.regions.clear();
    page.timeline.next = None;
    SchedulePage { query, regions: Vec::new(), ..page }
}

/// A timeline of a fleet that has its next work another night.
pub(crate) fn quiet_schedule() -> SchedulePage {
    let mut page = schedule(PLAIN, 1);
    page.timeline.regions.iter_mut().for_each(|region| region.sites.clear());
    page.timeline.next = None;
    SchedulePage { query: ScheduleQuery::default(), next_work: Some(date(now() + hours(72))), ..page }
}

/// A heat map of a night by slots, or of several by nights.
pub(crate) fn heat(wording: Wording, nights: u32, over_budget: bool) -> HeatPage {
    let mut whole = load(wording, over_budget);
    for group in &mut whole.groups {
        let length = if nights == 1 { 96 } else { usize::try_from(nights).expect("a small number") };
        // A night by its slots from the first evening on; several nights by one number each.
        let picked: Vec<usize> = (0..length).map(|at| if nights == 1 { at } else { at * 96 + 27 }).collect();
        let caps = group.cap.as_ref().expect("every group has a budget");
        group.cap = Some(picked.iter().map(|slot| caps[*slot]).collect());
        group.down = picked.iter().map(|slot| group.down[*slot]).collect();
    }
    whole.slot_minutes = if nights == 1 { 15 } else { 24 * 60 };
    let groups = whole.groups.split_off(1);
    let fleet = whole.clone();
    let q = (nights > 1).then(|| wording.text(""));
    whole.groups = groups;
    HeatPage { by: "host".to_owned(), first: date(fleet.from), nights, fleet, groups: whole, q }
}

/// A heat map of an installation without work.
pub(crate) fn empty_heat() -> HeatPage {
    let mut page = heat(PLAIN, 1, false);
    page.fleet.groups[0].down.fill(0);
    page.groups.groups.clear();
    page
}
