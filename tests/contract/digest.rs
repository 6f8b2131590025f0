//! What must agree between our document and the one that poem-openapi derives from the generated routes.

use std::{collections::BTreeMap, sync::Arc};

use kontor::{challenger::Challenger, merchant::Merchant};
use kontor_openapi::{Operation, challenger, merchant};
use poem_openapi::OpenApiService;
use serde_json::{Value, json};

use crate::support::on_app;

/// The documents of both services.
pub fn documents() -> [Value; 2] {
    [merchant::DOCUMENT, challenger::DOCUMENT]
        .map(|document| serde_json::from_str(document).expect("the build writes JSON"))
}

pub fn resolve<'d>(document: &'d Value, mut value: &'d Value) -> &'d Value {
    while let Some(reference) = value["$ref"].as_str() {
        value = document
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{reference} leads nowhere"));
    }
    value
}

pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Every operation with its path and method.
pub fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
    let paths = members(&document["paths"]);
    let items = paths.flat_map(|(path, item)| {
        members(item).map(move |(method, operation)| (path, method, operation))
    });
    items
        .filter(|(_, _, operation)| operation.get("operationId").is_some())
        .collect()
}

/// What must agree of an operation: parameters, security, and each status with its media types and headers.
fn digest(document: &Value, item: &Value, operation: &Value) -> Value {
    let parameters = [&item["parameters"], &operation["parameters"]]
        .into_iter()
        .flat_map(|list| list.as_array().into_iter().flatten());
    let mut parameters: Vec<_> = parameters
        .map(|parameter| {
            let parameter = resolve(document, parameter);
            let name = parameter["name"].as_str().expect("a name");
            let name = if parameter["in"] == "header" {
                name.to_lowercase()
            } else {
                name.to_owned()
            };
            json!([
                parameter["in"],
                name,
                parameter["required"],
                parameter["deprecated"] == true
            ])
            .to_string()
        })
        .collect();
    parameters.sort();
    let mut security: Vec<_> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        // poem-openapi cannot say that a credential may be left out.
        .filter(|requirement| members(requirement).next().is_some())
        .map(Value::to_string)
        .collect();
    security.sort();
    let media = |content: &Value| {
        members(content)
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    let responses: BTreeMap<_, _> = members(&operation["responses"])
        .map(|(status, response)| {
            let response = resolve(document, response);
            let mut headers: Vec<_> = members(&response["headers"])
                .map(|(name, _)| name.to_lowercase())
                .collect();
            headers.sort();
            let mut media = media(&response["content"]);
            media.sort();
            (status.clone(), json!({"media": media, "headers": headers}))
        })
        .collect();
    let body = resolve(document, &operation["requestBody"]);
    json!({
        "id": operation["operationId"], "tags": operation["tags"], "parameters": parameters, "security": security, "responses": responses,
        "body": [media(&body["content"]), body["required"] == true], "deprecated": operation["deprecated"] == true,
    })
}

fn digests(document: &Value) -> BTreeMap<(String, String), Value> {
    let operations = operations(document).into_iter();
    operations
        .map(|(path, method, operation)| {
            (
                (path.clone(), method.clone()),
                digest(document, &document["paths"][path], operation),
            )
        })
        .collect()
}

#[tokio::test]
async fn the_derived_documents_agree_operation_by_operation() {
    on_app(async |app| {
        let app = &app.app;
        let merchant = merchant::routes(Arc::new(Merchant::new(Arc::clone(app))));
        let challenger = Challenger::new(Arc::clone(app)).expect("a Challenger");
        let challenger = challenger::routes(Arc::new(challenger));
        let derived = [
            OpenApiService::new(merchant, "Kontor", "0").spec(),
            OpenApiService::new(challenger, "Kontor", "0").spec(),
        ];
        for (ours, theirs) in documents().iter().zip(derived) {
            let theirs: Value = serde_json::from_str(&theirs).expect("JSON");
            let (ours, theirs) = (digests(ours), digests(&theirs));
            assert_eq!(
                ours.keys().collect::<Vec<_>>(),
                theirs.keys().collect::<Vec<_>>()
            );
            for (operation, ours) in &ours {
                assert_eq!(ours, &theirs[operation], "{operation:?}");
            }
        }
    })
    .await;
}

#[test]
fn the_tables_of_operations_are_those_of_the_documents() {
    let tables: [&[Operation]; 2] = [merchant::OPERATIONS, challenger::OPERATIONS];
    for (document, table) in documents().iter().zip(tables) {
        let operations = operations(document).into_iter();
        let ids: Vec<_> = operations
            .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
            .collect();
        let known: Vec<_> = table.iter().map(|operation| operation.id).collect();
        assert_eq!(ids, known);
    }
}

/// Metrics and logs of both services name operations by their ids alone.
#[test]
fn no_operation_has_the_id_of_another() {
    let mut all = merchant::OPERATIONS.iter().chain(challenger::OPERATIONS);
    let mut seen = std::collections::BTreeSet::new();
    assert!(all.all(|operation| seen.insert(operation.id)));
}
