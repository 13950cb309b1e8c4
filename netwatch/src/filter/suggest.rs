//! What may have been meant.

/// The most likely of these words.
pub fn near<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let measured = words.into_iter().map(|known| {
        let alike = strsim::jaro_winkler(known, &word);
        let edits = strsim::damerau_levenshtein(known, &word);
        (edits, alike, known)
    });
    let (edits, alike, known) = measured.min_by(|one, other| {
        let by_edits = one.0.cmp(&other.0);
        by_edits.then_with(|| other.1.total_cmp(&one.1))
    })?;
    let few = edits * 3 <= known.len().max(word.len());
    (few || alike > 0.85).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        let words = ["port", "pid", "host", "established", "not"];
        for (typed, meant) in [
            ("prot", Some("port")),
            ("PORT", Some("port")),
            ("establish", Some("established")),
            ("hots", Some("host")),
            ("xyzzy", None),
            ("", None),
        ] {
            assert_eq!(near(typed, words), meant, "{typed}");
        }
    }
}
