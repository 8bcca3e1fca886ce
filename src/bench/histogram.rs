//! Times, counted in buckets of equal precision.

use super::report::number;

/// Significant digits: times are exact to 1 %.
const DIGITS: u8 = 2;

/// Histogram of times in microseconds.
#[derive(Clone)]
pub(super) struct Histogram(hdrhistogram::Histogram<u64>);

impl Default for Histogram {
    fn default() -> Self {
        // The histogram grows with the longest time.
        let empty = hdrhistogram::Histogram::new(DIGITS);
        Self(empty.expect("at most five digits are possible"))
    }
}

impl Histogram {
    pub(super) fn add(&mut self, micros: u64) {
        self.0.record(micros).expect("it grows with what it counts");
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Returns a percentile, in thousandths, in milliseconds; 0 without values.
    pub(super) fn permille(&self, permille: u64) -> f64 {
        number(self.0.value_at_quantile(number(permille) / 1e3)) / 1e3
    }

    /// Returns the 50th, 99th and 99.9th percentile in milliseconds.
    pub(super) fn percentiles(&self) -> [f64; 3] {
        [500, 990, 999].map(|permille| self.permille(permille))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_one_percent() {
        let mut times = Histogram::default();
        for micros in 1..=100_000 {
            times.add(micros);
        }
        for (shown, right) in times.percentiles().into_iter().zip([50.0, 99.0, 99.9]) {
            assert!((shown / right - 1.0).abs() < 0.01, "{shown} for {right}");
        }
    }

    #[test]
    fn a_long_time_is_counted_too() {
        let mut times = Histogram::default();
        times.add(0);
        times.add(3_600_000_000);
        assert_eq!(times.count(), 2);
        assert!((times.permille(1000) / 3_600_000.0 - 1.0).abs() < 0.01);
    }

    #[test]
    fn of_nothing_there_is_no_time() {
        let times = Histogram::default().percentiles();
        assert!(times.iter().all(|time| *time == 0.0), "{times:?}");
    }
}
