//! Schemas.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;

use crate::document::{Document, Error, Node};

/// A Rust type that a schema stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Boolean,
    Integer,
    Natural,
    Number,
    /// Any JSON object, kept as it is.
    Free,
    Map(Box<Type>),
    List(Box<Type>),
    Named(Reference),
}

/// A named type and the document that it belongs to (`None`: the document being generated).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) module: Option<String>,
    pub(crate) name: String,
    /// Written by hand, in the runtime's `scalar` module.
    pub(crate) scalar: bool,
}

/// One named schema.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The Rust name.
    pub(crate) name: Ident,
    /// The name among the document's components; none for an enum that is written in place.
    pub(crate) component: Option<String>,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// Named members; `open` where others are kept beside them, those that are described as `x-unchecked` among them.
    Struct {
        fields: Vec<Field>,
        open: bool,
    },
    Enum(Vec<String>),
    /// Exactly one of the variants; told apart by the member named in `discriminator` or else by which one fits.
    Union {
        variants: Vec<Variant>,
        discriminator: Option<String>,
    },
    Alias(Type),
    Scalar(Ident),
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) required: bool,
    pub(crate) ty: Type,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The values of the discriminator that stand for this variant.
    pub(crate) tags: Vec<String>,
}

const ANNOTATIONS: [&str; 6] = [
    "description",
    "title",
    "example",
    "default",
    "deprecated",
    "externalDocs",
];
const OBJECT: [&str; 5] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "maxProperties",
];
const STRING: [&str; 6] = [
    "type",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
];
const NUMBER: [&str; 4] = ["type", "format", "minimum", "maximum"];
const ARRAY: [&str; 5] = ["type", "items", "minItems", "maxItems", "uniqueItems"];

/// Every component schema of the document, and the enums that are written in place inside them.
pub(crate) fn schemas(document: &Document) -> Result<Vec<Schema>, Error> {
    let mut found = Vec::new();
    let Some(components) = document.root().get("components") else {
        return Ok(found);
    };
    for (name, node) in components.members_at("schemas")? {
        if name != name.to_upper_camel_case() {
            return Err(node.error("a component schema is named in UpperCamelCase"));
        }
        let schema = schema(name, &node, &mut found)?;
        found.push(schema);
    }
    Ok(found)
}

fn schema(name: &str, node: &Node<'_>, inner: &mut Vec<Schema>) -> Result<Schema, Error> {
    let kind = match node.text_at("x-rust-type")? {
        Some(scalar) => Kind::Scalar(format_ident!("{scalar}")),
        None => kind(name, node, inner)?,
    };
    Ok(Schema {
        name: format_ident!("{name}"),
        component: Some(name.to_owned()),
        description: node.text_at("description")?.unwrap_or_default().to_owned(),
        deprecated: node.flag("deprecated")?,
        kind,
    })
}

fn kind(name: &str, node: &Node<'_>, inner: &mut Vec<Schema>) -> Result<Kind, Error> {
    if let Some(alternatives) = alternatives(node) {
        return union(name, node, alternatives, inner);
    }
    if node.get("properties").is_some() {
        return structure(name, node, inner);
    }
    if node.get("enum").is_some() {
        return Ok(Kind::Enum(enum_values(node)?));
    }
    type_at(name, node, inner).map(Kind::Alias)
}

fn structure(name: &str, node: &Node<'_>, inner: &mut Vec<Schema>) -> Result<Kind, Error> {
    only(node, &OBJECT)?;
    let additional = node.get("additionalProperties");
    let open = additional
        .as_ref()
        .is_some_and(|additional| additional.value.as_bool() == Some(true));
    if let Some(additional) = additional.filter(|_| !open) {
        return Err(additional.error("beside named properties, additional ones may be anything"));
    }
    let mut required = Vec::new();
    for item in node.items_at("required")? {
        let text = item.text()?;
        if node.required("properties")?.get(text).is_none() {
            return Err(item.error(format!("`{text}` is required but not described")));
        }
        required.push(text);
    }
    let mut fields = Vec::new();
    for (wire, property) in node.members_at("properties")? {
        if property.flag("x-unchecked")? {
            if !open || required.contains(&wire) {
                return Err(property.error("what is not checked is one of the additional members"));
            }
            continue;
        }
        let ty = type_at(
            &format!("{name}{}", wire.to_upper_camel_case()),
            &property,
            inner,
        )?;
        let described = property.resolve()?;
        fields.push(Field {
            wire: wire.to_owned(),
            name: field_name(&property, wire)?,
            required: required.contains(&wire),
            ty,
            description: described
                .text_at("description")?
                .unwrap_or_default()
                .to_owned(),
            deprecated: property.flag("deprecated")?,
        });
    }
    Ok(Kind::Struct { fields, open })
}

