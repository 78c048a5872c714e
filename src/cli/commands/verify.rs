//! `offpeak verify`: does a plan keep every rule of its problem?

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::solve::{PlanFileCommandError, open, read_problem};
use crate::checker::{self, Finding};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::plural;
use crate::domain::plan_file::Plan;

/// Check a plan file against its problem file
///
/// Prints one line for each finding: code, task, group, slot, message. Ends with 0 when there is none, with 1
/// when there are findings, with 2 when a file cannot be used. The checker shares no code with the planner.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  offpeak verify problem.json plan.json")]
pub struct VerifyArgs {
    /// The problem file; `-` is standard input
    #[arg(value_name = "PROBLEM")]
    pub problem: PathBuf,
    /// The plan file; `-` is standard input
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
}

#[derive(Serialize)]
struct FindingView<'a> {
    code: &'static str,
    task: Option<&'a str>,
    group: Option<&'a str>,
    slot: Option<u32>,
    message: &'a str,
}

/// Runs `offpeak verify`: done without findings, refused with.
pub(super) fn run(args: &VerifyArgs, context: &Context) -> Result<(), CliError> {
    if args.problem == Path::new("-") && args.plan == Path::new("-") {
        return Err(PlanFileCommandError::OneStream.into());
    }
    let problem = read_problem(&args.problem)?;
    let path = args.plan.display().to_string();
    let source =
        open(&args.plan).map_err(|source| PlanFileCommandError::File { path: path.clone(), source })?;
    let plan = Plan::read(source).map_err(|source| PlanFileCommandError::Plan { path, source })?;
    let findings = checker::check(&problem, &plan);
    let views: Vec<FindingView<'_>> = findings.iter().map(view).collect();
    context.output.show(&views, |screen| {
        for finding in &findings {
            screen.line(finding.to_string());
        }
    })?;
    if findings.is_empty() {
        context.output.note("No findings: the plan keeps every rule of its problem.");
        return Ok(());
    }
    let number = plural(findings.len(), "finding");
    Err(CliError::new(ErrorKind::Refused, format!("the plan breaks rules of its problem: {number}")))
}

fn view(finding: &Finding) -> FindingView<'_> {
    let Finding { code, task, group, slot, message } = finding;
    FindingView { code: code.name(), task: task.as_deref(), group: group.as_deref(), slot: *slot, message }
}
