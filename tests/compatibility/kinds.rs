//! Every kind of change, made to a small document, is found; what harms nobody is not.

use serde_json::{Value, json};

use super::compare::compare;

fn document() -> Value {
    json!({
        "servers": [{ "url": "/" }, { "url": "/instances/{instance}" }],
        "security": [],
        "paths": { "/tills/{id}": {
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
            "post": {
                "operationId": "openTill",
                "security": [{ "token": ["tills-write"] }, { "password": [] }],
                "parameters": [
                    { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 9, "default": 5 } },
                    { "$ref": "#/components/parameters/Language" },
                ],
                "requestBody": { "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Till" } },
                    "application/x-www-form-urlencoded": { "schema": { "$ref": "#/components/schemas/Till" } },
                } },
                "responses": {
                    "200": {
                        "headers": { "Etag": {} },
                        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Opened" } }, "text/plain": {} },
                    },
                    "404": { "content": { "application/json": {
                        "schema": { "type": "object", "properties": {} },
                        "examples": { "UNKNOWN": { "$ref": "#/components/examples/UNKNOWN" }, "GONE": { "value": { "code": 8 } } },
                    } } },
                },
            },
            "get": { "operationId": "getTill", "responses": { "200": {} } },
        } },
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "parameters": { "Language": { "name": "Accept-Language", "in": "header", "schema": { "type": "string" } } },
            "examples": { "UNKNOWN": { "value": { "code": 7 } } },
            "schemas": {
                "Kind": { "type": "string", "enum": ["big", "small"] },
                "Till": { "type": "object", "required": ["name"], "properties": {
                    "name": { "type": "string", "maxLength": 20 },
                    "kind": { "allOf": [{ "$ref": "#/components/schemas/Kind" }], "description": "Its size." },
                    "until": { "oneOf": [{ "type": "integer" }, { "type": "string", "enum": ["never"] }] },
                    "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Till" } },
                } },
                "Opened": { "type": "object", "required": ["serial"], "properties": {
                    "serial": { "type": "integer", "maximum": 9 },
                    "code": { "type": "string", "pattern": "^[0-9]+$" },
                    "state": { "type": "string", "enum": ["open"] },
                    "until": { "oneOf": [{ "type": "integer" }] },
                } },
            },
        },
    })
}

const POST: &str = "/paths/~1tills~1{id}/post";

/// Puts a value somewhere, or removes what is there.
fn change(document: &mut Value, pointer: &str, value: Option<Value>) {
    let pointer = pointer.replace("POST", POST);
    let pointer = pointer.replace("SCHEMAS", "/components/schemas");
    let (parent, name) = pointer.rsplit_once('/').expect("a parent");
    let name = name.replace("~1", "/");
    match (document.pointer_mut(parent).expect("a place"), value) {
        (Value::Object(members), Some(value)) => drop(members.insert(name, value)),
        (Value::Object(members), None) => drop(members.shift_remove(&name).expect("a member")),
        (Value::Array(items), Some(value)) if name == "-" => items.push(value),
        (Value::Array(items), value) => {
            let index: usize = name.parse().expect("an index");
            items.remove(index);
            items.extend(value);
        }
        _ => panic!("{pointer} leads nowhere"),
    }
}

/// What is found after one change: whether it breaks, and what it is.
fn found(pointer: &str, value: Option<Value>) -> Vec<(bool, String)> {
    let mut new = document();
    change(&mut new, pointer, value);
    let changes = compare(&document(), &new).into_iter();
    changes
        .map(|change| {
            (
                change.breaking,
                format!("{}: {}", change.place, change.what),
            )
        })
        .collect()
}

#[track_caller]
fn is_found(breaking: bool, pointer: &str, value: Option<Value>, expected: &str) {
    let found = found(pointer, value);
    assert!(
        matches!(&found[..], [(how, what)] if *how == breaking && what.ends_with(expected)),
        "{pointer}: {found:?}"
    );
}

#[test]
fn what_breaks_operations_is_found() {
    let required = json!({ "name": "new", "in": "query", "required": true, "schema": {} });
    for (pointer, value, expected) in [
        ("/servers/1", None, "base URL removed"),
        (
            "/components/securitySchemes/token/scheme",
            Some(json!("basic")),
            "way to authenticate changed",
        ),
        (
            "/paths/~1tills~1{id}/get",
            None,
            "GET /tills/{id}: operation removed",
        ),
        (
            "POST/operationId",
            Some(json!("startTill")),
            "operationId changed from \"openTill\" to \"startTill\"",
        ),
        (
            "POST/security/0/token",
            Some(json!(["tills-admin"])),
            "{\"token\":[\"tills-write\"]} does not suffice any more",
        ),
        (
            "POST/security/1",
            None,
            "{\"password\":[]} does not suffice any more",
        ),
        (
            "/paths/~1tills~1{id}/get/security",
            Some(json!([{ "token": [] }])),
            "it was public",
        ),
        ("POST/parameters/0", None, "query limit: parameter removed"),
        (
            "POST/parameters/-",
            Some(required),
            "query new: required parameter added",
        ),
        (
            "POST/parameters/0/required",
            Some(json!(true)),
            "parameter is required now",
        ),
        (
            "POST/parameters/0/schema/maximum",
            Some(json!(8)),
            "maximum changed from 9 to 8",
        ),
        (
            "POST/parameters/0/schema/minimum",
            Some(json!(2)),
            "minimum changed from 1 to 2",
        ),
        (
            "/components/parameters/Language/schema/type",
            Some(json!("integer")),
            "header accept-language: type changed from \"string\" to \"integer\"",
        ),
        (
            "POST/requestBody/required",
            Some(json!(true)),
            "body is required now",
        ),
        (
            "POST/requestBody/content/application~1x-www-form-urlencoded",
            None,
            "media type removed",
        ),
        ("POST/responses/200", None, "200: answer removed"),
        (
            "POST/responses/200/headers/Etag",
            None,
            "header removed: Etag",
        ),
        (
            "POST/responses/200/content/text~1plain",
            None,
            "media type removed",
        ),
        (
            "POST/responses/404/content/application~1json/examples/UNKNOWN",
            None,
            "404: code removed: 7",
        ),
    ] {
        is_found(true, pointer, value, expected);
    }
}

