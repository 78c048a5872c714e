//! Writing: streaming, with fixed columns in a fixed order, so that equal fleets are equal files.

use std::borrow::{Borrow, Cow};
use std::io::{BufWriter, Error, Result, Write};
use std::marker::PhantomData;

use serde::Serialize;

use super::columns::FileKind;
use super::tag_cell;
use crate::domain::fleet::{Merchant, Site, Terminal};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// A header and a row a value; UTF-8 without a byte order mark, LF.
    Csv,
    /// An object with its `type` a line.
    JsonLines,
}

/// What a row of a fleet file can be.
pub trait FleetRecord: Serialize {
    /// The kind of file it belongs to.
    const KIND: FileKind;

    /// Its cells, in the order of the kind's columns.
    fn cells(&self) -> Vec<Cow<'_, str>>;
}

/// Writes values of one kind, one after the other.
pub struct RecordWriter<W: Write, T> {
    output: Output<W>,
    records: PhantomData<fn(&T)>,
}

enum Output<W: Write> {
    Csv(Box<csv::Writer<W>>),
    JsonLines(BufWriter<W>),
}

#[derive(Serialize)]
struct TypedObject<'a, T> {
    #[serde(rename = "type")]
    type_word: &'static str,
    #[serde(flatten)]
    record: &'a T,
}

impl<W: Write, T: FleetRecord> RecordWriter<W, T> {
    /// Starts a file; a CSV file has its header from now on.
    pub fn new(output: W, format: FileFormat) -> Result<Self> {
        let output = match format {
            FileFormat::JsonLines => Output::JsonLines(BufWriter::new(output)),
            FileFormat::Csv => {
                let mut writer = csv::Writer::from_writer(output);
                writer
                    .write_record(T::KIND.columns().iter().map(|column| column.name))
                    .map_err(Error::from)?;
                Output::Csv(Box::new(writer))
            }
        };
        Ok(RecordWriter { output, records: PhantomData })
    }

    /// Writes one value.
    pub fn write(&mut self, record: &T) -> Result<()> {
        match &mut self.output {
            Output::Csv(writer) => {
                writer.write_record(record.cells().iter().map(|cell| cell.as_bytes())).map_err(Error::from)
            }
            Output::JsonLines(writer) => {
                let object = TypedObject { type_word: T::KIND.type_word(), record };
                serde_json::to_writer(&mut *writer, &object)?;
                writer.write_all(b"\n")
            }
        }
    }

    /// Hands everything to the output. A writer that is dropped without this may leave rows out.
    pub fn finish(self) -> Result<()> {
        match self.output {
            Output::Csv(mut writer) => writer.flush(),
            Output::JsonLines(mut writer) => writer.flush(),
        }
    }
}

/// Writes all values, owned or borrowed, and says how many there were: `write_records::<Merchant>(…)`.
pub fn write_records<T: FleetRecord>(
    output: impl Write,
    format: FileFormat,
    records: impl IntoIterator<Item = impl Borrow<T>>,
) -> Result<u64> {
    let mut writer = RecordWriter::<_, T>::new(output, format)?;
    let mut count = 0;
    for record in records {
        writer.write(record.borrow())?;
        count += 1;
    }
    writer.finish()?;
    Ok(count)
}

fn or_empty(text: &Option<String>) -> Cow<'_, str> {
    Cow::Borrowed(text.as_deref().unwrap_or_default())
}

impl FleetRecord for Merchant {
    const KIND: FileKind = FileKind::Merchants;

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let Merchant { number, name, locale, email, phone, tags } = self;
        vec![
            number.into(),
            name.into(),
            locale.as_str().into(),
            or_empty(email),
            or_empty(phone),
            tag_cell::format(tags).into(),
        ]
    }
}

impl FleetRecord for Site {
    const KIND: FileKind = FileKind::Sites;

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let Site {
            code,
            merchant_number,
            name,
            region,
            address,
            time_zone,
            opening_hours,
            traffic_profile,
            tags,
        } = self;
        vec![
            code.into(),
            merchant_number.into(),
            name.into(),
            region.into(),
            or_empty(address),
            time_zone.name().into(),
            opening_hours.to_string().into(),
            traffic_profile.as_str().into(),
            tag_cell::format(tags).into(),
        ]
    }
}

impl FleetRecord for Terminal {
    const KIND: FileKind = FileKind::Terminals;

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let Terminal {
            serial,
            site_code,
            tid,
            mid,
            label,
            model,
            firmware,
            acquirer_host,
            carrier,
            cell,
            servicer,
            volume,
            retired,
            tags,
        } = self;
        vec![
            serial.into(),
            site_code.into(),
            tid.into(),
            mid.into(),
            label.into(),
            model.into(),
            firmware.as_str().into(),
            acquirer_host.into(),
            or_empty(carrier),
            or_empty(cell),
            or_empty(servicer),
            volume.to_string().into(),
            retired.to_string().into(),
            tag_cell::format(tags).into(),
        ]
    }
}
