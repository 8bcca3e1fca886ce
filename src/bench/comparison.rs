//! Comparison in turns: baseline, this server, peers, and the baseline again, so that noise of the machine affects all
//! of them.

use std::io;

use super::{Bench, report::Row};

/// Above this share of a core, the client may limit the figure: it must be able to receive 1.3 times as much.
const BUSY: f64 = 1.0 / 1.3;

/// One figure of a sample.
#[derive(Clone, Copy)]
pub(super) struct Metric {
    /// Suffix of the row's name; may be empty.
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    pub(super) more_is_better: bool,
}

/// One sample.
pub(super) struct Sample {
    /// One figure for each metric.
    pub(super) figures: Vec<f64>,
    /// Share of a core that the client used; 0 if it does not matter.
    pub(super) client: f64,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Baseline,
    Ours,
    Other(String),
}

/// A system that is measured.
pub(super) struct Contender<'a> {
    who: Subject,
    play: Box<dyn FnMut() -> io::Result<Sample> + 'a>,
    /// Maximum share of a core that the client used.
    busy: f64,
    /// Whether it has failed and is no longer sampled.
    out: bool,
}

impl<'a> Contender<'a> {
    pub(super) fn new(who: Subject, play: impl FnMut() -> io::Result<Sample> + 'a) -> Self {
        Self {
            who,
            play: Box::new(play),
            busy: 0.0,
            out: false,
        }
    }
}

impl Metric {
    pub(super) const fn rate(what: &'static str, unit: &'static str) -> Self {
        Self {
            what,
            unit,
            more_is_better: true,
        }
    }

    pub(super) const fn cost(what: &'static str, unit: &'static str) -> Self {
        Self {
            more_is_better: false,
            ..Self::rate(what, unit)
        }
    }

    fn row(self, name: &str) -> Row {
        let name = format!("{name}{}", self.what);
        if self.more_is_better {
            Row::rate(name, self.unit)
        } else {
            Row::cost(name, self.unit)
        }
    }
}

/// Samples all contenders in turns, as often as the plan says, and once more if the machine was too noisy by the first
/// metric. Each metric becomes one row.
pub(super) fn compare(
    bench: &mut Bench<'_>,
    name: &str,
    metrics: &[Metric],
    mut contenders: Vec<Contender<'_>>,
) -> io::Result<Vec<Row>> {
    for attempt in 1.. {
        let mut rows: Vec<Row> = metrics.iter().map(|metric| metric.row(name)).collect();
        for sample in 1..=bench.plan.samples {
            bench.progress.sample(sample, bench.plan.samples);
            for contender in contenders.iter_mut().filter(|contender| !contender.out) {
                match (contender.sample(&mut rows), &contender.who) {
                    (Ok(()), _) => {}
                    // A failing peer must not end the measurement of this server.
                    (Err(error), Subject::Other(other)) => {
                        let told = format!("{other} failed: {error}");
                        bench.progress.print_line(&told);
                        bench.report.remark(format!("{name}: {told}."));
                        contender.out = true;
                    }
                    (Err(error), _) => return Err(error),
                }
            }
        }
        // The baseline is sampled first and last, so that all others lie between two baselines.
        for contender in &mut contenders {
            if contender.who == Subject::Baseline {
                contender.sample(&mut rows)?;
            }
        }
        let noisy = rows.first().is_some_and(Row::is_noisy);
        if noisy && attempt < bench.plan.tries {
            bench.progress.show("the baselines differ: once more");
            continue;
        }
        if noisy {
            rows.iter_mut().for_each(Row::make_void);
        }
        if let (Some(first), Some(bound)) = (rows.first_mut(), bound(&contenders)) {
            first.note(bound);
        }
        return Ok(rows);
    }
    Ok(Vec::new())
}

impl Contender<'_> {
    fn sample(&mut self, rows: &mut [Row]) -> io::Result<()> {
        let sample = (self.play)()?;
        self.busy = self.busy.max(sample.client);
        for (row, figure) in rows.iter_mut().zip(sample.figures) {
            match &self.who {
                Subject::Baseline => row.baseline(figure),
                Subject::Ours => row.ours(figure),
                Subject::Other(name) => row.add_peer(name, figure),
            }
        }
        Ok(())
    }
}

/// Returns the contenders whose figures may be those of the client.
fn bound(contenders: &[Contender<'_>]) -> Option<String> {
    let busy: Vec<&str> = contenders
        .iter()
        .filter(|contender| contender.busy > BUSY)
        .map(|contender| match &contender.who {
            Subject::Baseline => "the baseline",
            Subject::Ours => "Parlor",
            Subject::Other(name) => name,
        })
        .collect();
    (!busy.is_empty()).then(|| format!("client-bound: {}", busy.join(", ")))
}
