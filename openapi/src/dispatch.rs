//! From a request's path to the operation that it means, with or without the prefix of an instance.

use std::sync::Arc;

use matchit::Router;
use percent_encoding::percent_decode_str;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderValue, Method, StatusCode, Uri, header},
};
use poem_openapi::{OperationId, error::ParsePathError};

use crate::{ApiError, ErrorCode, Operation, scalar::InstanceId};

/// The instance that a request is addressed to, whether there is one of that name or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceName(pub String);

/// The operations of a path.
type Methods = Vec<&'static Operation>;

/// What a path and method lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Destination {
    /// An operation, the instance that it is about, and the path below that instance's prefix.
    Operation(&'static Operation, InstanceName, String),
    /// The path below the former name of the root instance: where it stands today.
    Moved(String),
    /// The path exists, with these methods.
    OtherMethods(String),
    /// There is no such path.
    Unknown,
}

/// The paths of a document.
pub struct Directory {
    root: Router<Methods>,
    instance: Router<Methods>,
    has_instances: bool,
}

impl Directory {
    /// The directory of a table of operations.
    ///
    /// # Panics
    /// On two operations of one method and path template: a test builds the directory of every document.
    #[must_use]
    pub fn new(operations: &'static [Operation]) -> Self {
        let mut directory = Self {
            root: Router::new(),
            instance: Router::new(),
            has_instances: true,
        };
        for operation in operations {
            add(&mut directory.root, operation);
            if !operation.root_only {
                add(&mut directory.instance, operation);
            }
        }
        directory
    }

    /// The directory of a table of operations that knows no instances.
    ///
    /// # Panics
    /// As [`Directory::new`].
    #[must_use]
    pub fn without_instances(operations: &'static [Operation]) -> Self {
        Self {
            instance: Router::new(),
            has_instances: false,
            ..Self::new(operations)
        }
    }

    /// Finds what a method and a path, as they stand in the request, lead to.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Destination {
        if let Ok(found) = self.root.at(path) {
            return choose(
                found.value,
                method,
                InstanceName(InstanceId::ADMIN.to_owned()),
                path,
            );
        }
        let Some((name, rest)) = split_prefix(path) else {
            return Destination::Unknown;
        };
        let Ok(found) = self.instance.at(rest) else {
            return Destination::Unknown;
        };
        // No instance has such a name; PostgreSQL would not even compare it.
        let name = percent_decode_str(name)
            .decode_utf8_lossy()
            .replace('\0', "\u{fffd}");
        if name == "default" {
            return Destination::Moved(rest.to_owned());
        }
        choose(found.value, method, InstanceName(name), rest)
    }
}

fn add(router: &mut Router<Methods>, operation: &'static Operation) {
    match router.at_mut(operation.path) {
        // A template matches itself, so this finds the same path's other methods and never a neighbour's.
        Ok(found) if found.value.iter().all(|other| other.path == operation.path) => {
            found.value.push(operation)
        }
        _ => router
            .insert(operation.path, vec![operation])
            .expect("the paths of a document are distinct"),
    }
}

