//! Operations.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;

use super::schema::{Type, type_of};
use crate::{
    document::{Document, Error, Node},
    error_codes::ErrorCodes,
};

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) tag: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
    /// Exists at the root only, not below an instance.
    pub(crate) root_only: bool,
    /// An instance that lacks a mandatory factor may do it.
    pub(crate) usable_before_validation: bool,
    pub(crate) security: Vec<Requirement>,
    /// Whether a request without a credential is let in.
    pub(crate) public: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) successes: Vec<Success>,
    pub(crate) failures: Vec<Failure>,
    /// Where in the body something malformed has a code of its own: pointer and code name.
    pub(crate) malformed: Vec<(String, String)>,
}

impl Operation {
    pub(crate) fn type_name(&self) -> Ident {
        format_ident!("{}", self.id.to_upper_camel_case())
    }

    pub(crate) fn method_name(&self) -> Ident {
        format_ident!("{}", self.id.to_snake_case())
    }
}

/// One of the alternatives in an operation's `security`.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    pub(crate) scheme: String,
    pub(crate) permission: Option<String>,
}

/// A security scheme of the document.
#[derive(Debug)]
pub(crate) struct Scheme {
    pub(crate) name: String,
    pub(crate) http: String,
}

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

/// An answer with a status of its own and a typed body: a variant of the reply enum.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) status: u16,
    pub(crate) description: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) content: Vec<Content>,
}

#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) description: String,
}

#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) media: String,
    pub(crate) kind: MediaKind,
}

#[derive(Debug)]
pub(crate) enum MediaKind {
    Json(Type),
    Text,
    Binary,
    /// HTML with headers of its own.
    Page,
}

/// A documented failure: its body is the Taler error object with one of these codes, or a page for whoever asks for one.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) description: String,
    pub(crate) headers: Vec<String>,
    pub(crate) codes: Vec<String>,
    /// The media types that it is written in.
    pub(crate) media: Vec<String>,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The security schemes of the document.
pub(crate) fn schemes(document: &Document) -> Result<Vec<Scheme>, Error> {
    let Some(components) = document.root().get("components") else {
        return Ok(Vec::new());
    };
    let mut schemes = Vec::new();
    for (name, node) in components.members_at("securitySchemes")? {
        let node = node.resolve()?;
        let http = node.required("scheme")?;
        match (node.required("type")?.text()?, http.text()?) {
            ("http", "basic" | "bearer") => schemes.push(Scheme {
                name: name.to_owned(),
                http: http.text()?.to_owned(),
            }),
            _ => {
                return Err(
                    node.error("the generator knows the HTTP schemes `basic` and `bearer` alone")
                );
            }
        }
    }
    Ok(schemes)
}

/// Every operation of the document, in its order.
pub(crate) fn operations(document: &Document, codes: &ErrorCodes) -> Result<Vec<Operation>, Error> {
    let reader = Reader {
        codes,
        schemes: schemes(document)?,
    };
    let mut operations: Vec<Operation> = Vec::new();
    for (path, item) in document.root().members_at("paths")? {
        let mut keys = METHODS.to_vec();
        keys.extend(["parameters", "summary", "description"]);
        item.only(&keys)?;
        for (key, node) in item.members()? {
            if METHODS.contains(&key) {
                let operation = reader.operation(path, key, &item, &node)?;
                if operations.iter().any(|other| other.id == operation.id) {
                    return Err(node.error(format!(
                        "the operation id `{}` stands here twice",
                        operation.id
                    )));
                }
                operations.push(operation);
            }
        }
    }
    Ok(operations)
}

struct Reader<'c> {
    codes: &'c ErrorCodes,
    schemes: Vec<Scheme>,
}

