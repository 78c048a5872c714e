//! From a row to a merchant, site or terminal; and no natural key twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::str::FromStr;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::columns::FileKind;
use super::row::{Cells, Problem, Row, identifier, name, problem};
use super::row_error::{RowError, RowErrors};
use super::{Located, Origin, Record};
use crate::domain::calendar::{OpeningHours, OpeningHoursError, TrafficProfile};
use crate::domain::fleet::{FirmwareVersion, Locale, Merchant, Site, Terminal, is_email_address};
use crate::domain::spelling::nearest;

/// The volume of a terminal for which none is given.
const VOLUME_DEFAULT: u32 = 10;

const VOLUME_MAX: u32 = 1000;

/// Where the rows of all files come together.
pub(super) struct Records<S> {
    pub(super) errors: RowErrors,
    /// The first row of each natural key, by kind; `None` when it is known that none comes twice.
    seen: Option<[HashMap<Box<str>, Origin>; 3]>,
    sink: S,
}

impl<S: FnMut(Record)> Records<S> {
    pub(super) fn new(sink: S) -> Self {
        Records { errors: RowErrors::default(), seen: Some(Default::default()), sink }
    }

    /// For rows of which every natural key has been seen to come once.
    pub(super) fn once_more(sink: S) -> Self {
        Records { errors: RowErrors::default(), seen: None, sink }
    }

    /// Reads a row, and hands it on or reports everything that is wrong with it.
    pub(super) fn take_row(&mut self, kind: FileKind, origin: Origin, cells: &Cells<'_>) {
        let mut row = Row { kind, origin: &origin, cells, errors: &mut self.errors };
        let (key, record): (Option<Box<str>>, _) = match kind {
            FileKind::Merchants => {
                let (key, merchant) = merchant(&mut row);
                (key, merchant.map(|value| Record::Merchant(Located { value, origin: origin.clone() })))
            }
            FileKind::Sites => {
                let (key, site) = site(&mut row);
                (key, site.map(|value| Record::Site(Located { value, origin: origin.clone() })))
            }
            FileKind::Terminals => {
                let (key, terminal) = terminal(&mut row);
                (key, terminal.map(|value| Record::Terminal(Located { value, origin: origin.clone() })))
            }
        };
        let is_first = key.is_none_or(|key| self.is_first(kind, key, origin));
        if let Some(record) = record.filter(|_| is_first) {
            (self.sink)(record);
        }
    }

    fn is_first(&mut self, kind: FileKind, key: Box<str>, origin: Origin) -> bool {
        let Some(seen) = &mut self.seen else { return true };
        match seen[kind as usize].entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(origin);
                true
            }
            Entry::Occupied(first) => {
                let message = format!("this {} is in {} already", kind.type_word(), first.get());
                let column = kind.columns()[0].name;
                let remedy = "delete one of the two rows";
                self.errors.push(RowError::of_cell(&origin, column, first.key(), message, remedy));
                false
            }
        }
    }
}

// Each takes every column before it gives up, so that all mistakes of the row are reported at once; and gives
// its natural key even then.

fn merchant(row: &mut Row<'_>) -> (Option<Box<str>>, Option<Merchant>) {
    let number = row.required("number", identifier);
    let key = number.as_deref().map(Box::from);
    let name = row.required("name", name);
    let locale = row.optional("locale", locale);
    let email = row.optional("email", email);
    let phone = row.optional("phone", identifier);
    let tags = row.tags();
    let read = || {
        Some(Merchant {
            number: number?,
            name: name?,
            locale: locale?.unwrap_or_default(),
            email: email?,
            phone: phone?,
            tags: tags?,
        })
    };
    (key, read())
}

