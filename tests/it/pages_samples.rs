//! Made-up data for the pages: an ordinary bad night of a fleet of 500 terminals, an empty installation, and a
//! fleet whose every text is markup.

mod access;
mod campaigns;
mod mail;
mod planned;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use offpeak::api::Page;
use offpeak::api::appointment::AppointmentView;
use offpeak::api::campaign::SkippedCount;
use offpeak::api::lock::LockView;
use offpeak::api::notice::{Message, NoticeView, Unreached, UnreachedReason};
use offpeak::api::plan::{
    GroupLoad, Load, MoveCount, NightLoad, PlanItem, PlanProgress, PlanReport, PlanView, Remedy, Tonight,
    Unplaced, UnplacedCount,
};
use offpeak::api::problem::{FindingView, Problem};
use offpeak::domain::appointment::AppointmentState;
use offpeak::domain::campaign::SkipReason;
use offpeak::domain::lock::LockState;
use offpeak::domain::notice::{NoticeKind, NoticeState};
use offpeak::domain::plan::PlanState;
use offpeak::domain::said::Saying;
use offpeak::web::pages::appointments::{AppointmentsPage, AppointmentsQuery};
use offpeak::web::pages::home::HomePage;
use offpeak::web::pages::notices::{MailPart, NoticePage, NoticesPage, NoticesQuery};
use offpeak::web::pages::plans::{PlanPage, PlansPage};

pub(crate) use access::{approvals, audit, tokens, users, waiting_for};
pub(crate) use campaigns::{campaign, campaigns, gates, new_campaign, plan_changes};
pub(crate) use mail::{empty_inbox, inbox, locks, nothing_sent, sending};
pub(crate) use planned::{empty_heat, empty_schedule, heat, quiet_schedule, schedule};

const SLOTS_PER_DAY: usize = 96;
const NIGHTS: usize = 8;
const FLEET_BUDGET: u32 = 25;

/// The instant of every sample: the work of the night is under way.
pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 18, 22, 0).single().expect("an instant")
}

fn minutes(number: i64) -> TimeDelta {
    TimeDelta::minutes(number)
}

pub(crate) fn hours(number: i64) -> TimeDelta {
    TimeDelta::hours(number)
}

fn date(instant: DateTime<Utc>) -> NaiveDate {
    instant.date_naive()
}

/// Gives each text a value: as it is, or turned into markup.
#[derive(Clone, Copy)]
pub(crate) struct Wording {
    markup: bool,
}

/// Ordinary texts.
pub(crate) const PLAIN: Wording = Wording { markup: false };
/// Every text tries to break out of where it stands.
pub(crate) const MARKUP: Wording = Wording { markup: true };

/// What every hostile text contains, unescaped.
pub(crate) const HOSTILE_TAG: &str = "<script>alert('x')</script>";

impl Wording {
    pub(crate) fn text(self, text: &str) -> String {
        if self.markup {
            format!("{text}\"'>{HOSTILE_TAG}<img src=x onerror=alert(1)>&amp;]]>")
        } else {
            text.to_owned()
        }
    }
}

pub(crate) fn appointment(
    wording: Wording,
    number: i64,
    state: AppointmentState,
    start: DateTime<Utc>,
) -> AppointmentView {
    let shops = ["Corner Bakery", "Northern Grill", "上海第一食品商店", "Harbour Pharmacy", "Bluebird Books"];
    let shop = shops[usize::try_from(number).expect("a small number") % shops.len()];
    AppointmentView {
        id: number,
        state,
        revision: i32::from(number % 7 == 3),
        serial: wording.text(&format!("A920-{:06}", 310_000 + number * 37)),
        label: wording.text(&format!("Till {}", number % 4 + 1)),
        site_code: wording.text(&format!("S-{:04}", 40 + number / 2)),
        region: wording.text(["north", "east", "harbour"][usize::try_from(number % 3).expect("below three")]),
        merchant_number: wording.text(&format!("M{:05}", 1000 + number / 3)),
        merchant_name: wording.text(shop),
        starts_at: start,
        ends_at: start + minutes(30),
        time_zone: "Asia/Shanghai".to_owned(),
        local_start: wording.text(
            &start.with_timezone(&chrono_tz::Asia::Shanghai).format("%Y-%m-%d %H:%M (UTC+08:00)").to_string(),
        ),
        work: vec![wording.text("fw-3.2.0")],
        emergency: number % 11 == 5,
        announced_at: (state != AppointmentState::Planned).then(|| start - hours(74)),
        note: (number % 7 == 3).then(|| wording.text("moved at the merchant's wish")),
        pinned: number % 13 == 6,
        previous: None,
        etag: format!("\"{number}\""),
    }
}

