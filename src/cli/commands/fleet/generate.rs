//! `offpeak fleet generate`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::plural;
use crate::sim::fleet::{FleetCounts, TERMINALS_MAX, write_fleet_files};

/// Write the files of a made-up, realistic fleet
///
/// Writes merchants.csv, sites.csv and terminals.csv of a made-up but realistic fleet: chains and single
/// shops, several countries' time zones, opening hours by kind of shop, models, firmware, hosts, carriers,
/// cells.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak fleet generate --terminals 500 --seed 7 --out fleet")]
pub struct GenerateArgs {
    /// How many terminals
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(TERMINALS_MAX)))]
    pub terminals: u32,
    /// The same seed gives the same fleet
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Folder to write into; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    folder: PathBuf,
    merchants: u64,
    sites: u64,
    terminals: u64,
}

/// Runs it.
pub(super) fn run(args: &GenerateArgs, context: &Context) -> Result<(), CliError> {
    let counts = generate_files(args.terminals, args.seed, &args.out)?;
    let written = Written {
        folder: args.out.clone(),
        merchants: counts.merchants,
        sites: counts.sites,
        terminals: counts.terminals,
    };
    let folder = args.out.display();
    context.output.show(&written, |screen| {
        screen.line(format!(
            "Wrote {}, {} and {} to {folder}.",
            plural(counts.merchants, "merchant"),
            plural(counts.sites, "site"),
            plural(counts.terminals, "terminal"),
        ));
    })?;
    context.output.hint(&format!("Next: offpeak fleet import {folder}/*.csv"));
    Ok(())
}

/// Writes the three files of a made-up fleet into a folder, which is made if it is not there.
pub(crate) fn generate_files(terminals: u32, seed: u64, folder: &Path) -> Result<FleetCounts, CliError> {
    write_fleet_files(terminals, seed, folder)
        .map_err(|error| CliError::file("write the fleet into", folder, &error))
}
