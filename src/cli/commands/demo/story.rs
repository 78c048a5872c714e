//! The main job on a made-up fleet, step by step, through the API like everybody else.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

use super::folder::Folder;
use super::teller::Teller;
use crate::api::Because;
use crate::api::Page;
use crate::api::appointment::{Maintenance, MaintenanceResult};
use crate::api::budget::{BudgetView, NewBudget};
use crate::api::calendar::{BlackoutView, NewBlackout, NewWindow, WindowView};
use crate::api::campaign::{CampaignView, NewCampaign, Targets};
use crate::api::fleet::{FleetSummary, ImportReport, TerminalView};
use crate::api::notice::{Message, NoticeQuery, NoticeView};
use crate::api::plan::{Load, NewPlan, PlanView, Tonight};
use crate::cli::commands::{fleet, plan, worker};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::{Screen, count, plural};
use crate::cli::render;
use crate::domain::budget::Limit;
use crate::domain::campaign::Work;
use crate::domain::fleet::FirmwareVersion;

/// What a demo made: the summary at its end.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    folder: String,
    merchants: i64,
    sites: i64,
    terminals: i64,
    plan: i64,
    appointments: u64,
    announced_merchants: u64,
    mails: usize,
}

impl Outcome {
    /// The end of the story: what there is now, and what to try.
    pub(super) fn draw(&self, screen: &mut Screen, by_hand: &str) {
        screen.line("");
        screen.heading("What there is now");
        screen.pairs(&[
            (
                "fleet",
                Some(format!(
                    "{} at {} of {}",
                    plural(self.terminals, "active terminal"),
                    plural(self.sites, "site"),
                    plural(self.merchants, "merchant")
                )),
            ),
            (
                "published",
                Some(format!(
                    "plan {}: {}, {} told ahead",
                    self.plan,
                    plural(self.appointments, "appointment"),
                    plural(self.announced_merchants, "merchant")
                )),
            ),
            (
                "mails",
                Some(format!(
                    "{} in {}/mail (*.eml: open one in a mail program)",
                    count(self.mails),
                    self.folder
                )),
            ),
            ("all of it", Some(format!("{}: settings, database, fleet files, mails", self.folder))),
        ]);
        screen.heading("Try");
        for (what, command) in [
            ("what comes next", "tonight"),
            ("the mails", "notice list"),
            ("one terminal out of turn", "maintain --help"),
            ("everything else", "--help"),
        ] {
            screen.line(format!("  {by_hand} {command:<16}  {what}"));
        }
    }
}

/// The whole story; `terminals` of the fleet are drawn with `seed`.
pub(super) fn tell(
    context: &Context,
    folder: &Folder,
    terminals: u32,
    seed: u64,
) -> Result<Outcome, CliError> {
    let mut teller = Teller::new(context);
    let now = context.client()?.get::<Tonight>("/tonight")?.now;
    teller.title(
        "Offpeak, the whole main job on a made-up fleet",
        "Each step shows the command that does the same by hand, and what came of it.",
    )?;

    teller.step("A fleet comes in")?;
    let summary = import_fleet(context, &teller, folder, terminals, seed)?;

    teller.step("When it may be touched, and how much of it at once")?;
    set_rules(context, &teller, now)?;

    teller.step("Work to do")?;
    create_campaigns(context, &teller, now)?;

    teller.step("A plan")?;
    let planned = make_plan(context, &teller)?;

    teller.step("Published")?;
    let published = publish(context, &teller, &planned)?;

    teller.step("The merchants are told")?;
    tell_merchants(context, &teller, folder)?;

    teller.step("An engineer asks for tonight")?;
    ask_for_tonight(context, &teller)?;

    let report = published.report.unwrap_or_default();
    Ok(Outcome {
        folder: folder.path().display().to_string(),
        merchants: summary.merchants,
        sites: summary.sites,
        terminals: summary.terminals,
        plan: published.id,
        appointments: report.placed,
        announced_merchants: report.merchants,
        mails: folder.mails(),
    })
}

