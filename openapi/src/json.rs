//! Strict reading of JSON.
//!
//! A body is read in three steps: the text into a value, in which a key may stand only once and no string holds a NUL;
//! the value against the document's own schema; and then into the wire type. A member that is `null` counts as absent, an
//! integer may be written `1.0`, and members that the schema does not name are ignored.

use std::{fmt, str::Utf8Error};

use serde::{
    Deserialize, Serialize,
    de::{
        DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
    },
};
use serde_json::{Map, Number, Value};

pub use jsonschema::Validator;
use jsonschema::{ValidationError, error::ValidationErrorKind};

use crate::{ApiError, ErrorCode, Operation};

/// A wire type with a schema in a document.
pub trait Schema: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Checks a value against the schema.
    fn validator() -> &'static Validator;
}

/// The component schemas of a document.
pub struct Schemas {
    components: Value,
}

impl Schemas {
    /// The schemas of a document in JSON.
    ///
    /// # Panics
    /// On a text that is no JSON: the build wrote it.
    #[must_use]
    pub fn of(document: &str) -> Self {
        let mut document: Value =
            serde_json::from_str(document).expect("the build writes the document as JSON");
        let mut components = document["components"].take();
        let schemas = components["schemas"].as_object_mut();
        for schema in schemas.into_iter().flat_map(Map::values_mut) {
            forget_unchecked(schema);
        }
        Self { components }
    }

    /// What checks values against the component schema of this name.
    ///
    /// # Panics
    /// On a schema that is no JSON Schema: a test compiles all of them.
    #[must_use]
    pub fn validator(&self, name: &str) -> Validator {
        let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{name}"), "components": self.components });
        jsonschema::draft202012::new(&schema).expect("every component is a JSON Schema")
    }
}

/// Takes the members out that a schema describes to clients, and that may be anything.
fn forget_unchecked(schema: &mut Value) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|_, property| property["x-unchecked"] != true);
    }
}

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not JSON, or a key stands in it twice.
    Syntax(String),
    /// A member is missing: its JSON pointer.
    Missing(String),
    /// A value does not fit: its JSON pointer, and why. The value itself is never repeated.
    Malformed(String, String),
}

impl Fault {
    /// The answer to the client. Where the document names a code for what is malformed at that place, it is used.
    #[must_use]
    pub fn into_error(self, operation: &Operation) -> ApiError {
        match self {
            Self::Syntax(reason) => {
                ApiError::new(ErrorCode::GenericJsonInvalid).with_detail(reason)
            }
            Self::Missing(pointer) => {
                let code = special(operation, &pointer, true)
                    .unwrap_or(ErrorCode::GenericParameterMissing);
                let parameter = dotted(&pointer);
                ApiError::new(code)
                    .with_detail(format!("`{parameter}` is missing"))
                    .with_parameter(parameter)
            }
            Self::Malformed(pointer, reason) => {
                let code = special(operation, &pointer, false)
                    .unwrap_or(ErrorCode::GenericParameterMalformed);
                let parameter = dotted(&pointer);
                let place = if parameter.is_empty() {
                    "the body".to_owned()
                } else {
                    format!("`{parameter}`")
                };
                ApiError::new(code)
                    .with_detail(format!("{place} {reason}"))
                    .with_parameter(parameter)
            }
        }
    }
}

fn special(operation: &Operation, pointer: &str, missing: bool) -> Option<ErrorCode> {
    let inside = |place: &str| match pointer.strip_prefix(place) {
        Some("") => !missing,
        Some(rest) => rest.starts_with('/'),
        None => false,
    };
    operation
        .malformed
        .iter()
        .find(|(place, _)| inside(place))
        .map(|(_, code)| *code)
}

/// `/address/address_lines/0` as a person writes it: `address.address_lines[0]`.
fn dotted(pointer: &str) -> String {
    let mut text = String::new();
    for segment in pointer.split('/').skip(1) {
        if segment.parse::<usize>().is_ok() {
            text.push_str(&format!("[{segment}]"));
        } else {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(&segment.replace("~1", "/").replace("~0", "~"));
        }
    }
    text
}

/// Reads a value of a wire type from the bytes of a body.
///
/// # Errors
/// The first fault that is found.
pub fn read<T: Schema>(bytes: &[u8]) -> Result<T, Fault> {
    from_value(parse(bytes)?)
}

/// Reads the text of a value.
///
/// # Errors
/// Text that is not JSON or not UTF-8, a key that stands twice in one object, a NUL in a string.
pub fn parse(bytes: &[u8]) -> Result<Value, Fault> {
    let text =
        str::from_utf8(bytes).map_err(|error: Utf8Error| Fault::Syntax(error.to_string()))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    let value = value.map_err(|error| Fault::Syntax(error.to_string()))?;
    match find_nul(&value) {
        Some(pointer) => Err(Fault::Malformed(
            pointer,
            "contains a NUL character".to_owned(),
        )),
        None => Ok(value),
    }
}

