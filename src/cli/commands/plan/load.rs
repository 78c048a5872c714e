//! `offpeak plan load`.

use serde::Serialize;

use crate::api::plan::Load;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// Draw the load per night against the budgets
///
/// Draws the most terminals down at once, night by night, against the fleet's budget, and the groups that
/// come nearest to theirs. Of a plan, or without one of what is published.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak plan load 3\n  offpeak plan load --days 14")]
pub struct LoadArgs {
    /// The plan [default: what is published]
    #[arg(value_name = "ID", conflicts_with = "days")]
    pub id: Option<i64>,
    /// How many days of what is published
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
    /// How many groups to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub groups: usize,
}

#[derive(Serialize)]
struct Query {
    days: Option<u32>,
}

/// Runs it.
pub(super) fn run(args: &LoadArgs, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let load: Load = match args.id {
        Some(id) => client.get(&format!("/plans/{id}/load"))?,
        None => client.get_with("/load", &Query { days: args.days })?,
    };
    context.output.show(&load, |screen| {
        screen.heading("Load per night");
        render::load::nights(screen, &load.nights);
        render::load::groups(screen, &load, args.groups);
    })
}