fn ramp(from: usize, to: usize, height: u32, seed: u32) -> impl Fn(usize) -> u32 {
    move |slot| {
        if !(from..to).contains(&slot) {
            return 0;
        }
        let edge = u32::try_from((slot - from + 1).min(to - slot)).expect("a slot of a night");
        let ripple = (u32::try_from(slot).expect("a slot") * 7 + seed * 13) % 5;
        (edge * height / 5).min(height).saturating_sub(ripple * height / 22)
    }
}

/// The load of eight nights that keeps within every budget but, if asked, one.
pub(crate) fn load(wording: Wording, over_budget: bool) -> Load {
    let first_noon = Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).single().expect("an instant");
    let night_of = |name: &str, heights: [u32; NIGHTS], from: usize, to: usize, cap: u32| {
        let seed = u32::try_from(name.len()).expect("a short name");
        let down: Vec<u32> = heights
            .iter()
            .flat_map(|&height| (0..SLOTS_PER_DAY).map(ramp(from, to, height, seed)).collect::<Vec<_>>())
            .collect();
        GroupLoad { group: wording.text(name), cap: Some(vec![cap; down.len()]), down }
    };
    let mut fleet = night_of("fleet", [25, 25, 24, 22, 14, 25, 9, 0], 16, 42, FLEET_BUDGET);
    fleet.group = "fleet".to_owned();
    if let Some(cap) = &mut fleet.cap {
        // By day fewer may be down.
        for (slot, budget) in cap.iter_mut().enumerate() {
            if !(12..48).contains(&(slot % SLOTS_PER_DAY)) {
                *budget = 10;
            }
        }
    }
    let mut groups = vec![
        fleet,
        night_of("region:north", [12, 12, 10, 8, 6, 12, 4, 0], 17, 38, 12),
        night_of("host:acq-east-1", [9, 10, 9, 6, 6, 9, 3, 0], 18, 40, 10),
        night_of("cell:460-00-6311-17", [2, 2, 2, 1, 1, 2, 1, 0], 20, 34, 2),
        night_of("carrier:Unicom", [8, 8, 8, 8, 6, 8, 3, 0], 16, 36, 14),
        night_of("model:P2", [3, 3, 3, 2, 1, 3, 1, 0], 22, 30, 9),
    ];
    if over_budget {
        groups[2].down[27] = 12;
    }
    let nights = (0..NIGHTS)
        .map(|night| {
            let slots = night * SLOTS_PER_DAY..(night + 1) * SLOTS_PER_DAY;
            let tightest = if over_budget && night == 0 { 2 } else { 3 };
            let peak = |group: usize| groups[group].down[slots.clone()].iter().copied().max().unwrap_or(0);
            NightLoad {
                night: date(first_noon + TimeDelta::days(i64::try_from(night).expect("a small number"))),
                appointments: u64::from(peak(0)) * 9,
                peak_down: peak(0),
                fleet_cap: Some(FLEET_BUDGET),
                tightest_group: (peak(tightest) > 0).then(|| groups[tightest].group.clone()),
                tightest_down: peak(tightest),
                tightest_cap: groups[tightest].cap.as_ref().map_or(0, |cap| cap[0]),
            }
        })
        .collect();
    Load { from: first_noon, slot_minutes: 15, groups, nights }
}

