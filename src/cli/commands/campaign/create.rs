//! `offpeak campaign create firmware|inspection`.

use chrono::{DateTime, Utc};

use crate::api::campaign::{CampaignView, NewCampaign};
use crate::api::preview::CampaignPreview;
use crate::api::wave::{NewGate, NewWave};
use crate::cli::context::{Context, shell_quoted};
use crate::cli::error::CliError;
use crate::cli::{render, values};
use crate::domain::campaign::Work;
use crate::domain::fleet::FirmwareVersion;

/// What kind of campaign.
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Example:\n  offpeak campaign create inspection winter-check --for 15m --deadline 2027-01-31"
)]
pub enum CreateCommand {
    Firmware(FirmwareArgs),
    Inspection(InspectionArgs),
}

/// Create a campaign that installs a firmware version
///
/// Terminals that already run it, or that it does not fit, are
/// skipped, and reported with the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    offpeak campaign create firmware fw-3.2.0 --artifact a920-3.2.0.zip --version 3.2.0 \\\n    \
    --models A920 --selector 'region in (\"north\", \"east\") and firmware < \"3.2.0\"' \\\n    \
    --for 20m --deadline 2026-12-20")]
pub struct FirmwareArgs {
    /// Unique name: letters, digits, `.`, `_`, `-`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Name of the artifact as the terminal-management system knows it
    #[arg(long, value_name = "NAME")]
    pub artifact: String,
    /// The version that it installs
    #[arg(long, value_name = "VERSION")]
    pub version: String,
    /// Models that it fits, separated by commas [default: every model]
    #[arg(long, value_name = "MODEL", value_delimiter = ',')]
    pub models: Vec<String>,
    /// Versions that it updates from, separated by commas [default: any]
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub from_versions: Vec<String>,
    /// The rest
    #[command(flatten)]
    pub terms: TermArgs,
}

/// Create a campaign that looks terminals over
///
/// It is done over the network, or by a visit.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    offpeak campaign create inspection winter-check --on-site --selector 'tag.outdoor = \"yes\"' \\\n    \
    --for 30m --deadline 2027-01-31 --priority 3")]
pub struct InspectionArgs {
    /// Unique name: letters, digits, `.`, `_`, `-`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Somebody comes to the site
    #[arg(long)]
    pub on_site: bool,
    /// The rest
    #[command(flatten)]
    pub terms: TermArgs,
}

/// What campaigns of every kind say.
#[derive(Debug, clap::Args)]
pub struct TermArgs {
    /// Which terminals: an expression over terminal, site and merchant fields, or `all`
    #[arg(long, value_name = "SELECTOR", default_value = "all", long_help = values::selector_help())]
    pub selector: String,
    /// How long a terminal is down: download that blocks, install, restart, margin
    #[arg(long = "for", value_name = "DURATION", value_parser = values::minutes)]
    pub duration_minutes: u32,
    /// Everything has ended by then; a date alone includes that day
    #[arg(long, value_name = "TIME", value_parser = values::end_instant)]
    pub deadline: DateTime<Utc>,
    /// Nothing starts before [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::instant)]
    pub release: Option<DateTime<Utc>>,
    /// From 1 (whenever) to 9 (before everything else) [default: 5]
    #[arg(long, value_name = "1-9", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub priority: Option<u8>,
    /// Least time between the announcement and the start [default: the setting notice_lead_minutes]
    #[arg(long = "notice-lead", value_name = "DURATION", value_parser = values::minutes)]
    pub notice_lead_minutes: Option<u32>,
    /// A wave: a share (`1%`), a count (`50`) or `rest`, which comes last; given once for each
    #[arg(long = "wave", value_name = "SIZE")]
    pub waves: Vec<String>,
    /// So long the next wave waits after the last outcome of one [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = values::minutes, requires = "waves")]
    pub soak: Option<u32>,
    /// What has to have gone well before the next wave opens: `success=95%`, `failures=3` (or `5%`), `sample=10`,
    /// separated by commas
    #[arg(long, value_name = "RULES", value_parser = gate, requires = "waves")]
    pub gate: Option<NewGate>,
    /// Say what it would be, and make nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Leave it a draft: nothing is planned until it is activated
    #[arg(long)]
    pub draft: bool,
}

impl CreateCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            CreateCommand::Firmware(args) => {
                let work = Work::Firmware {
                    artifact: args.artifact.clone(),
                    version: FirmwareVersion::new(&args.version),
                    models: args.models.clone(),
                    from_versions: args.from_versions.iter().map(|text| FirmwareVersion::new(text)).collect(),
                };
                create(&args.name, work, &args.terms, context)
            }
            CreateCommand::Inspection(args) => {
                create(&args.name, Work::Inspection { on_site: args.on_site }, &args.terms, context)
            }
        }
    }
}

fn create(name: &str, work: Work, terms: &TermArgs, context: &Context) -> Result<(), CliError> {
    let campaign = NewCampaign {
        name: name.to_owned(),
        work,
        selector: terms.selector.clone(),
        duration_minutes: terms.duration_minutes,
        priority: terms.priority,
        notice_lead_minutes: terms.notice_lead_minutes,
        release_at: terms.release,
        deadline_at: terms.deadline,
        draft: terms.draft,
        waves: terms
            .waves
            .iter()
            .map(|share| NewWave {
                share: share.clone(),
                soak_minutes: terms.soak,
                gate: terms.gate.clone().unwrap_or_default(),
            })
            .collect(),
    };
    if terms.dry_run {
        let preview: CampaignPreview = context.client()?.post("/campaigns/preview", &campaign)?;
        return context.output.show(&preview, |screen| render::campaign::preview(screen, &preview));
    }
    let created: CampaignView = context.client()?.post("/campaigns", &campaign)?;
    context.output.show(&created, |screen| render::campaign::one(screen, &created))?;
    let name = shell_quoted(name);
    context.output.hint(&if terms.draft {
        format!("Next: offpeak campaign targets {name}, then offpeak campaign activate {name}")
    } else {
        format!("Next: offpeak campaign targets {name}, then offpeak plan create")
    });
    Ok(())
}

/// `success=95%,failures=3,sample=10`.
pub(super) fn gate(text: &str) -> Result<NewGate, String> {
    let mut gate = NewGate::default();
    let number = |name: &str, value: &str| {
        value.parse::<u32>().map_err(|_| format!("`{value}` is not a number for `{name}`"))
    };
    for rule in text.split(',') {
        match rule.trim().split_once('=') {
            Some(("success", value)) => {
                gate.success_percent_min = Some(number("success", value.trim_end_matches('%'))?);
            }
            Some(("failures", value)) => gate.failures_max = Some(value.to_owned()),
            Some(("sample", value)) => gate.sample_min = Some(number("sample", value)?),
            _ => {
                return Err(format!(
                    "`{rule}` is not a rule of a gate; use `success=95%`, `failures=3` or `sample=10`"
                ));
            }
        }
    }
    Ok(gate)
}
