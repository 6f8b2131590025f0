//! Holds every answer of every test against the document.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use kontor_openapi::{
    ErrorCode, Operation, challenger,
    dispatch::{Destination, Directory},
    merchant,
};
use serde_json::{Value, json};

use super::Answer;

/// A document, and how its paths are found.
pub struct Api {
    directory: Directory,
    document: Value,
}

impl Api {
    fn new(directory: Directory, document: &str) -> Self {
        let document = serde_json::from_str(document).expect("the document");
        Self {
            directory,
            document,
        }
    }
}

pub static MERCHANT: LazyLock<Api> =
    LazyLock::new(|| Api::new(Directory::new(merchant::OPERATIONS), merchant::DOCUMENT));

pub static CHALLENGER: LazyLock<Api> = LazyLock::new(|| {
    Api::new(
        Directory::without_instances(challenger::OPERATIONS),
        challenger::DOCUMENT,
    )
});

/// The document's own paths and methods, or failures that any request may meet.
const ANYWHERE: [(u16, ErrorCode); 3] = [
    (404, ErrorCode::GenericEndpointUnknown),
    (405, ErrorCode::GenericMethodInvalid),
    (414, ErrorCode::GenericUriTooLong),
];

/// Fails where an answer is not documented; returns the operation that it is of.
#[track_caller]
pub fn check(
    api: &'static Api,
    method: &str,
    target: &str,
    answer: &Answer,
) -> Option<&'static Operation> {
    let path = target.split('?').next().unwrap_or_default();
    let status = answer.status.as_u16();
    let code = answer.code().map(|number| {
        *ErrorCode::ALL
            .iter()
            .find(|code| code.number() == number)
            .expect("a code of the registry")
    });
    for name in [
        "x-request-id",
        "access-control-allow-origin",
        "x-content-type-options",
    ] {
        assert!(
            answer.headers.contains_key(name),
            "no {name} on {method} {path}"
        );
    }
    if let Some(code) = code.filter(|_| !answer.is_page()) {
        assert_eq!(answer.json()["hint"], code.hint());
    }
    let Destination::Operation(operation, _, _) = api.directory.find(method, path) else {
        let known = code.is_none_or(|code| ANYWHERE.contains(&(status, code)));
        assert!(
            known,
            "{method} {path} answered {status} {code:?}, which no path answers"
        );
        return None;
    };
    match code {
        Some(code) if ANYWHERE.contains(&(status, code)) => return Some(operation),
        // A refusal with a body of its own counts as a reply, and its schema names the code.
        Some(_) if operation.successes.contains(&status) => {}
        Some(code) => assert!(
            operation.documents(status, code),
            "{} answered {status} {code:?}, which it does not document",
            operation.id
        ),
        None => assert!(
            operation.successes.contains(&status),
            "{} answered {status}, which it does not document",
            operation.id
        ),
    }
    if method != "HEAD" && answer.header("content-encoding").is_none() {
        check_body(api, operation, status, answer);
    }
    Some(operation)
}

fn resolve(api: &'static Api, mut value: &'static Value) -> &'static Value {
    while let Some(reference) = value["$ref"].as_str() {
        value = api
            .document
            .pointer(reference.trim_start_matches('#'))
            .expect("a reference that leads somewhere");
    }
    value
}

fn check_body(api: &'static Api, operation: &Operation, status: u16, answer: &Answer) {
    let method = operation.method.to_lowercase();
    let operations = &api.document["paths"][operation.path];
    let response = resolve(api, &operations[&method]["responses"][status.to_string()]);
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        let may_be_absent = ["taler-terms-version"].contains(&name.to_lowercase().as_str());
        assert!(
            may_be_absent || answer.headers.contains_key(name.as_str()),
            "{} {status} lacks {name}",
            operation.id
        );
    }
    let Some(content) = response["content"].as_object() else {
        assert!(
            answer.body.is_empty(),
            "{} {status} has a body",
            operation.id
        );
        return;
    };
    let media_type = answer
        .header("content-type")
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let media = content
        .get(media_type)
        .unwrap_or_else(|| panic!("{} {status} answered {media_type}", operation.id));
    if media_type == "application/json" {
        validate(
            api,
            &format!("{} {status}", operation.id),
            &media["schema"],
            &answer.json(),
        );
    }
}

fn validate(api: &Api, name: &str, schema: &'static Value, body: &Value) {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, std::sync::Arc<jsonschema::Validator>>>> =
        LazyLock::new(Mutex::default);
    let validator = {
        let mut validators = VALIDATORS.lock().expect("no test panics here");
        let compile = || {
            let schema = json!({ "allOf": [schema], "components": api.document["components"] });
            std::sync::Arc::new(jsonschema::draft202012::new(&schema).expect("a schema"))
        };
        std::sync::Arc::clone(validators.entry(name.to_owned()).or_insert_with(compile))
    };
    if let Err(error) = validator.validate(body) {
        panic!("{name}: {error} at {}: {body}", error.instance_path());
    }
}
