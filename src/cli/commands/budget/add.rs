//! `offpeak budget add`.

use crate::api::budget::{BudgetView, NewBudget};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;
use crate::domain::budget::Limit;

/// Add a budget
///
/// Adds a disruption budget: of each group, at most so many terminals (or so many per cent, rounded up)
/// are down at once. Terminals that are already locked count.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak budget add fleet --percent 5\n  \
                        offpeak budget add region --percent 8 --min 2 --only north --hours 08:00-20:00\n  \
                        offpeak budget add cell --count 2\n  \
                        offpeak budget add site --percent 50 --keep 1")]
#[command(group = clap::ArgGroup::new("limit").required(true).args(["percent", "count"]))]
pub struct AddArgs {
    /// What terminals are grouped by: fleet, region, host, carrier, cell, merchant, site, model or tag:NAME
    #[arg(value_name = "GROUPING")]
    pub grouping: String,
    /// At most so many per cent of each group, rounded up
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub percent: Option<u32>,
    /// At most so many terminals of each group
    #[arg(long, value_name = "TERMINALS")]
    pub count: Option<u32>,
    /// A percentage never comes to less than this many terminals
    #[arg(long, value_name = "TERMINALS", default_value_t = 1)]
    pub min: u32,
    /// So many terminals of each group always stay up
    #[arg(long, value_name = "TERMINALS", default_value_t = 0)]
    pub keep: u32,
    /// One group only, as `north` [default: every group]
    #[arg(long, value_name = "GROUP")]
    pub only: Option<String>,
    /// Only between these times of day, in the fleet's zone [default: always]
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub hours: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let limit = match (args.percent, args.count) {
        (Some(percent), _) => Limit::Percent(percent),
        (None, Some(count)) => Limit::Count(count),
        (None, None) => return Err(CliError::usage("a budget needs --percent or --count")),
    };
    let budget = NewBudget {
        grouping: args.grouping.clone(),
        value: args.only.clone(),
        limit,
        min: args.min,
        keep: args.keep,
        hours: args.hours.clone(),
    };
    let added: BudgetView = context.client()?.post("/budgets", &budget)?;
    context.output.show(&added, |screen| render::calendar::budgets(screen, std::slice::from_ref(&added)))
}
