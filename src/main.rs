//! Parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use offpeak::cli::commands::{solve, verify};

#[derive(Parser)]
#[command(name = "offpeak")]
enum Command {
    Solve(solve::SolveArgs),
    Verify(verify::VerifyArgs),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Solve(args) => solve::run(&args),
        Command::Verify(args) => verify::run(&args),
    };
    result.unwrap_or_else(|error| {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "error: {error}");
        ExitCode::from(2)
    })
}
