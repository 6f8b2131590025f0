//! The documents, the types made of them and the document that poem-openapi derives say the same.

use std::{collections::BTreeMap, sync::Arc};

use kontor_openapi::{ApiError, Described as _, ErrorCode, dispatch::Directory, document::Editions, json::Schemas, merchant};
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::from_str(merchant::DOCUMENT).unwrap()
}

fn resolve<'d>(document: &'d Value, mut value: &'d Value) -> &'d Value {
    while let Some(reference) = value["$ref"].as_str() {
        value = document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"));
    }
    value
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
    let paths = members(&document["paths"]);
    let items = paths.flat_map(|(path, item)| members(item).map(move |(method, operation)| (path, method, operation)));
    items.filter(|(_, _, operation)| operation.get("operationId").is_some()).collect()
}

/// What must agree of an operation: parameters, security, and each status with its media types and headers.
fn digest(document: &Value, item: &Value, operation: &Value) -> Value {
    let parameters = [&item["parameters"], &operation["parameters"]].into_iter().flat_map(|list| list.as_array().into_iter().flatten());
    let mut parameters: Vec<_> = parameters
        .map(|parameter| {
            let parameter = resolve(document, parameter);
            let name = parameter["name"].as_str().unwrap();
            let name = if parameter["in"] == "header" { name.to_lowercase() } else { name.to_owned() };
            json!([parameter["in"], name, parameter["required"], parameter["deprecated"] == true]).to_string()
        })
        .collect();
    parameters.sort();
    let mut security: Vec<_> = operation["security"].as_array().into_iter().flatten().map(Value::to_string).collect();
    security.sort();
    let media = |content: &Value| members(content).map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let responses: BTreeMap<_, _> = members(&operation["responses"])
        .map(|(status, response)| {
            let response = resolve(document, response);
            let mut headers: Vec<_> = members(&response["headers"]).map(|(name, _)| name.to_lowercase()).collect();
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
    operations.map(|(path, method, operation)| ((path.clone(), method.clone()), digest(document, &document["paths"][path], operation))).collect()
}

