//! Backups of a SQLite database: a file appears whole and verified, or not at all. PostgreSQL has tools of its own
//! for this.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::api::backup::{BackupReport, RestoreReport};
use crate::clock::{Clock, Stopwatch};
use crate::db::backup::{self, Contents};
use crate::service::Error;

/// A backup that was looked through, and can be restored.
#[derive(Debug)]
pub struct Verified {
    file: PathBuf,
    contents: Contents,
}

impl Verified {
    /// Rows by table.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        self.contents.tables.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect()
    }

    /// The latest version of its schema.
    pub fn schema(&self) -> String {
        self.contents.ledger.applied().last().map(|version| (*version).to_owned()).unwrap_or_default()
    }
}

/// Writes the database in `database` as it stands at one moment to `file`, while others go on writing; verifies it
/// and only then gives it its name. A file that is there is replaced if `replace`.
pub fn create(database: &Path, file: &Path, replace: bool) -> Result<BackupReport, Error> {
    let stopwatch = Stopwatch::start();
    if file.exists() && !replace {
        return Err(Error::Conflict(format!(
            "{} is there already; give another name, or --replace",
            file.display()
        )));
    }
    if same_file(database, file) {
        return Err(Error::Conflict(format!("{} is the database itself", file.display())));
    }
    // What can still be read of a damaged file would make a sound copy, with less in it, in the place of a good one.
    backup::inspect(database, true).map_err(|unsound| {
        Error::Conflict(format!(
            "{} cannot be backed up: {unsound}; keep the backups that you have, and restore the last",
            database.display()
        ))
    })?;
    let partial = Partial::beside(file)?;
    backup::copy_file(database, &partial.0)?;
    let verified = verify(&partial.0)?;
    let bytes = sync(&partial.0).map_err(|error| not_written(&partial.0, &error))?;
    partial.become_file(file)?;
    Ok(BackupReport {
        file: file.display().to_string(),
        bytes,
        schema: verified.schema(),
        rows: verified.rows(),
        elapsed_ms: stopwatch.elapsed_ms(),
    })
}

/// Looks `file` through: that it is whole, sound, Offpeak's, and not of a release that this one cannot work with.
pub fn verify(file: &Path) -> Result<Verified, Error> {
    if !file.is_file() {
        return Err(Error::NotFound {
            what: "file",
            key: file.display().to_string(),
            remedy: "give the path of a backup",
        });
    }
    let contents = backup::inspect(file, false)
        .map_err(|unsound| Error::Conflict(format!("{} cannot be restored: {unsound}", file.display())))?;
    let too_new = contents.ledger.too_new();
    if !too_new.is_empty() {
        return Err(Error::Conflict(format!(
            "{} was written by a newer release, and this one cannot work with it (schema {}); restore it with that \
             release",
            file.display(),
            too_new.join(", ")
        )));
    }
    Ok(Verified { file: file.to_owned(), contents })
}

/// Whether nobody has the database open; its log is then written into it.
pub fn is_closed(database: &Path) -> bool {
    // A file that cannot even be read is one that is restored for good reason.
    !database.exists() || backup::settle(database).unwrap_or(true)
}

/// Puts a backup in the database's place. The file of before is kept beside it, with its log.
pub fn restore(verified: &Verified, database: &Path, clock: &Clock) -> Result<RestoreReport, Error> {
    if same_file(&verified.file, database) {
        return Err(Error::Conflict(format!("{} is the database itself", database.display())));
    }
    let partial = Partial::beside(database)?;
    let copied = fs::copy(&verified.file, &partial.0).and_then(|_| sync(&partial.0));
    copied.map_err(|error| not_written(&partial.0, &error))?;
    let copy = verify(&partial.0)?;
    if copy.contents != verified.contents {
        return Err(Error::Conflict(format!("{} was changed meanwhile", verified.file.display())));
    }
    if !is_closed(database) {
        return Err(Error::Conflict(format!(
            "somebody has {} open; stop `offpeak serve` first, nothing was changed",
            database.display()
        )));
    }
    let kept = put_aside(database, clock).map_err(|error| not_written(database, &error))?;
    partial.become_file(database)?;
    Ok(RestoreReport {
        database: database.display().to_string(),
        kept: kept.map(|path| path.display().to_string()),
        schema: verified.schema(),
        rows: verified.rows(),
    })
}

/// Renames the database, its log and its index to names of their own; gives the database's.
fn put_aside(database: &Path, clock: &Clock) -> io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let suffix = clock.now().format(".before-restore-%Y%m%dT%H%M%S%6fZ").to_string();
    let with = |ending: &str| PathBuf::from(format!("{}{ending}", database.display()));
    for ending in ["-wal", "-shm"] {
        let log = with(ending);
        if log.exists() {
            fs::rename(&log, with(&format!("{suffix}{ending}")))?;
        }
    }
    let kept = with(&suffix);
    fs::rename(database, &kept)?;
    Ok(Some(kept))
}

/// A file on its way, removed unless it becomes what it is for.
struct Partial(PathBuf);

impl Partial {
    /// An empty file beside `file`, for nobody else to read.
    fn beside(file: &Path) -> Result<Self, Error> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let path = folder_of(file).join(format!(".{name}.{:016x}", rand::random::<u64>()));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|error| not_written(&path, &error))?;
        Ok(Partial(path))
    }

    fn become_file(self, file: &Path) -> Result<(), Error> {
        fs::rename(&self.0, file)
            .and_then(|()| File::open(folder_of(file))?.sync_all())
            .map_err(|error| not_written(file, &error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the renaming there is nothing to remove, and otherwise the error that matters was told.
        let _ = fs::remove_file(&self.0);
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// On the disk when this returns; gives its length in bytes.
fn sync(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn same_file(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

fn not_written(path: &Path, error: &io::Error) -> Error {
    Error::Conflict(format!("{} cannot be written: {error}", path.display()))
}
