//! The manual of the settings, made from their list.

use serde::Serialize;

use super::settings::{Kind, SETTINGS, Setting};

/// A setting as the manual shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// In the file.
    pub name: &'static str,
    /// In the environment.
    pub environment: String,
    /// What it may be, in words.
    pub value: String,
    /// What it is if nobody says.
    pub default: Option<&'static str>,
    /// Whether it is never shown.
    pub secret: bool,
    /// What it means.
    pub meaning: String,
}

impl Setting {
    /// Its name in the environment.
    pub fn environment(&self) -> String {
        format!("OFFPEAK_{}", self.name.to_ascii_uppercase())
    }

    /// What it may be, in words, with its unit.
    pub fn allowed(&self) -> String {
        let unit = match self.name.rsplit('_').next() {
            Some("minutes") => " minutes",
            Some("seconds") => " seconds",
            _ => "",
        };
        match self.kind {
            Kind::Text => "text".to_owned(),
            Kind::Number(least, most) => format!("{least} to {most}{unit}"),
            Kind::OneNumberOf(numbers) => format!("{}{unit}", one_of(numbers)),
            Kind::Switch => "`true` or `false`".to_owned(),
            Kind::Word(words) => one_of(&words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>()),
            Kind::MailAddress => "a mail address".to_owned(),
            Kind::WebAddress => "a web address".to_owned(),
            Kind::File => "a file".to_owned(),
            Kind::Folder => "a folder".to_owned(),
            Kind::Domain => "a domain".to_owned(),
            Kind::Url => "a URL".to_owned(),
            Kind::Urls => "a URL, or several with blanks between them".to_owned(),
            Kind::PostgresUrl => "a URL that begins with `postgres://`".to_owned(),
            Kind::Zone => "an IANA time zone".to_owned(),
            Kind::Hours => "hours, as `21:00-08:00`, or `none`".to_owned(),
            Kind::Leads => "minutes, several with commas between them, or `none`".to_owned(),
            Kind::Address => "an address and a port".to_owned(),
            Kind::Instant => "an instant, in RFC 3339".to_owned(),
            Kind::Secret(least) => format!("a secret of at least {least} characters"),
        }
    }

    /// The value in the file, as TOML spells it.
    pub fn in_toml(&self, value: &str) -> String {
        match self.kind {
            Kind::Number(..) | Kind::OneNumberOf(_) | Kind::Switch => value.to_owned(),
            _ => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

fn one_of<T: ToString>(things: &[T]) -> String {
    let texts: Vec<String> = things.iter().map(ToString::to_string).collect();
    match texts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => texts.concat(),
    }
}

/// Every setting, in the order of the manual.
pub fn entries() -> Vec<Entry> {
    SETTINGS
        .iter()
        .map(|setting| Entry {
            name: setting.name,
            environment: setting.environment(),
            value: setting.allowed(),
            default: setting.default,
            secret: matches!(setting.kind, Kind::Secret(_)),
            meaning: setting.meaning.split_whitespace().collect::<Vec<_>>().join(" "),
        })
        .collect()
}

/// The manual's page, in Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for (entry, setting) in entries().iter().zip(SETTINGS) {
        let default = match entry.default {
            Some(default) => format!("default `{}`", setting.in_toml(default)),
            None => "left out unless set".to_owned(),
        };
        page += &format!(
            "\n### `{}`\n{}\n\n{}; {default}. In the environment `{}`.\n",
            entry.name, entry.meaning, entry.value, entry.environment
        );
    }
    page
}

/// A file with every setting at its default.
pub fn example() -> String {
    let mut file = EXAMPLE_HEAD.to_owned();
    for (entry, setting) in entries().iter().zip(SETTINGS) {
        let line = match setting.default {
            Some(default) => format!("#{} = {}", entry.name, setting.in_toml(default)),
            None => format!("# {} is left out unless set", entry.name),
        };
        file += &format!("\n# {} ({})\n{line}\n", entry.meaning, entry.value);
    }
    file
}

const EXAMPLE_HEAD: &str = "# Settings of Offpeak. What stands here in comments is the default.
# `offpeak config show` says what holds and where it comes from, `offpeak doctor` whether it is well.
";

const HEAD: &str = r#"# Settings

This page is made from the program (`offpeak config reference`); a test compares them.

In this order, the later winning: the defaults, the file `offpeak.toml` in the working directory or the one that
`--config` names, the environment, flags. `offpeak config show` says what holds and where it comes from. A setting that
is unknown or impossible stops the start, with the remedy; a name in the environment that begins with `OFFPEAK_` and is
none of these is told by `offpeak doctor`. Three more names there are not settings: `OFFPEAK_SERVER` and `OFFPEAK_TOKEN`
(the server that commands talk to), and `OFFPEAK_LOG` (how much is logged: `info`, `debug`, `offpeak::worker=debug,warn`).

```toml
database_url = "postgres://offpeak@db.example/offpeak?sslmode=verify-full"
mail_url = "smtp+starttls://offpeak:p%40ss@relay.example"
mail_from = "maintenance@acquirer.example"
mail_domain = "acquirer.example"
notice_lead_minutes = 4320
quiet_hours = "21:00-08:00"
listen = "0.0.0.0:8080"
api_token = "a long random word"
```

Secrets are better in the environment of the service than in a file that many can read.

## All of them
"#;
