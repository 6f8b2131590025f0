//! Medians, ratios, and how they are printed.

use kontor::cli::output;
use serde::Serialize;

use crate::{load::Turn, workload::Workload};

/// All that was measured.
#[derive(Default, Serialize)]
pub struct Report {
    measured: Vec<Measured>,
    facts: Vec<Fact>,
}

/// A workload on a database.
#[derive(Serialize)]
struct Measured {
    database: &'static str,
    workload: &'static str,
    connections: u32,
    subjects: Vec<Row>,
}

/// A subject under a workload: medians of its turns.
#[derive(Serialize)]
pub struct Row {
    subject: &'static str,
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Processor time of one request in microseconds, without the load and without a database server.
    cpu_us: Option<f64>,
    /// Of all turns.
    failures: u64,
    /// How its requests per second compare.
    to_by_hand: Option<f64>,
    to_bare: Option<f64>,
}

/// Something that was counted, and what it may be.
#[derive(Serialize)]
pub struct Fact {
    pub name: String,
    pub value: f64,
    pub at_most: f64,
}

impl Row {
    /// The medians of some turns.
    pub fn of(subject: &'static str, turns: &[Turn]) -> Self {
        let requests = |turn: &Turn| turn.latencies_us.len() as f64;
        let cpu: Option<Vec<f64>> = turns
            .iter()
            .map(|turn| Some(turn.cpu?.as_secs_f64() * 1e6 / requests(turn)))
            .collect();
        Self {
            subject,
            requests_per_second: median(
                turns
                    .iter()
                    .map(|turn| requests(turn) / turn.time.as_secs_f64()),
            ),
            p50_ms: median(turns.iter().map(|turn| percentile_ms(turn, 50))),
            p99_ms: median(turns.iter().map(|turn| percentile_ms(turn, 99))),
            cpu_us: cpu.map(|values| median(values.into_iter())),
            failures: turns.iter().map(|turn| turn.failures).sum(),
            to_by_hand: None,
            to_bare: None,
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn percentile_ms(turn: &Turn, percent: usize) -> f64 {
    let last = turn.latencies_us.len().saturating_sub(1);
    let latency = turn.latencies_us.get(last * percent / 100).copied();
    f64::from(latency.unwrap_or_default()) / 1000.0
}

impl Report {
    /// Adds what subjects gave, and compares them.
    pub fn add(&mut self, database: &'static str, workload: &Workload, mut rows: Vec<Row>) {
        let speed = |name| {
            let row = rows.iter().find(|row| row.subject == name)?;
            Some(row.requests_per_second)
        };
        let (by_hand, bare) = (speed("by hand"), speed("bare"));
        for row in &mut rows {
            row.to_by_hand = by_hand.map(|other| row.requests_per_second / other);
            row.to_bare = bare.map(|other| row.requests_per_second / other);
        }
        self.measured.push(Measured {
            database,
            workload: workload.name,
            connections: workload.connections,
            subjects: rows,
        });
    }

    /// Adds what was counted.
    pub fn add_facts(&mut self, facts: Vec<Fact>) {
        self.facts.extend(facts);
    }

    /// Whether there was no failure and no fact is out of bounds.
    pub fn is_sound(&self) -> bool {
        let mut rows = self.measured.iter().flat_map(|measured| &measured.subjects);
        rows.all(|row| row.failures == 0)
            && self.facts.iter().all(|fact| fact.value <= fact.at_most)
    }

    /// Two tables: what was measured, and what was counted.
    pub fn text(&self) -> String {
        let rows: Vec<_> = self.measured.iter().flat_map(Measured::cells).collect();
        let headings = [
            "DATABASE", "REQUEST", "AT ONCE", "SUBJECT", "PER S", "P50 MS", "P99 MS", "CPU US",
            "FAILED", "TO HAND", "TO BARE",
        ];
        let facts: Vec<_> = self
            .facts
            .iter()
            .map(|fact| {
                vec![
                    fact.name.clone(),
                    fact.value.to_string(),
                    fact.at_most.to_string(),
                ]
            })
            .collect();
        let measured = output::table(&headings, &rows);
        let counted = output::table(&["COUNTED", "IS", "AT MOST"], &facts);
        format!("{measured}\n{counted}")
    }
}

impl Measured {
    fn cells(&self) -> impl Iterator<Item = Vec<String>> {
        self.subjects.iter().map(|row| {
            let ratio =
                |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
            vec![
                self.database.to_owned(),
                self.workload.to_owned(),
                self.connections.to_string(),
                row.subject.to_owned(),
                format!("{:.0}", row.requests_per_second),
                format!("{:.2}", row.p50_ms),
                format!("{:.2}", row.p99_ms),
                row.cpu_us.map_or(String::new(), |cpu| format!("{cpu:.0}")),
                row.failures.to_string(),
                ratio(row.to_by_hand),
                ratio(row.to_bare),
            ]
        })
    }
}