/// What is there, told in short: for a demo that was run before.
pub(super) fn tell_again(context: &Context, folder: &Folder, plan: &PlanView) -> Result<Outcome, CliError> {
    let teller = Teller::new(context);
    let summary: FleetSummary = context.client()?.get("/fleet")?;
    let load: Load = context.client()?.get(&format!("/plans/{}/load", plan.id))?;
    teller.title(
        "Offpeak, a demo that is there already",
        &format!("Plan {} is published. What is there is used; `--fresh` makes a new demo.", plan.id),
    )?;
    teller.draw(|screen| {
        screen.line("");
        render::load::nights(screen, &load.nights);
    })?;
    let report = plan.report.clone().unwrap_or_default();
    Ok(Outcome {
        folder: folder.path().display().to_string(),
        merchants: summary.merchants,
        sites: summary.sites,
        terminals: summary.terminals,
        plan: plan.id,
        appointments: report.placed,
        announced_merchants: report.merchants,
        mails: folder.mails(),
    })
}

/// The plan that a finished demo has published.
pub(super) fn finished(context: &Context) -> Result<Option<PlanView>, CliError> {
    Ok(context.client()?.get::<Tonight>("/tonight")?.published)
}

fn import_fleet(
    context: &Context,
    teller: &Teller<'_>,
    folder: &Folder,
    terminals: u32,
    seed: u64,
) -> Result<FleetSummary, CliError> {
    let files = folder.fleet();
    let at = files.display();
    teller.commands(&[
        &format!("offpeak fleet generate --terminals {terminals} --seed {seed} --out {at}"),
        &format!("offpeak fleet import {at}/*.csv"),
    ])?;
    fleet::generate_files(terminals, seed, &files)?;
    let uploads = ["merchants.csv", "sites.csv", "terminals.csv"]
        .iter()
        .map(|name| fleet::read_file(&files.join(name)))
        .collect::<Result<Vec<_>, _>>()?;
    let report: ImportReport = fleet::send_files(context, uploads, false)?;
    let summary: FleetSummary = context.client()?.get("/fleet")?;
    teller.say(&format!(
        "{} with {} and {}: chains and single shops, in {}. They are made up; their habits are not.",
        plural(report.merchants.created, "merchant"),
        plural(report.sites.created, "site"),
        plural(report.terminals.created, "terminal"),
        plural(summary.by_region.len(), "region"),
    ))?;
    teller.draw(|screen| {
        render::fleet::summary(screen, &FleetSummary { by_model: Vec::new(), ..summary.clone() })
    })?;
    Ok(summary)
}

