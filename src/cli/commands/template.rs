//! The templates of mails: an operator's own words.

use std::path::PathBuf;

use crate::api::notice::Message;
use crate::api::template::TemplateQuery;
use crate::cli::context::Context;
use crate::cli::error::{CliError, ErrorKind};
use crate::cli::output::plural;
use crate::cli::{local, render};
use crate::clock::Clock;
use crate::domain::fleet::Locale;
use crate::domain::notice::NoticeKind;
use crate::service::template;

/// What `offpeak template` can do.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:\n  offpeak template export words\n  offpeak template check words")]
pub enum TemplateCommand {
    Check(CheckArgs),
    Preview(PreviewArgs),
    Export(ExportArgs),
}

impl TemplateCommand {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            TemplateCommand::Check(args) => check(args, context),
            TemplateCommand::Preview(args) => preview(args, context),
            TemplateCommand::Export(args) => export(args, context),
        }
    }
}

/// Check the templates in a folder, on this machine
///
/// Reads every template and puts every notice into words with it, in every language. Says file and line of what is wrong,
/// with the name that nothing defines. `offpeak serve` does the same when it starts, and does not start with a template
/// that is wrong. Ends with 1 if there is something.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak template check words")]
pub struct CheckArgs {
    /// The folder [default: the setting templates_dir]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

fn check(args: &CheckArgs, context: &Context) -> Result<(), CliError> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => {
            match local::settings(&context.globals)?.templates_dir {
                Some(folder) => PathBuf::from(folder),
                None => {
                    return Err(CliError::usage("the setting templates_dir is not set, so the built-in templates hold")
                    .hint("Name a folder: offpeak template check DIR. To begin one: offpeak template export DIR"));
                }
            }
        }
    };
    let faults = template::check(&folder);
    context.output.show(&faults, |screen| {
        for fault in &faults {
            let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
            screen.line(format!("{}{line}: {}", fault.file, fault.what));
        }
        if faults.is_empty() {
            screen.line(format!("Every notice can be put into words with {}.", folder.display()));
        }
    })?;
    if faults.is_empty() {
        return Ok(());
    }
    Err(CliError::new(
        ErrorKind::Refused,
        format!("{} in {}", plural(faults.len(), "fault"), folder.display()),
    ))
}

/// Show a notice with made-up facts
///
/// In the words that hold where the command is answered; with --dir in those of a folder on this machine, checked first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offpeak template preview moved --locale zh-CN\n  \
                        offpeak template preview announcement --dir words --eml mail.eml")]
pub struct PreviewArgs {
    /// The kind: announcement, reminder, moved, cancelled, started, completed, missed, failed, locked or unlocked
    #[arg(value_name = "KIND")]
    pub kind: NoticeKind,
    /// Language: en or zh-CN
    #[arg(long, value_name = "LOCALE", default_value = "en")]
    pub locale: Locale,
    /// The templates in this folder
    #[arg(long = "dir", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Print the HTML part
    #[arg(long, conflicts_with = "eml")]
    pub html: bool,
    /// Write the whole message into this file, to open it with a mail program
    #[arg(long, value_name = "FILE")]
    pub eml: Option<PathBuf>,
}

fn preview(args: &PreviewArgs, context: &Context) -> Result<(), CliError> {
    let (message, bytes) = match &args.folder {
        Some(folder) => {
            let settings = local::settings(&context.globals)?;
            let now = settings.clock.map_or_else(Clock::system, Clock::standing_at).now();
            template::preview_folder(&settings, now, folder, args.kind, args.locale)
                .map_err(|error| CliError::new(ErrorKind::Refused, error.to_string()))?
        }
        None => {
            let path = format!("/notice-templates/{}", args.kind);
            let query = TemplateQuery { locale: Some(args.locale.to_string()) };
            let message: Message = context.client()?.get_with(&path, &query)?;
            (message, context.client()?.download(&format!("{path}/raw"), &query)?)
        }
    };
    if let Some(file) = &args.eml {
        std::fs::write(file, &bytes).map_err(|error| {
            CliError::new(ErrorKind::Unavailable, format!("{} cannot be written: {error}", file.display()))
        })?;
        let said = format!("{} is written.", file.display());
        return context.output.show(&serde_json::json!({"file": file}), |screen| screen.line(said));
    }
    context.output.show(&message, |screen| {
        if args.html { screen.line(&message.html) } else { render::notice::mail(screen, &message, None) }
    })
}

/// Write the built-in templates into a folder, to change them
///
/// Keep only the files that you change: the others stay the built-in ones, and get the words of later releases.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  offpeak template export words\n  offpeak template export words --only en/announcement"
)]
pub struct ExportArgs {
    /// The folder; it is made if it is not there
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Only those whose names begin so
    #[arg(long, value_name = "NAME", default_value = "")]
    pub only: String,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
}

fn export(args: &ExportArgs, context: &Context) -> Result<(), CliError> {
    let files = template::export(&args.folder, &args.only, args.force).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            CliError::new(ErrorKind::Conflict, format!("{error} is there already; nothing was written"))
                .hint("Another folder, or --force to overwrite what is there")
        } else {
            CliError::new(ErrorKind::Unavailable, format!("{}: {error}", args.folder.display()))
        }
    })?;
    if files.is_empty() {
        return Err(CliError::new(
            ErrorKind::NotFound,
            format!("no template's name begins with `{}`", args.only),
        )
        .hint("Names are like en/announcement/body.html; without --only all are written"));
    }
    context.output.show(&files, |screen| {
        for file in &files {
            screen.line(args.folder.join(file).display().to_string());
        }
    })
}
