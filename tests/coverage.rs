//! Every operation of the document was seen to succeed, to fail in each documented way, and to refuse strangers.
//!
//! `make test` runs it after the suite, on what that noted.

use std::{collections::HashSet, fs, path::PathBuf};

use kontor_openapi::{ErrorCode, challenger, merchant};

/// Failures that any operation documents and that no request can bring about: the database or the machine fails. One
/// operation stands for all; see `tests/http/faults.rs`.
const FAULTS: [ErrorCode; 9] = [
    ErrorCode::GenericTimeout,
    ErrorCode::GenericDbStartFailed,
    ErrorCode::GenericDbStoreFailed,
    ErrorCode::GenericDbFetchFailed,
    ErrorCode::GenericDbCommitFailed,
    ErrorCode::GenericDbSoftFailure,
    ErrorCode::GenericDbInvariantFailure,
    ErrorCode::GenericInternalInvariantFailure,
    ErrorCode::GenericOsResourceAllocationFailure,
];

#[test]
fn every_documented_answer_was_seen() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("answers");
    let files = fs::read_dir(&folder).expect("the suite ran before and noted its answers");
    let seen: HashSet<String> = files
        .flat_map(|file| {
            fs::read_to_string(file.expect("a note").path())
                .expect("a note")
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let mut missing = Vec::new();
    for operation in merchant::OPERATIONS.iter().chain(challenger::OPERATIONS) {
        let successes = operation
            .successes
            .iter()
            .map(|status| format!("{} {status} 0", operation.id));
        let failures = operation.failures.iter().flat_map(|failure| {
            let codes = failure.codes.iter().filter(|code| !FAULTS.contains(code));
            codes.map(move |code| format!("{} {} {}", operation.id, failure.status, code.number()))
        });
        missing.extend(
            successes
                .chain(failures)
                .filter(|line| !seen.contains(line)),
        );
    }
    assert!(
        missing.is_empty(),
        "the document promises what no test has seen (operation, status, code):\n{}",
        missing.join("\n")
    );
}
