//! Settings: defaults, then the configuration file, then the environment (`OFFPEAK_…`), then flags; validated
//! as a whole before anything starts.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::domain::notice::QuietHours;

/// Everything that can be set. The file `offpeak.toml` uses these names; in the environment they are in upper
/// case behind `OFFPEAK_` (`OFFPEAK_DATABASE_URL`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `sqlite:PATH` (relative to the configuration file) or `postgres://…`.
    pub database_url: String,
    /// Connections to the database that this process holds at most: 2 to 200.
    pub database_connections_max: u32,
    /// What stands between this process and PostgreSQL: `none`, or `transaction` for a pooler (PgBouncer) that lends
    /// its connections for a transaction each.
    pub database_pooler: Pooler,
    /// Whether whoever opens the database brings its schema up to date first; if not, `offpeak migrate up` does.
    pub migrate_at_start: bool,
    /// Where mail goes: `folder:PATH` (one .eml file a mail) or `smtp://`, `smtp+starttls://`, `smtps://` with
    /// host, port and credentials.
    pub mail_url: String,
    /// Sender of notices and organizer of their calendar files.
    pub mail_from: String,
    /// Name shown with the sender.
    pub mail_from_name: String,
    /// Domain of Message-IDs, calendar UIDs and bounce addresses.
    pub mail_domain: String,
    /// Help desk that merchants call.
    pub support_name: String,
    /// Its telephone number.
    pub support_phone: String,
    /// Its mail address.
    pub support_email: String,
    /// How long an unlock usually takes, in minutes: said in every notice.
    pub usual_unlock_minutes: u32,
    /// Least time between the acceptance of an announcement and the start, in minutes, where a campaign says nothing else.
    pub notice_lead_minutes: u32,
    /// Time allowed for an announcement to be accepted after publishing, in minutes: planned starts keep this much more than the lead.
    pub announce_allowance_minutes: u32,
    /// Reminders leave so long before the start, in minutes.
    pub reminder_lead_minutes: u32,
    /// Announcements leave so long before the start, in minutes, or as early as the notice lead asks for.
    pub announce_ahead_minutes: u32,
    /// Hours in which merchants are left in peace, in their own time, as `21:00-08:00`, or `none`. Urgent mail, and
    /// what would come too late in the morning, does not wait.
    pub quiet_hours: QuietHours,
    /// Whether merchants are told that work on their terminals has begun.
    pub started_notices: bool,
    /// Whether merchants are told that the work is done.
    pub completed_notices: bool,
    /// How long after an appointment's end its outcome may come before it counts as missed, in minutes.
    pub outcome_grace_minutes: u32,
    /// Length of a planning slot in minutes: 5, 6, 10, 12, 15, 20, 30 or 60.
    pub slot_minutes: u32,
    /// Zone in which budgets' hours of day are read.
    pub fleet_time_zone: Tz,
    /// Searches for a plan that may run at once, over all processes on the database: 1 to 16.
    pub searches_at_once: u32,
    /// A search that has not said for so long that it lives is taken for dead, in seconds. It says so every two.
    pub search_silence_seconds: u32,
    /// How long a replica leads without renewing, in seconds: so long nobody raises and watches when it dies.
    pub lease_seconds: u32,
    /// How long a worker may take for the mails that it has claimed, in seconds; then others send them.
    pub claim_seconds: u32,
    /// How long a replica that stands still within a transaction can hold up the others on PostgreSQL, in seconds.
    pub database_patience_seconds: u32,
    /// Where replicas hear of each other's changes, where `database_url` leads through a pooler: `postgres://…` straight to the server.
    pub database_listen_url: Option<String>,
    /// Address and port that `offpeak serve` listens on.
    pub listen: String,
    /// Token that every API call over the network must carry; without one, only loopback addresses are served.
    pub api_token: Option<String>,
    /// A standing clock, for tests: RFC 3339.
    pub clock: Option<DateTime<Utc>>,
}

