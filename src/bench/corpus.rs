//! Random text: words of syllables, drawn by Zipf's law, so that a few are in every other message and most in a
//! handful.

use std::collections::HashSet;

use super::rng::{Rng, Zipf};

const WORDS: usize = 50_000;

/// The words and their counts.
pub(super) struct Corpus {
    pub(super) rng: Rng,
    words: Vec<String>,
    zipf: Zipf,
    counts: Vec<u32>,
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
            let syllables = if words.len() < 300 { 2 } else { 4 };
            let mut word = String::new();
            for _ in 0..=rng.below(syllables) {
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
            counts: vec![0; WORDS],
        }
    }

    /// Returns a message: mostly one line, sometimes a page.
    pub(super) fn message(&mut self) -> String {
        let words = match self.rng.below(100) {
            0 => 100 + self.rng.below(400),
            1..20 => 20 + self.rng.below(30),
            _ => 1 + self.rng.below(15),
        };
        let mut text = String::new();
        for _ in 0..words {
            let word = self.zipf.draw(&mut self.rng);
            self.counts[word] += 1;
            text.push_str(&self.words[word]);
            text.push(' ');
        }
        text.truncate(text.len().saturating_sub(1).min(4000));
        text
    }

    /// Returns words of at least this many letters that occur this often.
    pub(super) fn words(&self, letters: usize, often: impl Fn(u32) -> bool) -> Vec<&str> {
        let words = self.words.iter().zip(&self.counts);
        let words = words.filter(|(word, count)| word.len() >= letters && often(**count));
        words.map(|(word, _)| word.as_str()).collect()
    }

    /// Returns the rarest words of at least this many letters that occur.
    pub(super) fn rarest(&self, letters: usize, count: usize) -> Vec<&str> {
        let words = self.words.iter().zip(&self.counts);
        let words = words.filter(|(word, uses)| word.len() >= letters && **uses > 0);
        let mut words: Vec<_> = words.collect();
        words.sort_by_key(|(_, uses)| **uses);
        words.truncate(count);
        words.into_iter().map(|(word, _)| word.as_str()).collect()
    }

    /// Returns the beginning of a random word.
    pub(super) fn part(&self, rng: &mut Rng, letters: usize) -> &str {
        let word = &self.words[rng.below(WORDS)];
        &word[..letters.min(word.len())]
    }
}