fn set_rules(context: &Context, teller: &Teller<'_>, now: DateTime<Utc>) -> Result<(), CliError> {
    let client = context.client()?;
    let window = |scope: &str, cron: &str, hours: u32| NewWindow {
        scope: scope.to_owned(),
        cron: cron.to_owned(),
        duration_minutes: hours * 60,
        cutoff_minutes: 30,
        time_zone: None,
    };
    teller.commands(&[
        "offpeak window add '0 1 * * *' --for 5h --cutoff 30m",
        "offpeak window add '30 23 * * *' --for 6h --cutoff 30m --scope region:cn-east",
        "offpeak window add '0 2 * * Sun-Thu' --for 3h --cutoff 30m --scope region:uk",
    ])?;
    for new in [
        window("fleet", "0 1 * * *", 5),
        window("region:cn-east", "30 23 * * *", 6),
        window("region:uk", "0 2 * * Sun-Thu", 3),
    ] {
        let _: WindowView = client.post("/windows", &new)?;
    }
    teller.say(
        "Maintenance windows, in each site's own time zone: from 1 to 6 at night everywhere, longer in one region, \
         and in another not on the nights of Friday and Saturday.",
    )?;

    let day = |days: u64| (now + Days::new(days)).format("%Y-%m-%d").to_string();
    let blackout = NewBlackout {
        name: "Sales weekend".into(),
        scope: "region:cn-east".into(),
        from: day(8),
        to: day(10),
        yearly: false,
        time_zone: None,
    };
    teller.commands(&[&format!(
        "offpeak blackout add 'Sales weekend' --scope region:cn-east --from {} --to {}",
        blackout.from, blackout.to
    )])?;
    let _: BlackoutView = client.post("/blackouts", &blackout)?;
    teller.say("A blackout: nobody touches a till on a sales weekend.")?;

    let budget = |grouping: &str, limit: Limit, min: u32| NewBudget {
        grouping: grouping.to_owned(),
        value: None,
        limit,
        min,
        keep: 0,
        hours: None,
    };
    let budgets = [
        budget("fleet", Limit::Percent(2), 1),
        budget("region", Limit::Percent(8), 1),
        budget("host", Limit::Percent(10), 1),
        budget("cell", Limit::Count(1), 1),
        budget("site", Limit::Percent(50), 1),
    ];
    teller.commands(&[
        "offpeak budget add fleet --percent 2",
        "offpeak budget add region --percent 8",
        "offpeak budget add host --percent 10",
        "offpeak budget add cell --count 1",
        "offpeak budget add site --percent 50",
    ])?;
    for new in &budgets {
        let _: BudgetView = client.post("/budgets", new)?;
    }
    teller.say(
        "Budgets: at no instant are more terminals down than this, in the fleet, in a region, behind one acquirer \
         host, in one radio cell, at one site. And while a shop is open, at least one of its terminals stays up.",
    )
}

fn create_campaigns(context: &Context, teller: &Teller<'_>, now: DateTime<Utc>) -> Result<(), CliError> {
    let client = context.client()?;
    let deadline_at = now + Days::new(10);
    let firmware = NewCampaign {
        name: "fw-3.10.2".into(),
        work: Work::Firmware {
            artifact: "paydroid-3.10.2.zip".into(),
            version: FirmwareVersion::new("3.10.2"),
            models: vec!["A920".into(), "A80".into()],
            from_versions: Vec::new(),
        },
        selector: r#"model like "A*""#.into(),
        duration_minutes: 25,
        priority: Some(7),
        notice_lead_minutes: None,
        release_at: None,
        deadline_at,
        draft: false,
        waves: Vec::new(),
    };
    let inspection = NewCampaign {
        name: "health-check".into(),
        work: Work::Inspection { on_site: false },
        selector: "all".into(),
        duration_minutes: 20,
        priority: Some(3),
        notice_lead_minutes: None,
        release_at: None,
        deadline_at,
        draft: false,
        waves: Vec::new(),
    };
    let deadline = deadline_at.format("%Y-%m-%d");
    teller.commands(&[
        &format!(
            "offpeak campaign create firmware fw-3.10.2 --artifact paydroid-3.10.2.zip --version 3.10.2 \\\n       \
             --models A920,A80 --selector '{}' --for 25m --priority 7 --deadline {deadline}",
            firmware.selector
        ),
        &format!(
            "offpeak campaign create inspection health-check --selector '{}' \\\n       \
             --for 20m --priority 3 --deadline {deadline}",
            inspection.selector
        ),
    ])?;
    for campaign in [&firmware, &inspection] {
        let created: CampaignView = client.post("/campaigns", campaign)?;
        let targets: Targets = client.get(&format!("/campaigns/{}/targets", created.name))?;
        let skipped: u64 = targets.skipped.iter().map(|skipped| skipped.terminals).sum();
        let what = match created.work {
            Work::Firmware { .. } => "the firmware of every A-series terminal",
            Work::Inspection { .. } => "a look, over the network, at every terminal",
        };
        teller.say(&format!(
            "{}: {what}. {} picked, {} to plan, {} skipped{}",
            created.name,
            count(targets.selected),
            count(targets.to_plan),
            count(skipped),
            if targets.skipped.is_empty() { "." } else { ":" },
        ))?;
        teller.draw(|screen| {
            for skipped in &targets.skipped {
                screen.line(format!("     {:>5}  {}", count(skipped.terminals), skipped.explanation));
            }
        })?;
    }
    Ok(())
}

