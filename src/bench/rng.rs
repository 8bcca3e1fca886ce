//! Reproducible random numbers.

use std::convert::Infallible;

use rand_core::TryRng;
use rand_distr::Distribution;

use super::report::number;

pub(super) struct Rng(fastrand::Rng);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.usize(..bound)
    }

    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Adapts `fastrand` to the generator trait of `rand_distr`.
impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.u32(..))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.u64(..))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

/// Ranks by Zipf's law: the second is half as frequent as the first, the third a third.
pub(super) struct Zipf(rand_distr::Zipf<f64>);

impl Zipf {
    pub(super) fn of(ranks: usize) -> Self {
        let law = rand_distr::Zipf::new(number(ranks.max(1) as u64), 1.0);
        Self(law.expect("there is a rank, and the exponent is positive"))
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> usize {
        let rank = self.0.sample(rng);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to the number of ranks"
        )]
        let rank = rank as usize;
        rank - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rank_is_drawn_as_often_as_the_law_says() {
        let (zipf, mut rng) = (Zipf::of(1000), Rng::new(1));
        let mut drawn = vec![0_u32; 1000];
        for _ in 0..100_000 {
            drawn[zipf.draw(&mut rng)] += 1;
        }
        // 1 / (1 + 1/2 + … + 1/1000) is 0.1336.
        assert!((12_500..14_200).contains(&drawn[0]), "{}", drawn[0]);
        assert!(drawn[0] > drawn[1] && drawn[1] > drawn[9]);
        // Half and a hundredth of it.
        assert!((6_200..7_200).contains(&drawn[1]), "{}", drawn[1]);
        assert!((90..180).contains(&drawn[99]), "{}", drawn[99]);
    }

    #[test]
    fn every_run_draws_the_same() {
        let draws = |seed| {
            let (zipf, mut rng) = (Zipf::of(50), Rng::new(seed));
            let ranks: Vec<_> = (0..100).map(|_| zipf.draw(&mut rng)).collect();
            assert!(ranks.iter().all(|rank| *rank < 50));
            (ranks, rng.below(1 << 30))
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        assert_eq!(Zipf::of(1).draw(&mut Rng::new(0)), 0);
    }
}
