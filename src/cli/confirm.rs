//! Asking before something goes that does not come back.

use std::io::{BufRead, IsTerminal};

use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};

/// What a command that destroys something takes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Confirmation {
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
}

/// Says what will happen, and goes on with `--yes`, or when somebody at a terminal types `yes`.
pub(crate) fn confirmed(
    context: &Context,
    confirmation: &Confirmation,
    what_happens: &str,
) -> Result<(), CliError> {
    if confirmation.yes {
        return Ok(());
    }
    let refused = |detail: &str| {
        let lines: Vec<&str> = what_happens.trim_end().lines().collect();
        CliError::new(ErrorKind::Refused, format!("{detail}\n{}", lines.join("\n")))
            .hint("If that is what you want, add --yes.")
    };
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || context.output.is_json() {
        return Err(refused("nothing was done; this would happen:"));
    }
    context.output.ask(&format!("{}\nType yes to go on: ", what_happens.trim_end()));
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    match read {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(CliError::new(ErrorKind::Refused, "nothing was done")),
    }
}
