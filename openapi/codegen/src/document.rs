//! Documents as trees of JSON values in which every place knows its file and JSON pointer.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

/// What cannot be read or expressed, and where it stands.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {pointer}: {message}")]
pub struct Error {
    file: String,
    pointer: String,
    message: String,
}

impl Error {
    pub(crate) fn new(
        file: impl Into<String>,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}

/// A document and the documents that it refers to.
#[derive(Debug, Clone)]
pub struct Document {
    main: String,
    files: BTreeMap<String, Value>,
}

impl Document {
    /// Reads a document and, beside it, every document that it refers to.
    ///
    /// # Errors
    /// A file that cannot be read or is not YAML.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut document = Self {
            main: name.clone(),
            files: BTreeMap::new(),
        };
        document.read(folder, &name)?;
        Ok(document)
    }

    /// A document given as text that refers to no other.
    ///
    /// # Errors
    /// Text that is not YAML.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let value = parse(name, text)?;
        Ok(Self {
            main: name.to_owned(),
            files: BTreeMap::from([(name.to_owned(), value)]),
        })
    }

    /// The names of the files that were read.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The document's own name without its ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        stem(&self.main)
    }

    /// The document with everything it refers to moved into its own `components`.
    ///
    /// # Errors
    /// A reference that leads nowhere, or two components of one name.
    pub fn bundle(&self) -> Result<Value, Error> {
        let mut bundle = Bundle {
            document: self,
            components: Map::new(),
        };
        let mut main = bundle.rewrite(&self.main, "", &self.files[&self.main])?;
        let mut components = bundle.components;
        if let Some(own) = main.get("components").and_then(Value::as_object) {
            for (kind, members) in own {
                let target = components
                    .entry(kind)
                    .or_insert_with(|| Value::Object(Map::new()));
                for (name, value) in members.as_object().into_iter().flatten() {
                    if target.get(name).is_some() {
                        let pointer = format!("/components/{kind}/{name}");
                        return Err(Error::new(
                            &self.main,
                            pointer,
                            "another file has a component of this name",
                        ));
                    }
                    target[name.as_str()] = value.clone();
                }
            }
        }
        if !components.is_empty() {
            main["components"] = Value::Object(components);
        }
        Ok(main)
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node {
            document: self,
            file: &self.main,
            pointer: String::new(),
            value: &self.files[&self.main],
        }
    }

    fn read(&mut self, folder: &Path, name: &str) -> Result<(), Error> {
        let path = folder.join(name);
        let text =
            fs::read_to_string(&path).map_err(|error| Error::new(name, "", error.to_string()))?;
        let value = parse(name, &text)?;
        let mut others = Vec::new();
        collect_files(&value, &mut others);
        self.files.insert(name.to_owned(), value);
        for other in others {
            if !self.files.contains_key(&other) {
                self.read(folder, &other)?;
            }
        }
        Ok(())
    }
}

fn parse(name: &str, text: &str) -> Result<Value, Error> {
    yaml_serde::from_str(text).map_err(|error| Error::new(name, "", error.to_string()))
}

fn stem(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

fn collect_files(value: &Value, files: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some((file, _)) = members
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|text| text.split_once('#'))
                && !file.is_empty()
            {
                files.push(file.to_owned());
            }
            members
                .values()
                .for_each(|value| collect_files(value, files));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_files(value, files)),
        _ => {}
    }
}

struct Bundle<'d> {
    document: &'d Document,
    components: Map<String, Value>,
}

impl Bundle<'_> {
    fn rewrite(&mut self, file: &str, pointer: &str, value: &Value) -> Result<Value, Error> {
        Ok(match value {
            Value::Object(members) => {
                let mut copy = Map::new();
                for (key, value) in members {
                    let pointer = format!("{pointer}/{}", escape(key));
                    let value = match value.as_str().filter(|_| key == "$ref") {
                        Some(reference) => self.import(file, &pointer, reference)?,
                        None => self.rewrite(file, &pointer, value)?,
                    };
                    copy.insert(key.clone(), value);
                }
                Value::Object(copy)
            }
            Value::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.rewrite(file, &format!("{pointer}/{index}"), item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        })
    }

    fn import(&mut self, file: &str, pointer: &str, reference: &str) -> Result<Value, Error> {
        let (target_file, target) = split_reference(file, reference)
            .ok_or_else(|| Error::new(file, pointer, "expected FILE#/POINTER"))?;
        if target_file != self.document.main {
            let [_, "components", kind, name] = target.split('/').collect::<Vec<_>>()[..] else {
                return Err(Error::new(
                    file,
                    pointer,
                    "only components of another file can be referred to",
                ));
            };
            let members = self
                .components
                .entry(kind)
                .or_insert_with(|| Value::Object(Map::new()));
            if members.get(name).is_none() {
                let value = self
                    .document
                    .files
                    .get(target_file)
                    .and_then(|value| value.pointer(target));
                let value = value.ok_or_else(|| {
                    Error::new(file, pointer, format!("`{reference}` leads nowhere"))
                })?;
                members[name] = Value::Null;
                let value = self.rewrite(target_file, target, value)?;
                self.components[kind][name] = value;
            }
        }
        Ok(Value::String(format!("#{target}")))
    }
}

