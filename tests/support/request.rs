//! Requests, and answers that are held against the document.

use kontor_openapi::ApiError;
use poem::{
    Body, Request, Response,
    http::{HeaderMap, StatusCode, Uri, header},
};
use serde_json::Value;

use super::{
    Service, TestApp,
    conformance::{self, CHALLENGER, MERCHANT},
    record,
};

/// A request that is being put together.
pub struct Call<'a> {
    app: &'a TestApp,
    service: Service,
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(super) fn new(app: &'a TestApp, service: Service, method: &str, path: &str) -> Self {
        Self {
            app,
            service,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        self.header_of_bytes(name, value.as_bytes())
    }

    /// A header that need not be text.
    pub fn header_of_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    /// An access token or legacy secret, as clients send it.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn basic(self, user: &str, password: &str) -> Self {
        let credential = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
        self.header("authorization", &format!("Basic {credential}"))
    }

    /// Comes from this address, by way of a trusted proxy.
    pub fn from(self, address: &str) -> Self {
        self.header("x-forwarded-for", address)
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A form, as browsers send it.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
    }

    /// As a browser asks.
    pub fn browser(self) -> Self {
        self.header(
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        )
    }

    /// As a program asks that wants JSON.
    pub fn accept_json(self) -> Self {
        self.header("accept", "application/json")
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it, and fails where the answer is not in the document.
    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method.parse().expect("a method"));
        request = request.uri(self.path.parse::<Uri>().expect("a path"));
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_slice());
        }
        let request = request.body(Body::from(self.body));
        let response = self.app.send_to(self.service, request).await;
        let mut answer = Answer::read(response).await;
        if self.method == "HEAD" {
            // As the HTTP library does on its way out, once it took the length.
            answer.body.clear();
        }
        let api = match self.service {
            Service::Merchant => &*MERCHANT,
            Service::Challenger => &*CHALLENGER,
        };
        let operation = conformance::check(api, &self.method, &self.path, &answer);
        record::note(operation, answer.status.as_u16(), answer.code());
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The failure that it is of, where it is a page.
    pub failure: Option<u16>,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let failure = response.data::<ApiError>();
        let failure = failure.map(|failure| failure.code().number());
        let (parts, body) = response.into_parts();
        Self {
            failure,
            status: parts.status,
            headers: parts.headers,
            body: body.into_vec().await.expect("a body"),
        }
    }

    /// The body as JSON; `null` where there is none.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&self.body).expect("a JSON body")
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a text")
    }

    /// Whether it is for people.
    pub fn is_page(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or_default();
        content_type.starts_with("text/html")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The Taler error code, where this is an error.
    pub fn code(&self) -> Option<u16> {
        if self.is_page() {
            return self.failure;
        }
        let is_error = self.status.is_client_error() || self.status.is_server_error();
        let is_json = self.header("content-type") == Some("application/json")
            && self.header("content-encoding").is_none();
        (is_error && is_json)
            .then(|| {
                self.json()["code"]
                    .as_u64()
                    .and_then(|code| u16::try_from(code).ok())
            })
            .flatten()
    }

    /// The body, if the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{text}");
        if self.header(header::CONTENT_TYPE.as_str()) == Some("application/json") {
            self.json()
        } else {
            Value::Null
        }
    }

    /// The body, if it is this error with code and hint.
    #[track_caller]
    pub fn refuses(&self, status: u16, code: u16) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
            "{body}"
        );
        body
    }

    /// The same, and it names what was wrong.
    #[track_caller]
    pub fn blames(&self, status: u16, code: u16, parameter: &str) -> Value {
        let body = self.refuses(status, code);
        assert_eq!(body["parameter"], parameter, "{body}");
        body
    }
}
