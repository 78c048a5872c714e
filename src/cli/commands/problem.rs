//! The planner's problem as a file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::api::plan::NewPlan;
use crate::cli::OUTPUT_ID;
use crate::cli::commands::plan::ScopeArgs;
use crate::cli::commands::solve::names_gzip;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::OutputTarget;

/// What `offpeak problem` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak problem export -o problem.json")]
pub enum ProblemCommand {
    Export(ExportArgs),
}

impl ProblemCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            ProblemCommand::Export(args) => export(args, context),
        }
    }
}

/// Write the problem that a plan would be made for
///
/// Writes an `offpeak.problem/1` file: everything that the planner sees, and nothing else. `offpeak solve`
/// and `offpeak verify` need it and no database.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak problem export -o problem.json\n  \
                        offpeak problem export | offpeak solve - -o plan.json")]
pub struct ExportArgs {
    /// What to plan
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Standing appointments may be moved
    #[arg(long)]
    pub replan: bool,
    /// File to write, gzipped if it ends in .gz; `-` or `json` is standard output
    #[arg(id = OUTPUT_ID, short = 'o', long = "output", value_name = "FILE", default_value = "-",
          value_parser = OutputTarget::of_file_command)]
    pub output: OutputTarget,
}

fn export(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let request = NewPlan {
        campaigns: args.scope.campaigns.clone(),
        horizon_days: args.scope.days,
        replan: args.replan,
        ..NewPlan::default()
    };
    let problem = context.client()?.post_for_bytes("/problem", &request)?;
    match &args.output {
        OutputTarget::File(path) => {
            write(path, &problem)?;
            let path = path.display();
            context.output.note(&format!("Wrote {path}. Next: offpeak solve {path} -o plan.json"));
            Ok(())
        }
        OutputTarget::Text | OutputTarget::Json => context.output.bytes(&problem),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let written = if names_gzip(path) {
        File::create(path).and_then(|file| {
            let mut packed = GzEncoder::new(file, Compression::default());
            packed.write_all(bytes)?;
            packed.finish()?.flush()
        })
    } else {
        std::fs::write(path, bytes)
    };
    written.map_err(|error| CliError::file("write", path, &error))
}