fn make_plan(context: &Context, teller: &Teller<'_>) -> Result<PlanView, CliError> {
    teller.commands(&["offpeak plan create --days 30"])?;
    let planned = plan::solve(context, &NewPlan { horizon_days: Some(30), ..NewPlan::default() })?;
    let load: Load = context.client()?.get(&format!("/plans/{}/load", planned.id))?;
    teller.draw(|screen| plan::outcome(screen, &planned, &load))?;
    teller.draw(|screen| screen.line(""))?;
    teller.say(
        "Every \u{201c}no\u{201d} has its reason. The checker that verified this shares no code with the planner.",
    )?;
    Ok(planned)
}

fn publish(context: &Context, teller: &Teller<'_>, planned: &PlanView) -> Result<PlanView, CliError> {
    teller.commands(&[&format!("offpeak plan publish {}", planned.id)])?;
    let because = Because { reason: Some("demo".into()) };
    let published: PlanView = context.client()?.post(&format!("/plans/{}/publish", planned.id), &because)?;
    teller.say(&plan::published_sentence(&published))?;
    teller.say("Appointments and mails were written in one transaction, or nothing would have been.")?;
    Ok(published)
}

fn tell_merchants(context: &Context, teller: &Teller<'_>, folder: &Folder) -> Result<(), CliError> {
    teller.commands(&["offpeak worker run notify"])?;
    worker::pass(worker::Worker::Notify, context)?;
    teller.say(&format!(
        "{} written to {}, one a merchant a night, each with its calendar entry. The mail server there is a folder; \
         a real one is one line of offpeak.toml. This is one of them:",
        plural(folder.mails(), "mail"),
        folder.mail().display()
    ))?;
    if let Some(message) = one_mail(context)? {
        teller.draw(|screen| {
            screen.line("");
            render::notice::mail(screen, &message, Some(24));
        })?;
    }
    Ok(())
}

/// An engineer wants a terminal tonight: the same rules say no, why, and when they would say yes.
fn ask_for_tonight(context: &Context, teller: &Teller<'_>) -> Result<(), CliError> {
    let client = context.client()?;
    let page: Page<TerminalView> = client.list("/terminals", &(), None, Some(100))?;
    let Some(terminal) = page.items.into_iter().find(|terminal| !terminal.retired) else { return Ok(()) };
    let request = Maintenance {
        serials: vec![terminal.serial.clone()],
        at: "tonight 02:00".into(),
        duration_minutes: 20,
        reason: "reader swallows cards".into(),
        emergency: false,
        dry_run: true,
    };
    teller.commands(&[&format!(
        "offpeak maintain --terminal {} --at 'tonight 02:00' --for 20m --reason '{}' --dry-run",
        terminal.serial, request.reason
    )])?;
    match client.post::<MaintenanceResult>("/maintenance", &request) {
        Ok(_) => teller.say("Tonight is legal: it would have been arranged."),
        Err(error) if error.kind == ErrorKind::Refused => {
            teller.draw(|screen| render::problem::error(screen, &error))?;
            teller.say(
                "Ad-hoc work keeps the rules of every plan. `--emergency` breaks the notice rule alone, with a \
                 reason on the audit trail, and mails at once.",
            )
        }
        Err(error) => Err(error),
    }
}

/// An announcement that went out, in English if there is one.
fn one_mail(context: &Context) -> Result<Option<Message>, CliError> {
    let client = context.client()?;
    let query = NoticeQuery { state: Some("accepted".into()), ..NoticeQuery::default() };
    let sent: Page<NoticeView> = client.list("/notices", &query, None, Some(500))?;
    let Some(notice) = sent.items.iter().find(|notice| notice.locale == "en").or(sent.items.first()) else {
        return Ok(None);
    };
    client.get(&format!("/notices/{}/message", notice.id)).map(Some)
}
