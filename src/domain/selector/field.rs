//! The fields that a selector can ask for, what kind of value each holds, and how a value is read.

use chrono_tz::{TZ_VARIANTS, Tz};

use crate::domain::calendar::TrafficProfile;
use crate::domain::fleet::{FirmwareVersion, Locale, Merchant, Site, Terminal};
use crate::domain::spelling::nearest;

/// A field for help texts: see [`super::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldHelp {
    /// The name in a selector; `tag.NAME` stands for every tag.
    pub name: &'static str,
    /// What it holds.
    pub meaning: &'static str,
    /// How it compares.
    pub kind: FieldKind,
    /// A comparison with it.
    pub example: &'static str,
    /// The column of a fleet file that people may type in its place.
    column: &'static str,
}

/// How a field compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// As text, by Unicode code point.
    Text,
    /// As a firmware version: numbers as numbers.
    Version,
    /// As a whole number.
    Number,
    /// An IANA zone; has no order.
    Zone,
    /// A language; has no order.
    Locale,
    /// A kind of shop; has no order.
    Profile,
}

/// What a comparison looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Plain(PlainField),
    /// A tag of this name, on the terminal, else its site, else its merchant.
    Tag(String),
}

macro_rules! plain_fields {
    ($($variant:ident $name:literal $column:literal $kind:ident $meaning:literal, $example:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum PlainField { $($variant),+ }

        const PLAIN_FIELDS: &[PlainField] = &[$(PlainField::$variant),+];

        /// Every field, in the order of help texts.
        pub(super) const FIELDS: &[FieldHelp] = &[
            $(FieldHelp {
                name: $name, meaning: $meaning, kind: FieldKind::$kind, example: $example, column: $column,
            },)+
            FieldHelp {
                name: "tag.NAME",
                meaning: "the tag of that name, on the terminal, else its site, else its merchant",
                kind: FieldKind::Text,
                example: r#"tag.segment = "chain""#,
                column: "tags",
            },
        ];
    };
}

plain_fields! {
    Serial "serial" "serial" Text "serial number of the terminal", r#"serial in ("0820000017", "0820000018")"#;
    Tid "tid" "tid" Text "terminal id at the acquirer", r#"tid >= "10000000" and tid < "10001000""#;
    Mid "mid" "mid" Text "merchant id at the acquirer", r#"mid = "898541100000017""#;
    Label "label" "label" Text "what the merchant calls the terminal", r#"label like "Till *""#;
    Model "model" "model" Text "hardware model", r#"model = "A920""#;
    Firmware "firmware" "firmware" Version "installed firmware", r#"firmware < "3.10.0""#;
    Host "host" "acquirer_host" Text "acquirer host it authorises against", r#"host = "acquirer-east-1""#;
    Carrier "carrier" "carrier" Text "mobile carrier or uplink; a wired terminal has none", r#"carrier != "China Mobile""#;
    Cell "cell" "cell" Text "radio cell or uplink; a wired terminal has none", r#"cell like "460-00-*""#;
    Servicer "servicer" "servicer" Text "whose technicians come; may be missing", r#"servicer = "North Field Service""#;
    Volume "volume" "volume" Number "volume of payments, 1 to 1000", "volume >= 100";
    Site "site" "site_code" Text "code of the site", r#"site = "S000017-003""#;
    SiteName "site_name" "site_name" Text "name of the site", r#"site_name like "*中山路*""#;
    Region "region" "region" Text "the operator's region", r#"region in ("north", "east")"#;
    Zone "zone" "time_zone" Zone "IANA zone of the site", r#"zone like "America/*""#;
    Profile "profile" "traffic_profile" Profile "kind of shop", "not profile = restaurant";
    Merchant "merchant" "merchant_number" Text "number of the merchant", r#"merchant = "M000017""#;
    MerchantName "merchant_name" "merchant_name" Text "name of the merchant", r#"merchant_name like "Harbour*""#;
    Locale "locale" "locale" Locale "language the merchant is written to in", r#"locale = "zh-CN""#;
}

/// What a terminal has in a field.
pub(super) enum Actual<'a> {
    Text(&'a str),
    Version(&'a FirmwareVersion),
    Number(u32),
}

/// A value that an expression compares with. Text of a kind with a fixed spelling is kept in that spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(u32),
    Text(String),
}

impl Field {
    /// The field of that name, or why there is none.
    pub(super) fn named(name: &str) -> Result<Field, String> {
        if let Some(tag) = name.strip_prefix("tag.") {
            return Ok(Field::Tag(tag.to_owned()));
        }
        let plain = PLAIN_FIELDS.iter().find(|field| field.help().name == name);
        plain.map(|field| Field::Plain(*field)).ok_or_else(|| {
            let by_column = FIELDS.iter().find(|help| help.column == name).map(|help| help.name);
            match by_column.or_else(|| nearest(name, FIELDS.iter().map(|help| help.name))) {
                Some(near) => format!("`{name}` is not a field; did you mean `{near}`?"),
                None => {
                    let names: Vec<_> = FIELDS.iter().map(|help| help.name).collect();
                    format!("`{name}` is not a field; the fields are {}", names.join(", "))
                }
            }
        })
    }

    pub(super) fn kind(&self) -> FieldKind {
        match self {
            Field::Plain(plain) => plain.help().kind,
            Field::Tag(_) => FieldKind::Text,
        }
    }

    /// What the terminal has in this field; `None` if nothing.
    pub(super) fn actual<'a>(
        &self,
        terminal: &'a Terminal,
        site: &'a Site,
        merchant: &'a Merchant,
    ) -> Option<Actual<'a>> {
        let plain = match self {
            Field::Plain(plain) => *plain,
            Field::Tag(name) => {
                let tags = [&terminal.tags, &site.tags, &merchant.tags];
                return tags.into_iter().find_map(|tags| tags.get(name)).map(|value| Actual::Text(value));
            }
        };
        Some(Actual::Text(match plain {
            PlainField::Serial => &terminal.serial,
            PlainField::Tid => &terminal.tid,
            PlainField::Mid => &terminal.mid,
            PlainField::Label => &terminal.label,
            PlainField::Model => &terminal.model,
            PlainField::Firmware => return Some(Actual::Version(&terminal.firmware)),
            PlainField::Host => &terminal.acquirer_host,
            PlainField::Carrier => terminal.carrier.as_ref()?,
            PlainField::Cell => terminal.cell.as_ref()?,
            PlainField::Servicer => terminal.servicer.as_ref()?,
            PlainField::Volume => return Some(Actual::Number(terminal.volume)),
            PlainField::Site => &site.code,
            PlainField::SiteName => &site.name,
            PlainField::Region => &site.region,
            PlainField::Zone => site.time_zone.name(),
            PlainField::Profile => site.traffic_profile.as_str(),
            PlainField::Merchant => &merchant.number,
            PlainField::MerchantName => &merchant.name,
            PlainField::Locale => merchant.locale.as_str(),
        }))
    }
}