/// The keyword that makes a schema a union: exactly one of its variants fits, or the first that does is meant.
fn alternatives(node: &Node<'_>) -> Option<&'static str> {
    ["oneOf", "anyOf"]
        .into_iter()
        .find(|keyword| node.get(keyword).is_some())
}

fn union(
    name: &str,
    node: &Node<'_>,
    keyword: &str,
    inner: &mut Vec<Schema>,
) -> Result<Kind, Error> {
    only(node, &[keyword, "discriminator"])?;
    let mapping = discriminator(node)?;
    let mut variants = Vec::new();
    for item in node.items_at(keyword)? {
        let ty = if item.is_reference() || item.get("enum").is_none() {
            type_at(&format!("{name}Value"), &item, inner)?
        } else {
            let value = enum_values(&item)?.concat();
            type_at(
                &format!("{name}{}", value.to_upper_camel_case()),
                &item,
                inner,
            )?
        };
        let tags = match &mapping {
            None => Vec::new(),
            Some((_, mapping)) => tags(&item, mapping)?,
        };
        variants.push(Variant {
            name: variant_name(name, &ty),
            ty,
            tags,
        });
    }
    Ok(Kind::Union {
        variants,
        discriminator: mapping.map(|(property, _)| property),
    })
}

type Mapping = Vec<(String, String)>;

fn discriminator(node: &Node<'_>) -> Result<Option<(String, Mapping)>, Error> {
    let Some(discriminator) = node.get("discriminator") else {
        return Ok(None);
    };
    discriminator.only(&["propertyName", "mapping"])?;
    let property = discriminator.required("propertyName")?.text()?.to_owned();
    let mapping = discriminator.required("mapping")?.members()?;
    let mapping = mapping
        .into_iter()
        .map(|(tag, target)| Ok((tag.to_owned(), target.text()?.to_owned())));
    Ok(Some((property, mapping.collect::<Result<_, Error>>()?)))
}

fn tags(item: &Node<'_>, mapping: &Mapping) -> Result<Vec<String>, Error> {
    let reference = item
        .text_at("$ref")?
        .ok_or_else(|| item.error("a discriminated union consists of references"))?;
    let tags: Vec<_> = mapping
        .iter()
        .filter(|(_, target)| target == reference)
        .map(|(tag, _)| tag.clone())
        .collect();
    if tags.is_empty() {
        Err(item.error("no value of the discriminator leads here"))
    } else {
        Ok(tags)
    }
}

fn variant_name(union: &str, ty: &Type) -> Ident {
    let name = match ty {
        Type::Text => "Text",
        Type::Boolean => "Boolean",
        Type::Integer | Type::Natural => "Integer",
        Type::Number => "Number",
        Type::Free | Type::Map(_) => "Object",
        Type::List(_) => "List",
        Type::Named(reference) => {
            return format_ident!(
                "{}",
                reference
                    .name
                    .strip_prefix(union)
                    .filter(|rest| !rest.is_empty())
                    .unwrap_or(&reference.name)
            );
        }
    };
    format_ident!("{name}")
}

/// The type of a schema that needs no name of its own, as a parameter's or a body's.
pub(crate) fn type_of(node: &Node<'_>) -> Result<Type, Error> {
    let mut inner = Vec::new();
    let ty = type_at("", node, &mut inner)?;
    if inner.is_empty() {
        Ok(ty)
    } else {
        Err(node.error("this enum needs a name: make it a component"))
    }
}

fn type_at(name: &str, node: &Node<'_>, inner: &mut Vec<Schema>) -> Result<Type, Error> {
    if node.is_reference() {
        return reference(node);
    }
    if node.get("allOf").is_some() {
        return described_reference(node);
    }
    if alternatives(node).is_some() || node.get("properties").is_some() {
        return Err(node.error("this schema needs a name: make it a component"));
    }
    match node.required("type")?.text()? {
        "string" if node.get("enum").is_some() => inline_enum(name, node, inner),
        "string" => only(node, &STRING).map(|()| Type::Text),
        "boolean" => only(node, &["type"]).map(|()| Type::Boolean),
        "number" => only(node, &NUMBER).map(|()| Type::Number),
        "integer" => {
            only(node, &NUMBER)?;
            let natural = node
                .get("minimum")
                .is_some_and(|minimum| minimum.value.as_u64().is_some());
            Ok(if natural {
                Type::Natural
            } else {
                Type::Integer
            })
        }
        "array" => {
            only(node, &ARRAY)?;
            Ok(Type::List(Box::new(type_at(
                &format!("{name}Item"),
                &node.required("items")?,
                inner,
            )?)))
        }
        "object" => {
            only(node, &OBJECT)?;
            let additional = node.required("additionalProperties")?;
            match additional.value.as_bool() {
                Some(true) => Ok(Type::Free),
                Some(false) => Err(additional.error("an object without any member has no use")),
                None => Ok(Type::Map(Box::new(type_at(
                    &format!("{name}Value"),
                    &additional,
                    inner,
                )?))),
            }
        }
        other => Err(node.error(format!("the generator does not know the type `{other}`"))),
    }
}

fn inline_enum(name: &str, node: &Node<'_>, inner: &mut Vec<Schema>) -> Result<Type, Error> {
    let values = enum_values(node)?;
    inner.push(Schema {
        name: format_ident!("{name}"),
        component: None,
        description: node.text_at("description")?.unwrap_or_default().to_owned(),
        deprecated: node.flag("deprecated")?,
        kind: Kind::Enum(values),
    });
    Ok(Type::Named(Reference {
        module: None,
        name: name.to_owned(),
        scalar: false,
    }))
}

fn reference(node: &Node<'_>) -> Result<Type, Error> {
    let target = node.resolve()?;
    if target.parent_key() != Some("schemas") {
        return Err(node.error("only component schemas can be referred to here"));
    }
    let scalar = target.text_at("x-rust-type")?;
    Ok(Type::Named(Reference {
        module: (!target.is_local()).then(|| target.stem().to_owned()),
        name: scalar.map_or_else(|| target.key(), str::to_owned),
        scalar: scalar.is_some(),
    }))
}

/// `allOf` of a single reference beside a description: that type, described for its place.
fn described_reference(node: &Node<'_>) -> Result<Type, Error> {
    only(node, &["allOf"])?;
    match &node.items_at("allOf")?[..] {
        [item] if item.is_reference() => reference(item),
        _ => Err(node.error("the generator knows `allOf` with a single reference alone")),
    }
}

fn enum_values(node: &Node<'_>) -> Result<Vec<String>, Error> {
    only(node, &STRING)?;
    if node.required("type")?.text()? != "string" {
        return Err(node.error("an enum consists of strings"));
    }
    node.items_at("enum")?
        .iter()
        .map(|item| item.text().map(str::to_owned))
        .collect()
}

fn field_name(node: &Node<'_>, wire: &str) -> Result<Ident, Error> {
    let name = wire.to_snake_case();
    syn::parse_str::<Ident>(&name)
        .or_else(|_| syn::parse_str(&format!("r#{name}")))
        .map_err(|_| node.error("this name cannot be a Rust field"))
}

fn only(node: &Node<'_>, keys: &[&str]) -> Result<(), Error> {
    node.only(&[keys, &ANNOTATIONS[..]].concat())
}
