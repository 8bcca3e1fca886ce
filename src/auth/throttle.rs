//! Rate limits.

use std::{hash::Hash, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

/// Token bucket for each key: allows a burst, then a steady rate.
pub struct Throttle<K: Hash + Eq + Clone> {
    /// `None` if rate limits are disabled.
    buckets: Option<DefaultKeyedRateLimiter<K>>,
}

/// Refusal of a throttle: the time until the next attempt can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast(pub Duration);

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// Creates a throttle that allows `burst` attempts at once, then one every `period / rate`.
    #[must_use]
    pub fn new(burst: u32, rate: u32, period: Duration) -> Self {
        let one = NonZeroU32::MIN;
        let burst = NonZeroU32::new(burst).unwrap_or(one);
        // A quota needs an interval above zero. One nanosecond is the shortest that can be measured.
        let interval = (period / rate.max(1)).max(Duration::from_nanos(1));
        let quota = Quota::with_period(interval)
            .unwrap_or(Quota::per_second(one))
            .allow_burst(burst);
        Self {
            buckets: Some(RateLimiter::keyed(quota)),
        }
    }

    /// Creates a throttle that never refuses.
    #[must_use]
    pub fn lifted() -> Self {
        Self { buckets: None }
    }

    /// Takes one attempt from the bucket of `key`.
    ///
    /// # Errors
    /// [`TooFast`] if the bucket is empty.
    pub fn take(&self, key: &K) -> Result<(), TooFast> {
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        buckets
            .check_key(key)
            .map_err(|refused| TooFast(refused.wait_time_from(buckets.clock().now())))
    }

    /// Removes the keys whose buckets are full again. Callers run it periodically.
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
    fn request_after_burst_gets_retry_time() {
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
    fn very_high_rate_is_accepted() {
        let throttle = Throttle::new(1, u32::MAX, Duration::from_secs(1));
        assert_eq!(throttle.take(&"ada"), Ok(()));
        if let Err(TooFast(wait)) = throttle.take(&"ada") {
            assert!(wait <= Duration::from_nanos(1), "{wait:?}");
        }
    }
}
