//! `offpeak problem export`.

use super::write_file;
use crate::api::plan::NewPlan;
use crate::cli::OUTPUT_ID;
use crate::cli::commands::plan::ScopeArgs;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::OutputTarget;

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

/// Runs it.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let request = NewPlan {
        campaigns: args.scope.campaigns.clone(),
        horizon_days: args.scope.days,
        replan: args.replan,
        ..NewPlan::default()
    };
    let problem = context.client()?.post_for_bytes("/problem", &request)?;
    match &args.output {
        OutputTarget::File(path) => {
            write_file(path, |target| target.write_all(&problem))?;
            let path = path.display();
            context.output.note(&format!("Wrote {path}. Next: offpeak solve {path} -o plan.json"));
            Ok(())
        }
        OutputTarget::Text | OutputTarget::Json => context.output.bytes(&problem),
    }
}
