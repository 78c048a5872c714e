//! `offpeak verify`: does a plan keep every rule of its problem?

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::solve::{PlanFileCommandError, open, read_problem};
use crate::checker::{self, Finding};
use crate::domain::plan_file::Plan;

/// Check a plan file against its problem file.
///
/// Prints one line for each finding: code, task, group, slot, message. Ends with 0 when there is none, with 1
/// when there are findings, with 2 when a file cannot be used. The checker shares no code with the planner.
///
/// Example: `offpeak verify problem.json plan.json`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The problem file; `-` is standard input.
    pub problem: PathBuf,
    /// The plan file; `-` is standard input.
    pub plan: PathBuf,
    /// How findings are printed.
    #[arg(short, long, value_enum, default_value_t = VerifyOutput::Text)]
    pub output: VerifyOutput,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyOutput {
    /// One line a finding.
    Text,
    /// One JSON array.
    Json,
}

#[derive(Serialize)]
struct FindingView<'a> {
    code: &'static str,
    task: Option<&'a str>,
    group: Option<&'a str>,
    slot: Option<u32>,
    message: &'a str,
}

/// Runs `offpeak verify`: exit code 0 without findings, 1 with.
pub fn run(args: &VerifyArgs) -> Result<ExitCode, PlanFileCommandError> {
    let problem = read_problem(&args.problem)?;
    let path = args.plan.display().to_string();
    let source =
        open(&args.plan).map_err(|source| PlanFileCommandError::File { path: path.clone(), source })?;
    let plan = Plan::read(source).map_err(|source| PlanFileCommandError::Plan { path, source })?;
    let findings = checker::check(&problem, &plan);
    print(&findings, args.output)
        .map_err(|source| PlanFileCommandError::File { path: "standard output".into(), source })?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(findings: &[Finding], output: VerifyOutput) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match output {
        VerifyOutput::Text => {
            for finding in findings {
                writeln!(out, "{finding}")?;
            }
        }
        VerifyOutput::Json => {
            let views: Vec<FindingView<'_>> = findings
                .iter()
                .map(|Finding { code, task, group, slot, message }| FindingView {
                    code: code.name(),
                    task: task.as_deref(),
                    group: group.as_deref(),
                    slot: *slot,
                    message,
                })
                .collect();
            serde_json::to_writer(&mut out, &views).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()
}
