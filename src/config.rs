//! Settings: defaults, then the configuration file, then the environment (`OFFPEAK_…`), then flags; validated
//! as a whole before anything starts.

mod origin;
pub mod reference;
mod settings;

use std::path::{Path, PathBuf};

pub use origin::Origin;
pub use settings::{Kind, Pooler, SETTINGS, Setting, Settings};

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
        remedy: String,
    },
}

impl Settings {
    /// Reads `file` if one is given, else `offpeak.toml` in the working directory if there is one, then the
    /// environment. Relative paths in the file are relative to the file.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_with_origins(file).map(|(settings, _)| settings)
    }

    /// The same, and where each setting comes from, in the order of [`SETTINGS`].
    pub fn load_with_origins(file: Option<&Path>) -> Result<(Self, Vec<Origin>), ConfigError> {
        let mut builder = defaults()?;
        let default_file = Path::new("offpeak.toml");
        let found = file.or_else(|| default_file.exists().then_some(default_file));
        let mut in_file = config::Map::new();
        if let Some(path) = found {
            let source = config::File::from(path).format(config::FileFormat::Toml);
            in_file = config::Source::collect(&source)?;
            builder = builder.add_source(source);
        }
        let mut origins = Vec::new();
        for setting in SETTINGS {
            let name = setting.environment();
            origins.push(match (std::env::var(&name), found) {
                (Ok(value), _) => {
                    builder = builder.set_override(setting.name, value)?;
                    Origin::Environment(name)
                }
                (Err(_), Some(path)) if in_file.contains_key(setting.name) => Origin::File(path.to_owned()),
                (Err(_), _) => Origin::Default,
            });
        }
        let mut settings: Settings = builder.build()?.try_deserialize()?;
        let base = found.and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
        settings.resolve_paths(&base);
        settings.validate()?;
        Ok((settings, origins))
    }

    /// The defaults alone, on the SQLite file and mail folder under `folder`: what tests and the demo start from.
    pub fn embedded(folder: &Path) -> Self {
        let mut settings: Settings = defaults()
            .and_then(|builder| builder.build())
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
        for file in [&mut self.dkim_key_file, &mut self.templates_dir].into_iter().flatten() {
            *file = base.join(&*file).display().to_string();
        }
    }

    /// Checks what each setting may be.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (setting, value) in self.values() {
            let Some(value) = value else { continue };
            if let Some((problem, remedy)) = wrong(setting, &value) {
                let value = setting.masked(&value);
                return Err(ConfigError::Invalid { name: setting.name, value, problem, remedy });
            }
        }
        Ok(())
    }
}

fn defaults() -> Result<config::ConfigBuilder<config::builder::DefaultState>, config::ConfigError> {
    let mut builder = config::Config::builder();
    for setting in SETTINGS {
        if let Some(default) = setting.default {
            builder = builder.set_default(setting.name, default)?;
        }
    }
    Ok(builder)
}

/// What is wrong with a value, and the remedy; types that the file's reader checks are right here.
fn wrong(setting: &Setting, value: &str) -> Option<(&'static str, String)> {
    let number = || value.parse::<u32>().unwrap_or_default();
    let use_allowed = || format!("use {}", setting.allowed());
    match setting.kind {
        Kind::Number(least, most) if !(least..=most).contains(&number()) => {
            Some(("is out of range", use_allowed()))
        }
        Kind::OneNumberOf(numbers) if !numbers.contains(&number()) => {
            Some(("is none of those that can be", use_allowed()))
        }
        Kind::MailAddress if !crate::domain::fleet::is_email_address(value) => {
            Some(("is not a mail address", "write it as name@domain.example".to_owned()))
        }
        Kind::Domain if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c == '@') => {
            Some(("is not a domain", "write it as domain.example".to_owned()))
        }
        Kind::PostgresUrl if !value.starts_with("postgres://") && !value.starts_with("postgresql://") => {
            Some((
                "is not a PostgreSQL server",
                "write it as postgres://USER@HOST/NAME, or leave it out".to_owned(),
            ))
        }
        Kind::WebAddress if !is_web_address(value) => {
            Some(("is not a web address", "write it as https://maintenance.example".to_owned()))
        }
        Kind::Secret(least) if value.trim().len() < least => Some((
            "is too short, or blank",
            format!("use a random one of at least {least} characters, or leave it out"),
        )),
        _ => None,
    }
}

/// Scheme, host and perhaps a port and a path, in characters that need no escape in a mail.
fn is_web_address(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:/_[]".contains(&byte);
        !rest.is_empty() && rest.bytes().all(plain)
    })
}

/// Names in the environment that begin like a setting and are none: usually misspelt.
pub fn strangers() -> Vec<String> {
    let mut strangers: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            name.strip_prefix("OFFPEAK_").is_some_and(|rest| {
                let name = rest.to_ascii_lowercase();
                !["SERVER", "TOKEN", "LOG"].contains(&rest)
                    && SETTINGS.iter().all(|setting| setting.name != name)
            })
        })
        .collect();
    strangers.sort();
    strangers
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
