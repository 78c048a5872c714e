//! The chain of the audit trail: begun over what stood there before it, and verified from one end to the other.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Change, record};
use crate::api::audit::{AuditFinding, AuditHead, AuditVerdict};
use crate::db::Connection;
use crate::db::audit::{self, AuditRow};
use crate::service::{Actor, App, Error};

/// Entries that are read at once.
const BATCH: i64 = 2000;

/// Findings that are told.
const FINDINGS_MAX: usize = 100;

/// The action of the entry that covers what stood there before the chain.
const START: &str = "audit.start";

/// Begins the chain of a trail that is older than it: one entry with a digest of all that came before.
pub fn start(app: &App) -> Result<(), Error> {
    let older = |connection: &mut Connection| -> Result<bool, Error> {
        // Once there is a chain, what stands outside it was put there by somebody else.
        Ok(audit::head(connection)?.is_none() && !audit::unchained(connection, 0, 1)?.is_empty())
    };
    if !app.database.read(older)? {
        return Ok(());
    }
    app.database.write(|connection| {
        if !older(connection)? {
            return Ok(());
        }
        let before = digest_of_unchained(connection, i64::MAX)?;
        let change = Change::new(START, "audit trail").after(&json!({
            "entries": before.entries, "last": before.last, "sha256": before.sha256,
        }));
        Ok(record(connection, app, &Actor::system(), change)?)
    })
}

/// The entries outside the chain up to one of them, and a digest of them all.
struct Unchained {
    entries: u64,
    last: i64,
    sha256: String,
    /// Those beyond it.
    beyond: Vec<i64>,
}

fn digest_of_unchained(connection: &mut Connection, up_to: i64) -> Result<Unchained, Error> {
    let mut digest = Sha256::new();
    let mut found = Unchained { entries: 0, last: 0, sha256: String::new(), beyond: Vec::new() };
    let mut after = 0;
    loop {
        let rows = audit::unchained(connection, after, BATCH)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            if row.id > up_to {
                if found.beyond.len() < FINDINGS_MAX {
                    found.beyond.push(row.id);
                }
                continue;
            }
            digest.update(row.spelled(None).as_bytes());
            (found.entries, found.last) = (found.entries + 1, row.id);
        }
    }
    found.sha256 = hex::encode(digest.finalize());
    Ok(found)
}

/// Reads the whole trail on one snapshot and says what was changed, removed or put in between. `known` is an entry
/// that somebody has kept from an earlier verification, as `POSITION:HASH`: a trail that was written anew from its
/// beginning does not have it.
pub fn verify(app: &App, known: Option<&str>) -> Result<AuditVerdict, Error> {
    let known = known.map(head_given).transpose()?;
    app.database.read(|connection| {
        let mut reader = Reader::default();
        loop {
            let rows = audit::chained(connection, (reader.head.position, reader.last_id), BATCH)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                reader.read(row, known.as_ref());
            }
        }
        reader
            .end(audit::head(connection)?.map(|head| AuditHead { position: head.position, hash: head.hash }));
        if let Some(known) = known.as_ref().filter(|known| known.position > reader.head.position) {
            reader.found(
                "removed",
                Some(known.position),
                None,
                "the entry that was kept is not there any more",
            );
        }
        let start = audit::first_of(connection, START)?;
        let before_chain = reader.before(connection, start.as_ref())?;
        Ok(AuditVerdict {
            whole: reader.findings.is_empty(),
            entries: reader.entries,
            before_chain,
            head: reader.head.clone(),
            findings: reader.findings.clone(),
        })
    })
}

fn head_given(text: &str) -> Result<AuditHead, Error> {
    let read = text.split_once(':').and_then(|(position, hash)| {
        let hash = hash.trim().to_ascii_lowercase();
        Some(AuditHead { position: position.trim().parse().ok()?, hash })
    });
    read.ok_or_else(|| {
        Error::invalid(
            "head",
            format!("`{text}` is not an entry; give the one that a verification named, POSITION:HASH"),
        )
    })
}

/// How far the chain has been read.
struct Reader {
    head: AuditHead,
    last_id: i64,
    entries: u64,
    findings: Vec<AuditFinding>,
}

impl Default for Reader {
    fn default() -> Self {
        let head = AuditHead { position: 0, hash: String::new() };
        Reader { head, last_id: 0, entries: 0, findings: Vec::new() }
    }
}

impl Reader {
    fn found(&mut self, kind: &str, position: Option<i64>, id: Option<i64>, message: &str) {
        if self.findings.len() < FINDINGS_MAX {
            let (kind, message) = (kind.to_owned(), message.to_owned());
            self.findings.push(AuditFinding { kind, position, id, message });
        }
    }

    fn read(&mut self, row: AuditRow, known: Option<&AuditHead>) {
        let position = row.position.unwrap_or_default();
        let hash = row.hash.clone().unwrap_or_default();
        self.last_id = row.id;
        if position <= self.head.position {
            let message = format!("entry {} has the place {position}, where another stands", row.id);
            self.found("inserted", Some(position), Some(row.id), &message);
            return;
        }
        self.entries += 1;
        if position > self.head.position + 1 {
            let (first, last) = (self.head.position + 1, position - 1);
            let message = if first == last {
                format!("the entry at place {first} is not there any more")
            } else {
                format!("the entries at the places {first} to {last} are not there any more")
            };
            // What the next one was chained to is gone, so its own digest says nothing.
            self.found("removed", Some(first), None, &message);
        } else if row.linked(&self.head.hash, position) != hash {
            let message = format!("entry {} does not say what it said when it was written", row.id);
            self.found("changed", Some(position), Some(row.id), &message);
        }
        if known.is_some_and(|known| known.position == position && known.hash != hash) {
            self.found(
                "changed",
                Some(position),
                Some(row.id),
                "another entry stands where the kept one stood",
            );
        }
        self.head = AuditHead { position, hash };
    }

    /// The end of the chain must be the one that was written down beside it.
    fn end(&mut self, written: Option<AuditHead>) {
        let written = written.unwrap_or_else(|| Reader::default().head);
        if written == self.head {
            return;
        }
        if written.position > self.head.position {
            let message =
                format!("the last entries, up to place {}, are not there any more", written.position);
            self.found("removed", Some(self.head.position + 1), None, &message);
        } else {
            let message = "the end of the chain is not the one that was written down beside it";
            self.found("inserted", Some(self.head.position), None, message);
        }
    }

    /// What stood there before the chain must be what its first entry says.
    fn before(&mut self, connection: &mut Connection, start: Option<&AuditRow>) -> Result<u64, Error> {
        let said =
            start.and_then(|row| serde_json::from_str::<serde_json::Value>(row.after.as_deref()?).ok());
        let up_to = said.as_ref().and_then(|said| said["last"].as_i64()).unwrap_or(0);
        let there = digest_of_unchained(connection, up_to)?;
        if let Some(said) = said
            && (said["entries"].as_u64() != Some(there.entries)
                || said["sha256"].as_str() != Some(&there.sha256))
        {
            let message = format!(
                "of the entries from before the chain, up to {up_to}, some are changed, removed or put in between"
            );
            self.found("changed", None, None, &message);
        }
        for id in there.beyond {
            self.found("inserted", None, Some(id), &format!("entry {id} stands outside the chain"));
        }
        Ok(there.entries)
    }
}
