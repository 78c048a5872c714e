//! CSV records with the line that each starts on. The grammar is `csv_core`'s; it is fed line by line, so that
//! blank lines, CRLF and line breaks within quotes leave no doubt about where a record starts.

use std::io::{Read, Result};

use csv_core::ReadRecordResult;

use super::lines::{Lines, RECORD_BYTES_MAX};

pub(super) struct CsvRecords<R> {
    lines: Lines<R>,
    core: csv_core::Reader,
    /// The current line, and how much of it is used up.
    line: Vec<u8>,
    line_used: usize,
    /// The last record was too long: where the next one starts is anybody's guess.
    is_lost: bool,
    fields: Vec<u8>,
    field_ends: Vec<usize>,
}

/// A record, as raw bytes.
#[derive(Clone, Copy)]
pub(super) struct CsvRecord<'a> {
    /// The line that it starts on.
    pub(super) line: u64,
    /// The line that it ends on.
    pub(super) last_line: u64,
    /// How it ended.
    pub(super) ending: Ending,
    fields: &'a [u8],
    field_ends: &'a [usize],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should.
    Whole,
    /// At the end of the file, within quotes.
    UnclosedQuote,
    /// At the limit of length; it is the last.
    TooLong,
}

impl<R: Read> CsvRecords<R> {
    /// Takes its delimiter from the first line that is not blank: whichever of `,`, `;` and tab it has most of.
    pub(super) fn new(mut lines: Lines<R>) -> Result<Self> {
        let mut line = Vec::new();
        while let Some(next) = lines.next_line()? {
            line.clear();
            line.extend_from_slice(next);
            if !line.trim_ascii().is_empty() {
                break;
            }
        }
        end_with_line_break(&mut line);
        let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
        // The last of equals wins, so a single column is comma-separated.
        let delimiter = *b"\t;,".iter().max_by_key(|delimiter| count(delimiter)).unwrap_or(&b',');
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let (fields, field_ends) = (vec![0; 4096], vec![0; 32]);
        Ok(CsvRecords { lines, core, line, line_used: 0, is_lost: false, fields, field_ends })
    }

    /// The next record that is not a blank line.
    pub(super) fn next_record(&mut self) -> Result<Option<CsvRecord<'_>>> {
        if self.is_lost {
            return Ok(None);
        }
        let (mut bytes, mut ends) = (0, 0);
        let mut first_line = self.lines.number();
        let mut at_end = false;
        let ending = loop {
            if self.line_used == self.line.len() {
                self.line.clear();
                self.line_used = 0;
                match self.lines.next_line()? {
                    Some(line) => self.line.extend_from_slice(line),
                    None => at_end = true,
                }
                if !at_end {
                    end_with_line_break(&mut self.line);
                }
                if bytes == 0 && ends == 0 {
                    first_line = self.lines.number();
                }
            }
            if bytes > RECORD_BYTES_MAX || self.line.len() > RECORD_BYTES_MAX {
                self.is_lost = true;
                break Ending::TooLong;
            }
            // An empty input tells the core that this is the end.
            let (result, used, bytes_more, ends_more) = self.core.read_record(
                &self.line[self.line_used..],
                &mut self.fields[bytes..],
                &mut self.field_ends[ends..],
            );
            self.line_used += used;
            bytes += bytes_more;
            ends += ends_more;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.field_ends.resize(self.field_ends.len() * 2, 0),
                ReadRecordResult::Record if at_end => break Ending::UnclosedQuote,
                ReadRecordResult::Record => break Ending::Whole,
                ReadRecordResult::End => return Ok(None),
            }
        };
        Ok(Some(CsvRecord {
            line: first_line,
            last_line: self.lines.number(),
            ending,
            fields: &self.fields[..bytes],
            field_ends: &self.field_ends[..ends],
        }))
    }
}

impl<'a> CsvRecord<'a> {
    pub(super) fn len(&self) -> usize {
        self.field_ends.len()
    }

    /// The fields in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        let (fields, ends) = (self.fields, self.field_ends);
        (0..ends.len()).map(move |index| {
            let start = if index == 0 { 0 } else { ends[index - 1] };
            &fields[start..ends[index]]
        })
    }
}

/// With a line break after the last line too, a record that only the end of the file ends is within quotes.
fn end_with_line_break(line: &mut Vec<u8>) {
    if !line.is_empty() && line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, u64, Ending, Vec<String>)> {
        let mut records = CsvRecords::new(Lines::new(text.as_bytes())).expect("in memory");
        let mut all = Vec::new();
        while let Some(record) = records.next_record().expect("in memory") {
            let fields = record.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
            all.push((record.line, record.last_line, record.ending, fields));
        }
        all
    }

    #[test]
    fn each_record_knows_its_first_line() {
        let rows = [(2, "a,b"), (3, "\"1\n2\",\"\"\"x\""), (7, "3,4"), (8, "5,"), (10, ",6")];
        let text =
            format!("\n{}\n{}\n\n\n{}\n{}\n\n{}", rows[0].1, rows[1].1, rows[2].1, rows[3].1, rows[4].1);
        for text in [text.clone(), text.replace('\n', "\r\n"), format!("{text}\n"), format!("\u{feff}{text}")]
        {
            let records = read(&text);
            let lines: Vec<_> = records.iter().map(|record| record.0).collect();
            assert_eq!(lines, rows.map(|row| row.0), "{text:?}");
            assert!(records.iter().all(|record| record.2 == Ending::Whole && record.3.len() == 2));
            assert_eq!((records[1].1, records[1].3[1].as_str()), (4, "\"x"));
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_seen() {
        let records = read("a,b\n1,\"2\n3,4\n");
        assert_eq!((records[1].0, records[1].1, records[1].2), (2, 3, Ending::UnclosedQuote));
        let records = read(&format!("a,b\n1,\"{}", "x\n".repeat(RECORD_BYTES_MAX)));
        assert_eq!((records.len(), records[1].0, records[1].2), (2, 2, Ending::TooLong));
    }

    #[test]
    fn the_delimiter_is_the_headers() {
        for text in ["a;b\n1;2,3\n", "a\tb\n1\t2,3\n", "a,b\n1,\"2,3\"\n"] {
            assert_eq!(read(text)[1].3, ["1", "2,3"], "{text:?}");
        }
        assert_eq!(read("a\n1\n")[1].3, ["1"]);
        assert!(read("").is_empty() && read("\n\r\n").is_empty());
    }
}