impl Reader<'_> {
    fn operation(
        &self,
        path: &str,
        method: &str,
        item: &Node<'_>,
        node: &Node<'_>,
    ) -> Result<Operation, Error> {
        node.only(&[
            "operationId",
            "summary",
            "description",
            "tags",
            "security",
            "servers",
            "parameters",
            "requestBody",
            "responses",
            "deprecated",
            "externalDocs",
            "x-usable-before-validation",
        ])?;
        let (successes, failures) = self.responses(&node.required("responses")?)?;
        let tags = node.items_at("tags")?;
        let [tag] = &tags[..] else {
            return Err(node.error("an operation has exactly one tag"));
        };
        let mut parameters = Vec::new();
        for parameter in item
            .items_at("parameters")?
            .iter()
            .chain(&node.items_at("parameters")?)
        {
            parameters.push(parameter_of(parameter)?);
        }
        check_path(node, path, &parameters)?;
        let (security, optional) = self.security(node)?;
        let body = node
            .get("requestBody")
            .map(|body| body.resolve())
            .transpose()?;
        Ok(Operation {
            id: node.required("operationId")?.text()?.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            tag: tag.text()?.to_owned(),
            summary: node.required("summary")?.text()?.to_owned(),
            description: node.text_at("description")?.unwrap_or_default().to_owned(),
            deprecated: node.flag("deprecated")?,
            root_only: node.get("servers").is_some(),
            usable_before_validation: node.flag("x-usable-before-validation")?,
            public: security.is_empty() || optional,
            security,
            parameters,
            malformed: body
                .as_ref()
                .map_or(Ok(Vec::new()), |body| self.malformed(body))?,
            body: body.as_ref().map(body_of).transpose()?,
            successes,
            failures,
        })
    }

    /// The alternatives, and whether one of them is to present nothing.
    fn security(&self, node: &Node<'_>) -> Result<(Vec<Requirement>, bool), Error> {
        node.required("security")
            .map_err(|_| node.error("`security` must be said, `[]` for a public operation"))?;
        let (mut requirements, mut optional) = (Vec::new(), false);
        for item in node.items_at("security")? {
            let members = item.members()?;
            if members.is_empty() {
                optional = true;
                continue;
            }
            let [(scheme, permissions)] = &members[..] else {
                return Err(item.error("one security scheme at a time"));
            };
            if !self.schemes.iter().any(|known| known.name == *scheme) {
                return Err(permissions.error("no such security scheme"));
            }
            let names = permissions
                .value
                .as_array()
                .ok_or_else(|| permissions.error("expected an array"))?;
            let permission = match &names[..] {
                [] => None,
                [name] => Some(
                    name.as_str()
                        .ok_or_else(|| permissions.error("expected a permission's name"))?
                        .to_owned(),
                ),
                _ => return Err(permissions.error("one permission at the most")),
            };
            requirements.push(Requirement {
                scheme: (*scheme).to_owned(),
                permission,
            });
        }
        Ok((requirements, optional))
    }

    fn malformed(&self, body: &Node<'_>) -> Result<Vec<(String, String)>, Error> {
        let mut malformed = Vec::new();
        for (pointer, code) in body.members_at("x-malformed")? {
            let name = code.text()?;
            self.known(&code, name)?;
            malformed.push((pointer.to_owned(), name.to_owned()));
        }
        Ok(malformed)
    }

    fn known(&self, node: &Node<'_>, name: &str) -> Result<u16, Error> {
        self.codes
            .number(name)
            .ok_or_else(|| node.error(format!("`{name}` is not in the registry of error codes")))
    }

    fn responses(&self, node: &Node<'_>) -> Result<(Vec<Success>, Vec<Failure>), Error> {
        let (mut successes, mut failures) = (Vec::new(), Vec::new());
        for (key, reference) in node.members()? {
            let response = reference.resolve()?;
            response.only(&["description", "headers", "content"])?;
            let status = key
                .parse()
                .map_err(|_| reference.error("expected a status such as \"200\""))?;
            let description = response.required("description")?.text()?.to_owned();
            if status >= 400 && is_error_body(&response)? {
                let headers = response
                    .members_at("headers")?
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .collect();
                failures.push(Failure {
                    status,
                    description,
                    headers,
                    codes: self.codes_of(&response)?,
                    media: response
                        .members_at("content")?
                        .iter()
                        .map(|(media, _)| (*media).to_owned())
                        .collect(),
                });
            } else {
                let headers = response.members_at("headers")?;
                let headers = headers
                    .iter()
                    .map(|(name, node)| header(name, node))
                    .collect::<Result<_, _>>()?;
                let content = response.members_at("content")?;
                let content = content
                    .iter()
                    .map(|(media, node)| content_of(media, node))
                    .collect::<Result<_, _>>()?;
                successes.push(Success {
                    status,
                    description,
                    headers,
                    content,
                });
            }
        }
        if successes.is_empty() {
            return Err(node.error("an operation has at least one answer that is no error"));
        }
        Ok((successes, failures))
    }

    /// The codes of a failure are the names of its examples; each example must carry the registry's number.
    fn codes_of(&self, response: &Node<'_>) -> Result<Vec<String>, Error> {
        let media = response.required("content")?.required("application/json")?;
        let examples = media.members_at("examples")?;
        if examples.is_empty() {
            return Err(media.error("each code of a failure has an example named after it"));
        }
        let mut codes = Vec::new();
        for (name, node) in examples {
            let number = self.known(&node, name)?;
            let code = node.resolve()?.required("value")?.required("code")?;
            if code.value.as_u64() != Some(u64::from(number)) {
                return Err(code.error(format!("`{name}` is {number} in the registry")));
            }
            codes.push(name.to_owned());
        }
        Ok(codes)
    }
}

fn check_path(node: &Node<'_>, path: &str, parameters: &[Parameter]) -> Result<(), Error> {
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

fn parameter_of(reference: &Node<'_>) -> Result<Parameter, Error> {
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

fn body_of(node: &Node<'_>) -> Result<Body, Error> {
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

/// The schemas of failures: the error object, and the same with the members that OAuth 2.0 wants.
const ERROR_BODIES: [&str; 2] = ["ErrorDetail", "OAuthErrorDetail"];

/// A failure is the error object, beside which there may be a page.
fn is_error_body(response: &Node<'_>) -> Result<bool, Error> {
    let content = response.members_at("content")?;
    let (Some(("application/json", media)), Some("text/html") | None) =
        (content.first(), content.get(1).map(|(media, _)| *media))
    else {
        return Ok(false);
    };
    let schema = media.required("schema")?.resolve()?.key();
    Ok(ERROR_BODIES.contains(&schema.as_str()))
}

fn header(name: &str, reference: &Node<'_>) -> Result<Header, Error> {
    let node = reference.resolve()?;
    Ok(Header {
        wire: name.to_owned(),
        name: format_ident!("{}", name.to_snake_case()),
        description: node.text_at("description")?.unwrap_or_default().to_owned(),
    })
}

fn content_of(media: &str, node: &Node<'_>) -> Result<Content, Error> {
    let schema = node.required("schema")?;
    let kind = match type_of(&schema)? {
        ty if media == "application/json" => match ty {
            Type::Named(_) | Type::List(_) | Type::Map(_) | Type::Free => MediaKind::Json(ty),
            _ => return Err(schema.error("a JSON answer is an object or an array")),
        },
        Type::Text if schema.text_at("format")? == Some("binary") => MediaKind::Binary,
        Type::Text => MediaKind::Text,
        Type::Named(reference) if media == "text/html" && reference.name == "Page" => {
            MediaKind::Page
        }
        _ => return Err(schema.error("an answer that is not JSON is a string or a `Page`")),
    };
    Ok(Content {
        media: media.to_owned(),
        kind,
    })
}
