//! Campaigns, their targets, programmes.

use crate::api::campaign::{CampaignView, ProgrammeView, SkippedCount, Targets};
use crate::api::preview::CampaignPreview;
use crate::api::wave::{GateView, WaveView};
use crate::cli::output::{Screen, Table, count};
use crate::cli::render::{instant, minutes_in_words, optional};
use crate::domain::campaign::{Recurrence, Work};

/// Campaigns.
pub fn list(screen: &mut Screen, campaigns: &[CampaignView]) {
    let mut table =
        Table::new(["name", "state", "work", "selector", "for", "deadline", ">prio", "appointments"]);
    for campaign in campaigns {
        table.row([
            campaign.name.clone(),
            campaign.state.to_string(),
            work(&campaign.work),
            campaign.selector.clone(),
            minutes_in_words(campaign.duration_minutes),
            instant(campaign.deadline_at),
            campaign.priority.to_string(),
            appointments_by_state(campaign),
        ]);
    }
    screen.table(table);
}

/// One campaign.
pub fn one(screen: &mut Screen, campaign: &CampaignView) {
    screen.heading(format!("Campaign {} ({})", campaign.name, campaign.state));
    screen.pairs(&[
        ("work", Some(work(&campaign.work))),
        ("models", models(&campaign.work)),
        ("from versions", from_versions(&campaign.work)),
        ("terminals", Some(campaign.selector.clone())),
        ("down for", Some(minutes_in_words(campaign.duration_minutes))),
        ("not before", Some(instant(campaign.release_at))),
        ("deadline", Some(instant(campaign.deadline_at))),
        ("priority", Some(campaign.priority.to_string())),
        ("notice lead", Some(minutes_in_words(campaign.notice_lead_minutes))),
        ("programme", campaign.programme.clone()),
        ("appointments", Some(appointments_by_state(campaign))),
        ("halted", campaign.halted_because.clone()),
    ]);
    waves(screen, &campaign.waves);
}

/// What a campaign would be.
pub fn preview(screen: &mut Screen, preview: &CampaignPreview) {
    screen.heading("What it would be (nothing was made)");
    let peak = match preview.fleet_cap {
        Some(cap) => format!("{} terminals down at once, {} allowed", count(preview.peak_down), count(cap)),
        None => format!("{} terminals down at once", count(preview.peak_down)),
    };
    let tightest = preview.tightest.as_ref().map(|group| {
        format!(
            "{}: {} of {} in the night of {}",
            group.group,
            count(group.down),
            count(group.cap),
            group.night
        )
    });
    screen.pairs(&[
        ("selected", Some(count(preview.selected))),
        ("to plan", Some(count(preview.to_plan))),
        ("placed", Some(count(preview.placed))),
        ("first start", preview.starts_at.map(instant)),
        ("earliest finish", preview.finishes_at.map(instant)),
        ("looked up to", Some(instant(preview.planned_to))),
        ("visits", Some(count(preview.visits))),
        ("merchants mailed", Some(count(preview.merchants))),
        ("peak", Some(peak)),
        ("tightest", tightest),
    ]);
    if !preview.waves.is_empty() {
        screen.blank();
        let mut table = Table::new([">wave", "share", ">terminals", ">placed", "first start", "last end"]);
        for wave in &preview.waves {
            table.row([
                wave.number.to_string(),
                wave.share.clone(),
                count(wave.terminals),
                count(wave.placed),
                optional(wave.starts_at.map(instant)),
                optional(wave.ends_at.map(instant)),
            ]);
        }
        screen.table(table);
    }
    screen.blank();
    let mut table = Table::new(["region", ">terminals", ">placed"]);
    for region in &preview.regions {
        table.row([region.region.clone(), count(region.terminals), count(region.placed)]);
    }
    screen.table(table);
    skipped(screen, &preview.skipped);
    if !preview.unplaced.is_empty() {
        screen.heading("Without a place, and why");
        for row in &preview.unplaced {
            screen.line(format!("  {:>7}  {}", count(row.terminals), row.reason));
        }
    }
    if !preview.relaxations.is_empty() {
        screen.heading("What would make more fit");
        for relaxation in &preview.relaxations {
            screen.line(format!("  {relaxation}"));
        }
    }
    if preview.cut_short {
        screen.line("It took too long to be looked at to its end; a plan may be better.");
    }
}

