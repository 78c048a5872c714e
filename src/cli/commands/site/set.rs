//! `offpeak site set`.

use crate::api::fleet::{FleetEdit, SiteChange, SiteView};
use crate::cli::client::path_segment;
use crate::cli::commands::set::{EditArgs, TagArgs, cleared_or, nothing_given};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Change a site
///
/// Changes what is given and leaves the rest, by the rules of the import. Appointments stay until somebody plans again.
/// The next import of the fleet should say the same, or it changes it back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak site set S1 --opening-hours 'Mon-Fri 08:00-20:00; Sat 09:00-18:00'\n  offpeak site set S1 --region north --dry-run"
)]
pub struct SetArgs {
    /// Site code
    #[arg(value_name = "CODE")]
    pub code: String,
    /// The number of the merchant who owns it
    #[arg(long, value_name = "NUMBER")]
    pub merchant_number: Option<String>,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Its region
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Its postal address
    #[arg(long, value_name = "TEXT", conflicts_with = "no_address")]
    pub address: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_address: bool,
    /// Its IANA zone
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// When it serves customers
    #[arg(long, value_name = "HOURS")]
    pub opening_hours: Option<String>,
    /// Kind of shop
    #[arg(long, value_name = "KIND")]
    pub traffic_profile: Option<String>,
    /// Its tags
    #[command(flatten)]
    pub tags: TagArgs,
    /// How to edit
    #[command(flatten)]
    pub edit: EditArgs,
}

/// Runs it.
pub(super) fn run(args: &SetArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/sites/{}", path_segment(&args.code));
    let client = context.client()?;
    let before: SiteView = client.get(&path)?;
    let change = SiteChange {
        merchant_number: args.merchant_number.clone().map(Some),
        name: args.name.clone().map(Some),
        region: args.region.clone().map(Some),
        address: cleared_or(args.no_address, args.address.as_ref()),
        time_zone: args.time_zone.clone().map(Some),
        opening_hours: args.opening_hours.clone().map(Some),
        traffic_profile: args.traffic_profile.clone().map(Some),
        tags: args.tags.applied_to(&before.tags),
        reason: args.edit.reason.clone(),
    };
    if nothing_given(&change) {
        return Err(CliError::usage("nothing to change is given").hint("See `offpeak site set --help`."));
    }
    let edit: FleetEdit<SiteView> = client.patch(&path, &args.edit.query(), &before.etag, &change)?;
    context.output.show(&edit, |screen| render::fleet::edit(screen, &edit))
}
