//! JSON Lines: an object a line, which its `type` or the file's name says what it is.

use std::io::{Read, Result};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::columns::FileKind;
use super::lines::{Lines, RECORD_BYTES_MAX};
use super::records::Records;
use super::row::{COLUMNS_MAX, Cell};
use super::row_error::{RowError, RowErrors};
use super::{Origin, Record};

/// Reads a file's objects, and reports what is wrong with them.
pub(super) fn read<R: Read, S: FnMut(Record)>(
    file: &Arc<str>,
    lines: &mut Lines<R>,
    records: &mut Records<S>,
) -> Result<()> {
    let kind_of_file = kind_by_name(file);
    let mut is_empty = true;
    while let Some(line) = lines.next_line()? {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        is_empty = false;
        let is_readable = line.len() <= RECORD_BYTES_MAX;
        let parsed = is_readable.then(|| serde_json::from_slice::<Map<String, Value>>(line));
        let origin = Origin { file: file.clone(), line: lines.number() };
        match parsed {
            Some(Ok(object)) => read_object(kind_of_file, origin, &object, records),
            Some(Err(error)) => {
                let message = format!("is not a JSON object: {}", without_line(&error.to_string()));
                records.errors.push(RowError::of_row(
                    &origin,
                    message,
                    "write one JSON object a line, in UTF-8",
                ));
            }
            None => {
                let message = format!("the line is longer than {RECORD_BYTES_MAX} bytes");
                let remedy = "write one object a line; nothing after it was read";
                records.errors.push(RowError::of_row(&origin, message, remedy));
                break;
            }
        }
    }
    if is_empty {
        let remedy = r#"write one object a line, such as {"type":"merchant","number":"M1","name":"…"}"#;
        records.errors.push(RowError::of_file(file, "is empty", remedy));
    }
    Ok(())
}

/// `merchants.jsonl` holds merchants.
fn kind_by_name(file: &str) -> Option<FileKind> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.split('.').next().unwrap_or(name);
    FileKind::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(stem))
}

/// Every line is line 1 to the parser.
fn without_line(message: &str) -> String {
    message.replace(" at line 1 column ", " at character ")
}

fn read_object<S: FnMut(Record)>(
    kind_of_file: Option<FileKind>,
    origin: Origin,
    object: &Map<String, Value>,
    records: &mut Records<S>,
) {
    let Some(kind) = kind_of_object(kind_of_file, &origin, object.get("type"), &mut records.errors) else {
        return;
    };
    let mut cells = [Cell::Absent; COLUMNS_MAX];
    for (name, value) in object.iter().filter(|(name, _)| *name != "type") {
        match kind.column_index(name) {
            Some(column) => {
                cells[column] = match value {
                    Value::Null => Cell::Absent,
                    Value::String(text) => Cell::Text(text),
                    other => Cell::Json(other),
                }
            }
            None => {
                let message = format!("a {} has no such field", kind.type_word());
                let remedy = kind.unknown_column_remedy(name);
                records.errors.push(RowError::of_cell(&origin, name, &value.to_string(), message, remedy));
            }
        }
    }
    records.take_row(kind, origin, &cells);
}

fn kind_of_object(
    kind_of_file: Option<FileKind>,
    origin: &Origin,
    type_value: Option<&Value>,
    errors: &mut RowErrors,
) -> Option<FileKind> {
    let remedy = r#"write "type":"merchant", "site" or "terminal""#;
    let Some(type_value) = type_value else {
        if kind_of_file.is_none() {
            let remedy =
                format!("{remedy}, or name the file merchants.jsonl, sites.jsonl or terminals.jsonl");
            errors.push(RowError::of_row(origin, "the object does not say what it is", remedy));
        }
        return kind_of_file;
    };
    let kind = FileKind::ALL.into_iter().find(|kind| type_value.as_str() == Some(kind.type_word()));
    if kind.is_none() {
        let shown = type_value.as_str().map_or_else(|| type_value.to_string(), str::to_owned);
        errors.push(RowError::of_cell(origin, "type", &shown, "there is no such type", remedy));
    }
    kind
}
