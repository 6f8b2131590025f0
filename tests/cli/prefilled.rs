//! The pages that let operations be tried out: what they fill in works against the sandbox as it stands.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::Value;
use url::form_urlencoded;

use super::program::{Place, Running, request};
use crate::contract::digest::{members, operations, resolve};
use crate::support::wire::{self, Received};

/// A documented failure, and why the example cannot do better.
type Excuse = (&'static str, u16, Option<u16>, &'static str);

const CHALLENGE: &str = "challenges have random ids: an answer 202 has them";

const OF_THE_OPERATOR: [Excuse; 4] = [
    ("requestChallenge", 404, Some(2126), CHALLENGE),
    ("confirmChallenge", 404, Some(2126), CHALLENGE),
    (
        "prepareKycTransfer",
        400,
        Some(2025),
        "the sandbox has no payment provider, since it needs no network",
    ),
    (
        "deleteOwnInstance",
        409,
        Some(2603),
        "`admin` cannot be deleted",
    ),
];

const OF_THE_SHOP: [Excuse; 4] = [
    ("requestChallenge", 404, Some(2126), CHALLENGE),
    ("confirmChallenge", 404, Some(2126), CHALLENGE),
    (
        "prepareKycTransfer",
        400,
        Some(2025),
        "the sandbox has no payment provider, since it needs no network",
    ),
    (
        "revokeToken",
        404,
        Some(2042),
        "the token with this number is one of `admin`",
    ),
];

const OF_THE_CHALLENGER: [Excuse; 3] = [
    (
        "solveValidation",
        403,
        Some(9758),
        "the right code is in the message",
    ),
    (
        "redeemCode",
        400,
        Some(9753),
        "authorization codes are made when an address is proven",
    ),
    (
        "getValidatedAddress",
        401,
        Some(9768),
        "access tokens are made of authorization codes",
    ),
];

/// A document as a page shows it, and who tries it out.
struct Page {
    document: Value,
    /// What the variables of the servers are.
    base: String,
    root: String,
    credentials: BTreeMap<&'static str, String>,
    excuses: &'static [Excuse],
}

fn start() -> (Place, Running, Value) {
    let place = Place::new();
    let sandbox = place.start(
        &["sandbox", "--json", "--client-listen", "127.0.0.1:0"],
        &[],
    );
    let told = serde_json::from_str(&sandbox.line()).expect("one line of JSON");
    (place, sandbox, told)
}

fn text<'a>(told: &'a Value, pointer: &str) -> &'a str {
    told.pointer(pointer)
        .and_then(Value::as_str)
        .expect(pointer)
}

fn document(url: &str) -> Value {
    let (status, document) = request("GET", &format!("{url}openapi.json"), "", "");
    assert_eq!(status, 200);
    serde_json::from_str(&document).expect("JSON")
}

fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64.encode(format!("{user}:{password}").as_bytes())
    )
}

/// The page of the merchant backend, as the owner of an instance of the sandbox uses it.
fn merchant(told: &Value, instance: usize, excuses: &'static [Excuse]) -> Page {
    let root = text(told, "/merchant").to_owned();
    let of = |name: &str| text(told, &format!("/instances/{instance}/{name}")).to_owned();
    Page {
        document: document(&root),
        base: of("base_url"),
        root,
        credentials: BTreeMap::from([
            ("accessToken", format!("Bearer {}", of("token"))),
            ("instancePassword", basic(&of("id"), &of("password"))),
        ]),
        excuses,
    }
}

impl Page {
    fn try_all(&self) {
        let mut operations = operations(&self.document);
        // What ends something comes last, and last of all what ends the login and the shop.
        operations.sort_by_key(|(path, method, _)| match (method.as_str(), path.as_str()) {
            ("delete", "/private") => 3,
            ("delete", "/private/token") => 2,
            ("delete", _) => 1,
            _ => 0,
        });
        let mut last = String::new();
        for (path, method, operation) in operations {
            let is_at_root = operation.get("servers").is_some();
            if is_at_root && self.base != self.root && path.starts_with("/management") {
                continue;
            }
            let base = if is_at_root { &self.root } else { &self.base };
            let answer = self.try_out(base, (path, method), operation, &last);
            if operation["operationId"] == "createToken" {
                let body: Value = serde_json::from_str(&answer.body).expect("JSON");
                last = format!("Bearer {}", text(&body, "/access_token"));
            }
        }
    }

