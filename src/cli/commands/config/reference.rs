//! `offpeak config reference`.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::config::reference;

/// Print the manual of the settings
///
/// Prints every setting with what it may be, its default and what it means, as docs/configuration.md has it; in JSON
/// with `-o json`; as a file to begin with, everything at its default, with `--example`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak config reference --example > offpeak.toml")]
pub struct ReferenceArgs {
    /// A configuration file with every setting at its default
    #[arg(long)]
    pub example: bool,
}

/// Runs it.
pub(super) fn run(args: &ReferenceArgs, context: &Context) -> Result<(), CliError> {
    if args.example {
        return context.output.bytes(reference::example().as_bytes());
    }
    if context.output.is_json() {
        return context.output.show(&reference::entries(), |_| {});
    }
    context.output.bytes(reference::page().as_bytes())
}
