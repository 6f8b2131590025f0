//! One source of settings as a list of assignments, each with its place: the file, the environment, or the flags.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml_edit::{Document, Item, TableLike};

use super::database::DatabaseUrl;
use super::error::{Mistake, Origin};
use super::schema::Node;

/// One key set to one value.
pub struct Assignment {
    /// Section and key; three names and more below a map of sections.
    pub path: Vec<String>,
    /// What it is set to; its type is not checked yet.
    pub value: Value,
    /// Where.
    pub origin: Origin,
}

/// All that one source sets, and what is wrong with it.
#[derive(Default)]
pub struct Layer {
    /// What it sets, in its order.
    pub assignments: Vec<Assignment>,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
    /// Files that secrets were read from, by the keys of these.
    pub secret_files: BTreeMap<Vec<String>, PathBuf>,
}

impl Layer {
    /// Reads a configuration file's text; relative paths in it start at its folder.
    #[must_use]
    pub fn file(path: &Path, text: &str) -> Self {
        let mut layer = Self::default();
        let place = |span: Option<Range<usize>>| Origin::File {
            path: path.to_owned(),
            line: line_of(text, span),
        };
        match Document::parse(text) {
            Ok(document) => {
                layer.add_table(Node::root(), &mut Vec::new(), document.as_table(), &place)
            }
            Err(error) => {
                let problem = error.message().trim().replace('\n', ", ");
                layer.mistakes.push(Mistake::new(
                    place(error.span()),
                    format!("this is not TOML: {problem}"),
                ));
            }
        }
        layer.settle(path.parent());
        layer
    }

    /// Takes the variables named `KONTOR_SECTION__KEY`; all others are none of ours.
    #[must_use]
    pub fn environment(variables: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        for (name, text) in variables {
            let Some(key) = name
                .strip_prefix("KONTOR_")
                .filter(|key| key.contains("__"))
            else {
                continue;
            };
            let path = key.split("__").map(str::to_owned).collect();
            layer.add_text(path, text, &Origin::Variable(name.clone()));
        }
        layer.settle(None);
        layer
    }

    /// Takes the flags `--set section.key=value`.
    #[must_use]
    pub fn flags(flags: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        for (key, text) in flags {
            let path = key.split('.').map(str::to_owned).collect();
            layer.add_text(path, text, &Origin::Flag(key.clone()));
        }
        layer.settle(None);
        layer
    }

    fn add_table(
        &mut self,
        node: Node,
        path: &mut Vec<String>,
        table: &dyn TableLike,
        place: &dyn Fn(Option<Range<usize>>) -> Origin,
    ) {
        for (name, _) in table.iter() {
            let Some((key, item)) = table.get_key_value(name) else {
                continue;
            };
            let origin = place(key.span().or_else(|| item.span()));
            match node.child(name) {
                None => self.mistakes.push(unknown(path, name, origin)),
                Some(child) => {
                    path.push(name.to_owned());
                    self.add_item(child, path, item, origin, place);
                    path.pop();
                }
            }
        }
    }

    fn add_item(
        &mut self,
        node: Node,
        path: &mut Vec<String>,
        item: &Item,
        origin: Origin,
        place: &dyn Fn(Option<Range<usize>>) -> Origin,
    ) {
        if !node.is_section() {
            let value = item.clone().into_value().map_err(|_| ()).and_then(|value| {
                <Value as Deserialize>::deserialize(value.into_deserializer()).map_err(|_| ())
            });
            match value {
                Ok(value) => self.assignments.push(Assignment {
                    path: path.clone(),
                    value,
                    origin,
                }),
                Err(()) => self.mistakes.push(Mistake::new(
                    origin,
                    format!("{:?} has a value of no use here", path.join(".")),
                )),
            }
        } else if let Some(table) = item.as_table_like() {
            // A section below a map says something even when it is empty: that the name exists.
            self.assignments.push(Assignment {
                path: path.clone(),
                value: Value::from(Dict::new()),
                origin,
            });
            self.add_table(node, path, table, place);
        } else {
            let name = path.join(".");
            self.mistakes.push(Mistake::new(
                origin,
                format!("{name:?} is a section; write its keys below [{name}]"),
            ));
        }
    }

