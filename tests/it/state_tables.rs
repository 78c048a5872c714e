//! The tables of legal transitions, written down a second time by hand; and the database, which refuses what
//! they do not allow.

use offpeak::db;
use offpeak::domain::appointment::AppointmentState;
use offpeak::domain::approval::ApprovalState;
use offpeak::domain::campaign::{CampaignState, WaveState};
use offpeak::domain::lock::LockState;
use offpeak::domain::notice::NoticeState;
use offpeak::domain::plan::PlanState;
use serde_json::json;

use crate::support::on_each_database;

/// One line a state: its word, then the words of the states that may follow.
const APPOINTMENT: &str = "
    planned: announced open missed cancelled
    announced: planned open missed cancelled
    open: running done failed missed cancelled
    running: done failed
    done:
    failed:
    missed:
    cancelled:";

const CAMPAIGN: &str = "
    draft: active cancelled
    active: paused completed cancelled
    paused: active cancelled
    completed:
    cancelled:";

const WAVE: &str = "
    waiting: open
    open: passed halted
    halted: open passed
    passed:";

const PLAN: &str = "
    solving: draft failed discarded
    draft: verified discarded
    verified: published draft discarded
    published:
    discarded:
    failed:";

const LOCK: &str = "
    reported: informed in_repair fixed confirmed withdrawn
    informed: in_repair fixed confirmed withdrawn
    in_repair: fixed confirmed withdrawn
    fixed: confirmed in_repair withdrawn
    confirmed:
    withdrawn:";

const APPROVAL: &str = "
    pending: approved refused withdrawn expired
    approved: done failed
    failed: done failed
    done:
    refused:
    withdrawn:
    expired:";

const NOTICE: &str = "
    queued: sending expired superseded
    sending: accepted deferred failed queued expired superseded bounced
    accepted: bounced
    deferred: sending expired superseded bounced
    failed: queued
    bounced: queued
    expired:
    superseded:";

fn table<State: Copy>(
    all: &[State],
    word: fn(State) -> &'static str,
    next: fn(State) -> &'static [State],
) -> String {
    all.iter()
        .map(|state| {
            let following: String = next(*state).iter().map(|state| format!(" {}", word(*state))).collect();
            format!("\n    {}:{following}", word(*state))
        })
        .collect()
}

#[test]
fn the_tables_are_what_somebody_meant() {
    assert_eq!(table(AppointmentState::ALL, AppointmentState::as_str, AppointmentState::next), APPOINTMENT);
    assert_eq!(table(CampaignState::ALL, CampaignState::as_str, CampaignState::next), CAMPAIGN);
    assert_eq!(table(WaveState::ALL, WaveState::as_str, WaveState::next), WAVE);
    assert_eq!(table(PlanState::ALL, PlanState::as_str, PlanState::next), PLAN);
    assert_eq!(table(LockState::ALL, LockState::as_str, LockState::next), LOCK);
    assert_eq!(table(ApprovalState::ALL, ApprovalState::as_str, ApprovalState::next), APPROVAL);
    assert_eq!(table(NoticeState::ALL, NoticeState::as_str, NoticeState::next), NOTICE);
}

/// Tries every transition of a table on one row; `enter` says whether it was allowed.
fn try_all<State: Copy + PartialEq>(
    app: &crate::support::TestApp,
    table: &str,
    all: &[State],
    word: fn(State) -> &'static str,
    next: fn(State) -> &'static [State],
    enter: impl Fn(&mut db::Connection, State) -> bool,
) {
    for from in all {
        for to in all {
            app.sql(&format!("UPDATE {table} SET state = '{}'", word(*from)));
            let allowed = next(*from).contains(to);
            assert_eq!(
                app.write(|connection| Ok(enter(connection, *to))),
                allowed,
                "{table}: {} to {}",
                word(*from),
                word(*to)
            );
        }
    }
}

#[test]
fn the_database_refuses_every_other_transition() {
    on_each_database(|app| async move {
        app.import_small_fleet().await;
        app.arrange(&["T5"], "2026-12-10 02:00").await;
        app.post("/locks", json!({"serial": "T1", "cause": "dark"})).await;
        let campaign = json!({"name": "look", "work": {"kind": "inspection"}, "selector": "all",
            "duration_minutes": 10, "deadline_at": "2026-12-20T00:00:00Z"});
        app.post("/campaigns", campaign).await;
        let plan = app.plan(json!({})).await["id"].as_i64().unwrap();

        let (all, word, next) = (AppointmentState::ALL, AppointmentState::as_str, AppointmentState::next);
        try_all(&app, "appointment", all, word, next, |connection, to| {
            db::appointment::enter(connection, 1, to, None, None).unwrap()
        });
        let (all, word, next) = (CampaignState::ALL, CampaignState::as_str, CampaignState::next);
        try_all(&app, "campaign", all, word, next, |connection, to| {
            db::campaign::enter(connection, 1, to).unwrap()
        });
        let (all, word, next) = (PlanState::ALL, PlanState::as_str, PlanState::next);
        try_all(&app, "plan", all, word, next, |connection, to| {
            db::plan::enter(connection, plan, to).unwrap()
        });
        let (all, word, next) = (LockState::ALL, LockState::as_str, LockState::next);
        try_all(&app, "terminal_lock", all, word, next, |connection, to| {
            db::lock::enter(connection, 1, to, None).unwrap()
        });
        let (all, word, next) = (NoticeState::ALL, NoticeState::as_str, NoticeState::next);
        try_all(&app, "notice", all, word, next, |connection, to| {
            db::notice::enter(connection, &[1], to, None).unwrap() == 1
        });
    });
}
