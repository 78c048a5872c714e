//! Made-up data for the pages of the fleet, of the merchants who are not told, and of the rules.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use offpeak::api::budget::BudgetView;
use offpeak::api::calendar::{BlackoutView, OpeningView, Preview, WindowView};
use offpeak::api::campaign::ProgrammeView;
use offpeak::api::fleet::{FleetHits, MerchantView, SiteView, TerminalHistory, TerminalView};
use offpeak::api::merchant::AnswerView;
use offpeak::api::notice::{Reminders, Unreached, UnreachedReason};
use offpeak::api::{AuditView, Page};
use offpeak::domain::appointment::AppointmentState;
use offpeak::domain::budget::Limit;
use offpeak::domain::campaign::Recurrence;
use offpeak::domain::lock::LockState;
use offpeak::domain::merchant_answer::Answer;
use offpeak::domain::notice::{NoticeKind, NoticeState};
use offpeak::service::fleet::{MerchantDossier, SiteDossier, SiteWindow, TerminalDossier};
use offpeak::web::pages::fleet::FleetPage;
use offpeak::web::pages::fleet::merchant::MerchantPage;
use offpeak::web::pages::fleet::site::SitePage;
use offpeak::web::pages::notices::PreviewPage;
use offpeak::web::pages::rules::RulesPage;
use offpeak::web::pages::unreached::UnreachedPage;
use serde_json::json;

use crate::pages_samples::{PLAIN, Wording, appointment, hours, lock, message, notice, now};

/// An entry of the audit trail.
pub(crate) fn entry(wording: Wording) -> AuditView {
    AuditView {
        id: 4711,
        at: now() - TimeDelta::hours(3),
        actor: wording.text("local:lin"),
        action: "merchant.change".to_owned(),
        subject: wording.text("merchant M01000"),
        before: Some(json!({"phone": wording.text("+86 21 5555 0100"), "name": "same"})),
        after: Some(json!({"phone": null, "name": "same"})),
        reason: Some(wording.text("by telephone")),
        fence: None,
        origin: None,
        position: None,
        hash: None,
    }
}

fn tagged(wording: Wording) -> BTreeMap<String, String> {
    [(wording.text("tier"), wording.text("gold"))].into()
}

/// One terminal's page.
pub(crate) fn terminal(wording: Wording, with_history: bool) -> TerminalDossier {
    let notices = vec![notice(wording, 905, NoticeKind::Moved, NoticeState::Accepted)];
    TerminalDossier {
        history: history(wording, with_history),
        notices: if with_history { notices } else { Vec::new() },
        audit: if with_history { vec![entry(wording)] } else { Vec::new() },
    }
}

/// A terminal with its past, or without one.
pub(crate) fn history(wording: Wording, with_history: bool) -> TerminalHistory {
    let tags = BTreeMap::from([(wording.text("floor"), wording.text("2"))]);
    let states = [AppointmentState::Announced, AppointmentState::Done, AppointmentState::Missed];
    let appointments = states
        .iter()
        .zip(0_i64..)
        .map(|(&state, number)| appointment(wording, 2, state, now() + hours(8 - 24 * 40 * number)));
    TerminalHistory {
        terminal: TerminalView {
            etag: "\"5f2a\"".to_owned(),
            serial: wording.text("A920-310074"),
            site_code: wording.text("S-0041"),
            tid: wording.text("80114402"),
            mid: wording.text("104290053990117"),
            label: wording.text("Till 3"),
            model: wording.text("A920"),
            firmware: wording.text("3.1.4"),
            acquirer_host: wording.text("acq-east-1"),
            carrier: Some(wording.text("Unicom")),
            cell: with_history.then(|| wording.text("460-00-6311-17")),
            servicer: with_history.then(|| wording.text("Northern Field Service")),
            volume: 1_240,
            retired: !with_history,
            tags: if with_history { tags } else { BTreeMap::new() },
        },
        site: SiteView {
            etag: "\"5f2a\"".to_owned(),
            code: wording.text("S-0041"),
            merchant_number: wording.text("M01000"),
            name: wording.text("上海第一食品商店"),
            region: wording.text("harbour"),
            address: with_history.then(|| wording.text("720 Nanjing East Road, Shanghai")),
            time_zone: "Asia/Shanghai".to_owned(),
            opening_hours: wording.text("Mo-Su 09:30-22:00"),
            traffic_profile: "grocery".to_owned(),
            tags: BTreeMap::new(),
        },
        merchant: MerchantView {
            etag: "\"5f2a\"".to_owned(),
            number: wording.text("M01000"),
            name: wording.text("上海第一食品商店"),
            locale: "zh-CN".to_owned(),
            email: with_history.then(|| wording.text("owner@shop.example")),
            phone: with_history.then(|| wording.text("+86 21 5555 0100")),
            tags: BTreeMap::new(),
        },
        appointments: if with_history { appointments.collect() } else { Vec::new() },
        locks: if with_history {
            vec![lock(wording, 1, LockState::InRepair), lock(wording, 60, LockState::Confirmed)]
        } else {
            Vec::new()
        },
        next_opening_at: with_history.then(|| now() + hours(8)),
    }
}

