//! The command line: a client of the HTTP API and of nothing else. Without `--server` it runs the very router
//! that `offpeak serve` serves in its own process, on the local database; with it, it talks to that server. So
//! there is one set of rules, one authorisation and one audit trail.
//!
//! One file a command under [`commands`]: its arguments, its help, its function. [`client`] carries requests,
//! [`render`] draws what came back, [`output`] knows the streams, [`error`] maps every failure to its exit code.

pub mod client;
pub mod commands;
mod confirm;
mod context;
pub mod error;
mod help;
mod interrupt;
mod local;
pub mod logging;
pub mod output;
pub mod render;
pub mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{FromArgMatches, Parser};

use crate::cli::commands::Command;
use crate::cli::error::ErrorKind;
use crate::cli::output::{Color, Output, OutputTarget};

pub use context::Context;
pub use help::command;

/// Plans maintenance across a payment-terminal fleet: staggered, announced, verified, explained.
#[derive(Debug, Parser)]
#[command(name = "offpeak", version, max_term_width = 110, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Read the settings from this file [default: offpeak.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Work on this database: `sqlite:PATH` or `postgres://…` [env: OFFPEAK_DATABASE_URL]
    #[arg(long, global = true, value_name = "URL", conflicts_with = "server")]
    pub database: Option<String>,

    /// Talk to this server instead of working on a local database
    #[arg(long, global = true, value_name = "URL", env = "OFFPEAK_SERVER", hide_env_values = true)]
    pub server: Option<String>,

    /// The server's token
    #[arg(long, global = true, value_name = "TOKEN", env = "OFFPEAK_TOKEN", hide_env_values = true)]
    pub token: Option<String>,

    /// Print text for people, or exactly the API's JSON
    #[arg(id = OUTPUT_ID, short = 'o', long = "output", global = true, value_name = "FORMAT", default_value = "text",
          value_parser = output_format_parser())]
    pub output: OutputTarget,

    /// No hints and no progress on standard error
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// When to colour; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// The id of `-o`. A command that writes a file of its own defines an argument with the same id: clap then takes
/// the command's own in place of the global one.
pub const OUTPUT_ID: &str = "output";

fn output_format_parser() -> impl clap::builder::TypedValueParser<Value = OutputTarget> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(["text", "json"])
        .map(|word| if word == "json" { OutputTarget::Json } else { OutputTarget::Text })
}

/// Runs the process's command line.
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(usage) if usage.use_stderr() && is_ingest(std::env::args_os()) => {
            let _ = usage.print();
            return ExitCode::from(ErrorKind::NotNow.exit_code());
        }
        // Help and version go to standard output with code 0, mistakes to standard error with code 2.
        Err(usage) => usage.exit(),
    };
    let output = Output::of_process(cli.globals.output.clone(), cli.globals.quiet, cli.globals.color);
    logging::start_if_asked();
    let context = Context::new(cli.globals, output);
    ExitCode::from(run(&cli.command, &context))
}

/// Whether a mail server runs this as its pipe: what it would not understand sends the mail back, or away.
fn is_ingest(arguments: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = arguments.collect();
    words.windows(2).any(|pair| pair[0] == "mail" && pair[1] == "ingest")
}

/// Runs one command and gives its exit code; its failure, if any, is told on standard error.
pub fn run(command: &Command, context: &Context) -> u8 {
    match command.run(context) {
        Ok(()) => 0,
        Err(error) => {
            context.output.error(&error);
            error.kind.exit_code()
        }
    }
}
