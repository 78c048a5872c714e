//! `offpeak solve`: a problem file in, a plan file out; no database, no server.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::OUTPUT_ID;
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::OutputTarget;
use crate::clock::Stopwatch;
use crate::domain::plan_file::Metrics;
use crate::domain::problem::{Problem, ProblemError};
use crate::planner::{self, Effort, Phase, Progress, SolveOptions, Watch};

/// Plan a problem file
///
/// Reads an `offpeak.problem/1` file (gzipped or not), and writes an `offpeak.plan/1` file. Every hard rule is
/// kept; what has no place is listed with its reason and the smallest change that would give it one. Ctrl-C or
/// the time limit give the best plan so far.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  offpeak solve problem.json -o plan.json --effort best --time-limit 60")]
pub struct SolveArgs {
    /// The problem file; `-` is standard input
    #[arg(value_name = "PROBLEM")]
    pub problem: PathBuf,
    /// File that the plan goes to, gzipped if it ends in .gz; `-` or `json` is standard output
    #[arg(id = OUTPUT_ID, short = 'o', long = "output", value_name = "PLAN", default_value = "-",
          value_parser = OutputTarget::of_file_command)]
    pub output: OutputTarget,
    /// File that the report goes to, as JSON: what would place more, what moves and why
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Stop after so many seconds with the best plan so far
    #[arg(long, value_name = "SECONDS")]
    pub time_limit: Option<f64>,
    /// Worker threads; the plan does not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// The same seed gives the same plan
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How much work to put in
    #[arg(long, value_enum, default_value_t = EffortArg::Standard)]
    pub effort: EffortArg,
}

/// The planner's efforts, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EffortArg {
    /// Construct a plan, nothing more
    Fast,
    /// Price the slots, construct, repair, improve
    Standard,
    /// Improve until the time limit, or until nothing has helped for long
    Best,
}

impl From<EffortArg> for Effort {
    fn from(effort: EffortArg) -> Effort {
        match effort {
            EffortArg::Fast => Effort::Fast,
            EffortArg::Standard => Effort::Standard,
            EffortArg::Best => Effort::Best,
        }
    }
}

/// Why `solve` or `verify` could not do their work.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileCommandError {
    /// A file could not be opened or written.
    #[error("{path}: {source}")]
    File {
        /// The path as it was given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The problem file is not usable.
    #[error("{path}: {source}")]
    Problem {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        source: ProblemError,
    },
    /// The plan file is not usable.
    #[error("{path}: {source}")]
    Plan {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        source: crate::domain::plan_file::PlanError,
    },
    /// Two files cannot come from one stream.
    #[error("PROBLEM and PLAN are both standard input; name a file for one of them")]
    OneStream,
    /// An option makes no sense.
    #[error("--time-limit {0}: give a number of seconds above 0")]
    TimeLimit(f64),
    /// Ctrl-C cannot be listened for.
    #[error("cannot listen for Ctrl-C: {0}")]
    Signal(io::Error),
}

impl From<PlanFileCommandError> for CliError {
    fn from(error: PlanFileCommandError) -> CliError {
        let kind = match &error {
            PlanFileCommandError::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            PlanFileCommandError::File { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
                ErrorKind::OutputClosed
            }
            PlanFileCommandError::Signal(_) => ErrorKind::Internal,
            PlanFileCommandError::File { .. }
            | PlanFileCommandError::Problem { .. }
            | PlanFileCommandError::Plan { .. }
            | PlanFileCommandError::OneStream
            | PlanFileCommandError::TimeLimit(_) => ErrorKind::Usage,
        };
        CliError::new(kind, error.to_string())
    }
}

/// Runs `offpeak solve`: done, also when tasks are left without a place.
pub(super) fn run(args: &SolveArgs, context: &Context) -> Result<(), CliError> {
    solve(args, context).map_err(CliError::from)
}

fn solve(args: &SolveArgs, context: &Context) -> Result<(), PlanFileCommandError> {
    if let Some(seconds) = args.time_limit
        && !(seconds > 0.0 && seconds <= 1e9)
    {
        return Err(PlanFileCommandError::TimeLimit(seconds));
    }
    let problem = read_problem(&args.problem)?;
    let target = match &args.output {
        OutputTarget::File(path) => Some(opened(path)?),
        OutputTarget::Text | OutputTarget::Json => None,
    };
    let report = args.report.as_deref().map(opened).transpose()?;
    let options = SolveOptions {
        effort: args.effort.into(),
        seed: args.seed,
        threads: usize::from(args.threads),
        time_limit: args.time_limit.map(Duration::from_secs_f64),
    };
    let watch = TerminalWatch::new(problem.task_count() as u64, context.output.is_quiet())?;
    let mut outcome = planner::solve(&problem, &options, &watch);
    watch.bar.finish_and_clear();
    outcome.plan.metrics.peak_rss_mb = peak_rss_mb();
    match target {
        Some((path, file)) => {
            write_file(path, file, |out| outcome.plan.write(out))
                .map_err(|source| file_error(path, source))?;
        }
        None => outcome
            .plan
            .write(io::stdout().lock())
            .map_err(|source| PlanFileCommandError::File { path: "standard output".into(), source })?,
    }
    if let Some((path, file)) = report {
        let write = |out: &mut dyn Write| {
            serde_json::to_writer(&mut *out, &outcome.report).map_err(io::Error::from)?;
            out.write_all(b"\n")
        };
        write_file(path, file, write).map_err(|source| file_error(path, source))?;
    }
    let mut summary = summary(&outcome.plan.metrics);
    if outcome.cut_short {
        summary += "\nCut short: this is the best plan so far.";
    }
    if let Some(moves) = outcome.report.moves_sentence() {
        summary += &format!("\n{moves}.");
    }
    for relaxation in outcome.report.relaxations.iter().take(5) {
        summary += &format!("\n{}", relaxation.sentence(&problem));
    }
    context.output.note(&summary);
    Ok(())
}

