//! How long the planner takes and how much memory it needs, by size, shape, effort and number of threads.
//!
//! Every case runs in a process of its own, one after the other, on a problem that is made up in memory. With
//! `--change` the plan is announced, something is changed, and planning again is measured beside planning anew.
//! `docs/performance.md` says how to read the tables.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "planner/changes.rs"]
mod changes;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use offpeak::checker;
use offpeak::cli::commands::problem::ShapeArg;
use offpeak::cli::commands::solve::EffortArg;
use offpeak::domain::problem::Problem;
use offpeak::planner::{self, Outcome, SolveOptions, Watch};
use offpeak::sim::problems;

use changes::{Change, announced};

/// The size that the others are compared with.
const REFERENCE_TASKS: u32 = 10_000;

#[derive(Parser)]
#[command(about = "Measures the planner on made-up problems and prints a Markdown table")]
struct Arguments {
    /// Shapes, with commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "tight")]
    shape: Vec<ShapeArg>,
    /// Numbers of tasks, with commas
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    tasks: Vec<u32>,
    /// Efforts, with commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "standard")]
    effort: Vec<EffortArg>,
    /// Numbers of threads, with commas
    #[arg(long, value_delimiter = ',', default_value = "1")]
    threads: Vec<usize>,
    /// Of the problem and of the planner
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds after which the planner is to stop
    #[arg(long)]
    time_limit: Option<f64>,
    /// What is changed after the plan was announced, with commas
    #[arg(long, value_enum, value_delimiter = ',')]
    change: Vec<Change>,
    /// Leave the plans unchecked (the check is not timed)
    #[arg(long)]
    unchecked: bool,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
    /// Measure the one case that is named, and print it as JSON
    #[arg(long, hide = true)]
    child: bool,
}

/// One row of the table.
#[derive(Clone, Copy)]
struct Case {
    shape: ShapeArg,
    tasks: u32,
    effort: EffortArg,
    threads: usize,
}

/// What one case came to. Memory is of the process, in bytes.
#[derive(Serialize, Deserialize)]
struct Measured {
    seconds: f64,
    cpu_seconds: f64,
    resident_before: u64,
    resident_peak: u64,
    weight: u64,
    known_weight: u64,
    disruption: u64,
    disruption_lower: u64,
    cut_short: bool,
    findings: usize,
}

/// What planning again came to. Seconds are of processor time.
#[derive(Serialize, Deserialize)]
struct MeasuredAgain {
    anew_seconds: f64,
    again_seconds: f64,
    placed: u64,
    tasks: u64,
    /// Weight that was left out, and how much of it has to be by the bound.
    left_out: u64,
    left_out_at_least: u64,
    moved: u64,
    moved_at_least: u64,
    findings: usize,
}

struct BenchWatch(Instant);

