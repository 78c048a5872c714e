//! `offpeak merchant set`.

use crate::api::fleet::{FleetEdit, MerchantChange, MerchantView};
use crate::cli::client::path_segment;
use crate::cli::commands::set::{EditArgs, TagArgs, cleared_or, nothing_given};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Change a merchant
///
/// Changes what is given and leaves the rest, by the rules of the import.
/// The next import of the fleet should say the same, or it changes it back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak merchant set M1 --phone '+86 21 5555 0199' --reason 'by telephone'\n  offpeak merchant set M1 --locale zh-CN --tag tier=gold --dry-run"
)]
pub struct SetArgs {
    /// Merchant number
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// The language of its mail: en or zh-CN
    #[arg(long, value_name = "LOCALE")]
    pub locale: Option<String>,
    /// Where its mail goes; what is to come and has not been announced is announced there
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_email")]
    pub email: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_email: bool,
    /// Whom the operators ring
    #[arg(long, value_name = "NUMBER", conflicts_with = "no_phone")]
    pub phone: Option<String>,
    /// Empty it
    #[arg(long)]
    pub no_phone: bool,
    /// Its tags
    #[command(flatten)]
    pub tags: TagArgs,
    /// How to edit
    #[command(flatten)]
    pub edit: EditArgs,
}

/// Runs it.
pub(super) fn run(args: &SetArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/merchants/{}", path_segment(&args.number));
    let client = context.client()?;
    let before: MerchantView = client.get(&path)?;
    let change = MerchantChange {
        name: args.name.clone().map(Some),
        locale: args.locale.clone().map(Some),
        email: cleared_or(args.no_email, args.email.as_ref()),
        phone: cleared_or(args.no_phone, args.phone.as_ref()),
        tags: args.tags.applied_to(&before.tags),
        reason: args.edit.reason.clone(),
    };
    if nothing_given(&change) {
        return Err(CliError::usage("nothing to change is given").hint("See `offpeak merchant set --help`."));
    }
    let edit: FleetEdit<MerchantView> = client.patch(&path, &args.edit.query(), &before.etag, &change)?;
    context.output.show(&edit, |screen| render::fleet::edit(screen, &edit))
}
