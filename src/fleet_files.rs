//! The fleet as files: merchants, sites and terminals in CSV or JSON Lines, read with every mistake named and
//! written so that reading gives the same values back. Pure functions over `Read` and `Write`: it knows no
//! database; whether a merchant or site that no file holds exists is for the caller to say.
//!
//! `docs/fleet-files.md` is the manual.

mod columns;
mod csv_records;
mod lines;
mod read_csv;
mod read_json_lines;
mod records;
mod row;
mod row_error;
mod tag_cell;
mod write;

use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read};
use std::sync::Arc;

use crate::domain::fleet::{Merchant, Site, Terminal};

pub use columns::{Column, FileKind};
pub use row_error::{ERRORS_KEPT_MAX, RowError, RowErrors};
pub use write::{FileFormat, FleetRecord, RecordWriter, write_records};

/// A file to read.
pub struct NamedFile<'a> {
    /// The name that errors use; a JSON Lines file's may say what it holds (`merchants.jsonl`).
    pub name: String,
    /// Its bytes, read once from the start.
    pub content: Box<dyn Read + Send + 'a>,
}

impl<'a> NamedFile<'a> {
    /// A file that is read as it streams in.
    pub fn new(name: impl Into<String>, content: impl Read + Send + 'a) -> Self {
        NamedFile { name: name.into(), content: Box::new(content) }
    }

    /// A file that is in memory already.
    pub fn from_bytes(name: impl Into<String>, bytes: impl AsRef<[u8]> + Send + 'a) -> Self {
        NamedFile::new(name, Cursor::new(bytes))
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file's name.
    pub file: Arc<str>,
    /// The line that its record starts on, counted from 1.
    pub line: u64,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its file and line.
    pub origin: Origin,
}

/// One good row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A merchant.
    Merchant(Located<Merchant>),
    /// A site.
    Site(Located<Site>),
    /// A terminal.
    Terminal(Located<Terminal>),
}

/// Everything that a set of files holds, in the order of the files and their lines. No natural key occurs twice.
/// Of terminals, of which there are most, no more may be kept than their site's code: see [`Outline`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetFiles<T = Terminal> {
    /// The merchants.
    pub merchants: Vec<Located<Merchant>>,
    /// The sites.
    pub sites: Vec<Located<Site>>,
    /// The terminals.
    pub terminals: Vec<Located<T>>,
}

/// Merchants and sites whole, and of each terminal the code of its site.
pub type Outline = FleetFiles<Arc<str>>;

/// What says at which site a terminal is.
pub trait AtSite {
    /// The site's code.
    fn site_code(&self) -> &str;
}

impl AtSite for Terminal {
    fn site_code(&self) -> &str {
        &self.site_code
    }
}

impl AtSite for Arc<str> {
    fn site_code(&self) -> &str {
        self
    }
}

impl<T> Default for FleetFiles<T> {
    fn default() -> Self {
        FleetFiles { merchants: Vec::new(), sites: Vec::new(), terminals: Vec::new() }
    }
}

/// Natural keys that the files refer to and do not hold, each with every row that refers to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutsideReferences<'a> {
    /// Merchant numbers, from sites.
    pub merchant_numbers: BTreeMap<&'a str, Vec<&'a Origin>>,
    /// Site codes, from terminals.
    pub site_codes: BTreeMap<&'a str, Vec<&'a Origin>>,
}

/// Reads all files, or reports every bad row of all of them.
pub fn read_files(files: Vec<NamedFile<'_>>) -> Result<FleetFiles, RowErrors> {
    let mut fleet = FleetFiles::<Terminal>::default();
    read_each(files, |record| fleet.push(record))?;
    Ok(fleet)
}

/// Gives the caller each good row as it is read, so that a fleet of any size needs little memory. An error comes
/// only after the last row: whoever has stored rows by then must take them back.
pub fn read_each(files: Vec<NamedFile<'_>>, sink: impl FnMut(Record)) -> Result<(), RowErrors> {
    read_into(files, records::Records::new(sink))
}

/// The same once more for files in which [`read_each`] has found no mistake: what it remembers so as to see a natural
/// key that comes twice is not needed again.
pub fn read_each_again(files: Vec<NamedFile<'_>>, sink: impl FnMut(Record)) -> Result<(), RowErrors> {
    read_into(files, records::Records::once_more(sink))
}

fn read_into<S: FnMut(Record)>(
    files: Vec<NamedFile<'_>>,
    mut records: records::Records<S>,
) -> Result<(), RowErrors> {
    for file in files {
        let name: Arc<str> = file.name.into();
        if let Err(error) = read_file(&name, file.content, &mut records) {
            let message = format!("cannot be read: {error}");
            records.errors.push(RowError::of_file(&name, message, "check the file and import it again"));
        }
    }
    records.errors.into_result()
}

fn read_file<S: FnMut(Record)>(
    name: &Arc<str>,
    content: Box<dyn Read + Send + '_>,
    records: &mut records::Records<S>,
) -> std::io::Result<()> {
    let mut lines = lines::Lines::new(content);
    if let Some(format) = lines.foreign_format()? {
        let message = format!("is {format}, not CSV or JSON Lines");
        records.errors.push(RowError::of_file(name, message, "save it as CSV UTF-8 and import that"));
        Ok(())
    } else if lines.looks_like_json(name)? {
        read_json_lines::read(name, &mut lines, records)
    } else {
        read_csv::read(name, lines, records)
    }
}

impl FleetFiles {
    /// Adds a row to its kind.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Merchant(merchant) => self.merchants.push(merchant),
            Record::Site(site) => self.sites.push(site),
            Record::Terminal(terminal) => self.terminals.push(terminal),
        }
    }
}

impl Outline {
    /// Adds a row to its kind.
    pub fn push(&mut self, record: Record) {
        match record {
            Record::Merchant(merchant) => self.merchants.push(merchant),
            Record::Site(site) => self.sites.push(site),
            Record::Terminal(Located { value, origin }) => {
                // Terminals of a site mostly stand together.
                let last = self.terminals.last().map(|last| &last.value);
                let code = last.filter(|code| ***code == *value.site_code).map(Arc::clone);
                let value = code.unwrap_or_else(|| value.site_code.into());
                self.terminals.push(Located { value, origin });
            }
        }
    }
}

impl<T: AtSite> FleetFiles<T> {
    /// The merchants of sites, and the sites of terminals, that are not among these files.
    pub fn outside_references(&self) -> OutsideReferences<'_> {
        let numbers: HashSet<&str> = self.merchants.iter().map(|m| m.value.number.as_str()).collect();
        let codes: HashSet<&str> = self.sites.iter().map(|site| site.value.code.as_str()).collect();
        let mut outside = OutsideReferences::default();
        for Located { value: site, origin } in &self.sites {
            let number = site.merchant_number.as_str();
            if !numbers.contains(number) {
                outside.merchant_numbers.entry(number).or_default().push(origin);
            }
        }
        for Located { value: terminal, origin } in &self.terminals {
            let code = terminal.site_code();
            if !codes.contains(code) {
                outside.site_codes.entry(code).or_default().push(origin);
            }
        }
        outside
    }
}