fn opened(path: &Path) -> Result<(&Path, File), PlanFileCommandError> {
    Ok((path, writable(path).map_err(|source| file_error(path, source))?))
}

/// Opens a file that is to be written before the work begins: hours of planning should not end in a folder
/// that is not there. What the file holds stays until there is something to put in its place.
fn writable(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(false).open(path)
}

fn write_file(
    path: &Path,
    file: File,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A device such as /dev/null has no length to cut.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    let mut file = io::BufWriter::new(file);
    if !names_gzip(path) {
        write(&mut file)?;
        return file.flush();
    }
    let mut packed = GzEncoder::new(file, Compression::default());
    write(&mut packed)?;
    packed.finish()?.flush()
}

/// Whether a file is to be gzipped, by its name.
pub(super) fn names_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

fn file_error(path: &Path, source: io::Error) -> PlanFileCommandError {
    PlanFileCommandError::File { path: path.display().to_string(), source }
}

/// The metrics in a sentence or two.
pub fn summary(metrics: &Metrics) -> String {
    let Metrics { tasks, placed, weight_placed, weight_total, moved, disruption, visits, bound, .. } =
        metrics;
    let percent = |part: u64| match weight_total {
        0 => 100.0,
        total => 100.0 * part as f64 / *total as f64,
    };
    let distance = match bound.disruption_lower {
        0 if *disruption == 0 => "disruption 0".to_owned(),
        0 => format!("disruption {disruption}, without a proven minimum"),
        lower => format!(
            "disruption {disruption}, within {:.1} % of the proven minimum",
            100.0 * (*disruption as f64 / lower as f64 - 1.0)
        ),
    };
    format!(
        "{placed} of {tasks} tasks placed: {:.2} % of the weight, at most {:.2} % possible; {distance}; \
         {visits} visits; {moved} announced appointments moved; {:.2} s.",
        percent(*weight_placed),
        percent(bound.weight_upper),
        metrics.solve_ms as f64 / 1000.0,
    )
}

/// Opens a problem file; `-` is standard input; gzip is recognised by its content.
pub(super) fn read_problem(path: &Path) -> Result<Problem, PlanFileCommandError> {
    let name = path.display().to_string();
    let source = open(path).map_err(|source| PlanFileCommandError::File { path: name.clone(), source })?;
    Problem::read(source).map_err(|source| PlanFileCommandError::Problem { path: name, source })
}

pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut bytes: BufReader<Box<dyn Read>> = BufReader::new(match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path)?),
    });
    let gzipped = bytes.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzipped { Box::new(flate2::bufread::MultiGzDecoder::new(bytes)) } else { Box::new(bytes) })
}

/// A progress bar when somebody is looking, and Ctrl-C.
struct TerminalWatch {
    began: Stopwatch,
    interrupt: Interrupt,
    bar: ProgressBar,
}

impl TerminalWatch {
    fn new(tasks: u64, quiet: bool) -> Result<TerminalWatch, PlanFileCommandError> {
        let interrupt = Interrupt::listen().map_err(PlanFileCommandError::Signal)?;
        let bar = if io::stderr().is_terminal() && !quiet {
            let style = ProgressStyle::with_template("{msg:12} [{bar:40}] {pos}/{len} placed {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(tasks).with_style(style)
        } else {
            ProgressBar::hidden()
        };
        // A measured duration is no wall-clock time: nothing in the plan depends on when it was made.
        Ok(TerminalWatch { began: Stopwatch::start(), interrupt, bar })
    }
}

impl Watch for TerminalWatch {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.began.elapsed_ms())
    }

    fn cancelled(&self) -> bool {
        self.interrupt.asked()
    }

    fn progress(&self, progress: Progress) {
        self.bar.set_message(match progress.phase {
            Phase::Pricing => "pricing",
            Phase::Placing => "placing",
            Phase::Repairing => "repairing",
            Phase::Improving => "improving",
            Phase::Explaining => "explaining",
        });
        self.bar.set_position(progress.placed);
    }
}

/// The process's peak memory as Linux states it, in MiB; 0 elsewhere.
fn peak_rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}
