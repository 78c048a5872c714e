//! Export: what import reads.

use std::collections::HashMap;

use crate::db;
use crate::domain::fleet::{Merchant, Site, Terminal};
use crate::fleet_files::{FileFormat, FileKind, write_records};
use crate::service::world::{merchant_of, site_of, terminal_of};
use crate::service::{App, Error};

/// The whole table as one file, in the order in which rows were first imported.
pub fn export(app: &App, kind: FileKind, format: FileFormat) -> Result<Vec<u8>, Error> {
    app.database.read(|connection| {
        let mut bytes = Vec::new();
        let written = match kind {
            FileKind::Merchants => {
                let rows = db::fleet::merchants(connection)?;
                let values = rows.into_iter().map(merchant_of).collect::<Result<Vec<_>, _>>()?;
                write_records::<Merchant>(&mut bytes, format, values.iter())
            }
            FileKind::Sites => {
                let numbers: HashMap<i64, String> =
                    db::fleet::merchants(connection)?.into_iter().map(|row| (row.id, row.number)).collect();
                let values = db::fleet::sites(connection)?
                    .into_iter()
                    .map(|row| {
                        let number = numbers.get(&row.merchant_id).cloned().unwrap_or_default();
                        site_of(row, number)
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                write_records::<Site>(&mut bytes, format, values.iter())
            }
            FileKind::Terminals => {
                let codes: HashMap<i64, String> =
                    db::fleet::sites(connection)?.into_iter().map(|row| (row.id, row.code)).collect();
                let values = db::fleet::terminals(connection)?
                    .into_iter()
                    .map(|row| {
                        let code = codes.get(&row.site_id).cloned().unwrap_or_default();
                        terminal_of(row, code)
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                write_records::<Terminal>(&mut bytes, format, values.iter())
            }
        };
        written.map_err(|error| Error::Corrupt(format!("the export could not be written: {error}")))?;
        Ok(bytes)
    })
}