/// What stands between Offpeak and PostgreSQL.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Nothing, or a pooler that lends its connections for a session each.
    None,
    /// A pooler that lends its connections for a transaction each.
    Transaction,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file or the environment cannot be read as settings.
    #[error("the configuration cannot be read: {0}")]
    Read(#[from] config::ConfigError),
    /// One setting is out of range.
    #[error("setting {name}: `{value}` {problem}; {remedy}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong.
        problem: &'static str,
        /// What to do.
        remedy: &'static str,
    },
}

impl Settings {
    /// Reads `file` if one is given, else `offpeak.toml` in the working directory if there is one, then the
    /// environment. Relative paths in the file are relative to the file.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        for (name, value) in DEFAULTS {
            builder = builder.set_default(name, *value)?;
        }
        let default_file = Path::new("offpeak.toml");
        let found = file.or_else(|| default_file.exists().then_some(default_file));
        if let Some(path) = found {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let environment: std::collections::HashMap<String, String> = std::env::vars()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix("OFFPEAK_")?.to_ascii_lowercase();
                is_setting(&name).then_some((name, value))
            })
            .collect();
        for (name, value) in environment {
            builder = builder.set_override(name, value)?;
        }
        let mut settings: Settings = builder.build()?.try_deserialize()?;
        let base = found.and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
        settings.resolve_paths(&base);
        settings.validate()?;
        Ok(settings)
    }

    /// The defaults alone, on the SQLite file and mail folder under `folder`: what tests and the demo start from.
    pub fn embedded(folder: &Path) -> Self {
        let mut builder = config::Config::builder();
        for (name, value) in DEFAULTS {
            builder = builder.set_default(name, *value).expect("defaults are plain values");
        }
        let mut settings: Settings = builder
            .build()
            .and_then(config::Config::try_deserialize)
            .expect("the defaults are complete settings");
        settings.resolve_paths(folder);
        settings
    }

    fn resolve_paths(&mut self, base: &Path) {
        for (url, scheme) in [(&mut self.database_url, "sqlite:"), (&mut self.mail_url, "folder:")] {
            if let Some(path) = url.strip_prefix(scheme)
                && !path.starts_with(':')
            {
                let path: PathBuf = base.join(path);
                *url = format!("{scheme}{}", path.display());
            }
        }
    }

    /// Checks ranges and forms.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let invalid = |name, value: &str, problem, remedy| {
            Err(ConfigError::Invalid { name, value: value.to_owned(), problem, remedy })
        };
        if ![5, 6, 10, 12, 15, 20, 30, 60].contains(&self.slot_minutes) {
            return invalid(
                "slot_minutes",
                &self.slot_minutes.to_string(),
                "does not divide an hour into slots of 5 to 60 minutes",
                "use 5, 6, 10, 12, 15, 20, 30 or 60",
            );
        }
        if !(1..=16).contains(&self.searches_at_once) {
            return invalid(
                "searches_at_once",
                &self.searches_at_once.to_string(),
                "is out of range",
                "use 1 to 16; each takes a core and the memory of a whole fleet",
            );
        }
        if !(2..=200).contains(&self.database_connections_max) {
            return invalid(
                "database_connections_max",
                &self.database_connections_max.to_string(),
                "is out of range",
                "use 2 to 200; all replicas together have to stay below the server's max_connections",
            );
        }
        for (name, address) in [("mail_from", &self.mail_from), ("support_email", &self.support_email)] {
            if !crate::domain::fleet::is_email_address(address) {
                return invalid(name, address, "is not a mail address", "write it as name@domain.example");
            }
        }
        for (name, seconds, least, most) in [
            ("search_silence_seconds", self.search_silence_seconds, 6, 3600),
            ("lease_seconds", self.lease_seconds, 2, 3600),
            ("claim_seconds", self.claim_seconds, 2, 86_400),
            ("database_patience_seconds", self.database_patience_seconds, 2, 3600),
        ] {
            if !(least..=most).contains(&seconds) {
                let remedy = "use 2 (search_silence_seconds: 6) to 3600 (claim_seconds: 86400)";
                return invalid(name, &seconds.to_string(), "is out of range", remedy);
            }
        }
        if self.database_listen_url.as_ref().is_some_and(|url| !url.starts_with("postgres")) {
            let remedy = "write it as postgres://USER@HOST/NAME, or leave it out";
            return invalid("database_listen_url", "…", "is not a PostgreSQL server", remedy);
        }
        if self.mail_domain.is_empty() || self.mail_domain.contains(|c: char| c.is_whitespace() || c == '@') {
            return invalid(
                "mail_domain",
                &self.mail_domain,
                "is not a domain",
                "write it as domain.example",
            );
        }
        if self.api_token.as_ref().is_some_and(|token| token.trim().len() < 8) {
            return invalid(
                "api_token",
                "…",
                "is shorter than 8 characters, or blank",
                "use a long random one, or leave the setting out",
            );
        }
        for (name, minutes) in [
            ("notice_lead_minutes", self.notice_lead_minutes),
            ("announce_allowance_minutes", self.announce_allowance_minutes),
            ("reminder_lead_minutes", self.reminder_lead_minutes),
            ("announce_ahead_minutes", self.announce_ahead_minutes),
            ("outcome_grace_minutes", self.outcome_grace_minutes),
        ] {
            if minutes > 60 * 24 * 60 {
                return invalid(
                    name,
                    &minutes.to_string(),
                    "is more than 60 days",
                    "give minutes, not seconds",
                );
            }
        }
        Ok(())
    }
}

