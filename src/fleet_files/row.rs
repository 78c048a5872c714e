//! One row of cells, wherever it came from, and its values: cleaned, checked, each mistake reported.

use std::borrow::Cow;

use serde_json::Value;

use super::columns::FileKind;
use super::row_error::{RowError, RowErrors};
use super::{Origin, tag_cell};
use crate::domain::fleet::{Tags, clean_text};

/// The most columns that a kind of file has.
pub(super) const COLUMNS_MAX: usize = 14;

/// Longest identifier, in characters.
const IDENTIFIER_CHARS_MAX: usize = 64;

/// What stands in a column.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Cell<'a> {
    #[default]
    Absent,
    Text(&'a str),
    NotUtf8(&'a [u8]),
    /// A value of JSON that is not a string.
    Json(&'a Value),
}

/// The cells of a row, by the kind's column.
pub(super) type Cells<'a> = [Cell<'a>; COLUMNS_MAX];

pub(super) struct Row<'a> {
    pub(super) kind: FileKind,
    pub(super) origin: &'a Origin,
    pub(super) cells: &'a Cells<'a>,
    pub(super) errors: &'a mut RowErrors,
}

/// What is wrong with a value, and what to do.
pub(super) struct Problem {
    message: String,
    remedy: String,
}

pub(super) fn problem(message: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { message: message.into(), remedy: remedy.into() }
}

