//! The demo's folder: its settings, its database, its fleet files, its mail. Only what a demo wrote is ever removed.

use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::error::{CliError, ErrorKind};
use crate::config::Settings;

const SETTINGS_FILE: &str = "offpeak.toml";
const PEOPLE_FILE: &str = "sign-in.txt";
const FIRST_LINE: &str = "# Written by `offpeak demo`.";

/// A folder that a demo may write into.
pub(super) struct Folder(PathBuf);

/// What was found at the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or an empty folder.
    Nothing,
    /// A demo.
    Demo,
}

impl Folder {
    /// Looks at the place: it must be empty, or a demo of before.
    pub(super) fn open(path: &Path) -> Result<(Self, Found), CliError> {
        let folder = Folder(path.to_owned());
        match std::fs::read_to_string(folder.settings_file()) {
            Ok(settings) if settings.starts_with(FIRST_LINE) => return Ok((folder, Found::Demo)),
            Err(error) if error.kind() == IoErrorKind::NotFound => {}
            _ => return Err(not_ours(path)),
        }
        match std::fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok((folder, Found::Nothing)),
            Ok(false) => Err(not_ours(path)),
            Err(error) if error.kind() == IoErrorKind::NotFound => Ok((folder, Found::Nothing)),
            Err(error) => Err(CliError::file("look into", path, &error)),
        }
    }

    /// Removes what a demo of before wrote, and writes the settings of a new one.
    pub(super) fn start_afresh(&self) -> Result<(), CliError> {
        for name in ["offpeak.db", "offpeak.db-wal", "offpeak.db-shm", PEOPLE_FILE, SETTINGS_FILE] {
            ignore_missing(&self.0.join(name), std::fs::remove_file(self.0.join(name)))?;
        }
        for name in ["fleet", "mail"] {
            ignore_missing(&self.0.join(name), std::fs::remove_dir_all(self.0.join(name)))?;
        }
        std::fs::create_dir_all(&self.0).map_err(|error| CliError::file("make", &self.0, &error))?;
        let path = self.settings_file();
        std::fs::write(&path, SETTINGS).map_err(|error| CliError::file("write", &path, &error))
    }

    /// The settings of this demo: its own database and its own mail folder, whatever the environment says.
    pub(super) fn settings(&self) -> Result<Settings, CliError> {
        let embedded = Settings::embedded(&self.0);
        let settings = Settings::load(Some(&self.settings_file()))
            .map_err(|error| CliError::usage(error.to_string()))?;
        Ok(Settings { database_url: embedded.database_url, mail_url: embedded.mail_url, ..settings })
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where its settings are.
    pub(super) fn settings_file(&self) -> PathBuf {
        self.0.join(SETTINGS_FILE)
    }

    /// Where it says who may sign in.
    pub(super) fn people(&self) -> PathBuf {
        self.0.join(PEOPLE_FILE)
    }

    /// Where its fleet files are.
    pub(super) fn fleet(&self) -> PathBuf {
        self.0.join("fleet")
    }

    /// Where its mail is.
    pub(super) fn mail(&self) -> PathBuf {
        self.0.join("mail")
    }

    /// How many mails are there.
    pub(super) fn mails(&self) -> usize {
        let Ok(entries) = std::fs::read_dir(self.mail()) else { return 0 };
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "eml")).count()
    }
}

fn ignore_missing(path: &Path, removed: std::io::Result<()>) -> Result<(), CliError> {
    match removed {
        Err(error) if error.kind() != IoErrorKind::NotFound => Err(CliError::file("remove", path, &error)),
        _ => Ok(()),
    }
}

fn not_ours(path: &Path) -> CliError {
    CliError::new(
        ErrorKind::Conflict,
        format!("{} is not empty and was not made by `offpeak demo`: it is left alone", path.display()),
    )
    .hint("Choose another folder: offpeak demo --dir offpeak-demo")
}

const SETTINGS: &str = r#"# Written by `offpeak demo`.
# Paths are relative to this file. Every setting has a default; these are the ones that a demo cares about.

database_url = "sqlite:offpeak.db"
mail_url = "folder:mail"            # or smtp://mail.example:25
mail_from = "maintenance@offpeak.example"
mail_from_name = "Terminal Maintenance"
support_name = "Terminal Help Desk"
support_phone = "+44 20 7946 0000"
support_email = "help@offpeak.example"
notice_lead_minutes = 4320          # merchants know at least 72 hours ahead
announce_ahead_minutes = 86400      # all mail at once, to be looked at; else a week before the start
quiet_hours = "none"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn a_demo_is_known_again_and_starts_afresh() {
        let place = temporary();
        let path = place.path().join("demo");
        let (folder, found) = Folder::open(&path).expect("nothing is there");
        assert_eq!(found, Found::Nothing);
        folder.start_afresh().expect("a new demo");
        std::fs::write(path.join("offpeak.db"), "old").expect("a file can be written");
        std::fs::write(path.join("notes.txt"), "mine").expect("a file can be written");
        let (folder, found) = Folder::open(&path).expect("a demo is there");
        assert_eq!(found, Found::Demo);
        folder.start_afresh().expect("a new demo");
        assert!(!path.join("offpeak.db").exists());
        assert!(path.join("notes.txt").exists(), "what a demo did not write stays");
        let settings = folder.settings().expect("its own settings are valid");
        assert!(settings.database_url.ends_with("demo/offpeak.db"), "{}", settings.database_url);
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let place = temporary();
        std::fs::write(place.path().join("offpeak.toml"), "database_url = \"postgres://live\"")
            .expect("a file can be written");
        let error = Folder::open(place.path()).err().expect("it is refused");
        assert_eq!(error.kind, ErrorKind::Conflict);
    }
}
