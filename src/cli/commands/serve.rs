//! `offpeak serve`: the page, the API and the background loops.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::local::{self, Local};
use crate::cli::logging::{self, LogFormat};

/// Serve the page and the API, and run the background loops
///
/// Serves the page, the JSON API under /api/v1 (/api/v1/openapi.json describes it), /health, /ready and /metrics;
/// raises due inspections, sends due mails, opens and closes appointments. Ctrl-C and SIGTERM stop it; what is
/// under way is finished first. While nobody has an account, it prints a one-time link that sets up the first
/// administrator.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak serve\n  \
                        offpeak serve --listen 0.0.0.0:8080 --log json")]
pub struct ServeArgs {
    /// Address and port [default: the setting listen, 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// How log lines are written; OFFPEAK_LOG says how much
    #[arg(long = "log", value_name = "FORMAT", default_value = "text")]
    pub log: LogFormat,
}

/// Runs it.
pub(super) fn run(args: &ServeArgs, context: &Context) -> Result<(), CliError> {
    if context.globals.server.is_some() {
        return Err(CliError::usage("`offpeak serve` is a server itself and takes no --server")
            .hint("Leave out --server, and unset OFFPEAK_SERVER."));
    }
    logging::start(args.log, "info");
    let mut settings = local::settings(&context.globals)?;
    if let Some(listen) = &args.listen {
        settings.listen.clone_from(listen);
    }
    let listen = settings.listen.clone();
    Local::open(settings)?.serve(&listen, &context.output)
}