#[test]
fn what_breaks_schemas_is_found_once_for_each_direction() {
    for (pointer, value, expected) in [
        (
            "SCHEMAS/Till/properties/kind",
            None,
            "Till/kind: member removed",
        ),
        (
            "SCHEMAS/Till/required/-",
            Some(json!("kind")),
            "Till/kind: member is required now",
        ),
        (
            "SCHEMAS/Till/properties/name/maxLength",
            Some(json!(9)),
            "Till/name: maxLength changed from 20 to 9",
        ),
        (
            "SCHEMAS/Till/properties/name/pattern",
            Some(json!("^a")),
            "Till/name: pattern changed from null to \"^a\"",
        ),
        (
            "SCHEMAS/Till/properties/name/enum",
            Some(json!(["a"])),
            "Till/name: enum added",
        ),
        (
            "SCHEMAS/Till/properties/until/oneOf/0",
            None,
            "Till/until: alternative removed: \"integer\"",
        ),
        (
            "SCHEMAS/Till/properties/parts/items",
            Some(json!({ "type": "string" })),
            "type changed from \"object\" to \"string\"",
        ),
        (
            "SCHEMAS/Till/additionalProperties",
            Some(json!(false)),
            "other members are refused now",
        ),
        ("SCHEMAS/Kind/enum/0", None, "Kind: value removed: \"big\""),
        (
            "SCHEMAS/Opened/properties/code",
            None,
            "Opened/code: member removed",
        ),
        (
            "SCHEMAS/Opened/required/0",
            None,
            "Opened/serial: member may be absent now",
        ),
        (
            "SCHEMAS/Opened/properties/serial/type",
            Some(json!("string")),
            "type changed from \"integer\" to \"string\"",
        ),
        (
            "SCHEMAS/Opened/properties/serial/maximum",
            Some(json!(10)),
            "maximum changed from 9 to 10",
        ),
        (
            "SCHEMAS/Opened/properties/code/pattern",
            None,
            "pattern changed from \"^[0-9]+$\" to null",
        ),
        ("SCHEMAS/Opened/properties/state/enum", None, "enum removed"),
    ] {
        is_found(true, pointer, value, expected);
    }
}

#[test]
fn what_surprises_careless_clients_is_a_warning() {
    for (pointer, value, expected) in [
        (
            "SCHEMAS/Opened/properties/state/enum/-",
            Some(json!("shut")),
            "Opened/state: value added: \"shut\"",
        ),
        (
            "SCHEMAS/Opened/properties/until/oneOf/-",
            Some(json!({ "type": "string" })),
            "alternative added: \"string\"",
        ),
        ("POST/responses/409", Some(json!({})), "409: answer added"),
        (
            "POST/responses/404/content/application~1json/examples/NEW",
            Some(json!({ "value": { "code": 9 } })),
            "code added: 9",
        ),
        (
            "POST/parameters/0/schema/default",
            Some(json!(6)),
            "default changed from 5 to 6",
        ),
    ] {
        is_found(false, pointer, value, expected);
    }
}

#[test]
fn what_harms_nobody_is_not_found() {
    let optional = json!({ "name": "new", "in": "query", "schema": { "type": "string" } });
    for (pointer, value) in [
        ("/servers/0/description", Some(json!("Here."))),
        ("/paths/~1new", Some(json!({ "get": {} }))),
        ("POST/security/-", Some(json!({ "other": [] }))),
        ("POST/security", Some(json!([]))),
        ("POST/parameters/-", Some(optional)),
        ("POST/parameters/0/schema/maximum", None),
        ("SCHEMAS/Kind/enum/-", Some(json!("huge"))),
        ("SCHEMAS/Till/required/0", None),
        (
            "SCHEMAS/Till/properties/new",
            Some(json!({ "type": "string" })),
        ),
        ("SCHEMAS/Till/properties/name/maxLength", Some(json!(21))),
        (
            "SCHEMAS/Opened/properties/new",
            Some(json!({ "type": "string" })),
        ),
        ("SCHEMAS/Opened/required/-", Some(json!("code"))),
        ("SCHEMAS/Opened/properties/serial/maximum", Some(json!(8))),
        ("SCHEMAS/Opened/properties/until/oneOf/0", None),
    ] {
        assert_eq!(found(pointer, value), [], "{pointer}");
    }
}
