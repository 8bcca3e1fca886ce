//! The benchmarks: one file for each kind of measurement.

mod fan_out;
mod history;
mod http;
mod idle;
mod joining;
mod latency;
mod live;
mod room_load;
mod rooms;
mod sends;
mod start;
mod storm;

use std::io;

use super::Bench;

/// One benchmark.
pub(super) struct Benchmark {
    pub(super) name: &'static str,
    pub(super) measure: fn(&mut Bench<'_>) -> io::Result<()>,
}

/// All benchmarks, in the order of the table.
pub(super) const ROWS: [Benchmark; 17] = [
    row("fan-out-one", fan_out::one),
    row("fan-out-saturated", fan_out::saturated),
    row("fan-out-ten-thousand", fan_out::ten_thousand),
    row("rooms-uniform", rooms::uniform),
    row("rooms-zipf", rooms::zipf),
    row("sends-1", sends::one),
    row("sends-16", sends::sixteen),
    row("sends-256", sends::many),
    row("latency-room", latency::one_room),
    row("latency-rooms", latency::many_rooms),
    row("idle", idle::measure),
    row("storm", storm::measure),
    row("joining", joining::measure),
    row("history", history::measure),
    row("start", start::measure),
    row("http-read", http::read),
    row("http-write", http::write),
];

const fn row(name: &'static str, measure: fn(&mut Bench<'_>) -> io::Result<()>) -> Benchmark {
    Benchmark { name, measure }
}

/// Returns the benchmarks of these names, in which spaces count as dashes. An exact name selects one benchmark,
/// any other all that begin with it.
pub(super) fn wanted(names: &[String]) -> Result<Vec<&'static Benchmark>, String> {
    if names.is_empty() {
        return Ok(ROWS.iter().collect());
    }
    let names: Vec<String> = names.iter().map(|name| name.replace(' ', "-")).collect();
    let exact = |name: &str| ROWS.iter().any(|row| row.name == name);
    let means = |name: &String, row: &Benchmark| {
        row.name == *name || !exact(name) && row.name.starts_with(name.as_str())
    };
    for name in &names {
        if !ROWS.iter().any(|row| means(name, row)) {
            let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            return Err(format!(
                "there is no row {name:?}; there are {}",
                known.join(", ")
            ));
        }
    }
    let wanted = ROWS
        .iter()
        .filter(|row| names.iter().any(|name| means(name, row)));
    Ok(wanted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<&'static str> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let rows = wanted(&names).unwrap();
        rows.iter().map(|row| row.name).collect()
    }

    #[test]
    fn rows_are_found_by_their_names_and_by_what_these_begin_with() {
        assert_eq!(named(&[]).len(), ROWS.len());
        assert_eq!(named(&["sends-1"]), ["sends-1"]);
        assert_eq!(named(&["sends 16"]), ["sends-16"]);
        assert_eq!(named(&["sends"]), ["sends-1", "sends-16", "sends-256"]);
        assert_eq!(named(&["start", "fan-out-o"]), ["fan-out-one", "start"]);
    }

    #[test]
    fn a_name_that_is_no_rows_is_told_with_those_that_are() {
        let refusal = wanted(&["sendz".to_owned()]).err().unwrap();
        assert!(
            refusal.contains("\"sendz\"") && refusal.contains("sends-256"),
            "{refusal}"
        );
    }
}
