//! CSV: the header says what the rows are.

use std::io::{Read, Result};
use std::sync::Arc;

use super::columns::FileKind;
use super::csv_records::{CsvRecord, CsvRecords, Ending};
use super::lines::{Lines, RECORD_BYTES_MAX};
use super::records::Records;
use super::row::{COLUMNS_MAX, Cell};
use super::row_error::{RowError, RowErrors};
use super::{Origin, Record};

/// The most lines that a row may take. A quote that is not closed swallows rows up to the next quote, and what it
/// swallows would pass for a name.
const ROW_LINES_MAX: u64 = 20;

/// Reads a file's rows, and reports what is wrong with them.
pub(super) fn read<R: Read, S: FnMut(Record)>(
    file: &Arc<str>,
    lines: Lines<R>,
    records: &mut Records<S>,
) -> Result<()> {
    let mut rows = CsvRecords::new(lines)?;
    let header = match rows.next_record()? {
        None => {
            let remedy = format!("start with a header such as {}", FileKind::Merchants.column_list());
            records.errors.push(RowError::of_file(file, "is empty", remedy));
            return Ok(());
        }
        Some(record) => {
            Header::read(&Origin { file: file.clone(), line: record.line }, record, &mut records.errors)
        }
    };
    let Some(header) = header else { return Ok(()) };
    while let Some(record) = rows.next_record()? {
        let origin = Origin { file: file.clone(), line: record.line };
        if is_whole(&origin, &record, &mut records.errors) {
            header.read_row(origin, &record, records);
        }
    }
    Ok(())
}

fn is_whole(origin: &Origin, record: &CsvRecord<'_>, errors: &mut RowErrors) -> bool {
    let message = match record.ending {
        Ending::Whole => return true,
        Ending::UnclosedQuote => "a quote opens here and is never closed".to_owned(),
        Ending::TooLong => format!(
            "the record is longer than {RECORD_BYTES_MAX} bytes; a quote is never closed, or this is not CSV"
        ),
    };
    let remedy = "close the quote; a quote within quotes is written twice; nothing after it was read";
    errors.push(RowError::of_row(origin, message, remedy));
    false
}

/// Which column of the kind each cell is.
struct Header {
    kind: FileKind,
    column_of_cell: Vec<Option<usize>>,
}

impl Header {
    fn read(origin: &Origin, record: CsvRecord<'_>, errors: &mut RowErrors) -> Option<Header> {
        if !is_whole(origin, &record, errors) {
            return None;
        }
        let names: Vec<String> =
            record.fields().map(|field| String::from_utf8_lossy(field).trim().to_ascii_lowercase()).collect();
        let Some(kind) = FileKind::of_header(&names) else {
            let lists = FileKind::ALL.map(|kind| format!("{}: {}", kind.as_str(), kind.column_list()));
            let remedy = format!("the first line must name the columns; {}", lists.join("; "));
            let message = "the header does not say whether these are merchants, sites or terminals";
            errors.push(RowError::of_row(origin, message, remedy));
            return None;
        };
        let mut readable = true;
        let mut column_of_cell: Vec<Option<usize>> = Vec::with_capacity(names.len());
        for name in &names {
            let column = kind.column_index(name);
            if column.is_some() && column_of_cell.contains(&column) {
                readable = false;
                errors.push(RowError::of_cell(
                    origin,
                    name,
                    name,
                    "is there twice",
                    "keep one of the two columns",
                ));
            } else if column.is_none() {
                let message = format!("there is no such column in {}", kind.as_str());
                errors.push(RowError::of_cell(origin, name, name, message, kind.unknown_column_remedy(name)));
            }
            column_of_cell.push(column);
        }
        for (index, column) in kind.columns().iter().enumerate() {
            if column.required && !column_of_cell.contains(&Some(index)) {
                readable = false;
                let remedy = format!("add it; every {} needs it", kind.type_word());
                let error = RowError::of_row(origin, "the column is missing", remedy);
                errors.push(RowError { column: Some(column.name.to_owned()), ..error });
            }
        }
        readable.then_some(Header { kind, column_of_cell })
    }

    fn read_row<S: FnMut(Record)>(&self, origin: Origin, record: &CsvRecord<'_>, records: &mut Records<S>) {
        // Spreadsheets leave rows of nothing but delimiters behind.
        if record.fields().all(|field| field.trim_ascii().is_empty()) {
            return;
        }
        let (found, expected) = (record.len(), self.column_of_cell.len());
        let message = if record.last_line - record.line >= ROW_LINES_MAX {
            Some(format!("the row runs on to line {}", record.last_line))
        } else if found != expected {
            Some(format!("the row has {found} cells, the header {expected}"))
        } else {
            None
        };
        if let Some(message) = message {
            let remedy = "put a cell that holds the delimiter in double quotes, and close every quote";
            records.errors.push(RowError::of_row(&origin, message, remedy));
            return;
        }
        let mut cells = [Cell::Absent; COLUMNS_MAX];
        for (field, column) in record.fields().zip(&self.column_of_cell) {
            if let Some(column) = column {
                cells[*column] = match std::str::from_utf8(field) {
                    Ok(text) => Cell::Text(text),
                    Err(_) => Cell::NotUtf8(field),
                };
            }
        }
        records.take_row(self.kind, origin, &cells);
    }
}
