//! The help of every command: an example, `-o json`, long help that says more than the summary; and the whole tree
//! as a snapshot, so that no word of it changes unseen.

use clap::Command;

/// Calls `visit` with every command of the tree and its full name.
fn walk(command: &Command, name: &str, visit: &mut impl FnMut(&Command, &str)) {
    visit(command, name);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        walk(inner, &format!("{name} {}", inner.get_name()), visit);
    }
}

fn built() -> Command {
    let mut command = offpeak::cli::command();
    command.build();
    command
}

#[test]
fn every_command_has_an_example_of_itself() {
    let mut commands = 0;
    walk(&built(), "offpeak", &mut |command, name| {
        commands += 1;
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.contains("Example"), "`{name}` has no example");
        let example = after.lines().find(|line| line.trim_start().starts_with("offpeak "));
        let example = example.unwrap_or_else(|| panic!("the example of `{name}` is no command line"));
        assert!(example.trim_start().starts_with(name), "`{name}` has the example `{example}`");
        assert!(command.get_about().is_some(), "`{name}` does not say what it does");
    });
    assert!(commands > 60, "the walk saw {commands} commands only");
}

/// The examples themselves must parse: help that is wrong is worse than none.
#[test]
fn every_example_is_a_valid_command_line() {
    walk(&built(), "offpeak", &mut |command, name| {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let joined = after.split("\\\n").map(str::trim).collect::<Vec<_>>().join(" ");
        let examples = joined.lines().map(str::trim).filter(|line| line.starts_with("offpeak "));
        for example in examples {
            let words = shell_words(example);
            let parsed = offpeak::cli::command().try_get_matches_from(&words);
            if let Err(error) = parsed {
                assert!(
                    matches!(
                        error.kind(),
                        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
                    ),
                    "the example of `{name}` does not parse: {example}\n{error}"
                );
            }
        }
    });
}

#[test]
fn every_command_takes_o_json() {
    walk(&built(), "offpeak", &mut |command, name| {
        let output = command.get_arguments().find(|argument| argument.get_short() == Some('o'));
        let output = output.unwrap_or_else(|| panic!("`{name}` has no -o"));
        let accepts = output.get_possible_values();
        let names: Vec<&str> = accepts.iter().map(|value| value.get_name()).collect();
        // Where `-o` names a file, `json` is standard output; the help says so.
        let says = output.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(names.contains(&"json") || says.contains("`json` is standard output"), "`{name}`: {says}");
    });
}

#[test]
fn the_first_page_lists_the_exit_codes() {
    let page = built().render_long_help().to_string();
    for code in ["0  done", "1  ", "2  ", "3  ", "4  ", "5  ", "70  "] {
        assert!(page.contains(code), "{code} is missing:\n{page}");
    }
}

#[test]
fn the_whole_help_is_as_it_was() {
    let mut tree = String::new();
    walk(&built(), "offpeak", &mut |command, name| {
        // Options of every command are shown once, on the first page.
        let hide = name != "offpeak";
        let command = command.clone().term_width(100).max_term_width(100).mut_args(|argument| {
            let heading = argument.get_help_heading() == Some("Options of every command");
            argument.hide(hide && heading)
        });
        let help = command.clone().render_long_help().to_string();
        tree.push_str(&format!("$ {name} --help\n"));
        for line in help.trim_end().lines() {
            tree.push_str(line.trim_end());
            tree.push('\n');
        }
        tree.push('\n');
    });
    insta::assert_snapshot!(tree);
}

/// Splits a line as a shell would: blanks, single and double quotes; redirections and pipes end it.
pub fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut started = false;
    for character in line.chars() {
        match quote {
            Some(end) if character == end => quote = None,
            Some(_) => word.push(character),
            None if character == '\'' || character == '"' => {
                quote = Some(character);
                started = true;
            }
            None if character == '|' || character == '>' => break,
            // A remark in a column of its own ends the example.
            None if character == ' ' => {
                if started {
                    words.push(std::mem::take(&mut word));
                    started = false;
                } else if !words.is_empty() && words.len() > 1 {
                    break;
                }
            }
            None => {
                word.push(character);
                started = true;
            }
        }
    }
    if started {
        words.push(word);
    }
    words
}

#[test]
fn the_manual_names_every_command_and_no_other() {
    let manual =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md")).expect("docs/cli.md");
    let rows: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("| `")).collect();
    let mut leaves = 0;
    walk(&built(), "offpeak", &mut |command, name| {
        if command.has_subcommands() {
            return;
        }
        leaves += 1;
        let named = |row: &&&str| {
            row.strip_prefix(name).is_some_and(|rest| rest.starts_with('`') || rest.starts_with(' '))
        };
        assert_eq!(rows.iter().filter(named).count(), 1, "`{name}` in docs/cli.md");
    });
    let described = rows.iter().filter(|row| row.starts_with("offpeak ")).count();
    assert_eq!(described, leaves, "docs/cli.md has a row of a command that is not there");
}