fn site(row: &mut Row<'_>) -> (Option<Box<str>>, Option<Site>) {
    let code = row.required("code", identifier);
    let key = code.as_deref().map(Box::from);
    let merchant_number = row.required("merchant_number", identifier);
    let site_name = row.required("name", name);
    let region = row.required("region", identifier);
    let address = row.optional("address", name);
    // Looking for the nearest zone is slow; nobody reads more suggestions than errors are kept.
    let suggest = row.has_room_for_errors();
    let time_zone = row.required("time_zone", |text| time_zone(text, suggest));
    let opening_hours = row.required("opening_hours", opening_hours);
    let traffic_profile = row.optional("traffic_profile", traffic_profile);
    let tags = row.tags();
    let read = || {
        Some(Site {
            code: code?,
            merchant_number: merchant_number?,
            name: site_name?,
            region: region?,
            address: address?,
            time_zone: time_zone?,
            opening_hours: opening_hours?,
            traffic_profile: traffic_profile?.unwrap_or_default(),
            tags: tags?,
        })
    };
    (key, read())
}

fn terminal(row: &mut Row<'_>) -> (Option<Box<str>>, Option<Terminal>) {
    let serial = row.required("serial", identifier);
    let key = serial.as_deref().map(Box::from);
    let site_code = row.required("site_code", identifier);
    let tid = row.required("tid", identifier);
    let mid = row.required("mid", identifier);
    let label = row.optional("label", name);
    let model = row.required("model", identifier);
    let firmware = row.required("firmware", identifier);
    let acquirer_host = row.required("acquirer_host", identifier);
    let carrier = row.optional("carrier", identifier);
    let cell = row.optional("cell", identifier);
    let servicer = row.optional("servicer", identifier);
    let volume = row.optional("volume", volume);
    let retired = row.optional("retired", retired);
    let tags = row.tags();
    let read = || {
        let serial = serial?;
        Some(Terminal {
            label: label?.unwrap_or_else(|| serial.clone()),
            serial,
            site_code: site_code?,
            tid: tid?,
            mid: mid?,
            model: model?,
            firmware: FirmwareVersion::new(&firmware?),
            acquirer_host: acquirer_host?,
            carrier: carrier?,
            cell: cell?,
            servicer: servicer?,
            volume: volume?.unwrap_or(VOLUME_DEFAULT),
            retired: retired?.unwrap_or(false),
            tags: tags?,
        })
    };
    (key, read())
}

fn locale(text: &str) -> Result<Locale, Problem> {
    Locale::from_str(text)
        .map_err(|_| problem("is not a language that notices are written in", "use en or zh-CN"))
}

fn email(text: &str) -> Result<String, Problem> {
    if is_email_address(text) {
        return Ok(text.to_owned());
    }
    let several = text.matches('@').count() > 1;
    Err(problem(
        if several { "is not one mail address" } else { "is not a mail address" },
        if several { "give one address; use a mailing list for several people" } else { "write name@domain" },
    ))
}

fn time_zone(text: &str, suggest: bool) -> Result<Tz, Problem> {
    text.parse().map_err(|_| {
        let names = TZ_VARIANTS.iter().map(|zone| zone.name());
        let remedy = match suggest.then(|| nearest(text, names)).flatten() {
            Some(near) => format!("did you mean {near}?"),
            None => "write its name in the IANA list, such as Asia/Shanghai".to_owned(),
        };
        problem("is not an IANA time zone", remedy)
    })
}

fn opening_hours(text: &str) -> Result<OpeningHours, Problem> {
    text.parse().map_err(|error| match error {
        OpeningHoursError::Part { part, problem: what, remedy, .. } => {
            problem(format!("`{part}`: {what}"), remedy)
        }
        OpeningHoursError::Empty => problem("is empty", "write 24/7 or hours such as Mon-Fri 08:00-20:00"),
    })
}

fn traffic_profile(text: &str) -> Result<TrafficProfile, Problem> {
    text.parse().map_err(|_| {
        let words = TrafficProfile::ALL.map(TrafficProfile::as_str);
        let remedy = match nearest(text, words) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("use one of {}", words.join(", ")),
        };
        problem("is not a kind of shop", remedy)
    })
}

fn volume(text: &str) -> Result<u32, Problem> {
    match text.parse() {
        Ok(volume @ 1..=VOLUME_MAX) => Ok(volume),
        _ => Err(problem("is not a volume", format!("write a whole number from 1 to {VOLUME_MAX}"))),
    }
}

fn retired(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(problem("is neither true nor false", "write true or false")),
    }
}