    fn try_out(
        &self,
        base: &str,
        (path, method): (&str, &str),
        operation: &Value,
        last: &str,
    ) -> Received {
        let id = operation["operationId"].as_str().expect("an id");
        let target = self.target(base, path, operation);
        let mut headers = vec![("Accept", accepted(&self.document, operation))];
        if let Some(authorization) = self.authorization(operation) {
            // Somebody who logs out ends the login of the example, not the token that all others are tried with.
            let is_logout = id == "revokeOwnToken";
            headers.push((
                "Authorization",
                if is_logout {
                    last.to_owned()
                } else {
                    authorization
                },
            ));
        }
        let body = self.body(operation).map(|(media_type, body)| {
            headers.push(("Content-Type", media_type));
            body
        });
        let answer = call(
            &method.to_uppercase(),
            &target,
            &headers,
            &body.unwrap_or_default(),
        );
        let excuse = self.excuses.iter().find(|(excused, ..)| *excused == id);
        let code = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
        let code = code["code"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        match excuse {
            Some((_, status, expected, reason)) => {
                assert_eq!(
                    (answer.status, code),
                    (*status, *expected),
                    "{id}, since {reason}: {}",
                    answer.body
                );
            }
            None => assert!(
                (200..400).contains(&answer.status),
                "{id} at {target}: {answer:?}"
            ),
        }
        let status = answer.status.to_string();
        assert!(
            operation["responses"].get(&status).is_some(),
            "{id} does not document {status}"
        );
        answer
    }

    /// The URL with all that is required, and nothing that is optional.
    fn target(&self, base: &str, path: &str, operation: &Value) -> String {
        let shared = &self.document["paths"][path]["parameters"];
        let parameters = [shared, &operation["parameters"]].into_iter();
        let parameters = parameters.flat_map(|list| list.as_array().into_iter().flatten());
        let (mut path, mut query) = (
            path.to_owned(),
            form_urlencoded::Serializer::new(String::new()),
        );
        for parameter in parameters.map(|parameter| resolve(&self.document, parameter)) {
            let name = parameter["name"].as_str().expect("a name");
            let example = match &parameter["example"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
                Some("query") if parameter["required"] == true => {
                    query.append_pair(name, &example);
                }
                _ => assert_ne!(parameter["required"], true, "{name} is not sent"),
            }
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{query}", base.trim_end_matches('/'))
    }

    /// Of several ways to authenticate, Swagger UI takes the last one.
    fn authorization(&self, operation: &Value) -> Option<String> {
        let requirements = operation["security"].as_array().into_iter().flatten();
        let known = requirements
            .flat_map(members)
            .filter_map(|(scheme, _)| self.credentials.get(scheme.as_str()));
        known.last().cloned()
    }

    /// The first example of the first media type.
    fn body(&self, operation: &Value) -> Option<(String, String)> {
        let (media_type, media) = members(&operation["requestBody"]["content"]).next()?;
        let (_, example) = members(&media["examples"]).next().expect("an example");
        let example = &resolve(&self.document, example)["value"];
        let body = match media_type.as_str() {
            "application/json" => example.to_string(),
            _ => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, value) in members(example) {
                    form.append_pair(name, value.as_str().expect("text"));
                }
                form.finish()
            }
        };
        Some((media_type.clone(), body))
    }
}

/// Sends a request.
fn call(method: &str, url: &str, headers: &[(&str, String)], body: &str) -> Received {
    let (host, target) = wire::split(url);
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    wire::send(url, &request)
}

/// The first media type of the first success that has one.
fn accepted(document: &Value, operation: &Value) -> String {
    let successes = members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'));
    let mut media_types = successes
        .filter_map(|(_, response)| members(&resolve(document, response)["content"]).next());
    media_types
        .next()
        .map_or("*/*".to_owned(), |(media_type, _)| media_type.clone())
}

#[test]
fn the_operator_executes_every_example_as_it_stands() {
    let (_place, sandbox, told) = start();
    merchant(&told, 0, &OF_THE_OPERATOR).try_all();
    sandbox.stop("-INT");
}

#[test]
fn the_sample_shop_executes_every_example_as_it_stands() {
    let (_place, sandbox, told) = start();
    merchant(&told, 1, &OF_THE_SHOP).try_all();
    sandbox.stop("-INT");
}

#[test]
fn a_client_and_a_person_execute_every_example_as_it_stands() {
    let (_place, sandbox, told) = start();
    let url = text(&told, "/challenger").to_owned();
    let secret = text(&told, "/example_client/client_secret");
    let page = Page {
        document: document(&url),
        base: url.clone(),
        root: url,
        credentials: BTreeMap::from([("clientSecret", format!("Bearer {secret}"))]),
        excuses: &OF_THE_CHALLENGER,
    };
    assert_eq!(text(&told, "/example_client/client_id"), "1");
    page.try_all();
    sandbox.stop("-INT");
}
