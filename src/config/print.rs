//! What `kontor config` prints: the commented example, the JSON schema, the settings with their origins.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use toml_edit::ser::ValueSerializer;

use super::Loaded;
use super::error::Origin;
use super::schema::Node;

/// Longest line of a comment, in characters.
const WIDTH: usize = 100;

/// The JSON schema of the configuration file.
#[must_use]
pub fn schema() -> &'static Value {
    Node::root().to_json()
}

/// A configuration file with every key, its text and its default. Every key is commented out: remove the `#` in front of
/// one to change it.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# Configuration of Kontor. Every key is shown with its default; remove the # in front of a key to change it.\n\
         # The environment variable KONTOR_SECTION__KEY and the flag --set section.key=value win over this file.\n\
         # Relative paths start at the folder of this file.\n",
    );
    for (name, schema) in Node::root().children().into_iter().flatten() {
        if let Some(section) = Node::root().child(name) {
            let _ = write!(
                text,
                "\n{}[{name}]\n",
                comment(schema["description"].as_str().unwrap_or_default())
            );
            write_section(&mut text, name, section);
        }
    }
    text
}

fn write_section(text: &mut String, section: &str, node: Node) {
    let names: Vec<&String> = node
        .children()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    let keys = || {
        names
            .iter()
            .filter_map(|name| node.child(name).map(|key| (*name, key)))
    };
    let is_value = |key: &Node| !key.is_section() && key.entry().is_none();
    for (name, key) in keys().filter(|(_, key)| is_value(key)) {
        let _ = write!(
            text,
            "\n{}{}",
            comment(key.description()),
            assignment(name, key)
        );
    }
    for (name, inner) in keys().filter(|(_, key)| !is_value(key)) {
        if let Some(entry) = inner.entry() {
            let _ = write!(
                text,
                "\n{}#[[{section}.{name}]]\n",
                comment(inner.description())
            );
            write_entry(text, entry);
            continue;
        }
        let Some(entry) = inner.any_child() else {
            let heading = format!("{section}.{name}");
            let _ = write!(text, "\n{}[{heading}]\n", comment(inner.description()));
            write_section(text, &heading, inner);
            continue;
        };
        let heading = format!("{section}.{name}.{}", inner.example_name());
        let _ = write!(text, "\n{}#[{heading}]\n", comment(inner.description()));
        write_section(text, &heading, entry);
    }
}

/// An entry of a list, in one block: it is written as a whole, or not at all.
fn write_entry(text: &mut String, entry: Node) {
    for (name, schema) in entry.children().into_iter().flatten() {
        let _ = write!(
            text,
            "{}",
            comment(schema["description"].as_str().unwrap_or_default())
        );
        if let Some(value) = schema.get("default").or_else(|| schema["examples"].get(0)) {
            let _ = writeln!(text, "#{name} = {}", to_toml(value));
        }
    }
}

fn assignment(name: &str, key: Node) -> String {
    match (key.default(), key.example()) {
        (Some(value), _) => format!("#{name} = {}\n", to_toml(value)),
        (None, Some(example)) => format!(
            "# Not set by default; for example:\n#{name} = {}\n",
            to_toml(example)
        ),
        (None, None) => format!("# Not set by default.\n#{name} = \"\"\n"),
    }
}

/// The text as comment lines.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line + 1 + word.chars().count() > WIDTH {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines
        .iter()
        .fold(String::new(), |text, line| text + line + "\n")
}

/// The value as it is written in TOML.
fn to_toml(value: &Value) -> String {
    value
        .serialize(ValueSerializer::new())
        .map_or_else(|_| value.to_string(), |value| value.to_string())
}

/// One key as `kontor config show` prints it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Section and key, joined by dots.
    pub key: String,
    /// Its value, with secrets redacted; none if it is not set.
    pub value: Option<Value>,
    /// Where the value comes from.
    pub origin: Origin,
}

impl Shown {
    /// The value as it is written in TOML, or a dash if it is not set.
    #[must_use]
    pub fn value_text(&self) -> String {
        self.value.as_ref().map_or_else(|| "-".to_owned(), to_toml)
    }
}

/// Every key with the value that holds, what is derived or built in included, and its origin.
#[must_use]
pub fn show(loaded: &Loaded) -> Vec<Shown> {
    let mut settings = loaded.settings.clone();
    let merchant = &mut settings.merchant;
    merchant.public_url = merchant.public_url().ok();
    merchant.currencies = merchant
        .all_currencies()
        .into_iter()
        .map(|(code, shown)| (code, shown.into()))
        .collect();
    let challenger = &mut settings.challenger;
    challenger.public_url = challenger.public_url().ok();
    challenger.address_hint = Some(challenger.address_hint().to_owned());
    // Serialising redacts secrets; it cannot fail for these types.
    let values = serde_json::to_value(&settings).unwrap_or_default();
    let mut shown = Vec::new();
    collect(Node::root(), &mut Vec::new(), &values, loaded, &mut shown);
    shown
}

fn collect(
    node: Node,
    path: &mut Vec<String>,
    value: &Value,
    loaded: &Loaded,
    shown: &mut Vec<Shown>,
) {
    let names: Vec<String> = match node.children() {
        Some(children) => children.keys().cloned().collect(),
        None => value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect(),
    };
    for name in names {
        let Some(child) = node.child(&name).filter(|child| child.twin_of().is_none()) else {
            continue;
        };
        path.push(name.clone());
        if child.is_section() {
            collect(child, path, &value[&name], loaded, shown);
        } else {
            let value = Some(value[&name].clone()).filter(|value| !value.is_null());
            shown.push(Shown {
                key: path.join("."),
                value,
                origin: loaded.origins.of(path),
            });
        }
        path.pop();
    }
}
