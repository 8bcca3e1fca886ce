//! Medians, ratios and the table.

use std::fmt::Write;

use serde_json::{Value, json};

/// Maximum spread of the baselines of a row, relative to their median.
const NOISE: f64 = 0.10;

/// All results.
pub(super) struct FigureReport {
    /// Remarks about all rows.
    remarks: Vec<String>,
    rows: Vec<Row>,
}

/// One figure of the server, with the baseline and the peers.
pub(super) struct Row {
    name: String,
    unit: &'static str,
    /// Whether more of it is better.
    more: bool,
    baseline: Vec<f64>,
    ours: Vec<f64>,
    add_peer: Vec<(String, Vec<f64>)>,
    notes: Vec<String>,
    /// Whether the machine was too noisy for the row to mean anything.
    void: bool,
}

impl Row {
    /// Creates a row in which more is better.
    pub(super) fn rate(name: impl Into<String>, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            unit,
            more: true,
            baseline: Vec::new(),
            ours: Vec::new(),
            add_peer: Vec::new(),
            notes: Vec::new(),
            void: false,
        }
    }

    /// Creates a row in which less is better.
    pub(super) fn cost(name: impl Into<String>, unit: &'static str) -> Self {
        Self {
            more: false,
            ..Self::rate(name, unit)
        }
    }

    pub(super) fn baseline(&mut self, value: f64) {
        self.baseline.push(value);
    }

    pub(super) fn ours(&mut self, value: f64) {
        self.ours.push(value);
    }

    /// Adds the figure of a peer.
    pub(super) fn add_peer(&mut self, who: &str, value: f64) {
        match self.add_peer.iter_mut().find(|(name, _)| name == who) {
            Some((_, values)) => values.push(value),
            None => self.add_peer.push((who.to_owned(), vec![value])),
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(super) fn make_void(&mut self) {
        self.void = true;
    }

    /// Returns the ratio to another figure; over 1 is better, for rates and costs alike.
    fn ratio_to(&self, other: &[f64]) -> Option<f64> {
        let (other, ours) = (median(other)?, median(&self.ours)?);
        let (over, under) = if self.more {
            (ours, other)
        } else {
            (other, ours)
        };
        (under > 0.0).then_some(over / under)
    }

    /// Returns the spread of the baselines relative to their median.
    pub(super) fn baseline_spread(&self) -> Option<f64> {
        spread(&self.baseline)
    }

    /// Returns whether the machine changed during the row.
    pub(super) fn is_noisy(&self) -> bool {
        self.baseline_spread().is_some_and(|spread| spread > NOISE)
    }

    fn json(&self) -> Value {
        let add_peer: Vec<Value> = self
            .add_peer
            .iter()
            .map(|(name, values)| {
                json!({
                    "name": name,
                    "values": values,
                    "median": median(values),
                    "ratio": self.ratio_to(values),
                })
            })
            .collect();
        json!({
            "name": self.name,
            "unit": self.unit,
            "better": if self.more { "more" } else { "less" },
            "baseline": self.baseline,
            "parlor": self.ours,
            "baseline_median": median(&self.baseline),
            "parlor_median": median(&self.ours),
            "ratio": self.ratio_to(&self.baseline),
            "baseline_spread": self.baseline_spread(),
            "parlor_spread": spread(&self.ours),
            "comparisons": add_peer,
            "void": self.void,
            "notes": self.notes,
        })
    }

    fn line(&self, text: &mut String) {
        let figure = |values: &[f64]| median(values).map_or_else(nothing, shown);
        let percent =
            |part: Option<f64>| part.map_or_else(nothing, |part| format!("{:.0} %", part * 100.0));
        let ratio = |ratio: Option<f64>| ratio.map_or_else(nothing, |ratio| format!("{ratio:.2}"));
        let add_peer: Vec<String> = self
            .add_peer
            .iter()
            .map(|(name, values)| {
                let times = ratio(self.ratio_to(values));
                format!("{name} {} (×{times})", figure(values))
            })
            .collect();
        let void = if self.void {
            "**void: the baselines differ.** "
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} / {} | {void}{} |",
            self.name,
            self.unit,
            figure(&self.baseline),
            figure(&self.ours),
            ratio(self.ratio_to(&self.baseline)),
            if add_peer.is_empty() {
                nothing()
            } else {
                add_peer.join(", ")
            },
            percent(self.baseline_spread()),
            percent(spread(&self.ours)),
            self.notes.join("; "),
        );
    }
}

