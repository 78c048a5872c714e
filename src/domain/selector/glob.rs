//! Patterns of `like`: `*` is any run of characters, `?` is one, `\` takes the next one literally.

/// A pattern, kept as the text it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Just(char),
}

impl Glob {
    pub(super) fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '*' => Part::Any,
                '?' => Part::One,
                '\\' => Part::Just(characters.next().unwrap_or('\\')),
                other => Part::Just(other),
            });
        }
        Glob { text: text.to_owned(), parts }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` fits. Only the latest `*` is ever taken up again, so the time is at most the
    /// product of the two lengths, for any pattern.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut at = 0;
        let mut retry = None;
        loop {
            let before = rest.clone();
            match (self.parts.get(at), rest.next()) {
                (Some(Part::Any), _) => {
                    at += 1;
                    rest = before.clone();
                    retry = Some((at, before));
                }
                (Some(Part::One), Some(_)) => at += 1,
                (Some(Part::Just(expected)), Some(found)) if *expected == found => at += 1,
                (None, None) => return true,
                _ => match retry.take() {
                    Some((after_star, mut from)) => {
                        if from.next().is_none() {
                            return false;
                        }
                        at = after_star;
                        rest = from.clone();
                        retry = Some((after_star, from));
                    }
                    None => return false,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).matches(text)
    }

    #[test]
    fn stars_marks_and_escapes() {
        assert!(matches("A9*", "A920") && matches("A9*", "A9") && !matches("A9*", "PA920"));
        assert!(matches("*9?0", "A9920") && !matches("*9?0", "A90"));
        assert!(matches("", "") && !matches("", "x") && matches("*", "") && !matches("?", ""));
        assert!(matches(r"5\*", "5*") && !matches(r"5\*", "5x") && matches(r"\", r"\"));
        assert!(matches("中?路*", "中山路12号") && matches("a*b*c", "aXbXbc") && !matches("a*b*c", "acb"));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        assert!(!matches(&"a*".repeat(500), &format!("{}b", "a".repeat(499))));
        assert!(!matches(&format!("{}b", "*a".repeat(200)), &"a".repeat(5_000)));
    }
}
