//! Words, quoted strings and signs of a selector, each with its place.

use std::ops::Range;

use super::error::SelectorError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword, a field or an unquoted value.
    Word(String),
    /// A quoted string, unescaped.
    Quoted(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

/// Whether a character may stand in an unquoted word. `*` and `?` may, for `like`.
fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || "_-./:+@*?".contains(character)
}

/// Whether `text` reads back as one word without quotes.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word_character)
}

/// `text` in double quotes, with what could break a line or hide escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            other if other.is_control() => quoted.extend(other.escape_unicode()),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The tokens of `text`, ending with [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SelectorError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (kind, length) = match first {
            '(' => (TokenKind::Open, 1),
            ')' => (TokenKind::Close, 1),
            ',' => (TokenKind::Comma, 1),
            '"' => quoted_token(text, at)?,
            _ if is_word_character(first) => {
                let length = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
                (TokenKind::Word(rest[..length].to_owned()), length)
            }
            _ => operator(rest).map_err(|(length, hint)| {
                SelectorError::new(
                    text,
                    at..at + length,
                    format!("`{}` means nothing here{hint}", &rest[..length]),
                )
            })?,
        };
        tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    tokens.push(Token { kind: TokenKind::End, span: text.len()..text.len() });
    Ok(tokens)
}

/// The sign that `rest` starts with; else how many bytes are wrong, and a hint.
fn operator(rest: &str) -> Result<(TokenKind, usize), (usize, &'static str)> {
    const OPERATORS: [Operator; 6] = [
        Operator::NotEqual,
        Operator::LessOrEqual,
        Operator::GreaterOrEqual,
        Operator::Equal,
        Operator::Less,
        Operator::Greater,
    ];
    const SLIPS: [(&str, &str); 12] = [
        ("==", "; write `=`"),
        ("=>", "; write `>=`"),
        ("=<", "; write `<=`"),
        ("<>", "; write `!=`"),
        ("≠", "; write `!=`"),
        ("≤", "; write `<=`"),
        ("≥", "; write `>=`"),
        ("&&", "; write `and`"),
        ("||", "; write `or`"),
        ("'", "; write strings in straight double quotes"),
        ("“", "; write strings in straight double quotes"),
        ("”", "; write strings in straight double quotes"),
    ];
    if let Some((slip, hint)) = SLIPS.iter().find(|(slip, _)| rest.starts_with(slip)) {
        return Err((slip.len(), hint));
    }
    match OPERATORS.into_iter().find(|operator| rest.starts_with(operator.as_str())) {
        Some(operator) => Ok((TokenKind::Operator(operator), operator.as_str().len())),
        None => Err((
            rest.chars().next().map_or(0, char::len_utf8),
            if rest.starts_with('!') {
                "; write `not` or `!=`"
            } else {
                "; write values that hold it in double quotes"
            },
        )),
    }
}

/// The quoted string that starts at byte `start` of `text`, and its length in bytes with both quotes.
fn quoted_token(text: &str, start: usize) -> Result<(TokenKind, usize), SelectorError> {
    let mut value = String::new();
    let mut characters = text[start + 1..].char_indices();
    while let Some((offset, character)) = characters.next() {
        match character {
            '"' => return Ok((TokenKind::Quoted(value), offset + 2)),
            '\\' => {
                let rest = &text[start + 1 + offset..];
                let (escaped, length) = escape(rest).ok_or_else(|| {
                    let wrong = start + 1 + offset;
                    let length = rest.chars().take(2).map(char::len_utf8).sum::<usize>();
                    let message = r#"not an escape; within quotes write \" \\ \n \r \t or \u{4E2D}"#;
                    SelectorError::new(text, wrong..wrong + length, message)
                })?;
                value.push(escaped);
                // Every character of an escape is ASCII.
                characters.nth(length - 2);
            }
            other => value.push(other),
        }
    }
    Err(SelectorError::new(text, start..start + 1, "this quote is never closed"))
}

/// The character that the escape at the start of `rest` stands for, and the length of the escape in bytes.
fn escape(rest: &str) -> Option<(char, usize)> {
    let simple = match rest.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let digits = rest[2..].strip_prefix('{')?.split_once('}')?.0;
            let known =
                (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let code = known.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
            return char::from_u32(code).map(|character| (character, digits.len() + 4));
        }
        _ => return None,
    };
    Some((simple, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_and_reading_back_is_the_same_text() {
        for text in ["", "a b", r#"say "hi" \ there"#, "\u{0}\n\u{7f}\u{85}中", "\\", "\"", "\\u{41}"] {
            let tokens = tokens(&quoted(text)).expect(text);
            assert_eq!(tokens[0].kind, TokenKind::Quoted(text.to_owned()), "{text:?}");
            assert_eq!(tokens.len(), 2);
        }
    }

    #[test]
    fn escapes_are_known_or_refused_at_their_place() {
        assert_eq!(tokens(r#""\u{4E2D}\t""#).expect("reads")[0].kind, TokenKind::Quoted("中\t".into()));
        for (text, span) in [
            (r#"  "\q""#, 3..5),
            (r#""ab\u{}""#, 3..5),
            (r#""\u{110000}""#, 1..3),
            (r#""\中""#, 1..5),
            ("x \"abc", 2..3),
            ("\"\\", 1..2),
        ] {
            assert_eq!(tokens(text).expect_err(text).span(), span, "{text}");
        }
    }

    #[test]
    fn signs_of_other_languages_get_a_hint() {
        for (text, hint) in
            [("a == b", "`=`"), ("a && b", "`and`"), ("a = 'x'", "double"), ("a <> b", "`!=`")]
        {
            assert!(tokens(text).expect_err(text).message().contains(hint), "{text}");
        }
    }
}
