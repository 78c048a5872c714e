//! What is wrong with a selector, and where: a message, a caret under the place, a hint.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// How much of a long line is shown on either side of the place, in characters.
const CONTEXT_CHARS: usize = 40;

/// A selector that cannot be read. Its `Display` is several lines: what is wrong, the line it is in, and a caret
/// under the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SelectorError {
    text: String,
    span: Range<usize>,
    message: String,
}

impl SelectorError {
    pub(super) fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        SelectorError { text: text.to_owned(), span, message: message.into() }
    }

    /// Where it is wrong, in characters from the start of the text, counted from 1.
    pub fn character(&self) -> usize {
        self.text[..self.span.start].chars().count() + 1
    }

    /// The bytes of the text that are wrong; empty at its end.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong and what was expected, in one sentence without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line with the place in it, cut to what fits a screen, and the caret line under it.
    fn picture(&self) -> (String, String) {
        let line_start = self.text[..self.span.start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let before = &self.text[line_start..self.span.start];
        let after = self.text[self.span.start..].split(['\n', '\r']).next().unwrap_or_default();
        let skipped = before.chars().count().saturating_sub(CONTEXT_CHARS);
        let mut line = String::new();
        let mut carets = String::new();
        if skipped > 0 {
            line.push('…');
            carets.push(' ');
        }
        let wrong_bytes = self.span.len().min(after.len());
        for character in before.chars().skip(skipped) {
            push_column(&mut line, &mut carets, character, ' ');
        }
        if wrong_bytes == 0 {
            carets.push('^');
        }
        for (at, character) in after.char_indices().take(CONTEXT_CHARS) {
            push_column(&mut line, &mut carets, character, if at < wrong_bytes { '^' } else { ' ' });
        }
        if after.chars().nth(CONTEXT_CHARS).is_some() {
            line.push('…');
        }
        (line, carets.trim_end().to_owned())
    }
}

/// Appends a character, and under each column that it takes up the mark.
fn push_column(line: &mut String, marks: &mut String, character: char, mark: char) {
    let shown = if character.is_control() { ' ' } else { character };
    line.push(shown);
    marks.extend(std::iter::repeat_n(mark, shown.width().unwrap_or(0)));
}

impl fmt::Display for SelectorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, carets) = self.picture();
        write!(formatter, "selector, character {}: {}\n  {line}\n  {carets}", self.character(), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let error = SelectorError::new("region = \"华东\" and modle = 1", 22..27, "wrong");
        assert_eq!(
            error.to_string(),
            "selector, character 19: wrong\n  region = \"华东\" and modle = 1\n                      ^^^^^"
        );
        let error = SelectorError::new("model =", 7..7, "more");
        assert_eq!(error.to_string(), "selector, character 8: more\n  model =\n         ^");
    }

    #[test]
    fn only_the_line_in_question_is_shown() {
        let text = format!("model = 1\nor {}\nor x", "y".repeat(500));
        let start = text.find("yyy").unwrap_or_default();
        let (line, carets) = SelectorError::new(&text, start..start + 500, "").picture();
        assert_eq!(line, format!("or {}…", "y".repeat(CONTEXT_CHARS)));
        assert_eq!(carets, format!("   {}", "^".repeat(CONTEXT_CHARS)));
    }
}