/// Tasks without a place, one for each reason.
pub(crate) fn unplaced(wording: Wording) -> Vec<PlanItem> {
    let rows = [
        (
            "no_opening",
            "its window opens on Sundays only, after the deadline of Fri 27 Nov",
            Some("deadline +2 nights"),
        ),
        (
            "budget_full",
            "cell:460-00-6311-17 allows 2 at once and is full in all 41 legal slots",
            Some("raise cell:460-00-6311-17 from 2 to 3"),
        ),
        ("site_rule", "the site is open around the clock and has one terminal", None),
        ("after_unplaced", "it comes after A920-310111, which has no place", None),
        ("pinned_conflict", "an operator pinned it where model:P2 is full", Some("unpin it")),
    ];
    rows.iter()
        .zip(1_i64..)
        .map(|((reason, message, change), number)| PlanItem {
            serial: wording.text(&format!("P2-{:06}", 770_000 + number * 91)),
            site_code: wording.text(&format!("S-{:04}", 200 + number)),
            campaigns: vec![wording.text("fw-3.2.0"), wording.text("inspection-2026q4")],
            starts_at: None,
            ends_at: None,
            time_zone: "Asia/Shanghai".to_owned(),
            moves_appointment: None,
            unplaced: Some(Unplaced {
                reason: (*reason).to_owned(),
                groups: if *reason == "budget_full" {
                    vec![wording.text("cell:460-00-6311-17")]
                } else {
                    Vec::new()
                },
                message: wording.text(message),
                said: None,
                change: change.map(|text| wording.text(text)),
                change_said: (*reason == "budget_full").then(|| {
                    let group = wording.text("cell:460-00-6311-17").into();
                    Saying::ChangeGroupCap.with([("group", group), ("cap_add", 1.into())])
                }),
            }),
        })
        .collect()
}

/// A report as of a plan that is nearly as good as can be.
pub(crate) fn report(wording: Wording) -> PlanReport {
    PlanReport {
        horizon_from: Some(now() - hours(80)),
        horizon_to: Some(now() + hours(24 * 27)),
        tasks: 1_214,
        placed: 1_207,
        weight_placed: 6_035,
        weight_total: 6_070,
        weight_upper: 6_050,
        disruption: 100_700,
        disruption_lower: 100_000,
        moved: 3,
        moves_unavoidable: 2,
        moves: vec![MoveCount {
            cause: "window".to_owned(),
            explanation: wording.text("the announced time is no longer inside a window"),
            appointments: 3,
        }],
        kept: 48,
        visits: 611,
        merchants: 402,
        peak_down: FLEET_BUDGET.into(),
        cut_short: false,
        solve_ms: 1_840,
        problem_sha256: "5f2a".repeat(16),
        findings: Vec::new(),
        unplaced: vec![
            UnplacedCount { reason: "budget_full".to_owned(), terminals: 4 },
            UnplacedCount { reason: "no_opening".to_owned(), terminals: 2 },
            UnplacedCount { reason: "site_rule".to_owned(), terminals: 1 },
        ],
        relaxations: vec![
            wording.text("raising cell:460-00-6311-17 from 2 to 3 places 4 more"),
            wording.text("one more window a week at S-0201 places 1 more"),
        ],
        remedies: vec![Remedy {
            change: Saying::ChangeGroupCapTo.with([
                ("group", wording.text("cell:460-00-6311-17").into()),
                ("cap_from", 2.into()),
                ("cap_to", 3.into()),
            ]),
            terminals: 4,
        }],
        skipped: vec![
            SkippedCount {
                reason: SkipReason::AlreadyInstalled,
                explanation: wording.text(SkipReason::AlreadyInstalled.explanation()),
                terminals: 38,
            },
            SkippedCount {
                reason: SkipReason::NoContact,
                explanation: wording.text(SkipReason::NoContact.explanation()),
                terminals: 2,
            },
        ],
    }
}

