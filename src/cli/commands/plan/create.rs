//! `offpeak plan create`: asks for a plan, watches the search, shows what came out.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::api::Because;
use crate::api::plan::{Load, NewPlan, PlanProgress, PlanSelection, PlanView};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{Screen, count};
use crate::cli::render;
use crate::domain::plan::PlanState;

/// Plan the active campaigns into a draft
///
/// Plans the active campaigns into a draft: nothing stands, and nobody is mailed, until it is published.
/// Prints what was placed, the load per night against the budgets, and what has no place and why. Ctrl-C ends the
/// search with the best plan so far.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan create --days 30\n  \
                        offpeak plan create --campaign fw-3.2.0 --effort best --time-limit 60")]
pub struct CreateArgs {
    /// What to plan
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// What of everything is planned
    #[command(flatten)]
    pub only: OnlyArgs,
    /// Standing appointments may be moved where that places more; they stay unless told
    #[arg(long)]
    pub replan: bool,
    /// How hard to search
    #[arg(long, value_name = "EFFORT", value_parser = ["fast", "standard", "best"], default_value = "standard")]
    pub effort: String,
    /// The same seed gives the same plan [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop the search after so many seconds, with the best that was found
    #[arg(long, value_name = "SECONDS")]
    pub time_limit: Option<f64>,
}

/// What is planned of everything; all of it unless told.
#[derive(Debug, clap::Args)]
pub struct OnlyArgs {
    /// Only this appointment; may be given several times
    #[arg(long = "appointment", value_name = "ID")]
    pub appointments: Vec<i64>,
    /// Only this terminal's appointments and open work; may be given several times
    #[arg(long = "terminal", value_name = "SERIAL")]
    pub serials: Vec<String>,
    /// The same for every terminal of this site; may be given several times
    #[arg(long = "site", value_name = "CODE")]
    pub sites: Vec<String>,
}

impl OnlyArgs {
    fn selection(&self) -> Option<PlanSelection> {
        let OnlyArgs { appointments, serials, sites } = self;
        let selection = PlanSelection {
            appointments: appointments.clone(),
            serials: serials.clone(),
            sites: sites.clone(),
        };
        (selection != PlanSelection::default()).then_some(selection)
    }
}

/// What to plan.
#[derive(Debug, clap::Args)]
pub struct ScopeArgs {
    /// Only this campaign; may be given several times [default: every active one]
    #[arg(long = "campaign", value_name = "NAME")]
    pub campaigns: Vec<String>,
    /// How many days ahead [default: 30]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: Option<u32>,
}

/// Runs it.
pub(super) fn run(args: &CreateArgs, context: &Context) -> Result<(), CliError> {
    let request = NewPlan {
        campaigns: args.scope.campaigns.clone(),
        horizon_days: args.scope.days,
        effort: Some(args.effort.clone()),
        seed: args.seed,
        time_limit_seconds: args.time_limit,
        replan: args.replan,
        only: args.only.selection(),
    };
    let plan = solve(context, &request)?;
    let load: Load = context.client()?.get(&format!("/plans/{}/load", plan.id))?;
    context.output.show(&plan, |screen| outcome(screen, &plan, &load))?;
    context.output.hint(&next_step(&plan));
    Ok(())
}

/// Asks for a plan and waits until the search has ended. Ctrl-C ends it with the best plan so far.
pub fn solve(context: &Context, request: &NewPlan) -> Result<PlanView, CliError> {
    let client = context.client()?;
    let interrupt = Interrupt::listen()
        .map_err(|error| CliError::internal(format!("cannot listen for Ctrl-C: {error}")))?;
    let mut plan: PlanView = client.post("/plans", request)?;
    let progress = progress_bar(context);
    let mut pause = Duration::from_millis(40);
    let mut cancelled = false;
    while plan.state == PlanState::Solving {
        if let Some(found) = &plan.progress {
            progress.set_position(u64::from(found.percent));
            progress.set_message(progress_text(found, plan.stopping));
        }
        if interrupt.asked() && !cancelled {
            cancelled = true;
            progress.suspend(|| {
                context.output.hint("Ending with the best plan so far; Ctrl-C again leaves at once.")
            });
            let because = Because { reason: Some("Ctrl-C".to_owned()) };
            // It may have ended by itself meanwhile: the next look says so.
            let _: Result<PlanView, CliError> = client.post(&format!("/plans/{}/cancel", plan.id), &because);
        }
        std::thread::sleep(pause);
        pause = (pause * 5 / 4).min(Duration::from_millis(400));
        plan = client.get(&format!("/plans/{}", plan.id))?;
    }
    progress.finish_and_clear();
    match (&plan.state, &plan.error) {
        (PlanState::Failed, error) => Err(CliError::new(
            ErrorKind::Conflict,
            format!("plan {} failed: {}", plan.id, error.as_deref().unwrap_or("no reason was kept")),
        )),
        (PlanState::Discarded, _) => Err(CliError::new(
            ErrorKind::Conflict,
            format!("plan {} was cancelled before anything was placed", plan.id),
        )),
        _ => Ok(plan),
    }
}

/// What the search does, how much it has placed, and how far it is known to be from the best.
fn progress_text(progress: &PlanProgress, stopping: bool) -> String {
    let mut text = progress.phase.clone();
    if progress.total > 0 {
        text += &format!(", {} of {} placed", count(progress.placed), count(progress.total));
    }
    if progress.disruption > 0 {
        text += &format!(", disruption {}", count(progress.disruption));
    }
    if progress.disruption_lower > 0 {
        text += &format!(" (at least {})", count(progress.disruption_lower));
    }
    if stopping {
        text += ", stopping";
    }
    text
}

fn progress_bar(context: &Context) -> ProgressBar {
    if context.output.is_quiet() {
        return ProgressBar::hidden();
    }
    // On standard error, and only where that is a terminal: indicatif sees to it.
    let style = ProgressStyle::with_template("{spinner} {bar:32.green/dim} {percent:>3} %  {elapsed}  {msg}")
        .expect("the template is fixed and valid")
        .progress_chars("█▉▊▋▌▍▎▏·");
    let progress = ProgressBar::new(100).with_style(style).with_message("reading");
    progress.enable_steady_tick(Duration::from_millis(100));
    progress
}

/// The report and the picture.
pub fn outcome(screen: &mut Screen, plan: &PlanView, load: &Load) {
    render::plan::one(screen, plan);
    screen.heading("Load per night");
    render::load::nights(screen, &load.nights);
}

fn next_step(plan: &PlanView) -> String {
    let id = plan.id;
    match &plan.report {
        Some(report) if !report.findings.is_empty() => {
            format!("The checker has findings, so this plan cannot be published: offpeak plan discard {id}")
        }
        Some(report) if report.tasks == 0 => {
            "There is nothing to plan: every terminal of an active campaign stands, is done or is skipped; \
             see offpeak campaign list"
                .to_owned()
        }
        Some(report) if report.placed == 0 => {
            format!("Nothing was placed. Why, terminal by terminal: offpeak plan items {id} --unplaced")
        }
        _ => format!("Next: offpeak plan diff {id}, then offpeak plan publish {id}"),
    }
}
