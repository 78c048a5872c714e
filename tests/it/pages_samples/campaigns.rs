//! Campaigns, and what a plan would change.

use std::collections::BTreeMap;

use offpeak::api::Page;
use offpeak::api::campaign::CampaignView;
use offpeak::api::plan::{MovedItem, PlanDiff, PlanItem};
use offpeak::api::wave::{GateView, WaveView};
use offpeak::domain::campaign::{CampaignState, WaveState, Work};
use offpeak::domain::fleet::FirmwareVersion;
use offpeak::domain::said::{Said, Saying};
use offpeak::web::pages::campaigns::{CampaignsPage, NewCampaignPage};
use offpeak::web::pages::plans::ChangesPage;

use super::{Wording, hours, minutes, now, unplaced};

fn too_many_failures(wording: Wording) -> Said {
    let facts = [("failures", 4.into()), ("ended", 40.into()), ("most", wording.text("3").into())];
    Saying::GateTooManyFailures.with(facts)
}

/// A campaign in a state, with waves.
pub(crate) fn campaign(wording: Wording, state: CampaignState) -> CampaignView {
    let waves = [WaveState::Passed, WaveState::Halted, WaveState::Waiting];
    let waves =
        waves.into_iter().zip(["1%", "10%", "rest"]).zip(1_u32..).map(|((state, share), number)| WaveView {
            number,
            share: wording.text(share),
            state,
            terminals: (share != "rest").then_some(number * 40),
            soak_minutes: 1440,
            success_percent_min: 95,
            failures_max: (number == 2).then(|| wording.text("3")),
            sample_min: 10,
            done: 36,
            against: number,
            pending: Some(0),
            opened_at: (state != WaveState::Waiting).then(now),
            passed_at: (state == WaveState::Passed).then(now),
            verdict: Some(wording.text("4 of 40 terminals failed, at most 3 may")),
            said: (number < 3).then(|| too_many_failures(wording)),
        });
    CampaignView {
        name: wording.text("fw-3.2.0"),
        state,
        work: Work::Firmware {
            artifact: wording.text("a920-3.2.0.zip"),
            version: FirmwareVersion::new(&wording.text("3.2.0")),
            models: vec![wording.text("A920")],
            from_versions: Vec::new(),
        },
        selector: wording.text("region = \"north\""),
        duration_minutes: 20,
        priority: 5,
        notice_lead_minutes: 4320,
        release_at: now(),
        deadline_at: now() + hours(24 * 30),
        programme: Some(wording.text("yearly-look")),
        appointments: BTreeMap::from([("announced".to_owned(), 12), ("done".to_owned(), 36)]),
        waves: waves.collect(),
        halted_because: Some(wording.text("4 of 40 terminals failed, at most 3 may")),
        halted_said: Some(too_many_failures(wording)),
        etag: "\"5f2a\"".to_owned(),
    }
}

/// Gates: one has paused its campaign, one still waits for outcomes.
pub(crate) fn gates(wording: Wording) -> Vec<GateView> {
    let halted = campaign(wording, CampaignState::Paused);
    let mut open = halted.waves[1].clone();
    open.state = WaveState::Open;
    (open.done, open.against, open.pending) = (14, 1, Some(25));
    open.said = Some(Saying::GatePending.with([("pending", 25.into())]));
    let gate = |campaign: &str, campaign_state, wave| GateView {
        campaign: wording.text(campaign),
        campaign_state,
        waves: 3,
        wave,
    };
    vec![
        gate("fw-3.2.0", CampaignState::Paused, halted.waves[1].clone()),
        gate("pinpad-keys", CampaignState::Active, open),
    ]
}

/// A list of campaigns, one in each state.
pub(crate) fn campaigns(wording: Wording) -> CampaignsPage {
    let items = CampaignState::ALL.iter().map(|state| campaign(wording, *state)).collect();
    CampaignsPage { campaigns: Page { items, next: Some("7".to_owned()) }, after: None }
}

/// The form for a campaign.
pub(crate) fn new_campaign(wording: Wording) -> NewCampaignPage {
    NewCampaignPage {
        deadline_at: now() + hours(24 * 30),
        regions: vec![wording.text("north")],
        models: vec![wording.text("A920 3.1.4")],
    }
}

/// What a plan would change.
pub(crate) fn plan_changes(wording: Wording) -> ChangesPage {
    let item = |starts_at| PlanItem {
        serial: wording.text("A920-310074"),
        site_code: wording.text("S-0041"),
        campaigns: vec![wording.text("fw-3.2.0")],
        starts_at: Some(starts_at),
        ends_at: Some(starts_at + minutes(20)),
        time_zone: "Asia/Shanghai".to_owned(),
        moves_appointment: None,
        unplaced: None,
    };
    let moved = MovedItem { item: item(now() + hours(30)), from_starts_at: now() + hours(8) };
    let diff = PlanDiff {
        added: (0..300).map(|number| item(now() + hours(number))).collect(),
        added_count: 300,
        moved: vec![moved],
        moved_count: 1,
        unplaced_count: unplaced(wording).len() as u64,
        unplaced: unplaced(wording),
        kept: 1,
    };
    ChangesPage { plan: 7, diff }
}
