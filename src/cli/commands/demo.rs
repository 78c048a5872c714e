//! `offpeak demo`: the whole main job on a made-up fleet, told step by step, and then the page.

mod folder;
mod people;
mod story;
mod teller;

use std::path::PathBuf;

use crate::cli::context::{Context, shell_quoted};
use crate::cli::error::CliError;
use crate::cli::local::Local;
use crate::cli::logging::{self, LogFormat};
use crate::config::Settings;

use folder::{Folder, Found};

/// See the whole main job on a made-up fleet, in a minute
///
/// Generates a fleet, imports it, says when and how much of it may be touched, raises a firmware campaign and an
/// inspection, plans, verifies, publishes, writes the mails to the merchants into a folder, and serves the page.
/// Everything is in one folder: settings, database, fleet files, mails. A second run uses what is there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak demo\n  offpeak demo --dir /tmp/big --terminals 5000 --seed 3 --no-serve"
)]
pub struct DemoArgs {
    /// Folder of the demo
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub dir: PathBuf,
    /// How many terminals the fleet has
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub terminals: u32,
    /// The same seed gives the same fleet
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Make a new demo even if there is one in the folder
    #[arg(long)]
    pub fresh: bool,
    /// End after the story
    #[arg(long)]
    pub no_serve: bool,
    /// Address and port of the page
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", conflicts_with = "no_serve")]
    pub listen: String,
}

/// Runs it.
pub(super) fn run(args: &DemoArgs, context: &Context) -> Result<(), CliError> {
    if context.globals.server.is_some() {
        return Err(CliError::usage("a demo runs on a database of its own, not on a server")
            .hint("Leave out --server, and unset OFFPEAK_SERVER."));
    }
    let (folder, found) = Folder::open(&args.dir)?;
    let reusable = found == Found::Demo && !args.fresh;
    if !reusable {
        folder.start_afresh()?;
    }
    let settings = || Ok::<_, CliError>(Settings { listen: args.listen.clone(), ..folder.settings()? });
    let mut local = Local::open(settings()?)?;
    let mut stage = context.on(local.client());
    let finished = if reusable { story::finished(&stage)? } else { None };
    let outcome = match finished {
        Some(plan) => story::tell_again(&stage, &folder, &plan)?,
        None => {
            if reusable {
                // It was stopped halfway: nothing in it was published, so nothing is lost.
                drop(stage);
                drop(local);
                folder.start_afresh()?;
                local = Local::open(settings()?)?;
                stage = context.on(local.client());
            }
            story::tell(&stage, &folder, args.terminals, args.seed)?
        }
    };
    let settings_file = folder.settings_file();
    let program = std::env::args().next().unwrap_or_else(|| "offpeak".to_owned());
    let by_hand =
        format!("{} --config {}", shell_quoted(&program), shell_quoted(&settings_file.display().to_string()));
    context.output.show(&outcome, |screen| outcome.draw(screen, &by_hand))?;
    if args.no_serve {
        return Ok(());
    }
    let people = people::ready(&stage, &folder)?;
    if people.is_empty() {
        context
            .output
            .urgent("Sign in with the accounts that you made; `offpeak user reset-password` gives a link.");
    } else {
        context.output.urgent(&format!("\nSign in, name and password:\n{people}"));
    }
    drop(stage);
    // Only what goes wrong: the story stays on the screen.
    logging::start(LogFormat::Text, "warn");
    local.serve(&args.listen, &context.output)
}
