//! How often somebody may try.

use std::{hash::Hash, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

/// A bucket for each key: a burst in one go, then a steady rate.
pub struct Throttle<K: Hash + Eq + Clone> {
    /// `None` where limits on rates are lifted.
    buckets: Option<DefaultKeyedRateLimiter<K>>,
}

/// Too often; worth another try after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast(pub Duration);

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// `burst` in one go, then one every `period / rate`.
    #[must_use]
    pub fn new(burst: u32, rate: u32, period: Duration) -> Self {
        let one = NonZeroU32::MIN;
        let burst = NonZeroU32::new(burst).unwrap_or(one);
        // An interval of nothing is no quota; a rate too high to measure is as high as can be measured.
        let interval = (period / rate.max(1)).max(Duration::from_nanos(1));
        let quota = Quota::with_period(interval)
            .unwrap_or(Quota::per_second(one))
            .allow_burst(burst);
        Self {
            buckets: Some(RateLimiter::keyed(quota)),
        }
    }

    /// A throttle that never refuses.
    #[must_use]
    pub fn lifted() -> Self {
        Self { buckets: None }
    }

    /// Takes one try from `key`'s bucket.
    ///
    /// # Errors
    /// [`TooFast`] if it is empty.
    pub fn take(&self, key: &K) -> Result<(), TooFast> {
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        buckets
            .check_key(key)
            .map_err(|refused| TooFast(refused.wait_time_from(buckets.clock().now())))
    }

    /// Forgets the keys whose buckets are full again. To be called now and then.
    pub fn sweep(&self) {
        if let Some(buckets) = &self.buckets {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_is_told_how_long_to_wait() {
        let throttle = Throttle::new(3, 1, Duration::from_mins(1));
        for _ in 0..3 {
            assert_eq!(throttle.take(&"ada"), Ok(()));
        }
        let TooFast(wait) = throttle.take(&"ada").unwrap_err();
        assert!(
            wait > Duration::from_secs(50) && wait <= Duration::from_mins(1),
            "{wait:?}"
        );
        assert_eq!(throttle.take(&"bob"), Ok(()));
        assert_eq!(Throttle::lifted().take(&"ada"), Ok(()));
    }

    #[test]
    fn a_rate_beyond_measure_is_a_high_one() {
        let throttle = Throttle::new(1, u32::MAX, Duration::from_secs(1));
        assert_eq!(throttle.take(&"ada"), Ok(()));
        if let Err(TooFast(wait)) = throttle.take(&"ada") {
            assert!(wait <= Duration::from_nanos(1), "{wait:?}");
        }
    }
}
