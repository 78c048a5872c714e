//! `offpeak problem generate`.

use std::io;

use clap::{Args, ValueEnum};

use super::write_file;
use crate::cli::OUTPUT_ID;
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::OutputTarget;
use crate::sim::problems::{self, Shape, TASKS_MAX};

/// Write a made-up planning problem of any size
///
/// Writes an `offpeak.problem/1` file of a made-up but realistic fleet, thirty nights long, and says how much
/// weight can be placed at most: it is known, because a plan is hidden in the problem. No database is needed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  offpeak problem generate --shape tight --tasks 100000 -o tight.json.gz\n  \
                        offpeak problem generate --shape loose --tasks 500 --seed 7 | offpeak solve - -o plan.json"
)]
pub struct GenerateArgs {
    /// What makes it hard
    #[arg(long, value_enum)]
    pub shape: ShapeArg,
    /// How many tasks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(TASKS_MAX)))]
    pub tasks: u32,
    /// The same seed gives the same problem
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// File to write, gzipped if it ends in .gz; `-` or `json` is standard output
    #[arg(id = OUTPUT_ID, short = 'o', long = "output", value_name = "FILE", default_value = "-",
          value_parser = OutputTarget::of_file_command)]
    pub output: OutputTarget,
}

/// The shapes, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShapeArg {
    /// Room everywhere
    Loose,
    /// Budgets are just what one plan needs that places everything
    Tight,
    /// Built to mislead greedy methods; some tasks cannot be placed
    Adversarial,
}

impl From<ShapeArg> for Shape {
    fn from(shape: ShapeArg) -> Shape {
        match shape {
            ShapeArg::Loose => Shape::Loose,
            ShapeArg::Tight => Shape::Tight,
            ShapeArg::Adversarial => Shape::Adversarial,
        }
    }
}

/// Runs it.
pub(super) fn run(args: &GenerateArgs, context: &Context) -> Result<(), CliError> {
    let generated = problems::generate(args.shape.into(), args.tasks, args.seed);
    let next = match &args.output {
        OutputTarget::File(path) => {
            write_file(path, |target| generated.problem.write(target))?;
            format!(" Next: offpeak solve {} -o plan.json", path.display())
        }
        OutputTarget::Text | OutputTarget::Json => {
            generated.problem.write(io::stdout().lock()).map_err(|error| {
                let kind = match error.kind() {
                    io::ErrorKind::BrokenPipe => ErrorKind::OutputClosed,
                    _ => ErrorKind::Usage,
                };
                CliError::new(kind, format!("standard output: {error}"))
            })?;
            String::new()
        }
    };
    let weight = generated.known_weight;
    context.output.note(&format!("Weight that can be placed, at most: {weight}.{next}"));
    Ok(())
}
