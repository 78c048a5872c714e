//! `offpeak fleet generate`.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Write the files of a made-up, realistic fleet
///
/// Writes merchants.csv, sites.csv and terminals.csv of a made-up but realistic fleet: chains and single
/// shops, several countries' time zones, opening hours by kind of shop, models, firmware, hosts, carriers,
/// cells.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak fleet generate --terminals 500 --seed 7 --out fleet")]
pub struct GenerateArgs {
    /// How many terminals
    #[arg(long, value_name = "N")]
    pub terminals: u32,
    /// The same seed gives the same fleet
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Folder to write into; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Runs it.
pub(super) fn run(_args: &GenerateArgs, _context: &Context) -> Result<(), CliError> {
    Err(CliError::internal("the generator is not wired yet"))
}