const DEFAULTS: &[(&str, &str)] = &[
    ("database_url", "sqlite:offpeak.db"),
    ("database_connections_max", "16"),
    ("database_pooler", "none"),
    ("migrate_at_start", "true"),
    ("mail_url", "folder:mail"),
    ("mail_from", "maintenance@offpeak.example"),
    ("mail_from_name", "Terminal Maintenance"),
    ("mail_domain", "offpeak.example"),
    ("support_name", "Terminal Help Desk"),
    ("support_phone", "+00 000 000 0000"),
    ("support_email", "help@offpeak.example"),
    ("usual_unlock_minutes", "30"),
    ("notice_lead_minutes", "4320"),
    ("announce_allowance_minutes", "60"),
    ("reminder_lead_minutes", "1440"),
    ("announce_ahead_minutes", "10080"),
    ("quiet_hours", "21:00-08:00"),
    ("started_notices", "false"),
    ("completed_notices", "true"),
    ("outcome_grace_minutes", "60"),
    ("slot_minutes", "15"),
    ("fleet_time_zone", "UTC"),
    ("searches_at_once", "1"),
    ("search_silence_seconds", "60"),
    ("lease_seconds", "15"),
    ("claim_seconds", "600"),
    ("database_patience_seconds", "30"),
    ("listen", "127.0.0.1:8080"),
];

fn is_setting(name: &str) -> bool {
    DEFAULTS.iter().any(|(known, _)| *known == name)
        || ["api_token", "clock", "database_listen_url"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_paths_follow_the_file() {
        let settings = Settings::embedded(Path::new("/srv/offpeak"));
        settings.validate().expect("defaults are valid");
        assert_eq!(settings.database_url, "sqlite:/srv/offpeak/offpeak.db");
        assert_eq!(settings.mail_url, "folder:/srv/offpeak/mail");
    }

    #[test]
    fn a_blank_token_is_no_token() {
        for token in ["", "        ", "short"] {
            let settings =
                Settings { api_token: Some(token.to_owned()), ..Settings::embedded(Path::new("")) };
            let message = settings.validate().expect_err("it protects nothing").to_string();
            assert!(message.contains("api_token") && !message.contains("short:"), "{message}");
        }
    }

    #[test]
    fn a_wrong_setting_names_itself_and_the_remedy() {
        let settings = Settings { slot_minutes: 7, ..Settings::embedded(Path::new("")) };
        let message = settings.validate().expect_err("7 does not divide an hour").to_string();
        assert!(message.contains("slot_minutes") && message.contains("use 5"), "{message}");
    }
}
