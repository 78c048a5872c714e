//! "Did you mean …?": the known word nearest to one that is not known.

/// The candidate that `word` is most likely a slip of, if any is near: letter case aside, at most a third of
/// its characters (at least one) wrong, missing, added or swapped. The first of several equally near ones.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let slips_max = word.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(slips, candidate)| *slips <= slips_max && *slips < candidate.chars().count())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let words = ["region", "serial", "zone", "Asia/Shanghai"];
        assert_eq!(nearest("regoin", words), Some("region"));
        assert_eq!(nearest("Serail", words), Some("serial"));
        assert_eq!(nearest("asia/shangai", words), Some("Asia/Shanghai"));
        assert_eq!(nearest("banana", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("x", ["y"]), None);
    }
}