impl Watch for BenchWatch {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if arguments.child {
        let case = Case {
            shape: arguments.shape[0],
            tasks: arguments.tasks[0],
            effort: arguments.effort[0],
            threads: arguments.threads[0],
        };
        let measured = match arguments.change.first() {
            Some(&change) => serde_json::to_string(&measure_again(case, change, &arguments)?)?,
            None => serde_json::to_string(&measure(case, &arguments)?)?,
        };
        println!("{measured}");
        return Ok(());
    }
    if !arguments.change.is_empty() {
        return run_changes(&arguments);
    }
    println!(
        "| shape | tasks | effort | threads | seconds | CPU seconds | µs a task | a task against {REFERENCE_TASKS} \
         tasks | bytes a task: problem | peak | weight placed / known | disruption / lower bound |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut fits = Vec::new();
    for &shape in &arguments.shape {
        for &effort in &arguments.effort {
            for &threads in &arguments.threads {
                let name = format!("{}, {}, {threads} threads", name(&shape), name(&effort));
                let case = |tasks| Case { shape, tasks, effort, threads };
                fits.push((name, run_sizes(&arguments, case)?));
            }
        }
    }
    println!();
    for (name, seconds) in fits.iter().filter(|(_, seconds)| seconds.len() > 1) {
        println!("{name}: time goes with the number of tasks to the power of {:.2}.", exponent(seconds));
    }
    Ok(())
}

/// Runs all sizes of one shape, effort and number of threads; gives the seconds by size.
fn run_sizes(
    arguments: &Arguments,
    case: impl Fn(u32) -> Case,
) -> Result<BTreeMap<u32, f64>, Box<dyn Error>> {
    let mut sizes = arguments.tasks.clone();
    // The reference comes first, whatever is asked for.
    sizes.push(REFERENCE_TASKS);
    sizes.sort_unstable();
    sizes.dedup();
    sizes.sort_by_key(|&tasks| tasks != REFERENCE_TASKS);
    let mut seconds = BTreeMap::new();
    let mut reference_micros = f64::NAN;
    for tasks in sizes {
        let case = case(tasks);
        let measured: Measured = in_child(case, arguments, &[])?;
        let micros = measured.seconds * 1e6 / f64::from(tasks);
        if tasks == REFERENCE_TASKS {
            reference_micros = micros;
        }
        print_row(case, &measured, micros, micros / reference_micros);
        if !measured.cut_short {
            seconds.insert(tasks, measured.seconds);
        }
    }
    Ok(seconds)
}

/// Prints the table of planning again.
fn run_changes(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    println!(
        "| shape | tasks | change | threads | CPU seconds anew | again | share | placed | moved, at least | weight left \
         out, at least |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for &shape in &arguments.shape {
        for &tasks in &arguments.tasks {
            for &change in &arguments.change {
                for &threads in &arguments.threads {
                    let case = Case { shape, tasks, effort: arguments.effort[0], threads };
                    let changed = ["--change".to_owned(), name(&change)];
                    print_again(case, change, &in_child(case, arguments, &changed)?);
                }
            }
        }
    }
    Ok(())
}

fn in_child<M: DeserializeOwned>(
    case: Case,
    arguments: &Arguments,
    more: &[String],
) -> Result<M, Box<dyn Error>> {
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--child", "--shape", &name(&case.shape), "--effort", &name(&case.effort)]);
    child.args(["--tasks", &case.tasks.to_string(), "--threads", &case.threads.to_string()]);
    child.args(["--seed", &arguments.seed.to_string()]);
    if let Some(limit) = arguments.time_limit {
        child.args(["--time-limit", &limit.to_string()]);
    }
    if arguments.unchecked {
        child.arg("--unchecked");
    }
    child.args(more);
    let output = child.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{} tasks: the child ended with {}", case.tasks, output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn measure(case: Case, arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let generated = problems::generate(case.shape.into(), case.tasks, arguments.seed);
    let problem = generated.problem;
    // Whoever reads a problem from a file has its digest from reading.
    problem.sha256();
    // The peak of making the problem up is of no interest.
    fs::write("/proc/self/clear_refs", "5")?;
    let resident_before = status_bytes("VmRSS:")?;
    let cpu_before = cpu_seconds()?;
    let watch = BenchWatch(Instant::now());
    let outcome = planner::solve(&problem, &options(case, arguments), &watch);
    let seconds = watch.elapsed().as_secs_f64();
    let cpu_seconds = cpu_seconds()? - cpu_before;
    let resident_peak = status_bytes("VmHWM:")?;
    let findings = if arguments.unchecked { 0 } else { checker::check(&problem, &outcome.plan).len() };
    let metrics = &outcome.plan.metrics;
    Ok(Measured {
        seconds,
        cpu_seconds,
        resident_before,
        resident_peak,
        weight: metrics.weight_placed,
        known_weight: generated.known_weight,
        disruption: metrics.disruption,
        disruption_lower: metrics.bound.disruption_lower,
        cut_short: outcome.cut_short,
        findings,
    })
}

fn options(case: Case, arguments: &Arguments) -> SolveOptions {
    SolveOptions {
        effort: case.effort.into(),
        seed: arguments.seed,
        threads: case.threads,
        time_limit: arguments.time_limit.map(Duration::from_secs_f64),
    }
}

fn measure_again(case: Case, change: Change, arguments: &Arguments) -> Result<MeasuredAgain, Box<dyn Error>> {
    let problem = problems::generate(case.shape.into(), case.tasks, arguments.seed).problem;
    let (anew, anew_seconds) = timed(&problem, case, arguments)?;
    let problem = announced(&problem, &anew.plan.starts, change);
    let (again, again_seconds) = timed(&problem, case, arguments)?;
    let metrics = &again.plan.metrics;
    // More effort proves more; what it proves is of all plans that place as much as its own.
    let best = Case { effort: EffortArg::Best, ..case };
    let (best, _) = timed(&problem, best, arguments)?;
    let is_of_this = best.plan.metrics.weight_placed <= metrics.weight_placed;
    let proved = if is_of_this { best.report.moves_unavoidable } else { 0 };
    Ok(MeasuredAgain {
        anew_seconds,
        again_seconds,
        placed: metrics.placed,
        tasks: metrics.tasks,
        left_out: metrics.weight_total - metrics.weight_placed,
        left_out_at_least: metrics.weight_total - metrics.bound.weight_upper,
        moved: metrics.moved,
        moved_at_least: again.report.moves_unavoidable.max(proved),
        findings: if arguments.unchecked { 0 } else { checker::check(&problem, &again.plan).len() },
    })
}

/// The outcome, and the processor's seconds.
fn timed(problem: &Problem, case: Case, arguments: &Arguments) -> Result<(Outcome, f64), Box<dyn Error>> {
    problem.sha256();
    let before = cpu_seconds()?;
    let outcome = planner::solve(problem, &options(case, arguments), &BenchWatch(Instant::now()));
    Ok((outcome, cpu_seconds()? - before))
}

fn print_again(case: Case, change: Change, measured: &MeasuredAgain) {
    let MeasuredAgain { anew_seconds, again_seconds, placed, tasks, moved, moved_at_least, .. } = measured;
    let remark = match measured.findings {
        0 => String::new(),
        findings => format!(", {findings} FINDINGS"),
    };
    println!(
        "| {} | {} | {} | {} | {anew_seconds:.2} | {again_seconds:.2} | {:.1} % | {placed} / {tasks}{remark} | {moved}, \
         {moved_at_least} | {}, {} |",
        name(&case.shape),
        case.tasks,
        name(&change),
        case.threads,
        100.0 * again_seconds / anew_seconds,
        measured.left_out,
        measured.left_out_at_least,
    );
}

fn print_row(case: Case, measured: &Measured, micros: f64, ratio: f64) {
    let Measured { seconds, cpu_seconds, weight, known_weight, .. } = measured;
    let a_task = |bytes: u64| bytes / u64::from(case.tasks.max(1));
    let bound = match measured.disruption_lower {
        0 => "-".to_owned(),
        lower => format!("{:.4}", measured.disruption as f64 / lower as f64),
    };
    let remark = match (measured.findings, measured.cut_short) {
        (0, false) => String::new(),
        (0, true) => ", cut short".to_owned(),
        (findings, _) => format!(", {findings} FINDINGS"),
    };
    println!(
        "| {} | {} | {} | {} | {seconds:.2} | {cpu_seconds:.2} | {micros:.1} | {ratio:.2} | {} | {} | {weight} / \
         {known_weight}{remark} | {bound} |",
        name(&case.shape),
        case.tasks,
        name(&case.effort),
        case.threads,
        a_task(measured.resident_before),
        a_task(measured.resident_peak),
    );
}

/// The slope of the line through the logarithms, by least squares.
fn exponent(seconds: &BTreeMap<u32, f64>) -> f64 {
    let points: Vec<(f64, f64)> =
        seconds.iter().map(|(&tasks, &seconds)| (f64::from(tasks).ln(), seconds.ln())).collect();
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
    covariance / variance
}

/// The name on the command line.
fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A line of `/proc/self/status`, which counts in units of 1024 bytes.
fn status_bytes(field: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// What all threads of this process have computed so far, in the kernel's ticks of a hundredth of a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program comes second, in brackets; user and system time are fields 14 and 15.
    let after_name = stat.rsplit_once(')').ok_or("no name")?.1;
    let ticks: Vec<u64> =
        after_name.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}