impl PlainField {
    fn help(self) -> &'static FieldHelp {
        &FIELDS[self as usize]
    }
}

impl FieldKind {
    /// Whether `<` means anything.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, FieldKind::Text | FieldKind::Version | FieldKind::Number)
    }

    /// The value that a text stands for, or what is wrong with it.
    pub(super) fn value(self, text: &str) -> Result<Value, String> {
        Ok(Value::Text(match self {
            FieldKind::Text => text.to_owned(),
            FieldKind::Version => FirmwareVersion::new(text).to_string(),
            FieldKind::Number => {
                return text
                    .parse()
                    .map(Value::Number)
                    .map_err(|_| format!("`{text}` is not a whole number; volumes are from 1 to 1000"));
            }
            FieldKind::Zone => match text.parse::<Tz>() {
                Ok(zone) => zone.name().to_owned(),
                Err(_) => {
                    return Err(match nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name())) {
                        Some(near) => format!("`{text}` is not an IANA zone; did you mean `{near}`?"),
                        None => format!("`{text}` is not an IANA zone, such as Asia/Shanghai"),
                    });
                }
            },
            FieldKind::Locale => text.parse::<Locale>()?.to_string(),
            FieldKind::Profile => {
                text.parse::<TrafficProfile>().map_err(|error| error.to_string())?.to_string()
            }
        }))
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Field::Plain(plain) => formatter.write_str(plain.help().name),
            Field::Tag(name) if super::lexer::is_word(name) => write!(formatter, "tag.{name}"),
            Field::Tag(name) => write!(formatter, "tag.{}", super::lexer::quoted(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_example_reads() {
        for help in &FIELDS[..PLAIN_FIELDS.len()] {
            let field = Field::named(help.name).expect(help.name);
            assert_eq!((field.to_string().as_str(), field.kind()), (help.name, help.kind));
        }
        for help in FIELDS {
            assert!(crate::domain::selector::Selector::parse(help.example).is_ok(), "{}", help.example);
        }
    }

    #[test]
    fn slips_and_columns_find_their_field() {
        let message = |name| Field::named(name).err().unwrap_or_default();
        assert!(message("regoin").ends_with("did you mean `region`?"));
        assert!(message("acquirer_host").ends_with("did you mean `host`?"));
        assert!(message("time_zone").ends_with("did you mean `zone`?"));
        assert!(message("banana").contains("the fields are serial, tid"));
    }
}
