//! The table of every operation of both interfaces: those of the documents, and those that are planned.

use std::fmt::Write as _;

use kontor_openapi::{Operation, challenger, merchant};
use serde_json::Value;

use super::generated::{cell, check};
use crate::contract::digest::documents;

const PLANNED: &str = include_str!("../../openapi/planned.tsv");

/// An operation that the protocol has and the document lacks.
struct Planned {
    method: &'static str,
    path: &'static str,
    permission: &'static str,
    since: &'static str,
    summary: &'static str,
}

fn planned() -> Vec<Planned> {
    let lines = PLANNED.lines().skip(1);
    let read = |line: &'static str| {
        let [method, path, permission, since, summary] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{line}: five columns");
        };
        Planned {
            method,
            path,
            permission,
            since,
            summary,
        }
    };
    lines.map(read).collect()
}

fn summary(document: &Value, operation: &Operation) -> String {
    let method = operation.method.to_lowercase();
    let text = document["paths"][operation.path][method]["summary"].as_str();
    text.expect("each operation has a summary").to_owned()
}

/// What a caller must bring, by the names of the document: a permission of a token, or another credential.
fn credentials(operation: &Operation) -> String {
    let names = operation.security.iter().map(|requirement| {
        let name = requirement.permission.unwrap_or(requirement.scheme);
        format!("`{name}`")
    });
    let names: Vec<String> = names
        .chain(operation.public.then(|| "public".to_owned()))
        .collect();
    names.join(" or ")
}

fn implemented(document: &Value, operations: &[Operation]) -> String {
    let mut table =
        String::from("| operation | id | credential | what it does |\n| --- | --- | --- | --- |\n");
    for operation in operations {
        let permission = credentials(operation);
        writeln!(
            table,
            "| `{} {}` | `{}` | {permission} | {} |",
            operation.method,
            operation.path,
            operation.id,
            cell(&summary(document, operation))
        )
        .expect("text");
    }
    table
}

#[test]
fn the_table_of_operations_is_that_of_the_documents() {
    let [merchant_document, challenger_document] = documents();
    let planned = planned();
    let mut text = format!(
        "Of the Merchant Backend API {} operations are implemented and {} planned, of the Challenger API all {}.\n\n",
        merchant::OPERATIONS.len(),
        planned.len(),
        challenger::OPERATIONS.len()
    );
    text += "## Merchant Backend: implemented\n\n";
    text += &implemented(&merchant_document, merchant::OPERATIONS);
    text += "\n## Challenger: implemented\n\n";
    text += &implemented(&challenger_document, challenger::OPERATIONS);
    text += "\n## Merchant Backend: planned\n\n";
    text += "| operation | permission | since | what it will do |\n| --- | --- | --- | --- |\n";
    for operation in &planned {
        let permission = match operation.permission {
            "-" => "public".to_owned(),
            name => format!("`{name}`"),
        };
        writeln!(
            text,
            "| `{} {}` | {permission} | {} | {} |",
            operation.method, operation.path, operation.since, operation.summary
        )
        .expect("text");
    }
    check("docs/status.md", "operations", &text);
}

/// Names of path parameters may change between plan and document.
fn shape(path: &str) -> String {
    let part = |part: &str| match part.starts_with('{') {
        true => "{}".to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn nothing_is_planned_that_is_there() {
    for planned in planned() {
        let there = merchant::OPERATIONS.iter().find(|operation| {
            operation.method == planned.method && shape(operation.path) == shape(planned.path)
        });
        assert!(
            there.is_none(),
            "{} {} is implemented: take it off the list",
            planned.method,
            planned.path
        );
    }
}
