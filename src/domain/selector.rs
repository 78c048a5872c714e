//! Which terminals a campaign is for: a small readable expression over the fields of a terminal, its site and
//! its merchant, such as `model = "A920" and region in ("north", "east") and firmware < "3.2.0"`.
//!
//! `docs/fleet-files.md` has the grammar. What is not there (a wired terminal's carrier) equals nothing: `=`,
//! `<`, `in` and `like` are false of it; `!=`, `not in`, `not like` are true.

mod error;
mod expression;
mod field;
mod glob;
mod lexer;
mod parser;

use serde::{Deserialize, Serialize};

pub use error::SelectorError;
pub use field::{FieldHelp, FieldKind};

use crate::domain::fleet::{Merchant, Site, Terminal};
use expression::Expression;

/// A selection of terminals. Its `Display` is the canonical text, which reads back as an equal selector; it is
/// serialized as that text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector(Expression);

impl Selector {
    /// Every terminal: `all`.
    pub const ALL: Selector = Selector(Expression::All);

    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        parser::parse(text).map(Selector)
    }

    /// Whether it picks this terminal, which stands at that site of that merchant.
    pub fn matches(&self, terminal: &Terminal, site: &Site, merchant: &Merchant) -> bool {
        self.0.matches(terminal, site, merchant)
    }
}

/// Every field that a selector can ask for, in the order of help texts.
pub fn fields() -> &'static [FieldHelp] {
    field::FIELDS
}

impl std::fmt::Display for Selector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::str::FromStr for Selector {
    type Err = SelectorError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Selector::parse(text)
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Selector::parse(&text)
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}
