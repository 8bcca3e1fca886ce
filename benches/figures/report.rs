//! Medians, ratios and how they are shown.

use std::fmt::Write;

use serde_json::{Value, json};

/// Floors of one row may differ by so much of their median.
const NOISE: f64 = 0.10;

/// Everything measured.
pub(crate) struct Report {
    pinned: bool,
    rows: Vec<Row>,
}

/// One figure of the server beside what the machine can do.
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    /// Whether more of it is better.
    rate: bool,
    floor: Vec<f64>,
    ours: Vec<f64>,
    note: String,
}

impl Row {
    /// Something of which more is better.
    pub(crate) fn rate(name: impl Into<String>, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            unit,
            rate: true,
            floor: Vec::new(),
            ours: Vec::new(),
            note: String::new(),
        }
    }

    /// Something of which less is better.
    pub(crate) fn cost(name: impl Into<String>, unit: &'static str) -> Self {
        Self {
            rate: false,
            ..Self::rate(name, unit)
        }
    }

    pub(crate) fn floor(&mut self, value: f64) {
        self.floor.push(value);
    }

    pub(crate) fn ours(&mut self, value: f64) {
        self.ours.push(value);
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.note = note.into();
    }

    /// How much of the floor is reached; 1 is all of it, whether rate or cost.
    fn ratio(&self) -> Option<f64> {
        let (floor, ours) = (median(&self.floor)?, median(&self.ours)?);
        Some(if self.rate {
            ours / floor
        } else {
            floor / ours
        })
    }

    /// How far the floors lie apart, as a part of their median.
    fn spread(&self) -> Option<f64> {
        let most = self.floor.iter().copied().reduce(f64::max)?;
        let least = self.floor.iter().copied().reduce(f64::min)?;
        Some((most - least) / median(&self.floor)?)
    }

    /// Whether the machine was too noisy for the row to mean anything.
    pub(crate) fn is_void(&self) -> bool {
        self.spread().is_some_and(|spread| spread > NOISE)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": self.unit,
            "better": if self.rate { "more" } else { "less" },
            "floor": self.floor,
            "ours": self.ours,
            "floor_median": median(&self.floor),
            "ours_median": median(&self.ours),
            "ratio": self.ratio(),
            "floor_spread": self.spread(),
            "void": self.is_void(),
            "note": self.note,
        })
    }
}

impl Report {
    pub(crate) fn new(pinned: bool) -> Self {
        let rows = Vec::new();
        Self { pinned, rows }
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from(
            "| figure | unit | floor | ours | of the floor | floors differ by | |\n\
             | --- | --- | ---: | ---: | ---: | ---: | --- |\n",
        );
        let figure = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), shown);
        let percent = |value: Option<f64>| {
            value.map_or_else(|| "—".to_owned(), |value| format!("{:.0} %", value * 100.0))
        };
        for row in &self.rows {
            let ratio = row
                .ratio()
                .map_or_else(|| "—".to_owned(), |ratio| format!("{ratio:.2}"));
            let void = if row.is_void() {
                "void: too noisy. "
            } else {
                ""
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {void}{} |",
                row.name,
                row.unit,
                figure(median(&row.floor)),
                figure(median(&row.ours)),
                ratio,
                percent(row.spread()),
                row.note,
            );
        }
        text.push_str(if self.pinned {
            "\nMedians. Server and floors ran on core 0, the client on core 1."
        } else {
            "\nMedians. Nothing was pinned to a core of its own: there is only one."
        });
        text
    }

    pub(crate) fn json(&self) -> String {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let report =
            json!({ "version": env!("CARGO_PKG_VERSION"), "pinned": self.pinned, "rows": rows });
        format!("{report:#}\n")
    }
}

/// `None` of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        _ => Some(sorted[middle]),
    }
}

/// A count as something to calculate with.
#[expect(clippy::cast_precision_loss, reason = "nothing is counted here to 2⁵³")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// Three figures are all that can be trusted.
fn shown(value: f64) -> String {
    if value >= 100.0 {
        let mut digits = format!("{value:.0}");
        let mut at = digits.len();
        while at > 3 {
            at -= 3;
            digits.insert(at, ',');
        }
        digits
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