impl FigureReport {
    pub(super) fn new() -> Self {
        Self {
            remarks: Vec::new(),
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = String::from(
            "| row | unit | baseline | Parlor | of the baseline | compared with (Parlor is × of it) | spread: baseline / Parlor | |\n\
             | --- | --- | ---: | ---: | ---: | --- | ---: | --- |\n",
        );
        for row in &self.rows {
            row.line(&mut text);
        }
        text.push_str(
            "\nMedians; a ratio over 1 is in Parlor's favour, for rates and costs alike.",
        );
        for remark in &self.remarks {
            text.push(' ');
            text.push_str(remark);
        }
        text
    }

    pub(super) fn json(&self) -> String {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "remarks": self.remarks,
            "rows": rows,
        });
        format!("{report:#}\n")
    }
}

fn nothing() -> String {
    "—".to_owned()
}

/// Returns the median; `None` without values.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        _ => Some(sorted[middle]),
    }
}

/// Returns the spread of values relative to their median; `None` for fewer than two.
fn spread(values: &[f64]) -> Option<f64> {
    let max = values.iter().copied().reduce(f64::max)?;
    let least = values.iter().copied().reduce(f64::min)?;
    let median = median(values).filter(|median| *median > 0.0)?;
    (values.len() > 1).then(|| (max - least) / median)
}

/// Converts a count to a float.
#[expect(clippy::cast_precision_loss, reason = "nothing is counted here to 2⁵³")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// Formats a value with three significant digits.
fn shown(value: f64) -> String {
    if value >= 100.0 {
        let mut digits = format!("{value:.0}");
        let mut at = digits.len();
        while at > 3 {
            at -= 3;
            digits.insert(at, ',');
        }
        digits.trim_start_matches(',').to_owned()
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_over_one_is_good_news_for_rates_and_costs_alike() {
        let mut rate = Row::rate("rate", "1/s");
        rate.baseline(100.0);
        rate.ours(200.0);
        let mut cost = Row::cost("cost", "ms");
        cost.baseline(2.0);
        cost.ours(1.0);
        assert_eq!(rate.ratio_to(&rate.baseline), Some(2.0));
        assert_eq!(cost.ratio_to(&cost.baseline), Some(2.0));
    }

    #[test]
    fn a_row_whose_floors_differ_by_more_than_a_tenth_is_noisy() {
        let mut row = Row::rate("row", "1/s");
        row.baseline(100.0);
        assert!(!row.is_noisy());
        row.baseline(109.0);
        assert!(!row.is_noisy());
        row.baseline(120.0);
        assert!(row.is_noisy());
    }

    #[test]
    fn figures_are_shown_with_three_digits() {
        assert_eq!(shown(1_234_567.8), "1,234,568");
        assert_eq!(shown(123.4), "123");
        assert_eq!(shown(12.34), "12.3");
        assert_eq!(shown(1.234), "1.23");
    }

    #[test]
    fn the_table_has_as_many_cells_in_each_line() {
        let mut report = FigureReport::new();
        let mut row = Row::rate("row", "1/s");
        row.ours(1.0);
        row.add_peer("Bun", 2.0);
        row.note("one");
        row.note("two");
        report.push(row);
        let table = report.markdown();
        let cells: Vec<usize> = table
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.matches('|').count())
            .collect();
        assert_eq!(cells, [9, 9, 9], "{table}");
        assert!(table.contains("Bun 2.00 (×0.50)"), "{table}");
    }
}
