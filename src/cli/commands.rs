//! One file a command: its arguments, its help with an example, its function. A noun with several verbs is a
//! folder.

pub mod appointment;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod blackout;
pub mod budget;
pub mod campaign;
pub mod completions;
pub mod config;
pub mod database;
pub mod demo;
pub mod doctor;
pub mod fleet;
pub mod lock;
pub mod mail;
pub mod maintain;
pub mod merchant;
pub mod migrate;
pub mod notice;
pub mod plan;
pub mod problem;
pub mod programme;
pub mod restore;
pub mod serve;
mod set;
pub mod site;
pub mod solve;
pub mod template;
pub mod terminal;
pub mod token;
pub mod tonight;
pub mod user;
pub mod verify;
pub mod webhook;
pub mod window;
pub mod worker;

use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Every command.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    /// Import, generate, export and count the fleet
    #[command(subcommand)]
    Fleet(fleet::FleetCommand),
    /// Look at merchants: the firms whom we mail
    #[command(subcommand)]
    Merchant(merchant::MerchantCommand),
    /// Look at sites: the outlets of merchants
    #[command(subcommand)]
    Site(site::SiteCommand),
    /// Look at terminals, and at all that happened to one
    #[command(subcommand)]
    Terminal(terminal::TerminalCommand),
    /// Say when sites may be touched: maintenance windows
    #[command(subcommand)]
    Window(window::WindowCommand),
    /// Say when they may not: holidays, sales days
    #[command(subcommand)]
    Blackout(blackout::BlackoutCommand),
    /// Say how many terminals of a group may be down at once
    #[command(subcommand)]
    Budget(budget::BudgetCommand),
    /// Raise work for a selection of terminals: firmware, an inspection
    #[command(subcommand)]
    Campaign(campaign::CampaignCommand),
    /// Raise inspections again and again
    #[command(subcommand)]
    Programme(programme::ProgrammeCommand),
    /// Plan, look at plans, publish them
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    Maintain(maintain::MaintainArgs),
    Tonight(tonight::TonightArgs),
    /// Look at appointments, move and cancel them, report their outcome
    #[command(subcommand)]
    Appointment(appointment::AppointmentCommand),
    /// Read the mails to merchants
    #[command(subcommand)]
    Notice(notice::NoticeCommand),
    /// Write mails in words of your own: check, preview and export templates
    #[command(subcommand)]
    Template(template::TemplateCommand),
    /// Take in what comes back by mail, and see what waits for somebody
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Follow terminals that cannot take payments
    #[command(subcommand)]
    Lock(lock::LockCommand),
    /// Read who did what, when and why; see whether the trail is whole
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Have other systems told what happens
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Answer what needs a second person
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// Say who may sign in, and what he may do
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make tokens for programs, and end them
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Run a background loop once, by hand
    #[command(subcommand)]
    Worker(worker::WorkerCommand),
    /// See the settings, and what there is to set
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Doctor(doctor::DoctorArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    /// Copy a whole database into another one
    #[command(subcommand)]
    Database(database::DatabaseCommand),
    /// Look at the database's schema, bring it up to date, take versions back
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Write the planner's problem to a file, or make one up
    #[command(subcommand)]
    Problem(problem::ProblemCommand),
    Solve(solve::SolveArgs),
    Verify(verify::VerifyArgs),
    Completions(completions::CompletionsArgs),
}

impl Command {
    /// Runs it.
    pub fn run(&self, context: &Context) -> Result<(), CliError> {
        match self {
            Command::Demo(args) => demo::run(args, context),
            Command::Serve(args) => serve::run(args, context),
            Command::Fleet(command) => command.run(context),
            Command::Merchant(command) => command.run(context),
            Command::Site(command) => command.run(context),
            Command::Terminal(command) => command.run(context),
            Command::Window(command) => command.run(context),
            Command::Blackout(command) => command.run(context),
            Command::Budget(command) => command.run(context),
            Command::Campaign(command) => command.run(context),
            Command::Programme(command) => command.run(context),
            Command::Plan(command) => command.run(context),
            Command::Maintain(args) => maintain::run(args, context),
            Command::Tonight(args) => tonight::run(args, context),
            Command::Appointment(command) => command.run(context),
            Command::Notice(command) => command.run(context),
            Command::Template(command) => command.run(context),
            Command::Mail(command) => command.run(context),
            Command::Lock(command) => command.run(context),
            Command::Audit(command) => command.run(context),
            Command::Webhook(command) => command.run(context),
            Command::Approval(command) => command.run(context),
            Command::User(command) => command.run(context),
            Command::Token(command) => command.run(context),
            Command::Worker(command) => command.run(context),
            Command::Config(command) => command.run(context),
            Command::Doctor(args) => doctor::run(args, context),
            Command::Backup(args) => backup::run(args, context),
            Command::Restore(args) => restore::run(args, context),
            Command::Database(command) => command.run(context),
            Command::Migrate(command) => command.run(context),
            Command::Problem(command) => command.run(context),
            Command::Solve(args) => solve::run(args, context),
            Command::Verify(args) => verify::run(args, context),
            Command::Completions(args) => completions::run(args, context),
        }
    }
}
