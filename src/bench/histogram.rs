//! Times, counted in buckets of equal precision.

use super::report::number;

/// Each power of two is cut into so many buckets, so that a time is right to 3 %.
const STEPS: u32 = 5;

/// Many times in microseconds.
#[derive(Clone, Default)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, micros: u64) {
        let at = bucket(micros);
        if at >= self.buckets.len() {
            self.buckets.resize(at + 1, 0);
        }
        self.buckets[at] += 1;
        self.count += 1;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The time within which that many of a thousand came, in milliseconds; 0 of nothing.
    pub(super) fn permille(&self, permille: u64) -> f64 {
        let wanted = (self.count * permille).div_ceil(1000);
        let mut sum = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            sum += count;
            if sum >= wanted && *count > 0 {
                return number(upper(at)) / 1e3;
            }
        }
        0.0
    }

    /// The median, the 99th and the 99.9th percentile, in milliseconds.
    pub(super) fn percentiles(&self) -> [f64; 3] {
        [500, 990, 999].map(|permille| self.permille(permille))
    }
}

fn bucket(value: u64) -> usize {
    let bits = value.max(1).ilog2();
    if bits < STEPS {
        return usize::try_from(value).unwrap_or_default();
    }
    let shift = bits - STEPS;
    let within = (value >> shift) & ((1 << STEPS) - 1);
    usize::try_from((u64::from(shift + 1) << STEPS) + within).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> STEPS).saturating_sub(1);
    if bucket < 1 << STEPS {
        return bucket;
    }
    let within = bucket & ((1 << STEPS) - 1);
    ((((1 << STEPS) | within) + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_three_percent() {
        let mut times = Histogram::default();
        for micros in 1..=100_000 {
            times.add(micros);
        }
        for (shown, right) in times.percentiles().into_iter().zip([50.0, 99.0, 99.9]) {
            assert!((shown / right - 1.0).abs() < 0.04, "{shown} for {right}");
        }
    }

    #[test]
    fn every_time_is_in_the_bucket_that_ends_with_it_or_after_it() {
        for value in (0..5000).chain([1 << 20, (1 << 40) + 17]) {
            let end = upper(bucket(value));
            assert!(
                end >= value && end <= value + value / 32 + 1,
                "{value} {end}"
            );
        }
    }

    #[test]
    fn of_nothing_there_is_no_time() {
        let times = Histogram::default().percentiles();
        assert!(times.iter().all(|time| *time == 0.0), "{times:?}");
    }
}
