//! The reference of every setting.

use std::fmt::Write as _;

use kontor::config::schema;
use serde_json::Value;

use super::generated::{cell, check};

/// One section after the other, each with its keys, and the sections in it.
fn section(text: &mut String, heading: &str, schema: &Value) {
    writeln!(text, "### `[{heading}]`\n\n{}\n", cell(description(schema))).expect("text");
    let keys = schema["properties"].as_object().expect("a section");
    let (values, sections): (Vec<_>, Vec<_>) =
        keys.iter().partition(|(_, key)| inner(key).is_none());
    if !values.is_empty() {
        text.push_str("| key | meaning | default |\n| --- | --- | --- |\n");
        for (name, key) in values {
            let default = match &key["default"] {
                Value::Null => match &key["examples"][0] {
                    Value::Null => "not set".to_owned(),
                    example => format!("not set; for example `{}`", cell(&toml(example))),
                },
                value => format!("`{}`", cell(&toml(value))),
            };
            let meaning = cell(description(key));
            writeln!(text, "| `{name}` | {meaning} | {default} |").expect("text");
        }
        text.push('\n');
    }
    for (name, key) in sections {
        let (inner, suffix) = inner(key).expect("a section");
        let heading = format!("{heading}.{name}{suffix}");
        section(text, &heading, &with_description(inner, key));
    }
}

/// The section that a key holds, and what its heading ends in.
fn inner(key: &Value) -> Option<(&Value, String)> {
    let places = [
        (key, String::new()),
        (&key["items"], String::from("[]")),
        (
            &key["additionalProperties"],
            format!(".{}", key["x-example-name"].as_str().unwrap_or("NAME")),
        ),
    ];
    places
        .into_iter()
        .find(|(schema, _)| schema["properties"].is_object())
}

fn with_description(section: &Value, key: &Value) -> Value {
    let mut section = section.clone();
    section["description"] = key["description"].clone();
    section
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().expect("a description")
}

fn toml(value: &Value) -> String {
    // The values of settings are text, numbers, truth values and lists of text: JSON writes them as TOML does.
    value.to_string()
}

#[test]
fn the_reference_has_every_key() {
    let mut text = String::new();
    for (name, schema) in schema()["properties"].as_object().expect("sections") {
        section(&mut text, name, schema);
    }
    check("docs/configuration.md", "keys", &text);
}
