//! Merchants: the firms whom we mail.

mod set;

use crate::api::PageQuery;
use crate::api::fleet::MerchantView;
use crate::api::merchant::{AnswerQuery, AnswerView, LinkKeyView};
use crate::api::notice::{AsciiAddress, Reminders};
use crate::cli::client::path_segment;
use crate::cli::context::{Context, Paging};
use crate::cli::error::CliError;
use crate::cli::render;

/// What `offpeak merchant` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak merchant list")]
pub enum MerchantCommand {
    List(ListArgs),
    Answers(AnswersArgs),
    Set(set::SetArgs),
    Address(AddressArgs),
    AsciiAddress(AsciiAddressArgs),
    Reminders(RemindersArgs),
    ChangeLinkKey(ChangeLinkKeyArgs),
}

impl MerchantCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            MerchantCommand::List(args) => list(args, context),
            MerchantCommand::Answers(args) => answers(args, context),
            MerchantCommand::Set(args) => set::run(args, context),
            MerchantCommand::Address(args) => address(args, context),
            MerchantCommand::AsciiAddress(args) => ascii_address(args, context),
            MerchantCommand::Reminders(args) => reminders(args, context),
            MerchantCommand::ChangeLinkKey(args) => change_link_key(args, context),
        }
    }
}

/// List merchants
///
/// Lists them in the order of their keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak merchant list --search coffee")]
pub struct ListArgs {
    /// Only those whose key or name contains this
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let query = PageQuery { q: args.search.clone(), ..PageQuery::default() };
    let empty =
        "No merchant here. Import a fleet: offpeak fleet import merchants.csv sites.csv terminals.csv";
    context.show_list::<MerchantView>("/merchants", &query, &args.paging, empty, render::fleet::merchants)
}

/// List what merchants have answered
///
/// Through the links in their mail, or from their calendar; those first who want another time and found none.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak merchant answers --answer confirmed")]
pub struct AnswersArgs {
    /// Which answers: wants_another_time or confirmed
    #[arg(long, value_name = "ANSWER", default_value = "wants_another_time")]
    pub answer: String,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn answers(args: &AnswersArgs, context: &Context) -> Result<(), CliError> {
    let query = AnswerQuery { answer: Some(args.answer.clone()), ..AnswerQuery::default() };
    let empty = "No merchant has answered so. Mails carry links to answer by if public_url is set.";
    context.show_list::<AnswerView>("/answers", &query, &args.paging, empty, render::fleet::answers)
}

/// Give a merchant another mail address
///
/// What is to come and has not been announced is announced there. The next import of the fleet should say the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak merchant address M1 owner@shop.example --reason 'by telephone'")]
pub struct AddressArgs {
    /// Merchant number
    pub number: String,
    /// The address
    pub email: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn address(args: &AddressArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/merchants/{}/address", path_segment(&args.number));
    let body = serde_json::json!({"email": args.email, "reason": args.reason});
    context.client()?.post::<()>(&path, &body)?;
    context.output.show(&body, |screen| screen.line("Mail goes to the new address."))
}

/// Show, or change, a merchant's second address, in ASCII
///
/// Mail goes there when a server takes no address beyond ASCII (no SMTPUTF8). Without an option it shows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak merchant ascii-address M1 --set shop@shop.example\n  \
                        offpeak merchant ascii-address M1 --none")]
pub struct AsciiAddressArgs {
    /// Merchant number
    pub number: String,
    /// The address
    #[arg(long, value_name = "ADDRESS")]
    pub set: Option<String>,
    /// It has no second address
    #[arg(long, conflicts_with = "set")]
    pub none: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn ascii_address(args: &AsciiAddressArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/merchants/{}/ascii-address", path_segment(&args.number));
    let second: AsciiAddress = if args.none || args.set.is_some() {
        let body = serde_json::json!({"address": args.set, "reason": args.reason});
        context.client()?.post(&path, &body)?
    } else {
        context.client()?.get(&path)?
    };
    context.output.show(&second, |screen| {
        screen.line(match &second.address {
            Some(address) => format!("Where an address beyond ASCII is not taken, mail goes to {address}."),
            None => "No second address.".to_owned(),
        });
    })
}

/// Show, or change, how long before a visit a merchant is reminded
///
/// Without an option it shows. What is queued of visits to come is queued anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak merchant reminders M1 --minutes 2880,60\n  \
                        offpeak merchant reminders M1 --default")]
pub struct RemindersArgs {
    /// Merchant number
    pub number: String,
    /// Minutes before the start, with commas between them, or none
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<String>,
    /// As the settings say
    #[arg(long, conflicts_with = "minutes")]
    pub default: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

fn reminders(args: &RemindersArgs, context: &Context) -> Result<(), CliError> {
    let path = format!("/merchants/{}/reminders", path_segment(&args.number));
    let reminders: Reminders = if args.default || args.minutes.is_some() {
        let body = serde_json::json!({"before": args.minutes, "reason": args.reason});
        context.client()?.post(&path, &body)?
    } else {
        context.client()?.get(&path)?
    };
    context.output.show(&reminders, |screen| {
        let whose = if reminders.is_own { "the merchant's own" } else { "as the settings say" };
        screen.line(match reminders.before.as_str() {
            "none" => format!("No reminder ({whose})."),
            before => format!("Reminders {before} minutes before the start ({whose})."),
        });
        if reminders.declined {
            screen.line("The merchant does without optional mail, so none is sent.");
        }
    })
}

/// Sign merchants' links with a new key
///
/// Links under the two keys before stay good; older ones open nothing any more. Do it when somebody may know the key.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak merchant change-link-key")]
pub struct ChangeLinkKeyArgs {}

fn change_link_key(_: &ChangeLinkKeyArgs, context: &Context) -> Result<(), CliError> {
    let key: LinkKeyView = context.client()?.post("/link-keys", &serde_json::json!({}))?;
    context.output.show(&key, |screen| screen.line(format!("Links are signed with key {} now.", key.number)))
}
