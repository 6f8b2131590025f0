//! Every example is read by the real type and written again as it was; the document survives other tools.

use std::collections::HashMap;

use kontor_openapi::{
    ErrorCode, challenger, common, document::Editions, json::RoundTrip, merchant,
    scalar::MAX_SAFE_INTEGER,
};
use serde_json::Value;

use super::digest::{documents, members, operations, resolve};

type RoundTrips = HashMap<&'static str, RoundTrip>;

/// Each document with the types that were made of it.
fn documents_with_types() -> impl Iterator<Item = (Value, RoundTrips)> {
    let types = [merchant::ROUND_TRIPS, challenger::ROUND_TRIPS].map(|own| {
        let all = common::ROUND_TRIPS.iter().chain(own);
        all.copied().collect()
    });
    documents().into_iter().zip(types)
}

/// Every media type of every request and response, with the place where it stands.
fn media_types(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, method, operation) in operations(document) {
        let bodies = [("request".to_owned(), &operation["requestBody"])].into_iter();
        let responses =
            members(&operation["responses"]).map(|(status, response)| (status.clone(), response));
        for (part, body) in bodies.chain(responses) {
            for (media_type, media) in members(&resolve(document, body)["content"]) {
                found.push((format!("{method} {path} {part} {media_type}"), media));
            }
        }
    }
    found
}

#[test]
fn every_example_is_read_and_written_again_as_it_was() {
    for (document, round_trips) in documents_with_types() {
        let mut count = 0;
        for (place, media) in media_types(&document) {
            let examples: Vec<_> = members(&media["examples"]).collect();
            assert!(!examples.is_empty(), "{place} has no example");
            let Some(reference) = media["schema"]["$ref"].as_str() else {
                continue;
            };
            let round_trip = round_trips[reference.rsplit('/').next().unwrap()];
            for (name, example) in examples {
                let value = &resolve(&document, example)["value"];
                let written = round_trip(value.clone())
                    .unwrap_or_else(|error| panic!("{place} {name}: {error}"));
                assert_eq!(&written, value, "{place} {name}");
                count += 1;
            }
        }
        assert!(count > 100, "{count} examples");
    }
}

#[test]
fn the_example_of_every_schema_is_one() {
    for (document, round_trips) in documents_with_types() {
        for (name, schema) in members(&document["components"]["schemas"]) {
            if let Some(example) = schema.get("example") {
                let written = round_trips[name.as_str()](example.clone())
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(&written, example, "{name}");
            }
        }
    }
}

#[test]
fn the_examples_of_errors_say_what_the_registry_says() {
    let documents = documents();
    let examples = documents
        .iter()
        .flat_map(|document| members(&document["components"]["examples"]));
    for (name, example) in examples {
        if let Some(code) = ErrorCode::ALL.iter().find(|code| code.name() == name) {
            assert_eq!(example["value"]["code"], code.number(), "{name}");
            assert_eq!(example["value"]["hint"], code.hint(), "{name}");
        }
    }
}

#[test]
fn every_error_code_is_a_number_of_its_own() {
    let numbers: HashMap<u16, &str> = ErrorCode::ALL
        .iter()
        .map(|code| (code.number(), code.name()))
        .collect();
    assert_eq!(numbers.len(), ErrorCode::ALL.len());
    assert!(
        ErrorCode::ALL
            .iter()
            .all(|code| (400..600).contains(&code.status())
                && u64::from(code.number()) < MAX_SAFE_INTEGER)
    );
}

#[test]
fn utoipa_reads_the_documents_and_writes_them_back_without_loss() {
    for document in [merchant::DOCUMENT, challenger::DOCUMENT] {
        let parsed: utoipa::openapi::OpenApi = serde_json::from_str(document).unwrap();
        let ours: Value = serde_json::from_str(document).unwrap();
        let theirs = serde_json::to_value(&parsed).unwrap();
        assert_eq!(difference(&theirs, &ours), None);
        let editions = Editions::new(document, "http://kontor.test/");
        let parsed: utoipa::openapi::OpenApi = yaml_serde::from_str(&editions.yaml).unwrap();
        let json: Value = serde_json::from_str(&editions.json).unwrap();
        let theirs = serde_json::to_value(&parsed).unwrap();
        assert_eq!(difference(&theirs, &json), None);
    }
}

/// The first place where two values differ.
fn difference(one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut keys = one.keys().chain(other.keys());
            keys.find_map(|key| match (one.get(key), other.get(key)) {
                (Some(one), Some(other)) => {
                    difference(one, other).map(|place| format!("/{key}{place}"))
                }
                _ => Some(format!("/{key} is on one side only")),
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(index, (one, other))| {
                difference(one, other).map(|place| format!("/{index}{place}"))
            })
        }
        _ => (one != other).then(|| format!(": {one} is not {other}")),
    }
}

#[test]
fn the_servers_are_those_of_the_public_url() {
    let json: Value =
        serde_json::from_str(&Editions::new(merchant::DOCUMENT, "https://shop.example/pay/").json)
            .unwrap();
    assert_eq!(json["servers"][0]["url"], "https://shop.example/pay");
    assert_eq!(
        json["servers"][1]["url"],
        "https://shop.example/pay/instances/{instance}"
    );
    let management = &json["paths"]["/management/instances"]["get"];
    assert_eq!(management["servers"][0]["url"], "https://shop.example/pay");
}

/// The keys that OpenAPI 3.1 has and 3.0 has not, and what 3.0 wants instead.
#[test]
fn the_older_editions_have_nothing_newer() {
    for document in [merchant::DOCUMENT, challenger::DOCUMENT] {
        let ours: Value = serde_json::from_str(document).unwrap();
        let older = Editions::new(document, "/").json_3_0;
        is_older(&ours, &serde_json::from_str(&older).unwrap());
    }
}

fn is_older(document: &Value, json: &Value) {
    assert_eq!(json["openapi"], "3.0.3");
    for (path, method, operation) in operations(json) {
        let ours = &document["paths"][path.as_str()][method.as_str()]["security"];
        let permission = ours
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|item| members(item).map(|(_, permissions)| permissions))
            .find_map(|names| names.get(0));
        assert_eq!(operation.get("x-permission"), permission, "{method} {path}");
        for requirement in operation["security"].as_array().into_iter().flatten() {
            assert!(
                members(requirement).all(|(_, permissions)| permissions == &serde_json::json!([]))
            );
        }
    }
    no_newer_keyword(json, "");
}

fn no_newer_keyword(value: &Value, place: &str) {
    const NEWER: [&str; 10] = [
        // Not newer, but what the tools that stop at 3.0 make of it is of no use.
        "anyOf",
        "const",
        "$defs",
        "if",
        "prefixItems",
        "patternProperties",
        "unevaluatedProperties",
        "webhooks",
        "contentEncoding",
        "$id",
    ];
    for (key, member) in members(value) {
        assert!(!NEWER.contains(&key.as_str()), "{place}/{key}");
        assert!(key != "type" || !member.is_array(), "{place}/{key}");
        no_newer_keyword(member, &format!("{place}/{key}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        no_newer_keyword(item, &format!("{place}/{index}"));
    }
}
