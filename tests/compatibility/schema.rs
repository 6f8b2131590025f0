//! Whether what a schema allows has changed to the disadvantage of clients.

use serde_json::Value;

use super::compare::{Comparison, named};

/// Which way a value goes: clients send what a request has, and read what an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Request,
    Response,
}

/// Keywords that a value must not exceed.
const UPPER: [&str; 5] = [
    "maximum",
    "maxLength",
    "maxItems",
    "maxProperties",
    "exclusiveMaximum",
];
/// Keywords that a value must reach.
const LOWER: [&str; 5] = [
    "minimum",
    "minLength",
    "minItems",
    "minProperties",
    "exclusiveMinimum",
];
/// Keywords whose other value is another set of values, neither wider nor narrower.
const WORDS: [&str; 3] = ["pattern", "format", "uniqueItems"];

impl Comparison<'_> {
    /// Compares two schemas, and everything in them.
    pub fn schemas(&mut self, direction: Direction, place: &str, old: &Value, new: &Value) {
        let pair = (direction, reference(old), reference(new));
        // A pair that was compared elsewhere has its findings there, and recursion its end.
        if pair.1.is_some() && pair.2.is_some() && !self.compared.insert(pair) {
            return;
        }
        let place = &reference(old).map_or_else(|| place.to_owned(), |name| name.to_owned());
        let (old, new) = (one(self.old(old)), one(self.new(new)));
        if reference(old).is_some() || reference(new).is_some() {
            return self.schemas(direction, place, old, new);
        }
        let (old_variants, new_variants) = (variants(old), variants(new));
        if !old_variants.is_empty() || !new_variants.is_empty() {
            return self.unions(direction, place, &old_variants, &new_variants);
        }
        if old["type"] != new["type"] {
            let (old, new) = (&old["type"], &new["type"]);
            return self.breaking(place, format!("type changed from {old} to {new}"));
        }
        self.values(direction, place, old, new);
        self.limits(direction, place, old, new);
        self.members(direction, place, old, new);
        for keyword in ["items", "additionalProperties"] {
            if old[keyword].is_object() && new[keyword].is_object() {
                let place = format!("{place}/{keyword}");
                self.schemas(direction, &place, &old[keyword], &new[keyword]);
            }
        }
    }

    fn unions(&mut self, direction: Direction, place: &str, old: &[&Value], new: &[&Value]) {
        for variant in old {
            match find(new, variant) {
                Some(same) => self.schemas(direction, place, variant, same),
                None if direction == Direction::Request => {
                    self.breaking(place, format!("alternative removed: {}", label(variant)));
                }
                None => {}
            }
        }
        for variant in new.iter().filter(|variant| find(old, variant).is_none()) {
            if direction == Direction::Response {
                self.warning(place, format!("alternative added: {}", label(variant)));
            }
        }
    }

    fn values(&mut self, direction: Direction, place: &str, old: &Value, new: &Value) {
        let (Some(before), Some(after)) = (old["enum"].as_array(), new["enum"].as_array()) else {
            match (direction, old["enum"].is_array(), new["enum"].is_array()) {
                (Direction::Request, false, true) => self.breaking(place, "enum added".to_owned()),
                (Direction::Response, true, false) => {
                    self.breaking(place, "enum removed".to_owned());
                }
                _ => {}
            }
            return;
        };
        if direction == Direction::Request {
            for value in before.iter().filter(|value| !after.contains(value)) {
                self.breaking(place, format!("value removed: {value}"));
            }
        } else {
            for value in after.iter().filter(|value| !before.contains(value)) {
                self.warning(place, format!("value added: {value}"));
            }
        }
    }

    fn limits(&mut self, direction: Direction, place: &str, old: &Value, new: &Value) {
        for (keyword, upper) in UPPER
            .map(|k| (k, true))
            .into_iter()
            .chain(LOWER.map(|k| (k, false)))
        {
            let (before, after) = (old[keyword].as_f64(), new[keyword].as_f64());
            let none = if upper {
                f64::INFINITY
            } else {
                f64::NEG_INFINITY
            };
            let (before, after) = (before.unwrap_or(none), after.unwrap_or(none));
            let narrower = if upper {
                after < before
            } else {
                after > before
            };
            let wider = if upper {
                after > before
            } else {
                after < before
            };
            let harmful = match direction {
                Direction::Request => narrower,
                Direction::Response => wider,
            };
            if harmful {
                let (old, new) = (&old[keyword], &new[keyword]);
                self.breaking(place, format!("{keyword} changed from {old} to {new}"));
            }
        }
        for keyword in WORDS {
            let (before, after) = (&old[keyword], &new[keyword]);
            let harmless = match direction {
                Direction::Request => after.is_null(),
                Direction::Response => before.is_null(),
            };
            if before != after && !harmless {
                self.breaking(place, format!("{keyword} changed from {before} to {after}"));
            }
        }
        if direction == Direction::Request && old["default"] != new["default"] {
            let (old, new) = (&old["default"], &new["default"]);
            self.warning(place, format!("default changed from {old} to {new}"));
        }
    }

    fn members(&mut self, direction: Direction, place: &str, old: &Value, new: &Value) {
        for (name, before) in named(&old["properties"]) {
            let place = format!("{place}/{name}");
            match new["properties"].get(name) {
                None => self.breaking(&place, "member removed".to_owned()),
                Some(after) => self.schemas(direction, &place, before, after),
            }
        }
        let required = |schema: &Value| -> Vec<String> {
            let names = schema["required"].as_array().into_iter().flatten();
            names.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let (before, after) = (required(old), required(new));
        let (harmed, what) = match direction {
            Direction::Request => (difference(&after, &before), "member is required now"),
            Direction::Response => (difference(&before, &after), "member may be absent now"),
        };
        for name in harmed.filter(|name| new["properties"].get(name).is_some()) {
            self.breaking(&format!("{place}/{name}"), what.to_owned());
        }
        let closed = |schema: &Value| schema["additionalProperties"] == Value::Bool(false);
        if direction == Direction::Request && closed(new) && !closed(old) {
            self.breaking(place, "other members are refused now".to_owned());
        }
    }
}

fn difference<'a>(of: &'a [String], without: &'a [String]) -> impl Iterator<Item = &'a String> {
    of.iter().filter(|name| !without.contains(name))
}

/// The name of a reference.
fn reference(schema: &Value) -> Option<String> {
    schema["$ref"].as_str().map(str::to_owned)
}

/// What a description stands beside: `allOf` of one.
fn one(schema: &Value) -> &Value {
    schema["allOf"].get(0).unwrap_or(schema)
}

fn variants(schema: &Value) -> Vec<&Value> {
    let variants = ["oneOf", "anyOf"].map(|keyword| schema[keyword].as_array());
    variants.into_iter().flatten().flatten().collect()
}

fn label(variant: &Value) -> &Value {
    variant.get("$ref").unwrap_or(&variant["type"])
}

fn find<'a>(among: &[&'a Value], variant: &Value) -> Option<&'a Value> {
    let mut among = among.iter().copied();
    among.find(|other| label(other) == label(variant))
}
