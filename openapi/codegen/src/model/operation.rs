//! Operations.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;

use super::{
    request::{Body, Parameter, body_of, check_path, malformed_of, parameter_of},
    response::{Failure, Success, responses_of},
    security::{Requirement, Scheme, schemes, security_of},
};
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

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

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
        let (successes, failures) = responses_of(&node.required("responses")?, self.codes)?;
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
        let (security, optional) = security_of(node, &self.schemes)?;
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
                .map_or(Ok(Vec::new()), |body| malformed_of(body, self.codes))?,
            body: body.as_ref().map(body_of).transpose()?,
            successes,
            failures,
        })
    }
}
