//! `offpeak database copy`.

use indicatif::{ProgressBar, ProgressStyle};

use crate::api::transfer::CopyReport;
use crate::boot;
use crate::cli::confirm::{Confirmation, confirmed};
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::local::{self, from_service, not_started, without_server};
use crate::cli::output::{Screen, Table, count, plural};
use crate::service::transfer::{self, Step};

/// Copy a whole database into another one, of either kind
///
/// Copies every table from SQLite to PostgreSQL, or the other way, then reads both sides back and compares every
/// column of every row. The target changes as a whole or not at all; it must hold nothing, unless `--replace`. The
/// source is read as it stands at one moment: stop the service before, or what it writes afterwards stays behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak database copy --from sqlite:offpeak.db \\\n    \
                        --to postgres://offpeak@db.example/offpeak\n  \
                        offpeak database copy --from postgres://offpeak@db.example/offpeak --to sqlite:copy.db")]
pub struct CopyArgs {
    /// The database that is read: `sqlite:PATH` or `postgres://…`
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// The database that is filled; a SQLite file is made if there is none
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Remove what the target holds first
    #[arg(long)]
    pub replace: bool,
    /// Confirmation of `--replace`
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Runs it.
pub(super) fn run(args: &CopyArgs, context: &Context) -> Result<(), CliError> {
    without_server(&context.globals)?;
    if same_place(&args.from, &args.to) {
        return Err(CliError::usage("--from and --to are the same database"));
    }
    let settings = local::settings(&context.globals)?;
    let source = boot::database(&args.from, &settings).map_err(not_started)?;
    let target = boot::open(&args.to, &settings).map_err(|error| not_started(error.into()))?;
    let there = transfer::contents(&target).map_err(|error| from_service(&error))?;
    if !there.is_empty() {
        let rows: u64 = there.iter().map(|(_, rows)| rows).sum();
        let tables: Vec<String> =
            there.iter().map(|(table, rows)| format!("{table} {}", count(*rows))).collect();
        let holds = format!("the target holds {}: {}", plural(rows, "row"), tables.join(", "));
        if !args.replace {
            return Err(CliError::new(ErrorKind::Conflict, holds)
                .hint("Choose an empty target, or add --replace to remove what it holds."));
        }
        confirmed(context, &args.confirmation, &format!("{holds}; they are removed"))?;
    }
    let bar = progress_bar(context);
    let mut told = |step: Step| {
        bar.set_length(step.total);
        bar.set_position(step.done);
        bar.set_message(format!("{} {}", if step.checking { "checking" } else { "copying" }, step.table));
    };
    let copied = transfer::copy(&source, &target, args.replace, &mut told);
    bar.finish_and_clear();
    let report = copied.map_err(|error| from_service(&error))?;
    context.output.show(&report, |screen| draw(screen, &report))?;
    context.output.hint("Next: set database_url to the copy, and start the service on it.");
    Ok(())
}

fn same_place(one: &str, other: &str) -> bool {
    let file = |url: &str| url.strip_prefix("sqlite:").and_then(|path| std::fs::canonicalize(path).ok());
    one == other || file(one).is_some_and(|file_of_one| file(other) == Some(file_of_one))
}

fn draw(screen: &mut Screen, report: &CopyReport) {
    let mut table = Table::new(["table", ">rows", "sha256 of both sides"]);
    for copied in &report.tables {
        table.row([copied.table.clone(), count(copied.rows), copied.sha256.clone()]);
    }
    screen.table(table);
    screen.blank();
    screen.line(format!(
        "{} copied in {:.1} s, read back and compared in {:.1} s: the same on both sides.",
        plural(report.rows(), "row"),
        seconds(report.copy_ms),
        seconds(report.check_ms)
    ));
}

#[expect(clippy::cast_precision_loss, reason = "nothing takes that long")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn progress_bar(context: &Context) -> ProgressBar {
    if context.output.is_quiet() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:32.green/dim} {percent:>3} %  {elapsed}  {msg}")
        .expect("the template is fixed and valid")
        .progress_chars("█▉▊▋▌▍▎▏·");
    ProgressBar::new(0).with_style(style)
}
