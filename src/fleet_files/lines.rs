//! The lines of a file, counted, with a limit on their length.

use std::io::{BufRead, BufReader, Read, Result};

/// The longest line, and the longest record over several lines, in bytes. Beyond it a file is not what it says,
/// or a quote is missing.
pub(super) const RECORD_BYTES_MAX: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Lines { input: BufReader::with_capacity(1 << 16, input), line: Vec::new(), number: 0 }
    }

    /// Whether the file is JSON Lines, by its name or its first byte that is not blank.
    pub(super) fn looks_like_json(&mut self, name: &str) -> Result<bool> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        if ending.is_some_and(|ending| ["jsonl", "ndjson", "json"].contains(&ending.as_str())) {
            return Ok(true);
        }
        let start = self.input.fill_buf()?;
        let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
        Ok(matches!(start.trim_ascii_start().first(), Some(b'{' | b'[')))
    }

    /// What a file that is not text at all most likely is, from its first bytes.
    pub(super) fn foreign_format(&mut self) -> Result<Option<&'static str>> {
        let start = self.input.fill_buf()?;
        Ok(match start {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("text in UTF-16"),
            [b'P', b'K', 3, 4, ..] => Some("a workbook or an archive"),
            [0x1F, 0x8B, ..] => Some("compressed"),
            _ => None,
        })
    }

    /// The next line with its line break, or nothing at the end. A byte order mark is not part of the first. A
    /// line that is cut at the limit is longer than [`RECORD_BYTES_MAX`].
    pub(super) fn next_line(&mut self) -> Result<Option<&[u8]>> {
        self.line.clear();
        let limit = RECORD_BYTES_MAX as u64 + 1;
        self.input.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let skipped = if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        Ok(Some(&self.line[skipped..]))
    }

    /// The number of the line that was read last, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}
