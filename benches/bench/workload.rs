//! The requests that are measured.

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::json;

use crate::{
    load::Repeated,
    subject::{KontorSubject, PASSWORD, SHOP},
};

/// Base of the paths.
pub const PRIVATE: &str = "/instances/shop/private";
/// Where one logs in.
pub const TOKEN: &str = "/instances/shop/private/token";

/// Connections that load a server.
const MANY: u32 = 32;
/// As many hashes as one network address may have waiting, beside those that are computed.
const LOGINS: u32 = 4;

/// A request, and how many ask it at once.
pub struct Workload {
    pub name: &'static str,
    pub connections: u32,
    pub request: Repeated,
    /// No turn has more of them.
    pub most_requests: u64,
}

impl Workload {
    /// All of them.
    pub fn all(kontor: &KontorSubject) -> [Self; 5] {
        let workload = |name, connections, request| Self {
            name,
            connections,
            request,
            most_requests: 1_000_000,
        };
        [
            workload("get", MANY, get(kontor)),
            workload("write", MANY, write(kontor)),
            workload("write-alone", 1, write(kontor)),
            workload("write-16", 16, write(kontor)),
            workload("login", LOGINS, login()),
        ]
    }
}

/// Reads the settings of the shop.
pub fn get(kontor: &KontorSubject) -> Repeated {
    Repeated {
        method: Method::GET,
        path: PRIVATE,
        authorization: format!("Bearer {}", kontor.token),
        body: None,
        expected: StatusCode::OK,
    }
}

/// Writes the settings of the shop.
pub fn write(kontor: &KontorSubject) -> Repeated {
    let body = json!({
        "name": "A shop", "email": "shop@example.com", "use_stefan": true,
        "address": { "town": "Brügge", "country": "BE" }, "jurisdiction": { "country": "BE" },
    });
    Repeated {
        method: Method::PATCH,
        body: Some(Bytes::from(body.to_string())),
        expected: StatusCode::NO_CONTENT,
        ..get(kontor)
    }
}

/// Asks for an access token by the password.
pub fn login() -> Repeated {
    let credential = data_encoding::BASE64.encode(format!("{SHOP}:{PASSWORD}").as_bytes());
    Repeated {
        method: Method::POST,
        path: TOKEN,
        authorization: format!("Basic {credential}"),
        body: Some(Bytes::from_static(br#"{"scope":"write"}"#)),
        expected: StatusCode::OK,
    }
}
