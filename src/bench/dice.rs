//! Numbers that look random and are the same in every run.

use super::report::number;

pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ seed << 32)
    }

    pub(super) fn roll(&mut self) -> u64 {
        // Xorshift, by Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.roll() >> 16).unwrap_or_default() % most
    }

    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Ranks drawn by Zipf's law: the second half as often as the first, the third a third.
pub(super) struct Zipf {
    /// Sums of 1, 1/2, 1/3, …
    sums: Vec<f64>,
}

impl Zipf {
    pub(super) fn of(ranks: usize) -> Self {
        let mut sum = 0.0;
        let sums = (1..=ranks as u64).map(|rank| {
            sum += 1.0 / number(rank);
            sum
        });
        Self {
            sums: sums.collect(),
        }
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> usize {
        let all = self.sums.last().copied().unwrap_or_default();
        let drawn = number(dice.roll() >> 11) / number(1 << 53) * all;
        let rank = self.sums.partition_point(|sum| *sum < drawn);
        rank.min(self.sums.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rank_is_drawn_as_often_as_the_law_says() {
        let (zipf, mut dice) = (Zipf::of(1000), Dice::new(1));
        let mut drawn = vec![0_u32; 1000];
        for _ in 0..100_000 {
            drawn[zipf.draw(&mut dice)] += 1;
        }
        // 1 / (1 + 1/2 + … + 1/1000) is 0.1336.
        assert!((12_500..14_200).contains(&drawn[0]), "{}", drawn[0]);
        assert!(drawn[0] > drawn[1] && drawn[1] > drawn[9]);
    }
}