    fn add_text(&mut self, names: Vec<String>, text: &str, origin: &Origin) {
        let (mut node, mut path) = (Node::root(), Vec::new());
        for name in names {
            let lower = name.to_lowercase();
            // The names of sections and keys are lower case; names that are free, such as currencies, are not touched.
            let name = if node.children().is_some() {
                lower
            } else {
                name
            };
            let Some(child) = node.child(&name) else {
                return self.mistakes.push(unknown(&path, &name, origin.clone()));
            };
            path.push(name);
            node = child;
        }
        let parsed = if node.takes_text() {
            None
        } else {
            text.parse::<toml_edit::Value>().ok()
        };
        let value = parsed.unwrap_or_else(|| toml_edit::Value::from(text));
        self.add_item(
            node,
            &mut path,
            &Item::Value(value),
            origin.clone(),
            &|_| origin.clone(),
        );
    }

    /// Makes relative paths start at `folder` and puts the contents of `_file` twins in the place of their secrets.
    fn settle(&mut self, folder: Option<&Path>) {
        let paths: Vec<Vec<String>> = self
            .assignments
            .iter()
            .map(|set| set.path.clone())
            .collect();
        for mut assignment in std::mem::take(&mut self.assignments) {
            let node = Node::root().at(&assignment.path);
            let text = assignment
                .value
                .as_str()
                .zip(node)
                .map(|(text, node)| start_at(folder, node, text));
            if let Some(text) = text {
                assignment.value = Value::from(text);
            }
            match node
                .and_then(Node::twin_of)
                .map(|secret| read_twin(&assignment, secret, &paths))
            {
                None => self.assignments.push(assignment),
                Some(Ok(secret)) => {
                    let file = assignment.value.as_str().map(PathBuf::from);
                    self.secret_files
                        .extend(file.map(|file| (secret.path.clone(), file)));
                    self.assignments.push(secret);
                }
                Some(Err(mistake)) => self.mistakes.push(mistake),
            }
        }
    }
}

/// The secret that stands in the file that `twin` names.
fn read_twin(twin: &Assignment, secret: &str, all: &[Vec<String>]) -> Result<Assignment, Mistake> {
    let name = twin.path.join(".");
    let mut path = twin.path.clone();
    path.pop();
    path.push(secret.to_owned());
    let wrong = |problem: String| Err(Mistake::new(twin.origin.clone(), problem));
    if all.contains(&path) {
        return wrong(format!(
            "{:?} and {name:?} are both set; keep one of them",
            path.join(".")
        ));
    }
    let Some(file) = twin.value.as_str() else {
        return wrong(format!("{name:?}: must be the name of a file, in quotes"));
    };
    match std::fs::read_to_string(file) {
        Ok(content) => {
            let value = Value::from(content.trim_end_matches(['\r', '\n']));
            Ok(Assignment {
                path,
                value,
                origin: twin.origin.clone(),
            })
        }
        Err(reason) => wrong(format!("{name:?}: cannot read the file {file}: {reason}")),
    }
}

/// A path, or the file of a database URL, as seen from `folder`; any other text as it is.
pub(super) fn start_at(folder: Option<&Path>, node: Node, text: &str) -> String {
    match folder {
        Some(folder) if node.is_path() && !text.is_empty() => {
            folder.join(text).to_string_lossy().into_owned()
        }
        Some(folder) if node.is_database_url() => DatabaseUrl::parse(text).map_or_else(
            |_| text.to_owned(),
            |url| url.under(folder).expose().to_owned(),
        ),
        _ => text.to_owned(),
    }
}

fn unknown(parent: &[String], name: &str, origin: Origin) -> Mistake {
    let mut path = parent.to_vec();
    path.push(name.to_owned());
    let hint = Node::nearest(parent, name).map_or_else(
        || "; \"kontor config example\" prints every key".to_owned(),
        |nearest| format!("; did you mean {nearest:?}?"),
    );
    Mistake::new(origin, format!("unknown key {:?}{hint}", path.join(".")))
}

/// Line of a place in the text, from 1.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(text.len());
    text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
