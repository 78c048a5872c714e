//! `offpeak migrate down`.

use crate::api::schema::SchemaWayBack;
use crate::cli::confirm::{Confirmation, confirmed};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::local::{database, from_service};
use crate::cli::output::{Screen, plural};
use crate::service::schema::{self, WayBack};

/// Take versions of the schema back, with their data
///
/// Takes the latest versions back, all that were asked for or none, and says first which tables and columns go
/// with them. Stop every replica before: they need the versions that they carry. Run it with the binary that
/// brought the versions; an older one does not know the way back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak migrate down --steps 1\n  offpeak migrate down --to 20261123000000 --yes"
)]
#[group(id = "how_far", required = true, multiple = false, args = ["steps", "to"])]
pub struct DownArgs {
    /// So many versions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Until this version is the latest; 0 takes everything back
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Confirmation
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Runs it.
pub(super) fn run(args: &DownArgs, context: &Context) -> Result<(), CliError> {
    let way = match (&args.to, args.steps) {
        (Some(version), _) if version == "0" => WayBack::All,
        (Some(version), _) => WayBack::To(version.clone()),
        (None, steps) => WayBack::Steps(steps.unwrap_or(1) as usize),
    };
    let database = database(&context.globals)?;
    let back = schema::way_back(&database, &way).map_err(|error| from_service(&error))?;
    if back.versions.is_empty() {
        return context
            .output
            .show(&back, |screen| screen.line("Nothing to do: no later version is applied."));
    }
    let mut told = Screen::new(None);
    draw(&mut told, &back);
    confirmed(context, &args.confirmation, &told.into_text())?;
    let done = schema::down(&database, &way).map_err(|error| from_service(&error))?;
    context.output.show(&done, |screen| {
        for version in &done.versions {
            screen.line(format!("taken back  {version}"));
        }
    })
}

fn draw(screen: &mut Screen, back: &SchemaWayBack) {
    screen.line(format!(
        "Takes back {}: {}",
        plural(back.versions.len(), "version"),
        back.versions.join(", ")
    ));
    for loss in &back.losses {
        let what = match &loss.column {
            Some(column) => {
                format!("column {}.{column} with {}", loss.table, plural(loss.rows, "value"))
            }
            None => format!("table {} with {}", loss.table, plural(loss.rows, "row")),
        };
        screen.line(format!("  removes {what}"));
    }
}
