//! `offpeak completions`: what a shell needs to complete commands and options.

use clap_complete::Shell;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Print the completions for your shell
///
/// Prints the completions for a shell on standard output.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak completions bash > ~/.local/share/bash-completion/completions/offpeak\n  \
                        offpeak completions zsh > ~/.zfunc/_offpeak\n  \
                        offpeak completions fish > ~/.config/fish/completions/offpeak.fish"
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Runs it.
pub fn run(args: &CompletionsArgs, context: &Context) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::command(), "offpeak", &mut script);
    context.output.bytes(&script)
}