fn split_reference<'a>(file: &'a str, reference: &'a str) -> Option<(&'a str, &'a str)> {
    let (target, pointer) = reference.split_once('#')?;
    Some((if target.is_empty() { file } else { target }, pointer))
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A value in a document, with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node<'d> {
    document: &'d Document,
    file: &'d str,
    pointer: String,
    pub(crate) value: &'d Value,
}

impl<'d> Node<'d> {
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::new(
            self.file,
            if self.pointer.is_empty() {
                "/"
            } else {
                &self.pointer
            },
            message,
        )
    }

    /// Whether this value stands in the document itself rather than in one that it refers to.
    pub(crate) fn is_local(&self) -> bool {
        self.file == self.document.main
    }

    /// The stem of the file that holds this value.
    pub(crate) fn stem(&self) -> &'d str {
        stem(self.file)
    }

    /// The last segment of the pointer: the name of a component.
    pub(crate) fn key(&self) -> String {
        self.pointer
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .replace("~1", "/")
            .replace("~0", "~")
    }

    /// The pointer of the value that contains this one.
    pub(crate) fn parent_key(&self) -> Option<&str> {
        self.pointer.rsplit('/').nth(1)
    }

    pub(crate) fn child(&self, key: &str, value: &'d Value) -> Self {
        Self {
            document: self.document,
            file: self.file,
            pointer: format!("{}/{}", self.pointer, escape(key)),
            value,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    pub(crate) fn required(&self, key: &str) -> Result<Self, Error> {
        self.get(key)
            .ok_or_else(|| self.error(format!("`{key}` is missing")))
    }

    pub(crate) fn text(&self) -> Result<&'d str, Error> {
        self.value
            .as_str()
            .ok_or_else(|| self.error("expected a string"))
    }

    pub(crate) fn text_at(&self, key: &str) -> Result<Option<&'d str>, Error> {
        self.get(key).map(|node| node.text()).transpose()
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, Error> {
        self.get(key).map_or(Ok(false), |node| {
            node.value
                .as_bool()
                .ok_or_else(|| node.error("expected true or false"))
        })
    }

    /// The members of an object, in the order of the document.
    pub(crate) fn members(&self) -> Result<Vec<(&'d str, Self)>, Error> {
        let members = self
            .value
            .as_object()
            .ok_or_else(|| self.error("expected an object"))?;
        Ok(members
            .iter()
            .map(|(key, value)| (key.as_str(), self.child(key, value)))
            .collect())
    }

    /// The members of the object at `key`; none where there is no such key.
    pub(crate) fn members_at(&self, key: &str) -> Result<Vec<(&'d str, Self)>, Error> {
        self.get(key).map_or(Ok(Vec::new()), |node| node.members())
    }

    /// The items of the array at `key`; none where there is no such key.
    pub(crate) fn items_at(&self, key: &str) -> Result<Vec<Self>, Error> {
        let Some(node) = self.get(key) else {
            return Ok(Vec::new());
        };
        let items = node
            .value
            .as_array()
            .ok_or_else(|| node.error("expected an array"))?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, value)| node.child(&index.to_string(), value))
            .collect())
    }

    /// Refuses every key that is not listed, so that nothing in a document is silently ignored. Extensions may stand
    /// anywhere.
    pub(crate) fn only(&self, keys: &[&str]) -> Result<(), Error> {
        for (key, node) in self.members()? {
            if !key.starts_with("x-") && !keys.contains(&key) {
                return Err(node.error(format!("the generator cannot express `{key}` here")));
            }
        }
        Ok(())
    }

    pub(crate) fn is_reference(&self) -> bool {
        self.value.get("$ref").is_some()
    }

    /// The value itself, or what its `$ref` leads to in the end.
    pub(crate) fn resolve(&self) -> Result<Self, Error> {
        let mut node = self.clone();
        for _ in 0..16 {
            let Some(reference) = node.get("$ref") else {
                return Ok(node);
            };
            if node.members()?.len() != 1 {
                return Err(node.error("a `$ref` must stand alone"));
            }
            node = reference.follow()?;
        }
        Err(self.error("this reference leads in a circle"))
    }

    fn follow(&self) -> Result<Self, Error> {
        let text = self.text()?;
        let (file, pointer) =
            split_reference(self.file, text).ok_or_else(|| self.error("expected FILE#/POINTER"))?;
        let found = self
            .document
            .files
            .get_key_value(file)
            .and_then(|(file, value)| Some((file, value.pointer(pointer)?)));
        let (file, value) = found.ok_or_else(|| self.error(format!("`{text}` leads nowhere")))?;
        Ok(Self {
            document: self.document,
            file,
            pointer: pointer.to_owned(),
            value,
        })
    }
}
