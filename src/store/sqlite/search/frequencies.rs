//! Approximate frequencies of trigrams.
//!
//! A lookup of a trigram visits every message that has it. So of a term's trigrams the rare ones are looked up. Which
//! ones are rare depends on the language of the server; the newest messages are the sample.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::time::Instant;

use super::super::Sqlite;
use crate::{domain::fold::fold, store::StoreError};

/// Messages in the sample, and how much of each.
const SAMPLE: i64 = 2000;
const SAMPLE_CHARS: i64 = 500;
/// Trigrams that share a slot count together.
const SLOTS: usize = 1 << 16;
/// The languages of a server change slowly.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// Number of occurrences of each trigram in the sample.
pub(in super::super) struct Frequencies {
    counts: Box<[u16]>,
    taken: Instant,
}

/// The latest sample.
pub(in super::super) type SharedFrequencies = Arc<RwLock<Option<Arc<Frequencies>>>>;

impl Frequencies {
    fn of(texts: &[String]) -> Self {
        let mut counts = vec![0_u16; SLOTS].into_boxed_slice();
        for text in texts {
            let chars: Vec<char> = fold(text).chars().collect();
            for trigram in chars.windows(3) {
                let count = &mut counts[slot(trigram.iter().copied())];
                *count = count.saturating_add(1);
            }
        }
        Self {
            counts,
            taken: Instant::now(),
        }
    }

    /// Returns an upper bound of the trigram's occurrences in the sample.
    pub(super) fn count(&self, trigram: &str) -> u16 {
        self.counts[slot(trigram.chars())]
    }
}

/// Returns the slot of a trigram: FNV-1a of its characters, folded to 16 bits.
fn slot(trigram: impl Iterator<Item = char>) -> usize {
    let hash = trigram.fold(0x811c_9dc5_u32, |hash, c| {
        (hash ^ u32::from(c)).wrapping_mul(0x0100_0193)
    });
    usize::try_from(hash ^ hash >> 16).unwrap_or_default() % SLOTS
}

impl Sqlite {
    pub(super) async fn frequencies(&self) -> Result<Arc<Frequencies>, StoreError> {
        let known = self
            .sampled
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(known) = known
            && known.taken.elapsed() < GOOD_FOR
        {
            return Ok(known);
        }
        let texts = sqlx::query_scalar!(
            r#"select substr(body, 1, ?1) as "body!: String" from messages
               where kind = 'text' and deleted_at is null order by id desc limit +?2"#,
            SAMPLE_CHARS,
            SAMPLE
        )
        .fetch_all(&self.readers)
        .await?;
        let frequencies = Arc::new(Frequencies::of(&texts));
        let mut sampled = self.sampled.write().unwrap_or_else(PoisonError::into_inner);
        *sampled = Some(frequencies.clone());
        Ok(frequencies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_terms_weigh_more() {
        let texts = ["The cat", "the dog", "東京都"].map(str::to_owned);
        let frequencies = Frequencies::of(&texts);
        assert_eq!(frequencies.count("the"), 2);
        assert_eq!(frequencies.count("dog"), 1);
        assert_eq!(frequencies.count("東京都"), 1);
        assert_eq!(frequencies.count("xyz"), 0);
    }
}