/// Checks a value against the schema of a wire type and turns it into that type.
///
/// # Errors
/// The first place where the value does not fit.
pub fn from_value<T: Schema>(value: Value) -> Result<T, Fault> {
    if let Err(error) = T::validator().validate(&value) {
        return Err(fault(&error));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let segments = error.path().iter().map(|segment| segment.to_string());
        let pointer = segments
            .map(|segment| format!("/{}", segment.trim_matches(['[', ']'])))
            .collect();
        Fault::Malformed(pointer, error.into_inner().to_string())
    })
}

fn fault(error: &ValidationError<'_>) -> Fault {
    let pointer = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::Required { property } => Fault::Missing(format!(
            "{pointer}/{}",
            property.as_str().unwrap_or_default()
        )),
        _ => Fault::Malformed(pointer.to_owned(), reason(error)),
    }
}

/// What is wrong, without the value that is.
fn reason(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            let reasons: Vec<_> = context
                .iter()
                .filter_map(|branch| branch.first())
                .map(branch_reason)
                .collect();
            format!("fits none of its forms: {}", reasons.join("; or "))
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "fits more than one of its forms".to_owned()
        }
        ValidationErrorKind::Pattern { pattern } => format!("does not match {pattern}"),
        _ => error
            .masked_with("the value")
            .to_string()
            .replacen("the value ", "", 1),
    }
}

fn branch_reason(error: &ValidationError<'static>) -> String {
    match fault(error) {
        Fault::Missing(pointer) => format!(
            "`{}` is missing",
            pointer.rsplit('/').next().unwrap_or_default()
        ),
        Fault::Malformed(pointer, reason) => match pointer.rsplit('/').next() {
            Some(name) if !name.is_empty() => format!("`{name}` {reason}"),
            _ => reason,
        },
        Fault::Syntax(reason) => reason,
    }
}

/// Where a NUL stands. The place is spelled on the way out, so that a value without one costs nothing.
fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_nul(item).map(|inside| format!("/{index}{inside}"))),
        Value::Object(members) => {
            members
                .iter()
                .find_map(|(key, value)| match key.contains('\0') {
                    true => Some(String::new()),
                    false => find_nul(value).map(|inside| format!("/{key}{inside}")),
                })
        }
        _ => None,
    }
}

/// Reads any value: keys once, `null` members left out, whole numbers as integers.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        const SAFE: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < SAFE {
            let text = format!("{value:.0}");
            return Ok(text.parse::<i64>().map_or(Value::Null, Value::from));
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Strict)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(Strict)?;
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key `{}` stands in one object twice",
                    key.escape_debug()
                )));
            }
            members.insert(key, value);
        }
        members.retain(|_, value| !value.is_null());
        Ok(Value::Object(members))
    }
}

/// Reads a variant of a union whose discriminator was recognised.
///
/// # Errors
/// A value that does not fit that variant.
pub fn variant<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    T::deserialize(value).map_err(E::custom)
}

/// Reads a value into a wire type and writes it again.
pub type RoundTrip = fn(Value) -> Result<Value, String>;

/// Reads a value into a wire type and writes it again.
///
/// # Errors
/// What does not fit the type.
pub fn round_trip<T: Serialize + for<'de> Deserialize<'de>>(value: Value) -> Result<Value, String> {
    let value: T = serde_path_to_error::deserialize(value).map_err(|error| error.to_string())?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syntax(text: &str) -> bool {
        matches!(parse(text.as_bytes()), Err(Fault::Syntax(_)))
    }

    #[test]
    fn null_members_are_absent_and_whole_numbers_are_integers() {
        let value = parse(br#"{"a": null, "b": 1.0, "c": [null, 1.5, -0.0]}"#).unwrap();
        assert_eq!(value, serde_json::json!({"b": 1, "c": [null, 1.5, 0]}));
    }

    #[test]
    fn a_key_may_stand_only_once_at_any_depth() {
        assert!(syntax(r#"{"a": 1, "a": 1}"#));
        assert!(syntax(r#"{"a": {"b": [{"c": null, "c": 1}]}}"#));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "{} {}", "[1,]", "nul", "\u{feff}{}", "1e999"] {
            assert!(syntax(text), "{text}");
        }
        assert!(matches!(parse(b"\"\xff\""), Err(Fault::Syntax(_))));
        assert!(syntax(&"[".repeat(200_000)));
    }

    #[test]
    fn a_nul_is_refused_by_its_place() {
        let fault = parse(br#"{"a": [{"b": "x\u0000"}]}"#).unwrap_err();
        assert_eq!(
            fault,
            Fault::Malformed("/a/0/b".to_owned(), "contains a NUL character".to_owned())
        );
    }

    #[test]
    fn pointers_read_like_paths() {
        assert_eq!(
            dotted("/address/address_lines/0"),
            "address.address_lines[0]"
        );
        assert_eq!(dotted(""), "");
    }
}
