//! `offpeak lock set`.

use crate::api::lock::{LockChange, LockView};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;
use crate::domain::lock::LockState;

/// Say how far a lock is
///
/// Says how far a lock is: informed, in_repair, fixed, confirmed (the merchant says it takes payments), or
/// withdrawn.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak lock set 4 fixed --reason 'new reader fitted'")]
pub struct SetArgs {
    /// The lock
    #[arg(value_name = "ID")]
    pub id: i64,
    /// The next state: informed, in_repair, fixed, confirmed or withdrawn
    #[arg(value_name = "STATE")]
    pub state: LockState,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &SetArgs, context: &Context) -> Result<(), CliError> {
    let change = LockChange { state: args.state, reason: args.reason.clone() };
    let lock: LockView = context.client()?.post(&format!("/locks/{}/state", args.id), &change)?;
    context.output.show(&lock, |screen| render::fleet::locks(screen, std::slice::from_ref(&lock)))
}
