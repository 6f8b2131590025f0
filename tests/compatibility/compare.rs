//! What is different between two versions of a document, seen from a client of the older one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::schema::Direction;

/// What clients have to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether a client of the older document fails; otherwise it may, if it is written carelessly.
    pub breaking: bool,
    pub place: String,
    pub what: String,
}

/// Two documents, each in one piece, and what was found so far.
pub struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: Vec<Change>,
    /// Pairs of named schemas.
    pub(super) compared: HashSet<(Direction, Option<String>, Option<String>)>,
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Every change that a client of the old document may notice to its disadvantage.
pub fn compare(old: &Value, new: &Value) -> Vec<Change> {
    let mut comparison = Comparison {
        old,
        new,
        changes: Vec::new(),
        compared: HashSet::new(),
    };
    comparison.documents();
    comparison.changes
}

impl<'a> Comparison<'a> {
    pub(super) fn breaking(&mut self, place: &str, what: String) {
        self.note(true, place, what);
    }

    pub(super) fn warning(&mut self, place: &str, what: String) {
        self.note(false, place, what);
    }

    fn note(&mut self, breaking: bool, place: &str, what: String) {
        let place = place.to_owned();
        self.changes.push(Change {
            breaking,
            place,
            what,
        });
    }

    /// What a value of the old document is, or leads to.
    pub(super) fn old(&self, value: &'a Value) -> &'a Value {
        resolve(self.old, value)
    }

    /// What a value of the new document is, or leads to.
    pub(super) fn new(&self, value: &'a Value) -> &'a Value {
        resolve(self.new, value)
    }

    fn documents(&mut self) {
        let (old, new) = (self.old, self.new);
        let urls = |document: &'a Value| texts(&document["servers"], "url");
        for url in urls(old).difference(&urls(new)) {
            self.breaking(url, "base URL removed".to_owned());
        }
        for (name, before) in named(&old["components"]["securitySchemes"]) {
            let after = &new["components"]["securitySchemes"][name];
            if ["type", "scheme", "in", "name"].map(|key| &before[key])
                != ["type", "scheme", "in", "name"].map(|key| &after[key])
            {
                self.breaking(name, "way to authenticate changed".to_owned());
            }
        }
        for (path, before) in named(&old["paths"]) {
            let after = &new["paths"][path];
            for method in METHODS
                .into_iter()
                .filter(|method| before[method].is_object())
            {
                let place = format!("{} {path}", method.to_uppercase());
                if after[method].is_object() {
                    self.operations(&place, (before, method), (after, method));
                } else {
                    self.breaking(&place, "operation removed".to_owned());
                }
            }
        }
    }

    fn operations(&mut self, place: &str, old: (&'a Value, &str), new: (&'a Value, &str)) {
        let (before, after) = (&old.0[old.1], &new.0[new.1]);
        let (old_id, new_id) = (&before["operationId"], &after["operationId"]);
        if old_id != new_id {
            self.breaking(
                place,
                format!("operationId changed from {old_id} to {new_id}"),
            );
        }
        let security = |document: &'a Value, operation: &'a Value| {
            alternatives(operation.get("security").unwrap_or(&document["security"]))
        };
        let (was, is) = (security(self.old, before), security(self.new, after));
        // Public now: whoever authenticates still may.
        let public = is.is_empty() || is.contains("{}");
        for lost in was.difference(&is).filter(|_| !public) {
            self.breaking(
                place,
                format!("access changed: {lost} does not suffice any more"),
            );
        }
        if (was.is_empty() || was.contains("{}")) && !public {
            self.breaking(place, "access changed: it was public".to_owned());
        }
        let was = parameters(self.old, old.0, before);
        let is = parameters(self.new, new.0, after);
        self.parameters(place, &was, &is);
        self.bodies(place, &before["requestBody"], &after["requestBody"]);
        self.responses(place, &before["responses"], &after["responses"]);
    }

    fn parameters(&mut self, place: &str, old: &Parameters<'a>, new: &Parameters<'a>) {
        for (name, before) in old {
            let place = format!("{place} {name}");
            match new.get(name) {
                None => self.breaking(&place, "parameter removed".to_owned()),
                Some(after) => {
                    if after["required"] == true && before["required"] != true {
                        self.breaking(&place, "parameter is required now".to_owned());
                    }
                    let (before, after) = (&before["schema"], &after["schema"]);
                    self.schemas(Direction::Request, &place, before, after);
                }
            }
        }
        for (name, after) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            if after["required"] == true {
                let place = format!("{place} {name}");
                self.breaking(&place, "required parameter added".to_owned());
            }
        }
    }

    fn bodies(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        let (before, after) = (self.old(old), self.new(new));
        if after["required"] == true && before["required"] != true {
            self.breaking(place, "body is required now".to_owned());
        }
        self.contents(Direction::Request, place, before, after);
    }

    fn contents(&mut self, direction: Direction, place: &str, old: &'a Value, new: &'a Value) {
        for (media_type, before) in named(&old["content"]) {
            let place = format!("{place} {media_type}");
            match new["content"].get(media_type) {
                None => self.breaking(&place, "media type removed".to_owned()),
                Some(after) => {
                    self.schemas(direction, &place, &before["schema"], &after["schema"]);
                }
            }
        }
    }

    fn responses(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        for (status, before) in named(old) {
            let place = format!("{place} {status}");
            let Some(after) = new.get(status) else {
                self.breaking(&place, "answer removed".to_owned());
                continue;
            };
            let (before, after) = (self.old(before), self.new(after));
            self.contents(Direction::Response, &place, before, after);
            for (name, _) in named(&before["headers"]) {
                if after["headers"].get(name).is_none() {
                    self.breaking(&place, format!("header removed: {name}"));
                }
            }
            let (was, is) = (codes(self.old, before), codes(self.new, after));
            for code in was.difference(&is) {
                self.breaking(&place, format!("code removed: {code}"));
            }
            for code in is.difference(&was) {
                self.warning(&place, format!("code added: {code}"));
            }
        }
        for (status, _) in named(new).filter(|(status, _)| old.get(status.as_str()).is_none()) {
            self.warning(&format!("{place} {status}"), "answer added".to_owned());
        }
    }
}

/// Parameters by place and name.
type Parameters<'a> = BTreeMap<String, &'a Value>;

fn parameters<'a>(document: &'a Value, path: &'a Value, operation: &'a Value) -> Parameters<'a> {
    let lists = [&path["parameters"], &operation["parameters"]].map(Value::as_array);
    let parameters = lists.into_iter().flatten().flatten();
    let parameters = parameters.map(|parameter| resolve(document, parameter));
    let named = parameters.map(|parameter| {
        let text = |key: &str| parameter[key].as_str().unwrap_or_default();
        // Names of headers are the same in any case.
        let name = match text("in") {
            "header" => text("name").to_lowercase(),
            _ => text("name").to_owned(),
        };
        (format!("{} {name}", text("in")), parameter)
    });
    named.collect()
}

/// The ways to be let in, each as the permissions that it takes.
fn alternatives(security: &Value) -> BTreeSet<String> {
    let alternatives = security.as_array().into_iter().flatten();
    alternatives.map(Value::to_string).collect()
}

/// The Taler codes of an error, as its examples show them.
fn codes(document: &Value, response: &Value) -> BTreeSet<String> {
    let contents = named(&response["content"]);
    let examples = contents.flat_map(|(_, media)| named(&media["examples"]));
    let codes = examples.filter_map(|(_, example)| {
        let code = resolve(document, example)["value"]["code"].as_u64();
        code.map(|code| code.to_string())
    });
    codes.collect()
}

fn texts(list: &Value, key: &str) -> BTreeSet<String> {
    let items = list.as_array().into_iter().flatten();
    let texts = items.filter_map(|item| item[key].as_str());
    texts.map(str::to_owned).collect()
}

/// The members of an object, none of anything else.
pub(super) fn named(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(reference) = value["$ref"].as_str() {
        let found = document.pointer(reference.trim_start_matches('#'));
        value = found.expect("a reference that leads somewhere");
    }
    value
}
