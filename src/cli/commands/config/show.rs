//! `offpeak config show`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::local::{settings_with_origins, without_server};
use crate::cli::output::Table;
use crate::config::Origin;

/// See what every setting is, and where it comes from
///
/// Lists every setting as it holds for commands on this machine: from the defaults, the configuration file, the
/// environment or a flag. Passwords and tokens are not shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak config show --config /etc/offpeak/offpeak.toml")]
pub struct ShowArgs {}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: Option<String>,
    origin: Origin,
}

/// Runs it.
pub(super) fn run(context: &Context) -> Result<(), CliError> {
    without_server(&context.globals)?;
    let (settings, origins) = settings_with_origins(&context.globals)?;
    let rows: Vec<Row> = settings
        .values()
        .into_iter()
        .zip(origins)
        .map(|((setting, value), origin)| Row {
            name: setting.name,
            value: value.map(|value| setting.masked(&value)),
            origin,
        })
        .collect();
    context.output.show(&rows, |screen| {
        let mut table = Table::new(["setting", "value", "from"]);
        for row in &rows {
            table.row([
                row.name.to_owned(),
                row.value.clone().unwrap_or_else(|| "-".to_owned()),
                row.origin.to_string(),
            ]);
        }
        screen.table(table);
    })
}
