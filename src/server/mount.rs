//! What is mounted on a listener: the operations of a document, its documentation, and all layers around them.

use std::sync::Arc;

use kontor_openapi::{
    ApiError, ErrorCode, Operation, challenger,
    dispatch::{Destination, Directory, Dispatch},
    merchant,
};
use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderValue, Method, Uri},
};
use poem_openapi::{OpenApi, OpenApiService};

use super::ServeError;
use crate::{
    app::App,
    challenger::Challenger,
    documentation::{Documentation, Sibling},
    http::{
        Layers, NoteReached, Routes, Settings, TrustedProxies, body::DecodeBody,
        errors::FailureShape,
    },
    merchant::Merchant,
    metrics::Metrics,
    mfa::replay::ReplayBody,
};

/// Longest path with its query, in bytes. From 65535 bytes on the HTTP library refuses a request before any layer sees
/// it, with a 414 without a body.
const LONGEST_URI: usize = 16 * 1024;

/// Parameters of paths that are all it takes to have codes sent, or to go on in somebody's place.
const SECRET_PARAMETERS: [&str; 2] = ["{challenge_id}", "{nonce}"];

/// The whole service of the merchant: operations, documentation, and all layers around them. `serve` and the tests run
/// the same one.
///
/// # Errors
/// [`ServeError::PublicUrl`].
pub fn service(
    app: &Arc<App>,
    metrics: Arc<Metrics>,
) -> Result<BoxEndpoint<'static, Response>, ServeError> {
    let merchant = Arc::new(Merchant::new(Arc::clone(app)));
    let mount = Mount {
        section: "merchant",
        operations: merchant::OPERATIONS,
        directory: Directory::new(merchant::OPERATIONS),
        document: merchant::DOCUMENT,
        public_url: app.public_url.as_str(),
        unauthorized: ErrorCode::MerchantGenericUnauthorized,
        failures: None,
        sibling: challenger_page(app),
    };
    let endpoint = routes(merchant::routes(Arc::clone(&merchant)))
        .data(merchant)
        .with(ReplayBody::new(Arc::clone(app)));
    mount.around(app, metrics, endpoint)
}

/// The whole service of the Challenger, like that of the merchant.
///
/// # Errors
/// [`ServeError::PublicUrl`], [`ServeError::Start`].
pub fn challenger(
    app: &Arc<App>,
    metrics: Arc<Metrics>,
) -> Result<BoxEndpoint<'static, Response>, ServeError> {
    let challenger = Arc::new(Challenger::new(Arc::clone(app))?);
    let public_url = challenger.public_url().clone();
    let mount = Mount {
        section: "challenger",
        operations: challenger::OPERATIONS,
        directory: Directory::without_instances(challenger::OPERATIONS),
        document: challenger::DOCUMENT,
        public_url: public_url.as_str(),
        unauthorized: ErrorCode::ChallengerTokenUnknown,
        failures: Some(Arc::new(challenger.failures())),
        sibling: (app.settings.merchant.enabled).then(|| Sibling {
            name: "Merchant Backend",
            url: format!("{}docs/", app.public_url),
        }),
    };
    let endpoint = routes(challenger::routes(Arc::clone(&challenger))).data(challenger);
    mount.around(app, metrics, endpoint)
}

/// Where the Challenger explains itself, if there is one.
fn challenger_page(app: &App) -> Option<Sibling> {
    let settings = &app.settings.challenger;
    let public_url = settings.public_url().ok().filter(|_| settings.enabled)?;
    Some(Sibling {
        name: "Challenger",
        url: format!("{public_url}docs/"),
    })
}

fn routes<R: OpenApi + 'static>(routes: R) -> OpenApiService<R, ()> {
    OpenApiService::new(routes, "Kontor", env!("CARGO_PKG_VERSION"))
}

/// What a service is made of.
struct Mount<'a> {
    /// Its section of the configuration.
    section: &'static str,
    operations: &'static [Operation],
    directory: Directory,
    document: &'static str,
    public_url: &'a str,
    unauthorized: ErrorCode,
    failures: Option<Arc<dyn FailureShape>>,
    /// The page of the other service.
    sibling: Option<Sibling>,
}

impl Mount<'_> {
    fn around<E: Endpoint + 'static>(
        self,
        app: &App,
        metrics: Arc<Metrics>,
        operations: E,
    ) -> Result<BoxEndpoint<'static, Response>, ServeError> {
        let Self {
            section,
            public_url,
            ..
        } = self;
        let limits = &app.settings.limits;
        let directory = Arc::new(self.directory);
        let documentation = Documentation::new(self.document, public_url, self.sibling);
        let documentation = Arc::new(documentation);
        let operations = Dispatch::new(
            operations
                .with(DecodeBody::new(limits.body_size))
                .with(NoteReached),
            Arc::clone(&directory),
            public_url,
        );
        let layers = Layers::new(Settings {
            trusted_proxies: TrustedProxies::new(limits.trusted_proxies.iter().copied()),
            public_url: public_url.to_owned(),
            request_timeout: limits.request_timeout,
            clock: app.clock.clone(),
            random: app.random.clone(),
            metrics,
            routes: Arc::new(DocumentRoutes {
                operations: self.operations,
                directory,
                documentation: Arc::clone(&documentation),
            }),
            unauthorized: self.unauthorized,
            failures: self.failures,
        });
        let layers = layers.map_err(|_| ServeError::PublicUrl { section })?;
        Ok(layers.around(Documented {
            documentation,
            operations,
        }))
    }
}

/// The paths of a document's operations and of its documentation, as the layers ask for them.
struct DocumentRoutes {
    operations: &'static [Operation],
    directory: Arc<Directory>,
    documentation: Arc<Documentation>,
}

impl Routes for DocumentRoutes {
    fn allow(&self, path: &str) -> Option<HeaderValue> {
        // No operation has this method, so a path that exists says what it takes instead.
        match self.directory.find(Method::OPTIONS.as_str(), path) {
            Destination::OtherMethods(allow) => HeaderValue::try_from(allow).ok(),
            _ => self.documentation.allow(path),
        }
    }

    fn secret_path(&self, operation_id: &str) -> Option<&'static str> {
        let mut operations = self.operations.iter();
        let operation = operations.find(|operation| operation.id == operation_id)?;
        let mut secrets = SECRET_PARAMETERS.into_iter();
        secrets
            .any(|parameter| operation.path.contains(parameter))
            .then_some(operation.path)
    }
}

/// The documentation beside the operations.
struct Documented<E> {
    documentation: Arc<Documentation>,
    operations: E,
}

impl<E: Endpoint> Endpoint for Documented<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if length(request.uri()) > LONGEST_URI {
            return Err(ApiError::new(ErrorCode::GenericUriTooLong).into());
        }
        match self.documentation.answer(&request) {
            Some(answer) => answer.map_err(Into::into),
            None => self
                .operations
                .call(request)
                .await
                .map(IntoResponse::into_response),
        }
    }
}

/// The length of a path with its query, in bytes.
fn length(uri: &Uri) -> usize {
    uri.path_and_query()
        .map_or(0, |target| target.as_str().len())
}