fn choose(
    methods: &[&'static Operation],
    method: &str,
    instance: InstanceName,
    path: &str,
) -> Destination {
    let wanted = if method == "HEAD" { "GET" } else { method };
    match methods.iter().find(|operation| operation.method == wanted) {
        Some(operation) => Destination::Operation(operation, instance, path.to_owned()),
        None => Destination::OtherMethods(allow(methods)),
    }
}

fn allow(methods: &[&'static Operation]) -> String {
    let mut names: Vec<&str> = methods.iter().map(|operation| operation.method).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.join(", ")
}

/// `/instances/ID/rest` in two: the id and `/rest`.
fn split_prefix(path: &str) -> Option<(&str, &str)> {
    let below = path.strip_prefix("/instances/")?;
    let slash = below.find('/')?;
    Some(below.split_at(slash)).filter(|(name, _)| !name.is_empty())
}

/// Leads each request to its operation: it notes the operation and the instance with the request, takes the prefix off
/// the path, and answers itself where there is no such operation.
pub struct Dispatch<E> {
    inner: E,
    directory: Arc<Directory>,
    public_url: String,
}

impl<E> Dispatch<E> {
    /// In front of the routes of a document; `public_url` is where the root is seen from outside.
    pub fn new(inner: E, directory: Arc<Directory>, public_url: &str) -> Self {
        Self {
            inner,
            directory,
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }

    fn moved(&self, path: &str) -> Response {
        let location = format!("{}/{}", self.public_url, path.trim_start_matches('/'));
        let response = Response::builder().status(StatusCode::PERMANENT_REDIRECT);
        response.header(header::LOCATION, location).finish()
    }
}

impl<E: Endpoint> Endpoint for Dispatch<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        match self
            .directory
            .find(request.method().as_str(), request.uri().path())
        {
            Destination::Operation(operation, instance, path) => {
                if path.len() != request.uri().path().len() {
                    replace_path(&mut request, &path)?;
                }
                // The routes answer as to GET; the server sends no body, and all headers are those of GET.
                if request.method() == Method::HEAD {
                    request.set_method(Method::GET);
                }
                request.set_data(operation);
                if self.directory.has_instances {
                    request.set_data(instance);
                }
                let answer = self.inner.call(request).await;
                answer
                    .map(IntoResponse::into_response)
                    .map_err(|error| with_parameter_name(error, operation))
            }
            Destination::Moved(path) => Ok(self.moved(&path)),
            Destination::OtherMethods(allow) => {
                let error = ApiError::new(ErrorCode::GenericMethodInvalid)
                    .with_detail(format!("this path takes {allow}"));
                Err(error
                    .with_header(
                        header::ALLOW,
                        HeaderValue::try_from(allow).map_err(|_| internal())?,
                    )
                    .into())
            }
            Destination::Unknown => Err(ApiError::new(ErrorCode::GenericEndpointUnknown).into()),
        }
    }
}

/// poem-openapi numbers the parameters of a path; the document has names for them.
fn with_parameter_name(mut error: poem::Error, operation: &Operation) -> poem::Error {
    let numbered = error.downcast_ref::<ParsePathError>();
    let number = numbered.and_then(|error| error.name.strip_prefix("param")?.parse().ok());
    let Some(name) = number.and_then(|number| operation.path_parameter(number)) else {
        return error;
    };
    let id = error.data::<OperationId>().copied();
    error = ApiError::new(ErrorCode::GenericParameterMalformed)
        .with_detail(format!("`{name}` is malformed"))
        .with_parameter(name)
        .into();
    if let Some(id) = id {
        error.set_data(id);
    }
    error
}

fn replace_path(request: &mut Request, path: &str) -> Result<(), ApiError> {
    let query = request
        .uri()
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    let uri = Uri::try_from(format!("{path}{query}")).map_err(|_| internal())?;
    *request.uri_mut() = uri;
    Ok(())
}

fn internal() -> ApiError {
    ApiError::new(ErrorCode::GenericInternalInvariantFailure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merchant::OPERATIONS;

    fn find(method: &str, path: &str) -> Destination {
        Directory::new(OPERATIONS).find(method, path)
    }

    fn operation(method: &str, path: &str) -> Option<(&'static str, String)> {
        match find(method, path) {
            Destination::Operation(operation, instance, _) => Some((operation.id, instance.0)),
            _ => None,
        }
    }

    #[test]
    fn the_prefix_is_optional() {
        assert_eq!(
            operation("GET", "/config"),
            Some(("getConfig", "admin".to_owned()))
        );
        assert_eq!(
            operation("GET", "/instances/shop/config"),
            Some(("getConfig", "shop".to_owned()))
        );
        assert_eq!(
            operation("HEAD", "/instances/a%40b/config"),
            Some(("getConfig", "a@b".to_owned()))
        );
        assert_eq!(
            operation("GET", "/instances/%00%FF/config"),
            Some(("getConfig", "\u{fffd}\u{fffd}".to_owned()))
        );
        assert_eq!(
            operation("GET", "/instances/admin/config"),
            Some(("getConfig", "admin".to_owned()))
        );
        assert_eq!(
            operation("GET", "/instances/shop/").map(|(_, instance)| instance),
            Some("shop".to_owned())
        );
    }

    #[test]
    fn what_exists_at_the_root_only_does_not_exist_below_an_instance() {
        assert!(operation("GET", "/management/instances").is_some());
        assert_eq!(
            find("GET", "/instances/shop/management/instances"),
            Destination::Unknown
        );
    }

    #[test]
    fn the_former_root_has_moved() {
        assert_eq!(
            find("GET", "/instances/default/config"),
            Destination::Moved("/config".to_owned())
        );
        assert_eq!(
            find("GET", "/instances/default/nothing"),
            Destination::Unknown
        );
    }

    #[test]
    fn other_methods_are_named() {
        assert_eq!(
            find("PUT", "/config"),
            Destination::OtherMethods("GET, HEAD, OPTIONS".to_owned())
        );
    }

    #[test]
    fn slashes_count() {
        for path in [
            "/config/",
            "//config",
            "/instances/shop",
            "/instances//config",
            "/instances/shop//config",
            "",
            "*",
        ] {
            assert_eq!(find("GET", path), Destination::Unknown, "{path}");
        }
    }
}
