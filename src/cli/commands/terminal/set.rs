//! `offpeak terminal set`.

use crate::api::fleet::{FleetEdit, TerminalChange, TerminalHistory, TerminalView};
use crate::cli::client::path_segment;
use crate::cli::commands::set::{EditArgs, TagArgs, cleared_or, nothing_given};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Change a terminal
///
/// Changes what is given and leaves the rest, by the rules of the import. Appointments of a terminal that is
/// retired, or goes to another site, are called off.
/// The next import of the fleet should say the same, or it changes it back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak terminal set 0820000042 --label 'Till 3' --cell cell-7\n  offpeak terminal set 0820000042 --retired true --dry-run"
)]
pub struct SetArgs {
    /// Serial number
    #[arg(value_name = "SERIAL")]
    pub serial: String,
    /// The code of the site where it stands
    #[arg(long, value_name = "CODE")]
    pub site_code: Option<String>,
    /// Terminal id at the acquirer
    #[arg(long, value_name = "TID")]
    pub tid: Option<String>,
    /// Merchant id at the acquirer
    #[arg(long, value_name = "MID")]
    pub mid: Option<String>,
    /// What the merchant calls it
    #[arg(long, value_name = "TEXT", conflicts_with = "no_label")]
    pub label: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_label: bool,
    /// Hardware model
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Installed firmware
    #[arg(long, value_name = "VERSION")]
    pub firmware: Option<String>,
    /// The acquirer host
    #[arg(long, value_name = "HOST")]
    pub acquirer_host: Option<String>,
    /// Mobile carrier or uplink provider
    #[arg(long, value_name = "NAME", conflicts_with = "no_carrier")]
    pub carrier: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_carrier: bool,
    /// Radio cell or uplink
    #[arg(long, value_name = "NAME", conflicts_with = "no_cell")]
    pub cell: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_cell: bool,
    /// Whose technicians come
    #[arg(long, value_name = "NAME", conflicts_with = "no_servicer")]
    pub servicer: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_servicer: bool,
    /// Volume of payments relative to others, 1 to 1000
    #[arg(long, value_name = "NUMBER")]
    pub volume: Option<u32>,
    /// Whether it is kept for its history only
    #[arg(long, value_name = "BOOL")]
    pub retired: Option<bool>,
    /// Its tags
    #[command(flatten)]
    pub tags: TagArgs,
    /// How to edit
    #[command(flatten)]
    pub edit: EditArgs,
}

/// Runs it.
pub(super) fn run(args: &SetArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/terminals/{}", path_segment(&args.serial));
    let client = context.client()?;
    let before: TerminalView = client.get::<TerminalHistory>(&path)?.terminal;
    let change = TerminalChange {
        site_code: args.site_code.clone().map(Some),
        tid: args.tid.clone().map(Some),
        mid: args.mid.clone().map(Some),
        label: cleared_or(args.no_label, args.label.as_ref()),
        model: args.model.clone().map(Some),
        firmware: args.firmware.clone().map(Some),
        acquirer_host: args.acquirer_host.clone().map(Some),
        carrier: cleared_or(args.no_carrier, args.carrier.as_ref()),
        cell: cleared_or(args.no_cell, args.cell.as_ref()),
        servicer: cleared_or(args.no_servicer, args.servicer.as_ref()),
        volume: args.volume,
        retired: args.retired,
        tags: args.tags.applied_to(&before.tags),
        reason: args.edit.reason.clone(),
    };
    if nothing_given(&change) {
        return Err(CliError::usage("nothing to change is given").hint("See `offpeak terminal set --help`."));
    }
    let edit: FleetEdit<TerminalView> = client.patch(&path, &args.edit.query(), &before.etag, &change)?;
    context.output.show(&edit, |screen| render::fleet::edit(screen, &edit))
}
