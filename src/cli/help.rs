//! The whole clap tree, with its first page: commands in the order of the work, and the exit codes.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::error::ErrorKind;

/// The first page's groups: the way of the data, then the tools.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["demo", "serve"]),
    ("Fleet", &["fleet", "merchant", "site", "terminal"]),
    ("Rules", &["window", "blackout", "budget"]),
    ("Work", &["campaign", "programme", "plan", "maintain"]),
    ("Life", &["tonight", "appointment", "notice", "template", "mail", "lock", "audit", "worker"]),
    ("Access", &["user", "token", "approval", "webhook"]),
    ("Operation", &["config", "doctor", "migrate", "backup", "restore", "database"]),
    ("Files", &["problem", "solve", "verify", "completions"]),
];

/// The command line as clap knows it.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let page = first_page(&command);
    command.help_template(page).after_help(format!(
        "Examples:\n  offpeak demo                           the whole main job, step by step\n  \
         offpeak plan create --help             every command has help with an example\n  \
         offpeak plan list -o json | jq .       and prints the API's JSON\n\n{}",
        exit_codes()
    ))
}

/// The exit codes, a line each.
pub(crate) fn exit_codes() -> String {
    let mut text = "Exit codes:\n   0  done".to_owned();
    for kind in ErrorKind::ALL {
        text.push_str(&format!("\n  {:>2}  {}", kind.exit_code(), kind.meaning()));
    }
    text
}

fn first_page(command: &clap::Command) -> String {
    let mut page = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (group, names) in GROUPS {
        page.push_str(&format!("\n{group}:\n"));
        for name in *names {
            if let Some(found) = command.find_subcommand(name) {
                let about = found.get_about().map(ToString::to_string).unwrap_or_default();
                page.push_str(&format!("  {name:<12} {about}\n"));
            }
        }
    }
    page.push_str("\nOptions of every command:\n{options}{after-help}");
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_first_page_names_every_command_once() {
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let unique: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(listed.len(), unique.len(), "a command is listed twice");
        let command = Cli::command();
        let known: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(unique, known);
    }
}
