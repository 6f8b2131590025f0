//! What must hold whatever the speed: the subjects do the same work, and an authenticated read stays as cheap as it is.

use hyper::StatusCode;
use serde_json::Value;

use crate::{
    Result, load,
    report::Fact,
    subject::{KontorSubject, Subject},
    workload,
};

/// How many requests are counted.
const COUNTED: u64 = 100;
/// Queries that an authenticated read may cost.
const MOST_QUERIES: f64 = 2.0;

/// Fails unless every subject answers a read alike, and Kontor and the handler by hand refuse a wrong token.
pub fn same_answers(subjects: &[Subject], kontor: &KontorSubject) -> Result<()> {
    let request = workload::get(kontor);
    let mut answers = Vec::new();
    for subject in subjects {
        let answer: Value = serde_json::from_slice(&load::ask(subject.address, &request)?)?;
        if answers.first().is_some_and(|first| *first != answer) {
            return Err(format!("{} answers {answer}, not {}", subject.name, answers[0]).into());
        }
        answers.push(answer);
    }
    let mut wrong = request;
    wrong.authorization.push('0');
    wrong.expected = StatusCode::UNAUTHORIZED;
    for subject in subjects.iter().filter(|subject| subject.name != "bare") {
        load::ask(subject.address, &wrong)?;
    }
    Ok(())
}

/// Counts what authenticated reads make Kontor do.
pub fn of_a_get(database: &'static str, kontor: &KontorSubject) -> Result<Vec<Fact>> {
    let count = || {
        let status = kontor.app.database.pool_status();
        let hashes = kontor.app.hasher.statistics().finished;
        [status.queries, status.commits, hashes]
    };
    let before = count();
    for _ in 0..COUNTED {
        load::ask(kontor.subject().address, &workload::get(kontor))?;
    }
    let after = count();
    let names = ["queries", "transactions", "password hashes"];
    let bounds = [MOST_QUERIES, 0.0, 0.0];
    let facts = (0..names.len()).map(|index| Fact {
        name: format!("{database}: {} of an authenticated GET", names[index]),
        value: (after[index] - before[index]) as f64 / COUNTED as f64,
        at_most: bounds[index],
    });
    Ok(facts.collect())
}