/// A list of one kind, with more to come.
pub(crate) fn list(wording: Wording, kind: &'static str) -> FleetPage {
    let it = history(wording, true);
    let mut page = FleetPage {
        kind,
        kinds: &["merchants", "sites", "terminals"],
        next: Some(wording.text("M01000")),
        parameters: [("kind", kind.to_owned())].into(),
        ..FleetPage::default()
    };
    match kind {
        "merchants" => page.merchants = vec![it.merchant, history(wording, false).merchant],
        "sites" => page.sites = vec![it.site],
        _ => page.terminals = vec![it.terminal, history(wording, false).terminal],
    }
    page
}

/// What a search has found.
pub(crate) fn search(wording: Wording) -> FleetPage {
    let it = history(wording, true);
    let hits = FleetHits {
        merchants: vec![it.merchant],
        sites: vec![it.site],
        terminals: vec![it.terminal],
        more: true,
    };
    FleetPage { q: Some(wording.text("m01")), hits: Some(hits), ..empty_list() }
}

/// A search that has found nothing.
pub(crate) fn nothing_found() -> FleetPage {
    FleetPage { q: Some("m99".to_owned()), hits: Some(FleetHits::default()), ..empty_list() }
}

/// No fleet at all.
pub(crate) fn empty_list() -> FleetPage {
    FleetPage { kind: "merchants", kinds: &["merchants", "sites", "terminals"], ..FleetPage::default() }
}

fn visit(wording: Wording, visit: i64, reason: UnreachedReason) -> Unreached {
    let is_silent = reason == UnreachedReason::NoAddress;
    Unreached {
        visit,
        merchant_number: wording.text("M01000"),
        merchant_name: wording.text("上海第一食品商店"),
        phone: (!is_silent).then(|| wording.text("+86 21 5555 0100")),
        email: (!is_silent).then(|| wording.text("owner@shop.example")),
        site_code: wording.text("S-0041"),
        starts_at: now() + TimeDelta::hours(visit),
        appointments: vec![visit * 10, visit * 10 + 1],
        reason,
        detail: (reason == UnreachedReason::Refused).then(|| wording.text("550 5.1.1 no such mailbox here")),
    }
}

/// Merchants who are not told, one for each reason.
pub(crate) fn unreached(wording: Wording) -> UnreachedPage {
    let reasons = [UnreachedReason::NotAcceptedYet, UnreachedReason::Refused, UnreachedReason::NoAddress];
    UnreachedPage { rows: (20..).zip(reasons).map(|(id, reason)| visit(wording, id, reason)).collect() }
}

pub(crate) fn nobody_unreached() -> UnreachedPage {
    UnreachedPage { rows: Vec::new() }
}

