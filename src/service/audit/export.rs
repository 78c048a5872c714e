//! The audit trail as a file, a part at a time.

use super::{view, wanted};
use crate::api::AuditView;
use crate::api::audit::AuditQuery;
use crate::db::audit;
use crate::fleet_files::FileFormat;
use crate::service::{App, Error};

/// Entries of one part.
const BATCH: i64 = 1000;

/// The next part of the file, the earliest entries first.
#[derive(Debug)]
pub struct Part {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What to give for the part after it; nothing after the last one.
    pub next: Option<i64>,
}

/// The columns of the CSV file.
const COLUMNS: [&str; 12] = [
    "id", "at", "actor", "origin", "action", "subject", "before", "after", "reason", "fence", "position",
    "hash",
];

/// The part after the entry `after`, or the first one, which begins with the heading.
pub fn part(app: &App, query: &AuditQuery, format: FileFormat, after: Option<i64>) -> Result<Part, Error> {
    let rows = app.database.read(|connection| {
        let Some(wanted) = wanted(connection, query)? else { return Ok(Vec::new()) };
        Ok::<_, Error>(audit::earliest_first(connection, &wanted, after, BATCH)?)
    })?;
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == BATCH);
    let next = rows.last().map(|row| row.id).filter(|_| full);
    let mut bytes = Vec::new();
    match format {
        FileFormat::JsonLines => {
            for row in rows {
                serde_json::to_writer(&mut bytes, &view(row)).map_err(unwritten)?;
                bytes.push(b'\n');
            }
        }
        FileFormat::Csv => {
            let mut writer = csv::Writer::from_writer(&mut bytes);
            if after.is_none() {
                writer.write_record(COLUMNS).map_err(unwritten)?;
            }
            for row in rows {
                writer.write_record(fields(view(row))).map_err(unwritten)?;
            }
            writer.flush().map_err(unwritten)?;
        }
    }
    Ok(Part { bytes, next })
}

fn fields(entry: AuditView) -> [String; 12] {
    let AuditView { id, at, actor, origin, action, subject, before, after, reason, fence, position, hash } =
        entry;
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string()).unwrap_or_default();
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        id.to_string(),
        at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        guarded(actor),
        origin.unwrap_or_default(),
        action,
        guarded(subject),
        json(before),
        json(after),
        guarded(reason.unwrap_or_default()),
        number(fence),
        number(position),
        hash.unwrap_or_default(),
    ]
}

/// A spreadsheet takes what begins like a formula for one.
fn guarded(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn unwritten(error: impl std::fmt::Display) -> Error {
    Error::Corrupt(format!("the audit trail cannot be written: {error}"))
}
