//! The keys that exist, read from the JSON schema that the settings derive: the one list of keys, their texts, defaults and types.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Settings;

/// How alike two names must be for one to be offered in place of the other.
const ALIKE: f64 = 0.75;

static ROOT: LazyLock<Value> = LazyLock::new(|| {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value();
    add_file_twins(&mut schema);
    schema
});

/// Every secret `KEY` can be given as `KEY_file`, which names a file that holds it.
fn add_file_twins(schema: &mut Value) {
    let Some(keys) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let secrets: Vec<String> = keys
        .iter()
        .filter(|(_, key)| key["writeOnly"] == true)
        .map(|(name, _)| name.clone())
        .collect();
    for name in secrets {
        let twin = serde_json::json!({
            "description": format!("File that holds `{name}`, so that the value itself stands neither here nor in the environment."),
            "type": ["string", "null"],
            "format": "path",
            "examples": [format!("{name}.secret")],
            "x-secret": name,
        });
        keys.insert(format!("{name}_file"), twin);
    }
    keys.values_mut().for_each(add_file_twins);
}

/// One place in the tree of keys: a section, a map of sections, or a key with a value.
#[derive(Clone, Copy)]
pub struct Node(&'static Value);

impl Node {
    /// The whole configuration.
    #[must_use]
    pub fn root() -> Self {
        Self(&ROOT)
    }

    /// The schema as JSON.
    #[must_use]
    pub fn to_json(self) -> &'static Value {
        self.0
    }

    /// Keys and sections by name, if this is a section.
    #[must_use]
    pub fn children(self) -> Option<&'static Map<String, Value>> {
        self.0.get("properties").and_then(Value::as_object)
    }

    /// The section under each name, if names are free here and each has a section of its own.
    #[must_use]
    pub fn any_child(self) -> Option<Self> {
        self.0
            .get("additionalProperties")
            .filter(|schema| schema.get("properties").is_some())
            .map(Self)
    }

    /// A name for the example of a section whose name is free.
    #[must_use]
    pub fn example_name(self) -> &'static str {
        self.0["x-example-name"].as_str().unwrap_or("NAME")
    }

    /// The section of each entry, if this is a list of sections. The list is one value all the same.
    #[must_use]
    pub fn entry(self) -> Option<Self> {
        self.0
            .get("items")
            .filter(|schema| schema.get("properties").is_some())
            .map(Self)
    }

    /// Whether this holds further keys.
    #[must_use]
    pub fn is_section(self) -> bool {
        self.children().is_some() || self.any_child().is_some()
    }

    /// The key or section of this name.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Self> {
        self.children()
            .and_then(|children| children.get(name))
            .map(Self)
            .or_else(|| self.any_child())
    }

    /// Key or section at a path.
    #[must_use]
    pub fn at(self, path: &[String]) -> Option<Self> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// What it means.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.0["description"].as_str().unwrap_or_default()
    }

    /// Its default, unless it is not set by default.
    #[must_use]
    pub fn default(self) -> Option<&'static Value> {
        self.0.get("default").filter(|value| !value.is_null())
    }

    /// An example of a key that is not set by default.
    #[must_use]
    pub fn example(self) -> Option<&'static Value> {
        self.0["examples"].get(0)
    }

    /// Whether it takes text as it is, so that a variable or flag needs no quotes.
    #[must_use]
    pub fn takes_text(self) -> bool {
        match &self.0["type"] {
            Value::String(one) => one == "string",
            Value::Array(several) => several.iter().any(|one| one == "string"),
            // An enumeration has one schema for each of its values.
            _ => self.0.get("oneOf").is_some() || self.0.get("enum").is_some(),
        }
    }

    /// Whether its value names a file or folder.
    #[must_use]
    pub fn is_path(self) -> bool {
        self.0["format"] == "path"
    }

    /// Whether its value is a database URL, which may name a file.
    #[must_use]
    pub fn is_database_url(self) -> bool {
        self.0["format"] == "database-url"
    }

    /// Whether its value must not be shown.
    #[must_use]
    pub fn is_secret(self) -> bool {
        self.0["writeOnly"] == true
    }

    /// The secret that this key gives the file of.
    #[must_use]
    pub fn twin_of(self) -> Option<&'static str> {
        self.0["x-secret"].as_str()
    }

    /// The key that a wrong one at `parent` was probably meant to be: a name alike in the same section, else one of
    /// the same name in another section.
    #[must_use]
    pub fn nearest(parent: &[String], wrong: &str) -> Option<String> {
        let near = Self::root()
            .at(parent)
            .and_then(Self::children)
            .and_then(|children| {
                let alike = children
                    .keys()
                    .map(|name| (strsim::jaro_winkler(name, wrong), name));
                alike
                    .filter(|(likeness, _)| *likeness >= ALIKE)
                    .max_by(|one, other| one.0.total_cmp(&other.0))
                    .map(|(_, name)| name)
            });
        if let Some(name) = near {
            return Some(
                parent
                    .iter()
                    .chain([name])
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join("."),
            );
        }
        let sections = Self::root().children()?;
        let holds = |schema| {
            Self(schema)
                .children()
                .is_some_and(|keys| keys.contains_key(wrong))
        };
        sections
            .iter()
            .find(|(_, schema)| holds(schema))
            .map(|(section, _)| format!("{section}.{wrong}"))
    }

    /// Calls `visit` for every key that is written by one name, in the order of the sections.
    pub fn each_key(self, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], Self)) {
        let Some(children) = self.children() else {
            return;
        };
        for (name, schema) in children {
            path.push(name.clone());
            let node = Self(schema);
            if !node.is_section() {
                visit(path, node);
            }
            node.each_key(path, visit);
            path.pop();
        }
    }
}