/// A merchant with all that can concern one.
pub(crate) fn merchant(wording: Wording) -> MerchantPage {
    let mut it = history(wording, true);
    it.merchant.tags = tagged(wording);
    let answer = AnswerView {
        visit: 7,
        merchant_number: wording.text("M01000"),
        merchant_name: wording.text("上海第一食品商店"),
        site_code: wording.text("S-0041"),
        night: now().date_naive(),
        starts_at: now() + TimeDelta::hours(8),
        answer: Answer::WantsAnotherTime,
        via: "page".to_owned(),
        words: Some(wording.text("not on a Friday")),
        answered_at: now() - TimeDelta::hours(5),
        outdated: true,
    };
    let dossier = MerchantDossier {
        optional_mail: false,
        reminders: Reminders { before: "2880, 60".to_owned(), is_own: true, declined: true },
        ascii_address: Some(wording.text("shop@shop.example")),
        suppressed: Some((wording.text("no such mailbox"), now() - TimeDelta::days(2))),
        terminals: 1_204,
        sites: Page { items: vec![it.site], next: Some(wording.text("S-0041")) },
        unreached: vec![visit(wording, 20, UnreachedReason::Refused)],
        notices: vec![
            notice(wording, 900, NoticeKind::Announcement, NoticeState::Queued),
            notice(wording, 901, NoticeKind::Reminder, NoticeState::Failed),
        ],
        answers: vec![answer],
        audit: vec![entry(wording)],
        merchant: it.merchant,
    };
    MerchantPage { dossier, after: None }
}

/// A merchant of whom nothing is known.
pub(crate) fn bare_merchant() -> MerchantPage {
    let dossier = MerchantDossier {
        merchant: history(PLAIN, false).merchant,
        optional_mail: true,
        reminders: Reminders { before: "none".to_owned(), is_own: false, declined: false },
        ascii_address: None,
        suppressed: None,
        terminals: 0,
        sites: Page { items: Vec::new(), next: None },
        unreached: Vec::new(),
        notices: Vec::new(),
        answers: Vec::new(),
        audit: Vec::new(),
    };
    MerchantPage { dossier, after: None }
}

fn window(wording: Wording, id: i64, scope: &str) -> WindowView {
    WindowView {
        id,
        scope: scope.to_owned(),
        cron: wording.text("0 1 * * *"),
        duration_minutes: 240,
        cutoff_minutes: 30,
        time_zone: (id == 1).then(|| wording.text("Asia/Shanghai")),
        etag: "\"0a1b\"".to_owned(),
    }
}

fn blackout(wording: Wording, id: i64) -> BlackoutView {
    BlackoutView {
        id,
        name: wording.text("Spring Festival"),
        scope: wording.text("region:harbour"),
        from: wording.text("2027-02-05"),
        to: wording.text("2027-02-12"),
        yearly: id % 2 == 1,
        time_zone: None,
        etag: "\"5f2a\"".to_owned(),
    }
}

/// A site with a window of its own that is being changed.
pub(crate) fn site(wording: Wording) -> SitePage {
    let mut it = history(wording, true);
    it.site.tags = tagged(wording);
    let opening = OpeningView {
        starts_at: now() + TimeDelta::hours(8),
        ends_at: now() + TimeDelta::hours(12),
        last_start_at: now() + TimeDelta::hours(11),
        local_start: wording.text("2026-11-25 01:00 (UTC+08:00)"),
        local_end: wording.text("2026-11-25 05:00 (UTC+08:00)"),
        note: Some(wording.text("blackout \"sale\"")),
    };
    let own = format!("site:{}", it.site.code);
    let dossier = SiteDossier {
        windows: vec![
            SiteWindow { window: window(wording, 3, &own), holds: true },
            SiteWindow { window: window(wording, 1, "fleet"), holds: false },
        ],
        blackouts: vec![blackout(wording, 2)],
        openings: Preview {
            time_zone: "Asia/Shanghai".to_owned(),
            rules: Vec::new(),
            openings: vec![opening],
            terminals: None,
        },
        terminals: Page { items: vec![it.terminal], next: Some(wording.text("A920-310074")) },
        appointments: vec![appointment(wording, 2, AppointmentState::Announced, now() + TimeDelta::hours(8))],
        audit: vec![entry(wording)],
        merchant: it.merchant,
        site: it.site,
    };
    SitePage { dossier, after: None, window: Some(3) }
}

