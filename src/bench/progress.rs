//! Progress on standard error.

use std::io::{IsTerminal, Write, stderr};

use super::interrupt;

/// A line on standard error: one that changes at a terminal, or a line for each thing elsewhere.
pub(super) struct ProgressLine {
    terminal: bool,
    rows: usize,
    begun: usize,
    row: String,
}

impl ProgressLine {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            terminal: stderr().is_terminal(),
            rows,
            begun: 0,
            row: String::new(),
        }
    }

    /// The next row begins.
    pub(super) fn row(&mut self, name: &str) {
        self.begun += 1;
        name.clone_into(&mut self.row);
        self.say("begins");
    }

    pub(super) fn sample(&self, sample: usize, samples: usize) {
        self.say(&format!("sample {sample} of {samples}"));
    }

    pub(super) fn say(&self, what: &str) {
        if interrupt::is_under_way() {
            return;
        }
        let (rows, begun, row) = (self.rows, self.begun, &self.row);
        let done = 20 * begun.saturating_sub(1) / rows.max(1);
        let bar: String = (0..20)
            .map(|at| if at < done { '#' } else { '.' })
            .collect();
        let line = format!("[{bar}] {begun}/{rows} {row}: {what}");
        // A closed standard error is fine.
        let _ = if self.terminal {
            write!(stderr(), "\r\x1b[K{line}").and_then(|()| stderr().flush())
        } else {
            writeln!(stderr(), "{line}")
        };
    }

    /// A line that stays.
    pub(super) fn tell(&self, what: &str) {
        if interrupt::is_under_way() {
            return;
        }
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(stderr(), "{clear}{what}");
    }

    pub(super) fn end(&self) {
        if self.terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
