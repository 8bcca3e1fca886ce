//! Random text: words of syllables, drawn by Zipf's law, so that a few are in every other message and most in a
//! handful.

use std::collections::HashSet;

use super::rng::{Rng, Zipf};

const WORDS: usize = 50_000;

/// The words, and how often each was used.
pub(super) struct Corpus {
    pub(super) rng: Rng,
    words: Vec<String>,
    zipf: Zipf,
    said: Vec<u32>,
}

impl Corpus {
    pub(super) fn new() -> Self {
        let mut rng = Rng::new(0);
        let starts = "b c d f g h j k l m n p r s t v w z ch sh th st tr br pl qu sk gr";
        let starts: Vec<&str> = starts.split(' ').collect();
        let vowels = ["a", "e", "i", "o", "u", "ai", "ea", "ou", "y"];
        let ends = ["", "", "n", "r", "s", "t", "ng", "ck", "ld"];
        let (mut words, mut known) = (Vec::new(), HashSet::new());
        while words.len() < WORDS {
            // Frequent words are short.
            let longest = if words.len() < 300 { 2 } else { 4 };
            let mut word = String::new();
            for _ in 0..=rng.below(longest) {
                word.push_str(rng.pick(&starts));
                word.push_str(rng.pick(&vowels));
            }
            word.push_str(rng.pick(&ends));
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        Self {
            rng,
            words,
            zipf: Zipf::of(WORDS),
            said: vec![0; WORDS],
        }
    }

    /// Mostly a line, at times a page.
    pub(super) fn message(&mut self) -> String {
        let words = match self.rng.below(100) {
            0 => 100 + self.rng.below(400),
            1..20 => 20 + self.rng.below(30),
            _ => 1 + self.rng.below(15),
        };
        let mut text = String::new();
        for _ in 0..words {
            let word = self.zipf.draw(&mut self.rng);
            self.said[word] += 1;
            text.push_str(&self.words[word]);
            text.push(' ');
        }
        text.truncate(text.len().saturating_sub(1).min(4000));
        text
    }

    /// Words of that many letters at least that were said so often.
    pub(super) fn said(&self, letters: usize, often: impl Fn(u32) -> bool) -> Vec<&str> {
        let words = self.words.iter().zip(&self.said);
        let words = words.filter(|(word, said)| word.len() >= letters && often(**said));
        words.map(|(word, _)| word.as_str()).collect()
    }

    /// Some words of that many letters at least that were said, but not more often than any other.
    pub(super) fn rarest(&self, letters: usize, count: usize) -> Vec<&str> {
        let words = self.words.iter().zip(&self.said);
        let words = words.filter(|(word, said)| word.len() >= letters && **said > 0);
        let mut words: Vec<_> = words.collect();
        words.sort_by_key(|(_, said)| **said);
        words.truncate(count);
        words.into_iter().map(|(word, _)| word.as_str()).collect()
    }

    /// The beginning of any word.
    pub(super) fn part(&self, rng: &mut Rng, letters: usize) -> &str {
        let word = &self.words[rng.below(WORDS)];
        &word[..letters.min(word.len())]
    }
}
