//! The editions of a document that are served.

use serde_json::{Map, Value, json};

/// A document as it is served: in YAML, in JSON, and as OpenAPI 3.0.3 for the tools that stop there.
#[derive(Debug, Clone)]
pub struct Editions {
    /// OpenAPI 3.1 in YAML.
    pub yaml: String,
    /// OpenAPI 3.1 in JSON.
    pub json: String,
    /// OpenAPI 3.0.3 in JSON.
    pub json_3_0: String,
}

impl Editions {
    /// From a document in JSON. Its servers are written relative to the root; here they begin with `public_url`.
    ///
    /// # Panics
    /// On a text that is no JSON: the build wrote it.
    #[must_use]
    pub fn new(document: &str, public_url: &str) -> Self {
        let mut document: Value =
            serde_json::from_str(document).expect("the build writes the document as JSON");
        move_servers(&mut document, public_url.trim_end_matches('/'));
        let pretty = |value: &Value| {
            serde_json::to_string_pretty(value).expect("a JSON value can be written")
        };
        Self {
            yaml: yaml(&document),
            json: pretty(&document),
            json_3_0: pretty(&downgrade(document)),
        }
    }
}

/// As YAML whose strings stay strings under the rules of YAML 1.1 too, by which many tools still read `YES` as true and
/// `32:0:20` as a number in base 60. The serializer knows the rules of YAML 1.2 alone.
fn yaml(document: &Value) -> String {
    let mut marked = document.clone();
    mark_ambiguous(&mut marked);
    let text = yaml_serde::to_string(&marked).expect("a JSON value is a YAML value");
    text.replace(MARK, "'")
}

/// Stands where a quote shall be; no document contains it.
const MARK: &str = "__quote__";

fn mark_ambiguous(value: &mut Value) {
    match value {
        Value::String(text) if is_ambiguous(text) => *text = format!("{MARK}{text}{MARK}"),
        Value::Array(items) => items.iter_mut().for_each(mark_ambiguous),
        Value::Object(members) => members.values_mut().for_each(mark_ambiguous),
        _ => {}
    }
}

fn is_ambiguous(text: &str) -> bool {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let is_base_60 = text.contains(':')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b":.+-_".contains(&byte));
    is_base_60 || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn move_servers(document: &mut Value, public_url: &str) {
    let prefix = |servers: &mut Value| {
        for server in servers.as_array_mut().into_iter().flatten() {
            // Clients append the path, which begins with a slash.
            let url = server["url"].as_str().unwrap_or_default();
            let url = format!("{public_url}{}", url.trim_end_matches('/'));
            server["url"] = Value::String(if url.is_empty() { "/".to_owned() } else { url });
        }
    };
    document.get_mut("servers").map(prefix);
    for operation in operations(document) {
        operation.get_mut("servers").map(prefix);
    }
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(|paths| paths.values_mut());
    let members = paths.flat_map(|item| {
        item.as_object_mut()
            .into_iter()
            .flat_map(|item| item.values_mut())
    });
    members.filter(|member| member.get("operationId").is_some())
}

fn schemas(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let schemas = document["components"]["schemas"].as_object_mut();
    let schemas = schemas.into_iter().flat_map(Map::values_mut);
    schemas.filter_map(Value::as_object_mut)
}

/// OpenAPI 3.0.3 knows no permissions outside OAuth: they move from the `security` arrays to `x-permission`. And the tools
/// that stop at 3.0.3 make one type with the members of all alternatives of an `anyOf`, which nobody can use.
fn downgrade(mut document: Value) -> Value {
    document["openapi"] = json!("3.0.3");
    for schema in schemas(&mut document) {
        if let Some(alternatives) = schema.remove("anyOf") {
            schema.insert("oneOf".to_owned(), alternatives);
        }
    }
    for operation in operations(&mut document) {
        let mut permission = None;
        for requirement in operation["security"].as_array_mut().into_iter().flatten() {
            for names in requirement
                .as_object_mut()
                .into_iter()
                .flat_map(|members| members.values_mut())
            {
                permission = permission.or(names.get_mut(0).map(Value::take));
                *names = json!([]);
            }
        }
        if let Some(permission) = permission {
            operation["x-permission"] = permission;
        }
    }
    document
}
