//! Progress on standard error.

use std::io::{IsTerminal, Write, stderr};

use super::interrupt;

/// Progress on standard error: one changing line at a terminal, otherwise one line for each event.
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

    /// Announces the next row.
    pub(super) fn row(&mut self, name: &str) {
        self.begun += 1;
        name.clone_into(&mut self.row);
        self.show("begins");
    }

    pub(super) fn sample(&self, sample: usize, samples: usize) {
        self.show(&format!("sample {sample} of {samples}"));
    }

    pub(super) fn show(&self, what: &str) {
        if interrupt::is_under_way() {
            return;
        }
        let (rows, begun, row) = (self.rows, self.begun, &self.row);
        let done = 20 * begun.saturating_sub(1) / rows.max(1);
        let bar: String = (0..20)
            .map(|at| if at < done { '#' } else { '.' })
            .collect();
        let line = format!("[{bar}] {begun}/{rows} {row}: {what}");
        // A closed standard error does not matter.
        let _ = if self.terminal {
            write!(stderr(), "\r\x1b[K{line}").and_then(|()| stderr().flush())
        } else {
            writeln!(stderr(), "{line}")
        };
    }

    /// Prints a permanent line.
    pub(super) fn print_line(&self, what: &str) {
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
