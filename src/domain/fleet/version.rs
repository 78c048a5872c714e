//! Firmware versions, compared as people read them: numbers as numbers, words as words.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A firmware version such as `3.10.2-rc1`. It keeps the text it was given; two versions are ordered by their
/// parts, so `3.9` < `3.10` and `3.2.0-rc1` < `3.2.0`, and are equal when their texts are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FirmwareVersion(String);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    // A word directly after a number is a pre-release: it comes before the end of the text.
    Word(&'a str),
    End,
    Number(usize, &'a str),
}

impl FirmwareVersion {
    /// Takes any text; blanks around it are dropped.
    pub fn new(text: &str) -> Self {
        FirmwareVersion(text.trim().to_owned())
    }

    /// The text that was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        let mut rest = self.0.as_str();
        while let Some(first) = rest.chars().next() {
            if !first.is_alphanumeric() {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let digits = first.is_ascii_digit();
            let end = rest
                .find(|c: char| !c.is_alphanumeric() || c.is_ascii_digit() != digits)
                .unwrap_or(rest.len());
            let (part, tail) = rest.split_at(end);
            if digits {
                let significant = part.trim_start_matches('0');
                parts.push(Part::Number(significant.len(), significant));
            } else {
                drop_trailing_zeros(&mut parts);
                parts.push(Part::Word(part));
            }
            rest = tail;
        }
        drop_trailing_zeros(&mut parts);
        parts.push(Part::End);
        parts
    }
}

// Trailing zeros say nothing: 3.2 and 3.2.0 are level until their texts decide.
fn drop_trailing_zeros(parts: &mut Vec<Part<'_>>) {
    while matches!(parts.last(), Some(Part::Number(0, _))) {
        parts.pop();
    }
}

impl PartialOrd for FirmwareVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FirmwareVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts()).then_with(|| self.0.cmp(&other.0))
    }
}

impl std::fmt::Display for FirmwareVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_people_read_them() {
        let ordered = ["1.9", "1.10", "2.0.0-rc1", "2.0.0-rc2", "2.0.0", "2.0.1", "10.0", "v11"];
        let mut versions: Vec<_> = ordered.iter().rev().map(|text| FirmwareVersion::new(text)).collect();
        versions.sort();
        let mut texts: Vec<_> = versions.iter().map(FirmwareVersion::as_str).collect();
        // A leading word sorts before numbers; vendors do not mix the two forms.
        texts.rotate_left(1);
        assert_eq!(texts, ordered);
    }

    #[test]
    fn equality_is_of_the_text() {
        assert_ne!(FirmwareVersion::new("3.2"), FirmwareVersion::new("3.2.0"));
        assert_eq!(FirmwareVersion::new(" 3.2 "), FirmwareVersion::new("3.2"));
    }
}
