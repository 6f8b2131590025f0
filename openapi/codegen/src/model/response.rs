//! What an operation answers.

use heck::ToSnakeCase;
use proc_macro2::Ident;
use quote::format_ident;

use super::schema::{Type, type_of};
use crate::{
    document::{Error, Node},
    error_codes::ErrorCodes,
};

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

/// The answers of an operation: typed ones, and failures.
pub(super) fn responses_of(
    node: &Node<'_>,
    registry: &ErrorCodes,
) -> Result<(Vec<Success>, Vec<Failure>), Error> {
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
                codes: codes_of(&response, registry)?,
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
fn codes_of(response: &Node<'_>, registry: &ErrorCodes) -> Result<Vec<String>, Error> {
    let media = response.required("content")?.required("application/json")?;
    let examples = media.members_at("examples")?;
    if examples.is_empty() {
        return Err(media.error("each code of a failure has an example named after it"));
    }
    let mut codes = Vec::new();
    for (name, node) in examples {
        let number = registry.known(&node, name)?;
        let code = node.resolve()?.required("value")?.required("code")?;
        if code.value.as_u64() != Some(u64::from(number)) {
            return Err(code.error(format!("`{name}` is {number} in the registry")));
        }
        codes.push(name.to_owned());
    }
    Ok(codes)
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
