//! Tags in one CSV cell: `key=value;key=value`. A backslash takes the next character literally, so that a key or
//! value may hold `;`, `=` and backslashes.

use crate::domain::fleet::{Tags, clean_text};

/// Reads a cell; the error says what is wrong and what to do.
pub(super) fn parse(cell: &str) -> Result<Tags, (String, &'static str)> {
    let mut tags = Tags::new();
    for part in split(cell, ';') {
        if part.trim().is_empty() {
            continue;
        }
        let halves = split_once(part, '=');
        let Some((key, value)) = halves else {
            return Err((format!("`{}` is not key=value", part.trim()), "write tags as key=value;key=value"));
        };
        insert(&mut tags, &unescape(key), &unescape(value))?;
    }
    Ok(tags)
}

/// Adds a cleaned tag; the error says what is wrong and what to do.
pub(super) fn insert(tags: &mut Tags, key: &str, value: &str) -> Result<(), (String, &'static str)> {
    let key = clean_text(key);
    if key.is_empty() {
        return Err(("a tag has no name".to_owned(), "write tags as key=value;key=value"));
    }
    match tags.insert(key.clone(), clean_text(value)) {
        Some(_) => Err((format!("the tag `{key}` is given twice"), "give each tag once")),
        None => Ok(()),
    }
}

/// The cell that [`parse`] reads as these tags.
pub(super) fn format(tags: &Tags) -> String {
    let pairs: Vec<_> =
        tags.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    pairs.join(";")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if ['\\', ';', '='].contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    plain
}

/// `text` before and after the first `separator` that no backslash precedes.
fn split_once(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut literal = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if literal => literal = false,
            '\\' => literal = true,
            other if other == separator => return Some((&text[..at], &text[at + separator.len_utf8()..])),
            _ => {}
        }
    }
    None
}

fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (part, tail) =
            split_once(text, separator).map_or((text, None), |(part, tail)| (part, Some(tail)));
        rest = tail;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_tags_come_back() {
        let tags: Tags = [("a;b", "c=d\\"), ("=", ""), ("\\", ";;"), ("名", "值 x")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        assert_eq!(parse(&format(&tags)), Ok(tags));
        assert_eq!(parse(""), Ok(Tags::new()));
        assert_eq!(parse(" a = 1 ; ;b=2=3;").map(|tags| format(&tags)), Ok("a=1;b=2\\=3".to_owned()));
    }

    #[test]
    fn what_is_not_a_tag_is_refused() {
        for cell in ["a", "=x", "a=1;a=2", "a\\=1"] {
            assert!(parse(cell).is_err(), "{cell}");
        }
    }
}