impl<'a> Row<'a> {
    /// The value of a column that must be filled; `None` after its mistake was reported.
    pub(super) fn required<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = self.optional(column, read)?;
        if value.is_none() {
            let remedy = format!("fill it in; every {} needs it", self.kind.type_word());
            let error = RowError::of_row(self.origin, "is empty", remedy);
            self.errors.push(RowError { column: Some(column.to_owned()), ..error });
        }
        value
    }

    /// The value of a column that may be empty or absent; `None` after its mistake was reported.
    pub(super) fn optional<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        let text = match self.text(column) {
            Ok(None) => return Some(None),
            Ok(Some(text)) => text,
            Err((shown, problem)) => {
                self.report(column, &shown, problem);
                return None;
            }
        };
        match read(&text) {
            Ok(value) => Some(Some(value)),
            Err(problem) => {
                self.report(column, &text, problem);
                None
            }
        }
    }

    /// The tags of a row, from a cell or a JSON object.
    pub(super) fn tags(&mut self) -> Option<Tags> {
        let Cell::Json(Value::Object(object)) = self.cell("tags") else {
            let tags = self.optional("tags", |text| {
                tag_cell::parse(text).map_err(|(message, remedy)| problem(message, remedy))
            });
            return tags.map(Option::unwrap_or_default);
        };
        let mut tags = Tags::new();
        for (key, value) in object {
            let inserted = match value {
                Value::String(value) => tag_cell::insert(&mut tags, key, value),
                other => Err((format!("the tag `{key}` is {other}"), "give tags text values")),
            };
            if let Err((message, remedy)) = inserted {
                self.report("tags", &Value::Object(object.clone()).to_string(), problem(message, remedy));
                return None;
            }
        }
        Some(tags)
    }

    fn cell(&self, column: &'static str) -> Cell<'a> {
        self.kind.column_index(column).map_or(Cell::Absent, |index| self.cells[index])
    }

    /// The trimmed text of a column, `None` if nothing visible is there; or the value and what is wrong with it.
    fn text(&self, column: &'static str) -> Result<Option<Cow<'a, str>>, (String, Problem)> {
        let text = match self.cell(column) {
            Cell::Absent => return Ok(None),
            Cell::Text(text) => Cow::Borrowed(text.trim()),
            Cell::NotUtf8(bytes) => {
                let shown = String::from_utf8_lossy(bytes).into_owned();
                return Err((
                    shown,
                    problem("is not UTF-8", "save the file as CSV UTF-8 and import it again"),
                ));
            }
            Cell::Json(Value::Number(number)) if column == "volume" => Cow::Owned(number.to_string()),
            Cell::Json(Value::Bool(flag)) if column == "retired" => Cow::Owned(flag.to_string()),
            Cell::Json(other) => {
                let remedy =
                    if column == "tags" { "write an object of strings" } else { "write a string, in quotes" };
                return Err((other.to_string(), problem("is of the wrong JSON type", remedy)));
            }
        };
        if text.contains('\0') {
            let remedy = "the file is damaged or not text; export it again";
            return Err((text.into_owned(), problem("holds a NUL character", remedy)));
        }
        let is_visible = text.bytes().any(|byte| byte.is_ascii_graphic()) || !clean_text(&text).is_empty();
        Ok(is_visible.then_some(text))
    }

    pub(super) fn has_room_for_errors(&self) -> bool {
        self.errors.has_room()
    }

    fn report(&mut self, column: &str, value: &str, problem: Problem) {
        self.errors.push(RowError::of_cell(self.origin, column, value, problem.message, problem.remedy));
    }
}

/// A name: cleaned, and cut to what [`clean_text`] keeps.
pub(super) fn name(text: &str) -> Result<String, Problem> {
    Ok(if is_plainly_clean(text) { text.to_owned() } else { clean_text(text) })
}

/// Whether cleaning would change nothing, for the texts of which that is seen at a glance: most cells of a large
/// file are short printable ASCII, words with one blank between, and this is several times quicker than cleaning
/// them.
fn is_plainly_clean(text: &str) -> bool {
    let mut gap = true;
    let word_by_word = |byte: u8| {
        let blank = byte == b' ';
        let clean = byte.is_ascii_graphic() || blank && !gap;
        gap = blank;
        clean
    };
    text.len() <= IDENTIFIER_CHARS_MAX && text.bytes().all(word_by_word) && !text.ends_with(' ')
}

/// A word that others refer to: cleaned, never cut, and not a number that a spreadsheet has rounded.
pub(super) fn identifier(text: &str) -> Result<String, Problem> {
    let clean = name(text)?;
    let length = clean.chars().count();
    if length > IDENTIFIER_CHARS_MAX {
        let message = format!("is {length} characters or longer");
        return Err(problem(message, format!("use at most {IDENTIFIER_CHARS_MAX} characters")));
    }
    if is_rounded_number(&clean) {
        let remedy = "make the column a text column and export it again";
        return Err(problem("is a number that a spreadsheet has rounded", remedy));
    }
    Ok(clean)
}

/// Whether it looks like `8.98541E+14`.
fn is_rounded_number(text: &str) -> bool {
    text.split_once("E+").is_some_and(|(digits, exponent)| {
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
            && !exponent.is_empty()
            && exponent.chars().all(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_numbers_are_seen_and_serials_are_not() {
        for text in ["8.98541E+14", "1E+05", "8,98541E+14"] {
            assert!(is_rounded_number(text), "{text}");
        }
        for text in ["898541100000017", "E+05", "A1E+05", "1E5", "1E+", "1E+X"] {
            assert!(!is_rounded_number(text), "{text}");
        }
    }

    #[test]
    fn the_glance_agrees_with_cleaning() {
        for character in ('\0'..='\u{ff}').chain(['\u{200b}', '\u{feff}', '中']) {
            let text = format!("a{character}b");
            let glance = is_plainly_clean(&text);
            assert_eq!(glance, character.is_ascii_graphic() || character == ' ');
            assert!(!glance || clean_text(&text) == text, "{text:?}");
        }
        for text in [" a", "a ", "a  b", " "] {
            assert!(!is_plainly_clean(text), "{text:?}");
        }
        assert!(!is_plainly_clean(&"x".repeat(IDENTIFIER_CHARS_MAX + 1)));
    }

    #[test]
    fn there_is_a_cell_for_every_column() {
        let most = FileKind::ALL.iter().map(|kind| kind.columns().len()).max();
        assert_eq!(most, Some(COLUMNS_MAX));
    }
}