/// A plan in the given state.
pub(crate) fn plan(wording: Wording, id: i64, state: PlanState) -> PlanView {
    let is_solving = state == PlanState::Solving;
    let has_report = matches!(state, PlanState::Draft | PlanState::Verified | PlanState::Published);
    PlanView {
        id,
        state,
        created_at: now() - hours(80 - id),
        created_by: wording.text("local:lin"),
        published_at: (state == PlanState::Published).then(|| now() - hours(78)),
        progress: is_solving.then(|| PlanProgress {
            phase: wording.text("improve"),
            placed: 310,
            total: 1_214,
            disruption: 120_000,
            disruption_lower: 100_000,
            percent: 42,
        }),
        stopping: false,
        report: has_report.then(|| {
            let findings = if state == PlanState::Draft { vec![finding(wording)] } else { Vec::new() };
            PlanReport { findings, ..report(wording) }
        }),
        error: (state == PlanState::Failed).then(|| wording.text("the search ran out of memory")),
        etag: format!("\"{id}\""),
    }
}

fn finding(wording: Wording) -> FindingView {
    FindingView {
        code: wording.text("budget_exceeded"),
        task: Some(wording.text("A920-310111")),
        group: Some(wording.text("region:north")),
        at: Some(now() + hours(30)),
        message: wording.text("13 terminals are down where 12 may be"),
    }
}

/// A notice in the given state.
pub(crate) fn notice(wording: Wording, id: i64, kind: NoticeKind, state: NoticeState) -> NoticeView {
    let is_put_into_words = !matches!(state, NoticeState::Queued | NoticeState::Superseded);
    NoticeView {
        id,
        kind,
        state,
        merchant_number: wording.text(&format!("M{:05}", 1000 + id)),
        merchant_name: wording.text(
            ["Corner Bakery", "上海第一食品商店", "Harbour Pharmacy"]
                [usize::try_from(id % 3).expect("below three")],
        ),
        recipient: wording.text(&format!("owner{id}@shop.example")),
        locale: "en".to_owned(),
        night: date(now() + hours(72)),
        subject: is_put_into_words
            .then(|| wording.text("2 of your card terminals will be updated in the night of 27 November")),
        message_id: wording.text(&format!("notice-{id}@offpeak.example")),
        send_after: now() - hours(2),
        expires_at: now() + hours(70),
        attempts: if state == NoticeState::Deferred { 3 } else { 1 },
        accepted_at: (state == NoticeState::Accepted).then(|| now() - minutes(40 + id)),
        last_error: matches!(state, NoticeState::Deferred | NoticeState::Failed)
            .then(|| wording.text("550 5.1.1 no such mailbox here")),
    }
}

pub(crate) fn lock(wording: Wording, id: i64, state: LockState) -> LockView {
    LockView {
        id,
        state,
        serial: wording.text(&format!("A920-{:06}", 310_000 + id * 37)),
        site_code: wording.text("S-0047"),
        cause: wording.text("did not come back after fw-3.2.0"),
        opened_at: now() - hours(id * 5),
        opened_by: wording.text("worker:dispatch"),
        closed_at: state.is_final().then(|| now() - hours(id * 5) + minutes(95)),
    }
}

/// A full home page.
pub(crate) fn home(wording: Wording, over_budget: bool) -> HomePage {
    let load = load(wording, over_budget);
    let running = (1..=5).map(|number| {
        let state = if number % 3 == 0 { AppointmentState::Open } else { AppointmentState::Running };
        appointment(wording, number, state, now() - minutes(22 - number))
    });
    let next = (6..=30).map(|number| {
        let state = if number == 9 { AppointmentState::Planned } else { AppointmentState::Announced };
        appointment(wording, number, state, now() + minutes(8 + 15 * ((number - 6) / 3)))
    });
    let notices = [("accepted", 1_174), ("queued", 21), ("deferred", 4), ("failed", 2), ("bounced", 1)];
    HomePage {
        tonight: Tonight {
            now: now(),
            running: running.collect(),
            next: next.collect(),
            nights: load.nights.clone(),
            gates: gates(wording),
            locked: 2,
            notices: notices.map(|(state, number)| (state.to_owned(), number)).into(),
            published: Some(plan(wording, 7, PlanState::Published)),
        },
        load,
        terminals: 500,
        unplaced: unplaced(wording),
        locks: vec![lock(wording, 1, LockState::InRepair), lock(wording, 2, LockState::Reported)],
        notices: vec![
            notice(wording, 904, NoticeKind::Announcement, NoticeState::Accepted),
            notice(wording, 903, NoticeKind::Moved, NoticeState::Failed),
            notice(wording, 902, NoticeKind::Reminder, NoticeState::Deferred),
            notice(wording, 901, NoticeKind::Cancelled, NoticeState::Accepted),
            notice(wording, 900, NoticeKind::Announcement, NoticeState::Queued),
        ],
        unreached: vec![unreached(wording)],
        night: None,
    }
}