/// A site at which nothing may be done.
pub(crate) fn bare_site() -> SitePage {
    let it = history(PLAIN, false);
    let dossier = SiteDossier {
        site: it.site,
        merchant: it.merchant,
        terminals: Page { items: Vec::new(), next: None },
        windows: Vec::new(),
        blackouts: Vec::new(),
        openings: Preview {
            time_zone: "Asia/Shanghai".to_owned(),
            rules: Vec::new(),
            openings: Vec::new(),
            terminals: None,
        },
        appointments: Vec::new(),
        audit: Vec::new(),
    };
    SitePage { dossier, after: None, window: None }
}

/// A mail with made-up facts.
pub(crate) fn preview(wording: Wording) -> PreviewPage {
    PreviewPage { kind: NoticeKind::Announcement, locale: "en".to_owned(), message: message(wording) }
}

/// Rules, of which the one at this place is being changed.
fn rules<V: Clone>(rows: Vec<V>, place: usize) -> RulesPage<V> {
    let edited = Some(rows[place].clone());
    RulesPage { rows: Page { items: rows, next: Some("7".to_owned()) }, after: None, edited, scope: None }
}

/// Budgets, one of which is being changed.
pub(crate) fn budgets(wording: Wording) -> RulesPage<BudgetView> {
    let budget = |id, grouping: &str, value: Option<String>, limit, hours: Option<String>| BudgetView {
        id,
        grouping: grouping.to_owned(),
        value,
        limit,
        min: 1,
        keep: 2,
        hours,
        etag: "\"5f2a\"".to_owned(),
    };
    let rows = vec![
        budget(1, "fleet", None, Limit::Percent(5), None),
        budget(2, "region", None, Limit::Percent(10), Some(wording.text("08:00-20:00"))),
        budget(3, "host", Some(wording.text("acq-east-1")), Limit::Count(40), None),
    ];
    rules(rows, 2)
}

/// Windows, one of which is being changed.
pub(crate) fn windows(wording: Wording) -> RulesPage<WindowView> {
    rules(vec![window(wording, 1, "fleet"), window(wording, 2, &wording.text("region:north"))], 1)
}

/// Blackouts, one of which is being changed.
pub(crate) fn blackouts(wording: Wording) -> RulesPage<BlackoutView> {
    rules(vec![blackout(wording, 1), blackout(wording, 2)], 0)
}

/// Programmes of either kind, one of which is being changed.
pub(crate) fn programmes(wording: Wording) -> RulesPage<ProgrammeView> {
    let programme = |name: &str, recurrence, next_due_at| ProgrammeView {
        name: wording.text(name),
        on_site: true,
        selector: wording.text("region = \"north\""),
        recurrence,
        term_days: 30,
        duration_minutes: 45,
        priority: 3,
        notice_lead_minutes: 4320,
        paused: name == "monthly",
        next_due_at,
        etag: "\"5f2a\"".to_owned(),
    };
    let cron = Recurrence::Cron { line: wording.text("0 9 1 * *"), zone: wording.text("Asia/Shanghai") };
    let rows = vec![
        programme("half-yearly", Recurrence::EveryDays { days: 180 }, None),
        programme("monthly", cron, Some(now() + TimeDelta::days(7))),
    ];
    rules(rows, 1)
}

/// No rule of a kind.
pub(crate) fn no_rules<V>() -> RulesPage<V> {
    RulesPage { rows: Page { items: Vec::new(), next: None }, after: None, edited: None, scope: None }
}
