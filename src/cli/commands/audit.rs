//! The audit trail.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::api::AuditView;
use crate::api::audit::{AuditQuery, AuditVerdict};
use crate::cli::context::{Context, Paging};
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::{Screen, Table};
use crate::cli::render::{self, instant, optional};

/// What `offpeak audit` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak audit list\n  offpeak audit verify")]
pub enum AuditCommand {
    List(ListArgs),
    Verify(VerifyArgs),
    Export(ExportArgs),
}

impl AuditCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            AuditCommand::List(args) => list(args, context),
            AuditCommand::Verify(args) => verify(args, context),
            AuditCommand::Export(args) => export(args, context),
        }
    }
}

/// Which entries.
#[derive(Debug, clap::Args)]
pub struct Filter {
    /// Only by this actor, as the trail shows it
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only this action, as `appointment.move`, or all of a kind, as `appointment`
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Only about this, as `appointment 17`
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Only where action, subject, actor or reason contains this
    #[arg(long, value_name = "TEXT")]
    pub matching: Option<String>,
    /// Only from then on, in RFC 3339
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<DateTime<Utc>>,
    /// Only before then, in RFC 3339
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    fn query(&self) -> AuditQuery {
        AuditQuery {
            actor: self.actor.clone(),
            action: self.action.clone(),
            subject: self.subject.clone(),
            q: self.matching.clone(),
            from: self.from,
            to: self.to,
            limit: None,
            after: None,
        }
    }
}

/// List what was done, the latest first
///
/// Lists who did what, when, from where and why; `-o json` also has what stood there before and after.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak audit list --limit 20\n  offpeak audit list --action appointment --actor alice"
)]
pub struct ListArgs {
    /// Which entries
    #[command(flatten)]
    pub filter: Filter,
    /// Which rows
    #[command(flatten)]
    pub paging: Paging,
}

fn list(args: &ListArgs, context: &Context) -> Result<(), CliError> {
    let empty = "Nothing was done yet that is like this.";
    context.show_list::<AuditView>("/audit", &args.filter.query(), &args.paging, empty, draw)
}

fn draw(screen: &mut Screen, entries: &[AuditView]) {
    let mut table = Table::new(["id", "at", "who", "from", "what", "to", "why"]);
    for entry in entries {
        table.row([
            entry.id.to_string(),
            instant(entry.at),
            entry.actor.clone(),
            optional(entry.origin.as_ref()),
            entry.action.clone(),
            entry.subject.clone(),
            optional(entry.reason.as_ref()),
        ]);
    }
    screen.table(table);
}

/// Read the whole trail and say what was changed, removed or put in between
///
/// Every entry carries a digest of itself and of the one before it. Ends with 1 if anything is found. It names the
/// last entry: keep that elsewhere and give it to the next verification, which then also finds a trail that somebody
/// has written anew from its beginning.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak audit verify")]
pub struct VerifyArgs {
    /// An entry that an earlier verification named as the last one
    #[arg(long, value_name = "POSITION:HASH")]
    pub head: Option<String>,
}

fn verify(args: &VerifyArgs, context: &Context) -> Result<(), CliError> {
    let query = args.head.as_ref().map(|head| vec![("head", head)]).unwrap_or_default();
    let verdict: AuditVerdict = context.client()?.get_with("/audit/verify", &query)?;
    context.output.show(&verdict, |screen| render::access::verdict(screen, &verdict))?;
    if verdict.whole {
        return Ok(());
    }
    Err(CliError::new(ErrorKind::Refused, "the audit trail is not whole")
        .hint("Somebody who can write the database has been at it; compare with a backup."))
}

/// Write the trail to a file, the earliest entry first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak audit export --out audit.jsonl\n  \
                        offpeak audit export --format csv --from 2026-11-01T00:00:00Z > november.csv")]
pub struct ExportArgs {
    /// `jsonl` or `csv`
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl", "csv"])]
    pub format: String,
    /// Which entries
    #[command(flatten)]
    pub filter: Filter,
    /// Write to this file; without it, to standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn export(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    #[derive(serde::Serialize)]
    struct Query<'a> {
        format: &'a str,
        #[serde(flatten)]
        filter: AuditQuery,
    }
    let query = Query { format: &args.format, filter: args.filter.query() };
    let bytes = context.client()?.download("/audit/export", &query)?;
    let Some(path) = &args.out else { return context.output.bytes(&bytes) };
    std::fs::write(path, &bytes).map_err(|error| CliError::file("write", path, &error))?;
    let written = serde_json::json!({ "file": path, "bytes": bytes.len() });
    context.output.show(&written, |screen| screen.line(format!("wrote {}", path.display())))
}
