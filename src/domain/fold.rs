//! Text folding for search: removes differences of case, width and white space.
//!
//! The index, the query and the displayed message are all folded here. Results therefore do not depend on the
//! tokenizer of the database.

/// Returns the folded form of a text, which search compares.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    each_folded(text, |_, c| folded.push(c));
    folded
}

/// Words or phrases that a message must all contain. Each is folded and trimmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms(Vec<String>);

impl Terms {
    /// Adds a term, unless it is blank or a duplicate.
    pub fn add(&mut self, text: &str) {
        let term = fold(text).trim().to_owned();
        if !term.is_empty() && !self.0.contains(&term) {
            self.0.push(term);
        }
    }

    /// Returns the folded terms.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Returns whether the text contains all terms.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        let folded = fold(text);
        self.0.iter().all(|term| folded.contains(term.as_str()))
    }

    /// Returns the places of the terms in the text, or `None` if the text lacks one of them.
    ///
    /// Each place is a half-open range of characters (Unicode scalar values). The ranges are in order and do
    /// not touch; at most `limit` are returned.
    #[must_use]
    pub fn ranges(&self, text: &str, limit: usize) -> Option<Vec<[usize; 2]>> {
        let mut folded = String::with_capacity(text.len());
        // Byte offset of each folded character, and the index of its source character in the text.
        let mut places: Vec<(usize, usize)> = Vec::with_capacity(text.len());
        each_folded(text, |from, c| {
            places.push((folded.len(), from));
            folded.push(c);
        });
        // Returns the index of the source character for a byte offset of the folded text.
        let origin = |byte: usize| {
            let at = places.partition_point(|(start, _)| *start <= byte);
            places[at.saturating_sub(1)].1
        };
        let mut found = Vec::new();
        for term in &self.0 {
            let before = found.len();
            let matches = folded.match_indices(term.as_str()).take(limit);
            found.extend(matches.map(|(at, term)| [origin(at), origin(at + term.len() - 1) + 1]));
            if found.len() == before {
                return None;
            }
        }
        found.sort_unstable();
        let mut ranges: Vec<[usize; 2]> = Vec::with_capacity(found.len());
        for [start, end] in found {
            match ranges.last_mut() {
                Some(last) if start <= last[1] => last[1] = last[1].max(end),
                _ => ranges.push([start, end]),
            }
        }
        ranges.truncate(limit);
        Some(ranges)
    }
}

/// Calls `take` with each folded character and the index of its source character.
fn each_folded(text: &str, mut take: impl FnMut(usize, char)) {
    let mut after_space = false;
    for (at, c) in text.chars().enumerate() {
        // One space replaces each run of white space, so that a phrase matches across line breaks and wide
        // gaps.
        if c.is_whitespace() {
            if !after_space {
                take(at, ' ');
            }
            after_space = true;
            continue;
        }
        after_space = false;
        match c {
            _ if c.is_ascii() => take(at, c.to_ascii_lowercase()),
            // Turkish has i with and without a dot in both cases; most other languages have one of each.
            'İ' | 'ı' => take(at, 'i'),
            // Full-width forms of ASCII characters.
            '\u{ff01}'..='\u{ff5e}' => {
                let narrow = char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c);
                take(at, narrow.to_ascii_lowercase());
            }
            // A round trip through upper case unites more letters: σ and ς, or ß, ẞ and ss.
            _ => c
                .to_lowercase()
                .flat_map(char::to_uppercase)
                .flat_map(char::to_lowercase)
                .for_each(|c| take(at, c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(all: &[&str]) -> Terms {
        let mut terms = Terms::default();
        for term in all {
            terms.add(term);
        }
        terms
    }

    #[test]
    fn case_is_ignored_in_every_script() {
        for (one, other) in [
            ("ÄRGER", "ärger"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ΟΔΟΣ", "οδος"),
            ("οδός", "ΟΔΌσ"),
            ("ПРИВЕТ", "привет"),
            ("İstanbul", "istanbul"),
            ("ﬁn", "FIN"),
            ("Ｐａｒｌｏｒ１", "parlor1"),
            ("a \n\u{3000} b", "A B"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("Ärger"), fold("Arger"));
    }

    #[test]
    fn ranges_count_characters_of_the_original_text() {
        for (text, wanted, ranges) in [
            ("hello world", vec!["WORLD"], vec![[6, 11]]),
            ("Straße, straße", vec!["SS"], vec![[4, 5], [12, 13]]),
            (
                "👍 東京都 👍",
                vec!["京", "👍"],
                vec![[0, 1], [3, 4], [6, 7]],
            ),
            ("abcabc", vec!["bc", "ca"], vec![[1, 6]]),
            ("one\n\n two", vec!["one two"], vec![[0, 9]]),
            ("ﬁnal", vec!["in"], vec![[0, 2]]),
        ] {
            assert_eq!(terms(&wanted).ranges(text, 9), Some(ranges), "{text}");
        }
        assert_eq!(terms(&["a", "x"]).ranges("abc", 9), None);
        assert_eq!(
            terms(&["a"]).ranges("abababab", 2),
            Some(vec![[0, 1], [2, 3]])
        );
        assert_eq!(terms(&[]).ranges("abc", 9), Some(vec![]));
    }

    #[test]
    fn terms_are_unique_and_not_blank() {
        let terms = terms(&["Go", " go ", "", " \n"]);
        assert_eq!(terms.as_slice(), ["go"]);
        assert!(terms.are_in("Let it GO") && !terms.are_in("g o"));
    }
}
