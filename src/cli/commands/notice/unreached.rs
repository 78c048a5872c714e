//! `offpeak notice unreached`, and the ways out: `told`, `override`, `retry`.

use serde_json::json;

use crate::api::notice::{NoticeView, RetryResult, Unreached, UnreachedReason};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::render;

/// List visits to come of which the merchant has not been told
///
/// Their appointments will not open as things stand: the announcement was refused, or is late, or there is no address.
/// The ways out: another address (`offpeak merchant address`), another attempt (`offpeak notice retry`), a call
/// (`offpeak notice told`), another time (`offpeak appointment move`), or to go on all the same (`offpeak notice
/// override`).
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice unreached")]
pub struct UnreachedArgs {}

/// Runs it.
pub(super) fn run(_: &UnreachedArgs, context: &Context) -> Result<(), CliError> {
    let empty = "Every merchant has been told in time of what is to come.";
    context.show_all::<Unreached>("/unreached", empty, render::notice::unreached)
}

/// Record that a merchant was told of a visit by telephone
///
/// That counts as an announcement from now on: the notice lead has to lie between now and the start.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice told 17 --who 'Ms Wang' --words 'she will be there'")]
pub struct ToldArgs {
    /// The visit's number
    pub visit: i64,
    /// Who was told, by name
    #[arg(long, value_name = "NAME")]
    pub who: String,
    /// What was said
    #[arg(long, value_name = "TEXT")]
    pub words: Option<String>,
}

/// Runs it.
pub(super) fn told(args: &ToldArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/visits/{}/told", args.visit);
    let client = context.client()?;
    client.post::<()>(&path, &json!({"who": args.who, "words": args.words}))?;
    let late = |row: &Unreached| row.visit == args.visit && row.reason == UnreachedReason::ToldTooLate;
    let is_late = client.get::<Vec<Unreached>>("/unreached").unwrap_or_default().iter().any(late);
    context.output.show(&json!({"visit": args.visit, "too_late": is_late}), |screen| {
        screen.line("The visit counts as announced.");
        if is_late {
            screen.line(format!(
                "That is too late for its notice lead: it will not open unless `offpeak notice override {}` lets it.",
                args.visit
            ));
        }
    })
}

/// Let a visit go on though its merchant has not been told in time
///
/// Its appointments open without an announcement. The reason goes onto the audit trail under your name.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice override 17 --reason 'the shop is closed for good'")]
pub struct OverrideArgs {
    /// The visit's number
    pub visit: i64,
    /// Why the merchant need not know in time
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Runs it.
pub(super) fn go_on(args: &OverrideArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/visits/{}/override", args.visit);
    context.client()?.post::<()>(&path, &json!({"reason": args.reason}))?;
    let said = "The visit goes on without an announcement.";
    context.output.show(&json!({"visit": args.visit}), |screen| screen.line(said))
}

/// Try a notice again that was refused for good, or at once one that was put off
///
/// It goes out with the same bytes under the same Message-ID, if it is still of use. With --domain all of them that go to
/// a domain, once its mail server takes mail from us again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak notice retry 41\n  \
                        offpeak notice retry --domain shop.example --reason 'they have unblocked us'")]
pub struct RetryArgs {
    /// The notice's number
    #[arg(required_unless_present = "domain")]
    pub id: Option<i64>,
    /// Every notice to this domain that failed or was put off
    #[arg(long, value_name = "DOMAIN", conflicts_with = "id")]
    pub domain: Option<String>,
    /// Why; it goes onto the audit trail
    #[arg(long, value_name = "TEXT", requires = "domain")]
    pub reason: Option<String>,
}

/// Runs it.
pub(super) fn retry(args: &RetryArgs, context: &Context) -> Result<(), CliError> {
    let Some(id) = args.id else {
        let body = json!({"domain": args.domain, "reason": args.reason});
        let result: RetryResult = context.client()?.post("/notices/retry", &body)?;
        let said = format!("{} notices are due again.", result.notices);
        return context.output.show(&result, |screen| screen.line(said));
    };
    let view: NoticeView = context.client()?.post(&format!("/notices/{id}/retry"), &json!({}))?;
    context.output.show(&view, |screen| render::notice::list(screen, std::slice::from_ref(&view)))
}