fn unreached(wording: Wording) -> Unreached {
    Unreached {
        visit: 611,
        merchant_number: wording.text("M01004"),
        merchant_name: wording.text("Harbour Pharmacy"),
        phone: Some("+44 20 7946 0000".to_owned()),
        email: None,
        site_code: wording.text("S-0047"),
        starts_at: now() + hours(40),
        appointments: vec![17, 18],
        reason: UnreachedReason::NoAddress,
        detail: Some(wording.text("550 5.1.1 no such mailbox here")),
    }
}

/// The home page of an empty installation.
pub(crate) fn empty_home() -> HomePage {
    HomePage {
        tonight: Tonight {
            now: now(),
            running: Vec::new(),
            next: Vec::new(),
            nights: Vec::new(),
            gates: Vec::new(),
            locked: 0,
            notices: BTreeMap::new(),
            published: None,
        },
        load: empty_load(),
        terminals: 0,
        unplaced: Vec::new(),
        locks: Vec::new(),
        notices: Vec::new(),
        unreached: Vec::new(),
        night: None,
    }
}

fn empty_load() -> Load {
    Load { from: now(), slot_minutes: 15, groups: Vec::new(), nights: Vec::new() }
}

/// The home page of a quiet installation: a fleet, a plan, nothing wrong.
pub(crate) fn quiet_home() -> HomePage {
    let mut page = home(PLAIN, false);
    page.tonight.locked = 0;
    page.tonight.gates.clear();
    page.tonight.running.clear();
    page.tonight.notices = [("accepted".to_owned(), 1_200)].into();
    if let Some(report) = page.tonight.published.as_mut().and_then(|plan| plan.report.as_mut()) {
        report.placed = report.tasks;
        report.unplaced.clear();
    }
    page.unplaced.clear();
    page.locks.clear();
    page.unreached.clear();
    page
}

/// A list of appointments, one of each state at least.
pub(crate) fn appointments(wording: Wording) -> AppointmentsPage {
    let items = (0_i64..24)
        .map(|number| {
            let states = AppointmentState::ALL;
            let state = states[usize::try_from(number).expect("a small number") % states.len()];
            appointment(wording, number, state, now() - hours(2) + minutes(15 * number))
        })
        .collect();
    AppointmentsPage {
        appointments: Page { items, next: Some(wording.text("2026-11-24T20:00:00Z/231")) },
        query: AppointmentsQuery {
            night: Some("2026-11-24".to_owned()),
            site: Some(wording.text("S-0047")),
            after: Some(wording.text("2026-11-24T14:00:00Z/17")),
            ..AppointmentsQuery::default()
        },
        night: Some(date(now())),
    }
}

/// A list without rows.
pub(crate) fn empty_appointments(query: AppointmentsQuery) -> AppointmentsPage {
    AppointmentsPage { appointments: Page { items: Vec::new(), next: None }, query, night: Some(date(now())) }
}

/// A list of plans, one in each state.
pub(crate) fn plans(wording: Wording) -> PlansPage {
    let items = PlanState::ALL.iter().zip(1_i64..).map(|(&state, id)| plan(wording, id, state)).collect();
    PlansPage { plans: Page { items, next: Some(wording.text("1")) } }
}