/// Gates at which campaigns stand.
pub fn gates(screen: &mut Screen, gates: &[GateView]) {
    let mut table =
        Table::new(["campaign", "state", "wave", "gate", ">done", ">against", ">pending", "says"]);
    for GateView { campaign, campaign_state, waves, wave } in gates {
        table.row([
            campaign.clone(),
            campaign_state.to_string(),
            format!("{} of {waves} ({})", wave.number, wave.share),
            wave.state.to_string(),
            count(wave.done),
            count(wave.against),
            optional(wave.pending.map(count)),
            wave.verdict.clone().unwrap_or_default(),
        ]);
    }
    screen.table(table);
}

/// Waves and their gates.
fn waves(screen: &mut Screen, waves: &[WaveView]) {
    if waves.is_empty() {
        return;
    }
    screen.blank();
    let mut table = Table::new([
        ">wave",
        "share",
        ">terminals",
        "state",
        ">done",
        ">against",
        ">pending",
        "soak",
        "gate",
        "says",
    ]);
    for wave in waves {
        table.row([
            wave.number.to_string(),
            wave.share.clone(),
            optional(wave.terminals.map(count)),
            wave.state.to_string(),
            count(wave.done),
            count(wave.against),
            optional(wave.pending.map(count)),
            minutes_in_words(wave.soak_minutes),
            gate(wave),
            wave.verdict.clone().unwrap_or_default(),
        ]);
    }
    screen.table(table);
}

fn gate(wave: &WaveView) -> String {
    let failures = wave.failures_max.as_ref().map(|most| format!(", failures {most}")).unwrap_or_default();
    format!("success {}%{failures}, sample {}", wave.success_percent_min, wave.sample_min)
}

/// What a campaign does, in a few words.
pub fn work(work: &Work) -> String {
    match work {
        Work::Firmware { artifact, version, .. } => format!("firmware {artifact} {version}"),
        Work::Inspection { on_site: true } => "inspection, on site".into(),
        Work::Inspection { on_site: false } => "inspection, remote".into(),
    }
}

fn models(work: &Work) -> Option<String> {
    match work {
        Work::Firmware { models, .. } if !models.is_empty() => Some(models.join(", ")),
        _ => None,
    }
}

fn from_versions(work: &Work) -> Option<String> {
    match work {
        Work::Firmware { from_versions, .. } if !from_versions.is_empty() => {
            Some(from_versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

fn appointments_by_state(campaign: &CampaignView) -> String {
    if campaign.appointments.is_empty() {
        return "none yet".into();
    }
    let parts = campaign.appointments.iter().map(|(state, number)| format!("{} {state}", count(*number)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Whom a campaign picks.
pub fn targets(screen: &mut Screen, targets: &Targets) {
    screen.pairs(&[
        ("selected", Some(count(targets.selected))),
        ("to plan", Some(count(targets.to_plan))),
        ("scheduled", Some(count(targets.scheduled))),
        ("skipped", Some(count(targets.skipped.iter().map(|skipped| skipped.terminals).sum::<u64>()))),
    ]);
    skipped(screen, &targets.skipped);
}

/// Skipped terminals, by reason.
pub fn skipped(screen: &mut Screen, skipped: &[SkippedCount]) {
    if skipped.is_empty() {
        return;
    }
    screen.heading("Skipped, and why");
    for SkippedCount { reason, explanation, terminals } in skipped {
        screen.line(format!("  {:>7}  {}: {explanation}", count(*terminals), reason.as_str()));
    }
}

/// The terminals that were skipped, one a line.
pub fn skipped_terminals(screen: &mut Screen, targets: &Targets) {
    if targets.skipped_terminals.is_empty() {
        return;
    }
    screen.blank();
    let mut table = Table::new(["serial", "skipped because"]);
    for skipped in &targets.skipped_terminals {
        table.row([skipped.serial.clone(), skipped.reason.explanation().to_owned()]);
    }
    screen.table(table);
}

/// Programmes.
pub fn programmes(screen: &mut Screen, programmes: &[ProgrammeView]) {
    let mut table = Table::new(["name", "state", "due", "within", "work", "selector", "for", "next due"]);
    for programme in programmes {
        table.row([
            programme.name.clone(),
            if programme.paused { "paused" } else { "active" }.into(),
            recurrence(&programme.recurrence),
            format!("{}d", programme.term_days),
            work(&Work::Inspection { on_site: programme.on_site }),
            programme.selector.clone(),
            minutes_in_words(programme.duration_minutes),
            optional(programme.next_due_at.map(instant)),
        ]);
    }
    screen.table(table);
}

fn recurrence(recurrence: &Recurrence) -> String {
    match recurrence {
        Recurrence::EveryDays { days } => format!("every {days} days"),
        Recurrence::Cron { line, zone } => format!("{line} ({zone})"),
    }
}
