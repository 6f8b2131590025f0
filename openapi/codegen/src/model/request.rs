//! What an operation is sent: parameters and a body.

use heck::ToSnakeCase;
use proc_macro2::Ident;
use quote::format_ident;

use super::schema::{Type, type_of};
use crate::{
    document::{Error, Node},
    error_codes::ErrorCodes,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Path,
    Query,
    Header,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) location: Location,
    pub(crate) required: bool,
    pub(crate) deprecated: bool,
    pub(crate) ty: Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    Json,
    Form,
    JsonOrForm,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) kind: BodyKind,
    pub(crate) required: bool,
    pub(crate) ty: Type,
}

pub(super) fn check_path(
    node: &Node<'_>,
    path: &str,
    parameters: &[Parameter],
) -> Result<(), Error> {
    let in_path = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let described = parameters
        .iter()
        .filter(|parameter| parameter.location == Location::Path)
        .map(|parameter| &parameter.wire);
    if in_path.eq(described) {
        Ok(())
    } else {
        Err(node.error("the path's parameters must be described, in its order"))
    }
}

pub(super) fn parameter_of(reference: &Node<'_>) -> Result<Parameter, Error> {
    let node = reference.resolve()?;
    node.only(&[
        "name",
        "in",
        "required",
        "deprecated",
        "description",
        "schema",
        "example",
        "examples",
    ])?;
    let wire = node.required("name")?.text()?;
    let place = node.required("in")?;
    let location = match place.text()? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        _ => return Err(place.error("the generator knows parameters in path, query and header")),
    };
    let schema = node.required("schema")?;
    let ty = type_of(&schema)?;
    if matches!(ty, Type::Free | Type::Map(_) | Type::List(_) | Type::Number) {
        return Err(schema
            .error("a parameter is a string, an integer, a boolean or a named enum or scalar"));
    }
    node.required("required")?;
    Ok(Parameter {
        wire: wire.to_owned(),
        name: format_ident!("{}", wire.to_snake_case()),
        location,
        required: node.flag("required")?,
        deprecated: node.flag("deprecated")?,
        ty,
    })
}

pub(super) fn body_of(node: &Node<'_>) -> Result<Body, Error> {
    node.only(&["description", "required", "content"])?;
    let content = node.required("content")?;
    let mut kinds = Vec::new();
    for (media, node) in content.members()? {
        let schema = node.required("schema")?;
        let kind = match media {
            "application/json" => BodyKind::Json,
            "application/x-www-form-urlencoded" => {
                only_text(&schema)?;
                BodyKind::Form
            }
            _ => return Err(node.error("a request body is JSON or a form")),
        };
        kinds.push((kind, schema));
    }
    let (kind, schema) = match &kinds[..] {
        [(kind, schema)] => (*kind, schema),
        [(_, first), (_, second)] if have_same_members(first, second)? => {
            (BodyKind::JsonOrForm, first)
        }
        _ => {
            return Err(
                content.error("JSON and form bodies of one operation have the same members")
            );
        }
    };
    let ty = type_of(schema)?;
    if !matches!(ty, Type::Named(_)) {
        return Err(content.error("the schema of a body is a component"));
    }
    Ok(Body {
        kind,
        required: node.flag("required")?,
        ty,
    })
}

/// Whether two schemas, under whatever names, describe the same objects.
fn have_same_members(first: &Node<'_>, second: &Node<'_>) -> Result<bool, Error> {
    let (first, second) = (first.resolve()?, second.resolve()?);
    let mut keys = ["type", "properties", "required", "additionalProperties"].into_iter();
    Ok(keys.all(|key| first.value.get(key) == second.value.get(key)))
}

/// The values of a form are text: nothing else could be told apart.
fn only_text(schema: &Node<'_>) -> Result<(), Error> {
    let schema = schema.resolve()?;
    let additional = schema
        .get("additionalProperties")
        .filter(|node| node.value.is_object());
    for node in schema
        .members_at("properties")?
        .into_iter()
        .map(|(_, node)| node)
        .chain(additional)
    {
        if node.resolve()?.text_at("type")? != Some("string") {
            return Err(node.error("a form holds text alone"));
        }
    }
    Ok(())
}

/// Where in the body something malformed has a code of its own.
pub(super) fn malformed_of(
    body: &Node<'_>,
    codes: &ErrorCodes,
) -> Result<Vec<(String, String)>, Error> {
    let mut malformed = Vec::new();
    for (pointer, code) in body.members_at("x-malformed")? {
        let name = code.text()?;
        codes.known(&code, name)?;
        malformed.push((pointer.to_owned(), name.to_owned()));
    }
    Ok(malformed)
}