/// A list without plans.
pub(crate) fn empty_plans() -> PlansPage {
    PlansPage { plans: Page { items: Vec::new(), next: None } }
}

/// One plan's page.
pub(crate) fn plan_page(wording: Wording, state: PlanState) -> PlanPage {
    let plan = plan(wording, 7, state);
    let load = plan.report.is_some().then(|| load(wording, state == PlanState::Draft));
    let items = if plan.report.is_some() { unplaced(wording) } else { Vec::new() };
    let unplaced = Page { items, next: Some(wording.text("P2-770455")) };
    let requests = waiting_for(wording, "plan.publish");
    PlanPage { plan, load, unplaced, requests, night: None }
}

/// A list of notices, one in each state.
pub(crate) fn notices(wording: Wording) -> NoticesPage {
    let kinds = NoticeKind::ALL.iter().cycle();
    let rows = NoticeState::ALL.iter().zip(kinds).zip(900_i64..);
    let items: Vec<NoticeView> = rows.map(|((&state, &kind), id)| notice(wording, id, kind, state)).collect();
    let by_state =
        NoticeState::ALL.iter().zip(3_i64..).map(|(state, number)| (state.to_string(), number)).collect();
    NoticesPage {
        notices: Page { items, next: Some(wording.text("900")) },
        query: NoticesQuery { merchant: Some(wording.text("M01900")), ..NoticesQuery::default() },
        by_state,
    }
}

/// An empty outbox.
pub(crate) fn empty_notices() -> NoticesPage {
    NoticesPage {
        notices: Page { items: Vec::new(), next: None },
        query: NoticesQuery::default(),
        by_state: BTreeMap::new(),
    }
}

/// One notice's page.
pub(crate) fn notice_page(wording: Wording, part: MailPart) -> NoticePage {
    NoticePage {
        notice: notice(wording, 904, NoticeKind::Announcement, NoticeState::Failed),
        message: Some(message(wording)),
        part,
        siblings: vec![notice(wording, 903, NoticeKind::Reminder, NoticeState::Accepted)],
        audit: vec![crate::pages_samples_fleet::entry(wording)],
    }
}

/// A notice that is not put into words yet.
pub(crate) fn unworded_notice_page() -> NoticePage {
    NoticePage {
        notice: notice(PLAIN, 900, NoticeKind::Announcement, NoticeState::Queued),
        message: None,
        part: MailPart::Html,
        siblings: Vec::new(),
        audit: Vec::new(),
    }
}

pub(crate) fn message(wording: Wording) -> Message {
    let summary = wording.text("Card terminals not available").replace(',', "\\,");
    let calendar = [
        "BEGIN:VCALENDAR",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:visit-611@offpeak.example",
        "SEQUENCE:0",
        &format!("SUMMARY:{summary}"),
        "LOCATION:Harbour Pharmacy\\, 4 Quay Street",
        "DESCRIPTION:Till 1 and Till 2 take no payments\\nfor about 30 minutes.",
        "DTSTART:20261127T180000Z",
        "DTEND:20261127T183000Z",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    Message {
        subject: wording.text("2 of your card terminals will be updated in the night of 27 November"),
        from: wording.text("Terminal maintenance <maintenance@offpeak.example>"),
        to: wording.text("owner904@shop.example"),
        text: wording.text("Good day,\n\ntwo of your card terminals take no payments from 02:00 to 02:30.\n"),
        html: "<!DOCTYPE html><html lang=\"en\"><body><p>Good day,</p></body></html>".to_owned(),
        calendars: vec![calendar.join("\r\n")],
    }
}

/// An error.
pub(crate) fn problem(wording: Wording) -> Problem {
    Problem {
        kind: "/problems/not_found".to_owned(),
        title: wording.text("There is no such terminal"),
        status: 404,
        detail: wording.text("No terminal has the serial A920-1; look for it with `offpeak fleet export`"),
        code: "not_found".to_owned(),
        ..Problem::default()
    }
}
