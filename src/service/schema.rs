//! The database's schema and this binary: how they stand, up, and back. Works on a database alone, without an app
//! over it.

use crate::api::schema::{SchemaLoss, SchemaStatus, SchemaVersion, SchemaWayBack, VersionState};
use crate::db::migrations::{self, down, ledger};
use crate::db::{Connection, Database};
use crate::service::Error;

/// How far back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// So many versions.
    Steps(usize),
    /// Until this one is the latest: `20261123000000`, or the name of its folder.
    To(String),
    /// Everything.
    All,
}

/// Every version, and how it stands.
pub fn status(database: &Database) -> Result<SchemaStatus, Error> {
    let ledger = database.read(ledger::read)?;
    let too_new = ledger.too_new();
    let versions = ledger.0.iter().map(|version| SchemaVersion {
        version: version.version.clone(),
        name: version.name.clone(),
        state: match (&version.name, version.applied) {
            (Some(_), true) => VersionState::Applied,
            (Some(_), false) => VersionState::Pending,
            (None, _) if too_new.contains(&version.version.as_str()) => VersionState::TooNew,
            (None, _) => VersionState::Unknown,
        },
    });
    Ok(SchemaStatus { versions: versions.collect() })
}

/// Applies what is pending; gives the versions. A database that is too new for this binary is left alone.
pub fn up(database: &Database) -> Result<Vec<String>, Error> {
    refuse_too_new(database)?;
    Ok(migrations::up(database)?)
}

/// Whether this binary can work on the database as it is; gives the versions that it does not know and can live
/// with.
///
/// # Errors
/// [`Error::Conflict`] if versions are pending, or if one needs a newer binary.
pub fn fits(database: &Database) -> Result<Vec<String>, Error> {
    let ledger = refuse_too_new(database)?;
    match ledger.pending().as_slice() {
        [] => Ok(ledger.unknown().into_iter().map(str::to_owned).collect()),
        pending => Err(Error::Conflict(format!(
            "the database's schema lacks {}; `offpeak migrate up` brings it up to date",
            pending.join(", ")
        ))),
    }
}

/// Whether the database has exactly the versions of this binary.
pub fn fits_exactly(database: &Database) -> Result<bool, Error> {
    let ledger = database.read(ledger::read)?;
    Ok(ledger.pending().is_empty() && ledger.unknown().is_empty())
}

/// What going back would do; changes nothing.
pub fn way_back(database: &Database, way: &WayBack) -> Result<SchemaWayBack, Error> {
    database.read(|connection| Ok(plan_back(connection, way)?.1))
}

/// Goes back, all the way or not at all.
pub fn down(database: &Database, way: &WayBack) -> Result<SchemaWayBack, Error> {
    let (keep, mut back) = database.read(|connection| plan_back(connection, way))?;
    back.versions = down::to(database, keep)?;
    Ok(back)
}

fn refuse_too_new(database: &Database) -> Result<ledger::Ledger, Error> {
    let ledger = database.read(ledger::read)?;
    match ledger.too_new().as_slice() {
        [] => Ok(ledger),
        versions => Err(Error::Conflict(format!(
            "a newer release took away what this one needs (schema {}); start that release, or take its changes \
             back with its own `offpeak migrate down`",
            versions.join(", ")
        ))),
    }
}

/// How many versions stay, and what goes with the others.
fn plan_back(connection: &mut Connection, way: &WayBack) -> Result<(usize, SchemaWayBack), Error> {
    let ledger = ledger::read(connection)?;
    let applied = ledger.applied();
    let keep = match way {
        WayBack::All => 0,
        WayBack::Steps(steps) if *steps <= applied.len() => applied.len() - steps,
        WayBack::Steps(steps) => {
            let message = format!("{steps} is more than the {} versions that are applied", applied.len());
            return Err(Error::invalid("steps", message));
        }
        WayBack::To(wanted) => {
            let version = wanted.split('_').next().unwrap_or(wanted).replace('-', "");
            let place = applied.iter().position(|applied| *applied == version);
            1 + place.ok_or(Error::NotFound {
                what: "applied version",
                key: wanted.clone(),
                remedy: "`offpeak migrate status` lists them",
            })?
        }
    };
    let (mut versions, mut losses) = (Vec::new(), Vec::new());
    for version in applied[keep..].iter().rev() {
        let known = ledger.0.iter().find(|known| known.version == **version);
        let name = known.and_then(|known| known.name.as_deref()).ok_or_else(|| {
            Error::Conflict(format!(
                "version {version} came from a newer release, and only that knows the way back; use its \
                 `offpeak migrate down`"
            ))
        })?;
        for loss in down::losses(name)? {
            let rows = down::count(connection, &loss)?;
            let (table, column) = (loss.table, loss.column);
            losses.push(SchemaLoss { version: (*version).to_owned(), table, column, rows });
        }
        versions.push((*version).to_owned());
    }
    Ok((keep, SchemaWayBack { versions, losses }))
}
